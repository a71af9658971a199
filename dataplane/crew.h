/* The workers as a whole: who has which buckets, who rests, how busy each is.
 *
 *     admin thread ── rest, add, move ──┐
 *     control loop ── crew_tick ────────┼──> bucket_plan ──> buckets (compare-and-swap)
 *                                       └──> MAIL_BUCKETS to every worker
 *
 * New connections begin at the new home at once, idle ones go there, busy ones when they become idle
 * (dataplane/worker/worker_travel.h).  A worker that rests keeps its thread, which sleeps when nobody
 * lives there any more, and still receives and sends for the others where it owns a queue.  Control
 * threads; a lock keeps them apart, no worker takes it. */
#ifndef DATAPLANE_CREW_H
#define DATAPLANE_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/text.h"
#include "dataplane/worker/bucket_plan.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct assembly;

struct crew {
	struct assembly *assembly;
	pthread_mutex_t lock;
	struct bucket_view view;
	struct bucket_plan plan;
	uint64_t busy_cycles[BUCKET_WORKERS_MAX]; /* at the last tick */
	uint64_t idle_cycles[BUCKET_WORKERS_MAX];
	uint32_t uneven_ticks; /* so many in a row */
	uint64_t moves;        /* of buckets, since the start */
};

void crew_init(struct crew *crew, struct assembly *assembly);
/* About once a second: how busy each is, and whether to even out. */
void crew_tick(struct crew *crew);
/* False and *why: no such worker, or nobody is left to take over. */
MUST_USE bool crew_rest(struct crew *crew, uint32_t worker, struct why *why);
MUST_USE bool crew_add(struct crew *crew, uint32_t worker, struct why *why);
MUST_USE bool crew_move(struct crew *crew, uint32_t from, uint32_t to, uint32_t count,
			struct why *why);
/* {"buckets":512,"moves":0,"workers":[{"worker":0,"cpu":5,"node":0,"resting":false,"busy":0.12,"buckets":256,
 * "leaving":0,"flows":12,"connections":9,"travelled_in":3,"travelled_out":0}, …]} -- leaving: buckets that
 * have moved and in which something still lives here; flows: connections and TIME-WAIT entries;
 * connections: those of them that are established. */
void crew_write(struct crew *crew, struct text *out);

#endif
