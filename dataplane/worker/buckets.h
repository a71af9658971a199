/* Which worker a flow lives on: 512 buckets by Toeplitz hash, as a NIC's indirection table (RETA).
 *
 *     hash & 511 -> bucket -> stops:  first, …, home      at most BUCKET_STOPS_MAX, 8 bits each
 *
 * A bucket at rest has one stop, its home.  Moving it appends the new home: frames still go to the
 * first stop, which keeps what it knows and passes the rest on, so that a connection stays where it
 * lives until it ends and new ones begin at the new home.  A worker that knows no flow of a bucket
 * any more takes itself out.
 *
 *     [A]  --move to B-->  [A, B]  --A's last flow ends-->  [B]
 *
 * Connections that may travel go to the home meanwhile (worker_travel.h).
 *
 * One word a bucket, changed by compare-and-swap, read by all workers.  Whoever is home stays in. */
#ifndef DATAPLANE_WORKER_BUCKETS_H
#define DATAPLANE_WORKER_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

#define BUCKETS 512
#define BUCKET_STOPS_MAX 4
#define BUCKET_NO_STOP 0xffu
#define BUCKET_WORKERS_MAX 64

struct buckets {
	uint32_t stops[BUCKETS] CACHE_ALIGNED;
	/* How many connections have gone from one stop to another: a frame that has asked some of the stops
	 * before may have missed one, and asks again. */
	uint32_t travels[BUCKETS];
};

/* Spread over all workers, so that a device's table of 64, 128 or 512 entries filled in turn agrees
 * where the number of workers allows it. */
void buckets_init(struct buckets *buckets, uint16_t workers);

static inline uint32_t bucket_of(uint32_t hash)
{
	return hash & (BUCKETS - 1);
}

static inline uint32_t bucket_stops(const struct buckets *buckets, uint32_t bucket)
{
	return __atomic_load_n(&buckets->stops[bucket], __ATOMIC_RELAXED);
}

static inline uint16_t bucket_first(uint32_t stops)
{
	return (uint16_t)(stops & 0xff);
}

static inline uint32_t bucket_travels(const struct buckets *buckets, uint32_t bucket)
{
	return __atomic_load_n(&buckets->travels[bucket], __ATOMIC_ACQUIRE);
}

/* By whom a connection of it has come to, before the one whom it comes from forgets it. */
static inline void bucket_travelled(struct buckets *buckets, uint32_t bucket)
{
	__atomic_fetch_add(&buckets->travels[bucket], 1, __ATOMIC_ACQ_REL);
}

/* Only this worker, and no other, is in it. */
static inline bool bucket_is_only(uint32_t stops, uint16_t worker)
{
	return stops == (UINT32_C(0xffffff00) | worker);
}

uint16_t bucket_home(uint32_t stops);
bool bucket_has(uint32_t stops, uint16_t worker);
/* The stop after `worker`, which is in it and not the home. */
uint16_t bucket_next(uint32_t stops, uint16_t worker);

/* New flows of the bucket begin at `to` from now on.  False where it has moved so often that no stop
 * is left; earlier ones have to be done first. */
MUST_USE bool bucket_move(struct buckets *buckets, uint32_t bucket, uint16_t to);
/* By the worker itself, when it knows no flow of the bucket.  False when it is the home, or not in it. */
bool bucket_leave(struct buckets *buckets, uint32_t bucket, uint16_t worker);

#endif
