/* The command line: Envoy's flags as far as they mean something here, so that the node agents of
 * service meshes can start this program in Envoy's place. */
#ifndef DATAPLANE_OPTIONS_H
#define DATAPLANE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/logger.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

enum options_mode { OPTIONS_SERVE, OPTIONS_VALIDATE, OPTIONS_VERSION, OPTIONS_HELP };

struct options {
	enum options_mode mode;
	const char *config_path;         /* points into argv */
	uint32_t drain_seconds;          /* longest wait for open requests after SIGTERM */
	bool drain_given;                /* else the bootstrap's drain_time counts, where it has one */
	enum logger_level log_level;
	uint16_t concurrency;            /* 0 = not given: the bootstrap's, else 1 */
	const char *service_node;        /* NULL = the bootstrap's */
	const char *service_cluster;
	const char *without_effect;      /* the last flag that was accepted and does nothing, or NULL */
};

/* False with one sentence that names the flag. */
MUST_USE bool options_parse(struct options *out, int argc, char **argv, struct why *why);
extern const char options_help[];

#endif
