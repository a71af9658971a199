/* foil-load's command line. */
#ifndef PERF_FOIL_LOAD_OPTIONS_H
#define PERF_FOIL_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/settings.h"
#include "stack/base/why.h"

struct load_options {
	struct dataplane_settings settings; /* ports: 0 = front (client), 1 = back (origin) */
	struct ip_addr target;
	uint16_t target_port;
	uint16_t origin_port;
	uint32_t connections;
	uint32_t paths;
	uint32_t header_bytes;
	uint64_t body_bytes;
	double warmup_seconds;
	double seconds;
	uint64_t pause_ms;
	bool reconnect;
	bool help;
};

/* Fills *options from the arguments; false with the reason for what cannot be understood. */
MUST_USE bool load_options_parse(struct load_options *options, int argc, char **argv,
				 struct why *why);
void load_options_help(void);

#endif
