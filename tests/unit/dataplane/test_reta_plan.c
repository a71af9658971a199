/* A device's table after the buckets: of their own length, shorter, with fewer queues than workers. */
#include "dataplane/worker/reta_plan.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct buckets buckets;
static uint16_t current[BUCKETS], queue_of[BUCKETS];

static void fresh(uint16_t workers)
{
	buckets_init(&buckets, workers);
	memset(current, 0, sizeof(current));
}

static void at_rest_it_is_filled_in_turn(void)
{
	static const uint16_t sizes[] = {64, 128, 512};

	for (uint16_t workers = 1; workers <= 8; workers++) {
		fresh(workers);
		for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
			reta_plan_make(&buckets, sizes[i], workers, current, queue_of);
			for (uint32_t hash = 0; hash < 4 * BUCKETS; hash++)
				CU_ASSERT_EQUAL(queue_of[hash % sizes[i]],
						bucket_home(bucket_stops(&buckets, bucket_of(hash))));
		}
	}
}

static void a_bucket_that_moves_takes_its_entry_along(void)
{
	fresh(4);
	CU_ASSERT(bucket_move(&buckets, 300, 2));
	CU_ASSERT(bucket_move(&buckets, 301, 3));
	reta_plan_make(&buckets, BUCKETS, 4, current, queue_of);
	/* At once, though what lives there is still led on by the first stop. */
	CU_ASSERT(queue_of[300] == 2 && queue_of[301] == 3 && queue_of[302] == 302 % 4);
}

static void an_entry_of_several_buckets_goes_with_most(void)
{
	fresh(4);
	/* Entry 5 of 64 has the buckets 5, 69, 133 … 453. */
	for (uint32_t i = 0; i < 4; i++)
		CU_ASSERT(bucket_move(&buckets, 5 + i * 64, 3));
	current[5] = 1;
	reta_plan_make(&buckets, 64, 4, current, queue_of);
	CU_ASSERT_EQUAL(queue_of[5], 1); /* four here, four there: it stays */
	CU_ASSERT(bucket_move(&buckets, 5 + 4 * 64, 3));
	reta_plan_make(&buckets, 64, 4, current, queue_of);
	CU_ASSERT_EQUAL(queue_of[5], 3);
	current[5] = 9; /* of a time with more queues */
	reta_plan_make(&buckets, 64, 4, current, queue_of);
	CU_ASSERT_EQUAL(queue_of[5], 3);
}

static void workers_without_a_queue_get_theirs_by_its_owner(void)
{
	fresh(6);
	reta_plan_make(&buckets, BUCKETS, 4, current, queue_of);
	for (uint32_t i = 0; i < BUCKETS; i++)
		CU_ASSERT_EQUAL(queue_of[i], bucket_home(bucket_stops(&buckets, i)) % 4);
}

static void who_rests_gets_nothing(void)
{
	fresh(3);
	for (uint32_t i = 0; i < BUCKETS; i++)
		if (bucket_home(bucket_stops(&buckets, i)) == 1)
			CU_ASSERT(bucket_move(&buckets, i, 2));
	for (uint32_t i = 0; i < 64; i++)
		current[i] = (uint16_t)(i % 3);
	reta_plan_make(&buckets, 64, 3, current, queue_of);
	for (uint32_t i = 0; i < 64; i++)
		CU_ASSERT(queue_of[i] != 1);
}

UNIT_TESTS(UNIT_TEST(at_rest_it_is_filled_in_turn), UNIT_TEST(a_bucket_that_moves_takes_its_entry_along),
	   UNIT_TEST(an_entry_of_several_buckets_goes_with_most),
	   UNIT_TEST(workers_without_a_queue_get_theirs_by_its_owner), UNIT_TEST(who_rests_gets_nothing))
