#include "stack/base/prng.h"
#include "tests/lib/unit.h"

static void same_seed_same_sequence(void)
{
	struct prng a, b;

	prng_seed(&a, 42);
	prng_seed(&b, 42);
	for (int i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(prng_next(&a), prng_next(&b));
	prng_seed(&b, 43);
	CU_ASSERT_NOT_EQUAL(prng_next(&a), prng_next(&b));
}

static void below_stays_below_and_reaches_all(void)
{
	struct prng prng;
	unsigned seen[7] = {0};

	prng_seed(&prng, 1);
	for (int i = 0; i < 7000; i++) {
		uint32_t value = prng_below(&prng, 7);

		CU_ASSERT_FATAL(value < 7);
		seen[value]++;
	}
	for (int i = 0; i < 7; i++)
		CU_ASSERT(seen[i] > 700 && seen[i] < 1300);
}

static void fork_is_independent_of_later_parent_use(void)
{
	struct prng parent, again, child, child_again;

	prng_seed(&parent, 9);
	prng_seed(&again, 9);
	prng_fork(&parent, &child);
	prng_fork(&again, &child_again);
	prng_next(&parent);
	CU_ASSERT_EQUAL(prng_next(&child), prng_next(&child_again));
}

UNIT_TESTS(UNIT_TEST(same_seed_same_sequence), UNIT_TEST(below_stays_below_and_reaches_all),
	   UNIT_TEST(fork_is_independent_of_later_parent_use))
