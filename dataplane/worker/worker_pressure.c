#include "dataplane/worker/worker_pressure.h"

#include <rte_lcore.h>
#include <stdbool.h>

/* Shares of a pool, in eighths. */
#define LOW_EIGHTHS 2
#define LOW_LEFT_EIGHTHS 3
#define RESERVE_EIGHTHS 1
#define HEADER_EIGHTHS 1

static bool is_below(uint32_t available, uint32_t capacity, unsigned eighths)
{
	return (uint64_t)available * 8 < (uint64_t)capacity * eighths;
}

uint32_t worker_pressure_available(struct rte_mempool *pool)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());

	return rte_mempool_get_ops(pool->ops_index)->get_count(pool) + (cache ? cache->len : 0);
}

enum tcp_pressure worker_pressure_decide(enum tcp_pressure before, uint32_t rx_available,
					 uint32_t rx_capacity, uint32_t header_available,
					 uint32_t header_capacity)
{
	if (is_below(rx_available, rx_capacity,
		     before == TCP_PRESSURE_RESERVE ? LOW_EIGHTHS : RESERVE_EIGHTHS))
		return TCP_PRESSURE_RESERVE;
	if (is_below(rx_available, rx_capacity,
		     before == TCP_PRESSURE_NONE ? LOW_EIGHTHS : LOW_LEFT_EIGHTHS) ||
	    is_below(header_available, header_capacity, HEADER_EIGHTHS))
		return TCP_PRESSURE_LOW;
	return TCP_PRESSURE_NONE;
}
