/* The table of a device (RETA) after our buckets: by which queue the frames of a hash should come.
 *
 *     bucket   0   1   2  …  63 │ 64  65  …        511       hash mod 512 -> home (buckets.h)
 *     entry    0   1   2  …  63 │  0   1  …         63       hash mod 64  -> queue of that worker
 *
 * A table as long as the buckets follows each of them.  A shorter one has several to an entry, which
 * goes to the queue where most of their homes are; frames of the others are handed over.  Homes count,
 * not first stops: what still lives where a bucket comes from gets its frames by ring until it has gone.
 *
 * Pure. */
#ifndef DATAPLANE_WORKER_RETA_PLAN_H
#define DATAPLANE_WORKER_RETA_PLAN_H

#include <stdint.h>

#include "dataplane/worker/buckets.h"

/* reta_size: a power of two, at most BUCKETS.  queues: worker i's frames come by queue i mod queues.
 * current[reta_size]: the table now, kept where another would be no better. */
void reta_plan_make(const struct buckets *buckets, uint16_t reta_size, uint16_t queues,
		    const uint16_t *current, uint16_t *queue_of);

#endif
