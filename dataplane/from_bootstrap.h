/* From the bootstrap's hydrofoil section to plain settings.  The only file that knows both sides. */
#ifndef DATAPLANE_FROM_BOOTSTRAP_H
#define DATAPLANE_FROM_BOOTSTRAP_H

#include <stdbool.h>

#include "dataplane/settings.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"
#include "xds/bootstrap/bootstrap.h"

/* Settings before settings_complete; no section is one that says nothing.  False for what the section's own check lets pass and this
 * program cannot do. */
MUST_USE bool settings_from_bootstrap(struct dataplane_settings *out,
				      const struct bootstrap *bootstrap, struct why *why);
/* Seconds; `absent` when the section does not say. */
uint32_t drain_seconds_from_bootstrap(const struct bootstrap *bootstrap, uint32_t absent);

#endif
