#include "stack/base/wheel.h"

#include "stack/base/compiler.h"
#include "stack/base/prng.h"
#include "tests/lib/unit.h"

#define TIMERS 200
#define TICK_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)

struct world {
	struct wheel wheel;
	struct wheel_timer timers[TIMERS];
	uint64_t model[TIMERS]; /* deadline, DEADLINE_NEVER_NS = not armed */
	uint64_t fired;
	uint64_t hash;          /* of the order in which they fired */
	bool rearm;
};

static struct world world;

static void fire(struct wheel_timer *timer, void *context, uint64_t now_ns)
{
	struct world *w = context;
	unsigned index = (unsigned)(timer - w->timers);

	CU_ASSERT_FATAL(w->model[index] != DEADLINE_NEVER_NS);
	CU_ASSERT(w->model[index] <= now_ns);
	CU_ASSERT(!wheel_is_armed(timer));
	w->model[index] = DEADLINE_NEVER_NS;
	w->fired++;
	w->hash = w->hash * 31 + index;
	if (w->rearm && index % 3 == 0) {
		w->model[index] = now_ns + index * TICK_NS;
		wheel_arm(&w->wheel, timer, w->model[index]);
	}
}

static void start(uint64_t now_ns)
{
	world = (struct world){0};
	for (int i = 0; i < TIMERS; i++)
		world.model[i] = DEADLINE_NEVER_NS;
	wheel_init(&world.wheel, now_ns, fire, &world);
}

static void arm(unsigned index, uint64_t deadline_ns)
{
	world.model[index] = deadline_ns;
	wheel_arm(&world.wheel, &world.timers[index], deadline_ns);
}

/* From a tick to a month, with the edges of the levels among them. */
static uint64_t any_delay(struct prng *prng)
{
	unsigned bits = prng_below(prng, 52);
	uint64_t delay_ns = prng_next(prng) & ((UINT64_C(1) << bits) - 1);

	if (prng_below(prng, 4) == 0)
		return (TICK_NS << (8 * prng_below(prng, 4))) + prng_below(prng, 3) - 1;
	return delay_ns;
}

static void check_against_model(uint64_t now_ns)
{
	uint64_t earliest_ns = DEADLINE_NEVER_NS;
	uint64_t armed = 0;

	for (int i = 0; i < TIMERS; i++) {
		CU_ASSERT_EQUAL(wheel_is_armed(&world.timers[i]),
				world.model[i] != DEADLINE_NEVER_NS);
		if (world.model[i] == DEADLINE_NEVER_NS)
			continue;
		armed++;
		/* At most a tick late. */
		CU_ASSERT(world.model[i] + TICK_NS > now_ns);
		if (world.model[i] < earliest_ns)
			earliest_ns = world.model[i];
	}
	CU_ASSERT_EQUAL(armed, world.wheel.armed);
	if (earliest_ns == DEADLINE_NEVER_NS) {
		CU_ASSERT_EQUAL(wheel_deadline_ns(&world.wheel), DEADLINE_NEVER_NS);
	} else {
		uint64_t later_ns = earliest_ns > now_ns ? earliest_ns : now_ns;

		CU_ASSERT(wheel_deadline_ns(&world.wheel) <= later_ns + 2 * TICK_NS);
	}
}

static uint64_t random_run(uint64_t seed, bool rearm)
{
	struct prng prng;
	uint64_t now_ns = seed * 12345678901u;

	prng_seed(&prng, seed);
	start(now_ns);
	world.rearm = rearm;
	for (int step = 0; step < 1500; step++) {
		unsigned index = prng_below(&prng, TIMERS);

		switch (prng_below(&prng, 4)) {
		case 0:
		case 1:
			arm(index, now_ns + any_delay(&prng));
			break;
		case 2:
			world.model[index] = DEADLINE_NEVER_NS;
			wheel_disarm(&world.wheel, &world.timers[index]);
			break;
		default:
			now_ns += any_delay(&prng) >> prng_below(&prng, 20);
			while (wheel_expire(&world.wheel, now_ns, 7) == 7)
				;
			check_against_model(now_ns);
		}
	}
	return world.hash;
}

static void agrees_with_a_plain_list(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++)
		random_run(seed, false);
}

static void the_same_calls_fire_in_the_same_order(void)
{
	uint64_t first = random_run(5, false);

	CU_ASSERT_EQUAL(first, random_run(5, false));
	CU_ASSERT_NOT_EQUAL(first, random_run(6, false));
}

static void jumping_to_the_deadline_reaches_every_timer(void)
{
	struct prng prng;
	uint64_t now_ns = 3;
	int jumps = 0;

	prng_seed(&prng, 77);
	start(now_ns);
	for (unsigned i = 0; i < TIMERS; i++)
		arm(i, now_ns + any_delay(&prng));
	while (world.wheel.armed > 0 && jumps++ < 100000) {
		uint64_t next_ns = wheel_deadline_ns(&world.wheel);

		CU_ASSERT_FATAL(next_ns != DEADLINE_NEVER_NS);
		if (next_ns > now_ns)
			now_ns = next_ns;
		wheel_expire(&world.wheel, now_ns, TIMERS);
		check_against_model(now_ns);
	}
	CU_ASSERT_EQUAL(world.fired, TIMERS);
	CU_ASSERT(jumps < 2000);
}

static void one_leap_over_everything_fires_all_within_the_bound(void)
{
	start(0);
	for (unsigned i = 0; i < TIMERS; i++)
		arm(i, (uint64_t)i * i * i * 1000003);
	CU_ASSERT_EQUAL(wheel_expire(&world.wheel, UINT64_C(1) << 60, 50), 50);
	CU_ASSERT(wheel_deadline_ns(&world.wheel) <= UINT64_C(1) << 60);
	CU_ASSERT_EQUAL(wheel_expire(&world.wheel, UINT64_C(1) << 60, 1000), TIMERS - 50);
	CU_ASSERT_EQUAL(wheel_expire(&world.wheel, UINT64_C(1) << 60, 1000), 0);
}

static void armed_again_inside_its_own_call(void)
{
	random_run(9, true);
	CU_ASSERT(world.fired > 100);
}

static void never_is_never(void)
{
	start(0);
	wheel_arm(&world.wheel, &world.timers[0], DEADLINE_NEVER_NS);
	CU_ASSERT_EQUAL(wheel_expire(&world.wheel, UINT64_C(1) << 62, 10), 0);
	CU_ASSERT(wheel_is_armed(&world.timers[0]));
	wheel_disarm(&world.wheel, &world.timers[0]);
	wheel_disarm(&world.wheel, &world.timers[0]);
	CU_ASSERT_EQUAL(world.wheel.armed, 0);
	CU_ASSERT_EQUAL(wheel_deadline_ns(&world.wheel), DEADLINE_NEVER_NS);
}

UNIT_TESTS(UNIT_TEST(agrees_with_a_plain_list), UNIT_TEST(the_same_calls_fire_in_the_same_order),
	   UNIT_TEST(jumping_to_the_deadline_reaches_every_timer),
	   UNIT_TEST(one_leap_over_everything_fires_all_within_the_bound),
	   UNIT_TEST(armed_again_inside_its_own_call), UNIT_TEST(never_is_never))
