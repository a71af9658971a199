/* Which buckets are to move: pure, decided on a control thread from what the workers report.
 *
 *     rest     every bucket of a worker goes to the one that then has the least to do
 *     add      a worker that rested gets its share from those with the most
 *     even out when one worker is much busier than another, a few of its buckets go there; and where
 *              none is, when one has many more connections than another that is no busier
 *
 * Load is what lives in a bucket, so that a bucket of many long-lived connections counts for more than
 * one of few; an empty one counts a little, for new connections will come to it.  Connections travel
 * with their bucket, so that a plan shows its effect within a second or so; a bucket that has just moved
 * stays for a while, or a heavy one would go to and fro. */
#ifndef DATAPLANE_WORKER_BUCKET_PLAN_H
#define DATAPLANE_WORKER_BUCKET_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/buckets.h"

struct bucket_view {
	uint16_t workers;
	bool resting[BUCKET_WORKERS_MAX];
	uint32_t busy_permille[BUCKET_WORKERS_MAX]; /* of the last interval */
	uint16_t home[BUCKETS];
	uint32_t flows[BUCKETS];                    /* connections of the bucket, over all workers */
	uint8_t stay[BUCKETS];                      /* not 0: evening out leaves it where it is */
};

/* Evening out starts when the busiest is above the first, and above the idlest by the second. */
#define BUCKET_PLAN_BUSY_PERMILLE 500
#define BUCKET_PLAN_GAP_PERMILLE 200
/* Or when the fullest has a quarter more than the emptiest, and so many. */
#define BUCKET_PLAN_GAP_FLOWS 64
/* Buckets that move in one interval. */
#define BUCKET_PLAN_EVEN_MAX 8

struct bucket_plan {
	uint32_t count;
	uint16_t bucket[BUCKETS];
	uint16_t to[BUCKETS];
};

/* False when no other worker is left to take over. */
bool bucket_plan_rest(const struct bucket_view *view, uint16_t worker, struct bucket_plan *plan);
void bucket_plan_add(const struct bucket_view *view, uint16_t worker, struct bucket_plan *plan);
/* `count` buckets of `from`, those with the most connections first. */
void bucket_plan_move(const struct bucket_view *view, uint16_t from, uint16_t to, uint32_t count,
		      struct bucket_plan *plan);
void bucket_plan_even_out(const struct bucket_view *view, struct bucket_plan *plan);

#endif
