#include "dataplane/worker/buckets.h"

static uint16_t stop_at(uint32_t stops, unsigned i)
{
	return (uint16_t)(stops >> (8 * i) & 0xff);
}

void buckets_init(struct buckets *buckets, uint16_t workers)
{
	uint32_t period = workers <= 8 ? 64 : workers <= 16 ? 128 : BUCKETS;

	for (uint32_t i = 0; i < BUCKETS; i++)
		buckets->stops[i] = UINT32_C(0xffffff00) | i % period % workers;
}

uint16_t bucket_home(uint32_t stops)
{
	unsigned i = BUCKET_STOPS_MAX - 1;

	while (i > 0 && stop_at(stops, i) == BUCKET_NO_STOP)
		i--;
	return stop_at(stops, i);
}

bool bucket_has(uint32_t stops, uint16_t worker)
{
	for (unsigned i = 0; i < BUCKET_STOPS_MAX; i++)
		if (stop_at(stops, i) == worker)
			return true;
	return false;
}

uint16_t bucket_next(uint32_t stops, uint16_t worker)
{
	for (unsigned i = 0; i + 1 < BUCKET_STOPS_MAX; i++)
		if (stop_at(stops, i) == worker)
			return stop_at(stops, i + 1);
	return BUCKET_NO_STOP;
}

/* Without `worker`; the rest keeps its order. */
static uint32_t without(uint32_t stops, uint16_t worker, unsigned *count)
{
	uint32_t left = UINT32_MAX;

	*count = 0;
	for (unsigned i = 0; i < BUCKET_STOPS_MAX; i++) {
		uint32_t stop = stop_at(stops, i);

		if (stop == worker || stop == BUCKET_NO_STOP)
			continue;
		left &= ~(UINT32_C(0xff) << (8 * *count));
		left |= stop << (8 * (*count)++);
	}
	return left;
}

bool bucket_move(struct buckets *buckets, uint32_t bucket, uint16_t to)
{
	uint32_t before = bucket_stops(buckets, bucket), after;
	unsigned count;

	do {
		if (bucket_home(before) == to)
			return true;
		after = without(before, to, &count);
		if (count == BUCKET_STOPS_MAX)
			return false;
		after &= ~(UINT32_C(0xff) << (8 * count));
		after |= (uint32_t)to << (8 * count);
	} while (!__atomic_compare_exchange_n(&buckets->stops[bucket], &before, after, true,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

bool bucket_leave(struct buckets *buckets, uint32_t bucket, uint16_t worker)
{
	uint32_t before = bucket_stops(buckets, bucket);
	unsigned count;

	do {
		if (!bucket_has(before, worker) || bucket_home(before) == worker)
			return false;
	} while (!__atomic_compare_exchange_n(&buckets->stops[bucket], &before,
					      without(before, worker, &count), true,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}
