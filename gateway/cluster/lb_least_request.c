/* Least request: of N random usable hosts the one with the fewest requests in flight from this
 * worker (power of N choices); where weights differ, fewest in proportion to its weight. */
#include "gateway/cluster/cluster.h"

static uint32_t in_flight(const struct balance *balance, uint32_t index)
{
	const struct config_endpoint *endpoint = &balance->endpoints->endpoints[index];
	const struct host *host = host_find(balance->gateway, balance->cluster->object.id,
					    &endpoint->addr, endpoint->port);

	return host ? host->requests : 0;
}

static uint32_t choose(struct balance *balance)
{
	const struct config_endpoint *endpoints = balance->endpoints->endpoints;
	uint32_t choices = balance->cluster->least_request_choices;
	uint32_t best = UINT32_MAX, best_load = 0;

	if (choices < 2)
		choices = 2;
	for (uint32_t i = 0; i < choices; i++) {
		uint32_t draw = prng_below(&balance->gateway->prng,
					   balance->endpoints->endpoint_count);
		uint32_t index = balance_usable_from(balance, draw);
		uint32_t load;

		if (index == UINT32_MAX)
			return index;
		load = in_flight(balance, index) + 1;
		if (best == UINT32_MAX || (uint64_t)load * endpoints[best].weight <
						  (uint64_t)best_load * endpoints[index].weight) {
			best = index;
			best_load = load;
		}
	}
	return best;
}

const struct balancer balancer_least_request = {.choose = choose};
