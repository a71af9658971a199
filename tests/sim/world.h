/* One world: a whole worker between virtual clients and origins, from a seed to a verdict.
 *
 *     clients (10.0.0.1) ── wire ── worker (10.0.0.2:80) ── the same wire ── origins (10.0.0.11 …)
 *
 * The clock jumps to the next deadline.  Everything that happens follows from the seed, so that a
 * seed replays to the same trace hash. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/why.h"
#include "tests/sim/host.h"

/* Packet memory of the three sides; made once, used by one world after the other. */
struct world_memory {
	struct host_memory worker;
	struct host_memory clients;
	struct host_memory origins;
};

struct world_verdict {
	bool ok;
	struct why why;          /* what was wrong, when not ok */
	uint64_t hash;           /* of every frame on the wire, with its time */
	uint64_t now_ns;         /* virtual time that passed */
	uint64_t frames;
	uint64_t travelled;      /* connections, between workers */
	uint32_t requests;
	uint32_t answered;
	uint32_t refused;
	uint32_t cut;
};

void world_memory_create(struct world_memory *memory);
/* Runs a world to its end.  trace: prints every frame to stderr. */
void world_run(struct world_memory *memory, uint64_t seed, bool trace, struct world_verdict *verdict);

#endif
