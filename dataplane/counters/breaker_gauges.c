#include "dataplane/counters/breaker_gauges.h"

#include <stddef.h>

#include "stack/base/counter.h"

#define WORD(member) (offsetof(struct cluster_stats, member) / sizeof(uint64_t))

/* Words of struct cluster_stats. */
static const struct {
	uint32_t active, limit, open, remaining;
} breakers[] = {
	{WORD(upstream_cx_active), WORD(breaker_connections_max),
	 WORD(circuit_breakers_default_cx_open), WORD(circuit_breakers_default_remaining_cx)},
	{WORD(upstream_rq_pending_active), WORD(breaker_pending_max),
	 WORD(circuit_breakers_default_rq_pending_open),
	 WORD(circuit_breakers_default_remaining_pending)},
	{WORD(upstream_rq_active), WORD(breaker_requests_max),
	 WORD(circuit_breakers_default_rq_open), WORD(circuit_breakers_default_remaining_rq)},
	{WORD(breaker_retries), WORD(breaker_retries_max),
	 WORD(circuit_breakers_default_rq_retry_open),
	 WORD(circuit_breakers_default_remaining_retries)},
};

/* What the worker with the most has. */
static uint64_t most(const struct segment_reader *reader, uint32_t slot, uint32_t word)
{
	int64_t found = 0;

	for (uint16_t w = 0; w < segment_reader_workers(reader); w++) {
		const uint64_t *words = segment_reader_slot(reader, w, STAT_CLUSTER, slot);
		int64_t value = (int64_t)counter_read(&words[word]);

		found = value > found ? value : found;
	}
	return (uint64_t)found;
}

void breaker_gauges_fill(const struct segment_reader *reader, uint32_t slot,
			 struct cluster_stats *sum)
{
	uint64_t *words = (uint64_t *)sum;

	for (uint32_t i = 0; i < ARRAY_LEN(breakers); i++) {
		uint64_t limit = words[breakers[i].limit];
		uint64_t active = most(reader, slot, breakers[i].active);

		words[breakers[i].open] = sum->breaker_known && active >= limit;
		words[breakers[i].remaining] = sum->breaker_known < 2 ? BREAKER_NOT_TRACKED
					       : active < limit       ? limit - active
								      : 0;
	}
}
