/* Round robin; weighted where weights differ: in every round a host is taken as often as its weight
 * says, heavier ones first and alternating (interleaved weighted round robin). */
#include "gateway/cluster/cluster.h"

static uint32_t choose_weighted(struct balance *balance)
{
	struct cluster_state *state = balance->state;
	uint32_t count = balance->endpoints->endpoint_count;

	/* Every endpoint has weight >= 1, so two rounds at most pass over all of them. */
	for (uint64_t step = 0; step < 2ull * count * (state->members.weight_max + 1ull); step++) {
		if (state->cursor >= count) {
			state->cursor = 0;
			/* The level falls from the largest weight to 1, then the round is over. */
			state->cursor_weight = state->cursor_weight > 1 ? state->cursor_weight - 1
									: state->members.weight_max;
		}
		if (state->cursor_weight == 0 || state->cursor_weight > state->members.weight_max)
			state->cursor_weight = state->members.weight_max;
		uint32_t index = state->cursor++;

		if (balance->endpoints->endpoints[index].weight >= state->cursor_weight &&
		    balance_usable(balance, index))
			return index;
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
