/* From the bootstrap's hydrofoil section to plain settings, and from its listeners to the question
 * whether some port owns their addresses.  The only file that knows both sides. */
#ifndef DATAPLANE_FROM_BOOTSTRAP_H
#define DATAPLANE_FROM_BOOTSTRAP_H

#include <stdbool.h>

#include "dataplane/settings.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"
#include "xds/bootstrap/bootstrap.h"

/* Settings before settings_complete; false for what the section's own check lets pass and this
 * program cannot do. */
MUST_USE bool settings_from_bootstrap(struct dataplane_settings *out,
				      const struct bootstrap *bootstrap, struct why *why);
/* Seconds; `absent` when the section does not say. */
uint32_t drain_seconds_from_bootstrap(const struct bootstrap *bootstrap, uint32_t absent);
/* Every listener's addresses are any-addresses or on a port of the same vrf. */
MUST_USE bool check_listener_addresses(const struct dataplane_settings *settings,
				       const struct config_resources *resources, struct why *why);

#endif
