#include "tests/sim/plan.h"

/* Mostly small, sometimes many segments, rarely more than the windows hold. */
static uint32_t body_bytes(struct prng *prng)
{
	switch (prng_below(prng, 8)) {
	case 0:
		return 0;
	case 1:
	case 2:
	case 3:
		return 1 + prng_below(prng, 1000);
	case 4:
	case 5:
		return 1 + prng_below(prng, 8000);
	case 6:
		return 1 + prng_below(prng, 60000);
	default:
		return prng_below(prng, 6) ? 1 : 1 + prng_below(prng, 600000);
	}
}

void plan_make(struct plan *plan, struct prng *prng, uint32_t id, bool hostile)
{
	static const enum plan_method methods[] = {PLAN_GET, PLAN_GET, PLAN_GET, PLAN_HEAD,
						   PLAN_POST, PLAN_PUT};

	*plan = (struct plan){.id = id};
	plan->method = methods[prng_below(prng, sizeof(methods) / sizeof(methods[0]))];
	plan->mode = prng_below(prng, hostile ? MODE_COUNT : MODE_VANISH_ONCE);
	plan->answer_bytes = plan->mode == MODE_NO_CONTENT ? 0 : body_bytes(prng);
	if (plan->method == PLAN_POST || plan->method == PLAN_PUT) {
		plan->request_bytes = body_bytes(prng);
		plan->request_chunked = prng_below(prng, 2);
		plan->expect_continue = plan->request_bytes > 0 && prng_below(prng, 4) == 0;
	}
}

uint8_t plan_byte(uint32_t id, unsigned direction, uint64_t at)
{
	return (uint8_t)((id * 31 + direction * 101 + at) * 2654435761u >> 13);
}

const char *plan_method_name(enum plan_method method)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT"};

	return names[method];
}
