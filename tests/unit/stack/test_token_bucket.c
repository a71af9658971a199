#include "stack/base/prng.h"
#include "stack/base/time.h"
#include "stack/base/token_bucket.h"
#include "tests/lib/unit.h"

static void a_burst_and_then_a_trickle_pass(void)
{
	struct token_bucket limit;
	unsigned passed = 0;

	token_bucket_init(&limit, 100, 20);
	for (int i = 0; i < 1000; i++)
		passed += token_bucket_take(&limit, 0, 5);
	CU_ASSERT_EQUAL(passed, 20);
	CU_ASSERT(!token_bucket_take(&limit, 0, 5 + 9999999));
	CU_ASSERT(token_bucket_take(&limit, 0, 5 + 10000000));
	for (uint64_t now_ns = 1000000000; now_ns < 2000000000; now_ns += 1000000)
		passed += token_bucket_take(&limit, 0, now_ns);
	CU_ASSERT(passed >= 20 + 118 && passed <= 20 + 121);
}

static void the_reserve_is_left_to_those_who_may_have_it(void)
{
	struct token_bucket limit;
	unsigned common = 0, favoured = 0;

	token_bucket_init(&limit, 1000, 20);
	for (int i = 0; i < 100; i++)
		common += token_bucket_take(&limit, 10, 7);
	for (int i = 0; i < 100; i++)
		favoured += token_bucket_take(&limit, 0, 7);
	CU_ASSERT_EQUAL(common, 10);
	CU_ASSERT_EQUAL(favoured, 10);
	/* Under a flood of the common ones, every token that comes is there for the favoured. */
	for (uint64_t ms = 1; ms <= 100; ms++) {
		uint64_t now_ns = 7 + ms * NS_PER_MS;

		for (int i = 0; i < 10; i++)
			CU_ASSERT(!token_bucket_take(&limit, 10, now_ns));
		CU_ASSERT(token_bucket_take(&limit, 0, now_ns));
	}
	CU_ASSERT(!token_bucket_take(&limit, 20, 100 * NS_PER_SECOND));
	CU_ASSERT(!token_bucket_take(&limit, 21, 100 * NS_PER_SECOND));
	CU_ASSERT(token_bucket_take(&limit, 19, 100 * NS_PER_SECOND));
}

/* Over any time no more than the burst and the rate pass, and of a steady flood no less. */
static void never_more_than_the_rate(void)
{
	static const uint32_t rates[] = {1, 7, 100, 10000, 1000000};
	struct prng prng;

	prng_seed(&prng, 1);
	for (unsigned r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		struct token_bucket limit;
		uint64_t now_ns = prng_next(&prng) >> 20, start_ns = now_ns, passed = 0;

		token_bucket_init(&limit, rates[r], 50);
		for (int i = 0; i < 20000; i++) {
			passed += token_bucket_take(&limit, 0, now_ns);
			CU_ASSERT(passed <= 50 + (now_ns - start_ns) / limit.interval_ns + 1);
			now_ns += prng_below(&prng, (uint32_t)(limit.interval_ns / 2 + 2));
		}
		CU_ASSERT(passed + 1 >= (now_ns - start_ns) / limit.interval_ns);
	}
}

UNIT_TESTS(UNIT_TEST(a_burst_and_then_a_trickle_pass),
	   UNIT_TEST(the_reserve_is_left_to_those_who_may_have_it), UNIT_TEST(never_more_than_the_rate))
