/* Round robin; weighted where weights differ: in every round a host is taken as often as its weight
 * says, heavier ones first and alternating (interleaved weighted round robin). */
#include "gateway/cluster/cluster.h"

static uint32_t heaviest_usable(const struct balance *balance)
{
	uint32_t heaviest = 0;

	for (uint32_t i = 0; i < balance->endpoints->endpoint_count; i++)
		if (balance->endpoints->endpoints[i].weight > heaviest && balance_usable(balance, i))
			heaviest = balance->endpoints->endpoints[i].weight;
	return heaviest;
}

/* The level falls from the largest usable weight to 1; at each level every host of at least that
 * weight has its turn.  A level that the heaviest usable host reaches yields one, so two passes over
 * the rest of the hosts are enough. */
static uint32_t choose_weighted(struct balance *balance)
{
	struct cluster_state *state = balance->state;
	uint32_t count = balance->endpoints->endpoint_count;

	for (int pass = 0; pass < 3; pass++) {
		while (state->cursor_weight > 0 && state->cursor < count) {
			uint32_t index = state->cursor++;

			if (balance->endpoints->endpoints[index].weight >= state->cursor_weight &&
			    balance_usable(balance, index))
				return index;
		}
		uint32_t heaviest = heaviest_usable(balance);

		state->cursor = 0;
		state->cursor_weight = state->cursor_weight > 1 ? state->cursor_weight - 1 : heaviest;
		if (state->cursor_weight > heaviest)
			state->cursor_weight = heaviest;
	}
	return UINT32_MAX;
}

static uint32_t choose(struct balance *balance)
{
	struct cluster_state *state = balance->state;

	if (state->members.weighted)
		return choose_weighted(balance);
	uint32_t index = balance_usable_from(balance, state->cursor);

	state->cursor = index + 1;
	return index;
}

const struct balancer balancer_round_robin = {.choose = choose};
