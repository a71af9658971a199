/* Random among the usable; by weight where weights differ (rejection, bounded). */
#include "gateway/cluster/cluster.h"

#define DRAWS_MAX 32

static uint32_t choose(struct balance *balance)
{
	struct prng *prng = &balance->gateway->prng;
	const struct cluster_members *members = &balance->state->members;
	uint32_t count = balance->endpoints->endpoint_count;

	for (uint32_t draw = 0; draw < DRAWS_MAX; draw++) {
		uint32_t index = prng_below(prng, count);

		if (!balance_usable(balance, index))
			continue;
		if (!members->weighted || prng_below(prng, members->weight_max) <
						  balance->endpoints->endpoints[index].weight)
			return index;
	}
	return balance_usable_from(balance, prng_below(prng, count));
}

const struct balancer balancer_random = {.choose = choose};
