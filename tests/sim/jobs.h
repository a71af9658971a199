/* Worlds in child processes, two at a time, so that a crash costs one seed and no more. */
#ifndef TESTS_SIM_JOBS_H
#define TESTS_SIM_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/world.h"

#define JOBS 2

/* What a list of seeds is: kept ones from a file, or a range. */
struct seeds {
	const uint64_t *list;    /* NULL = a range */
	uint64_t from;
	uint64_t count;
};

/* Of one job, shared with the parent. */
struct tally {
	uint64_t next;           /* index of the seed that runs now */
	uint64_t worlds;
	uint64_t failed;
	uint64_t failed_seed;    /* the last one */
	char failed_why[160];
	uint64_t replays;
	uint64_t requests;
	uint64_t answered;
	uint64_t refused;
	uint64_t cut;
	uint64_t frames;
	uint64_t travelled;
	double virtual_seconds;
};

struct jobs {
	struct tally *tallies;   /* [JOBS], shared */
	const char *keep_path;   /* failing seeds are appended here; NULL = nowhere */
	bool hunting;            /* quietly, until the first failure; a world that hangs is one */
};

/* False when there is no memory. */
bool jobs_create(struct jobs *jobs);
void jobs_start_memory(struct world_memory *memory);
/* Runs all seeds; some are run twice and must replay.  Returns the sum of what the jobs saw. */
struct tally jobs_run(struct jobs *jobs, const struct seeds *seeds);

#endif
