#include "dataplane/worker/buckets.h"

#include "tests/lib/unit.h"

static struct buckets buckets;

static void all_workers_have_a_like_share(void)
{
	for (uint16_t workers = 1; workers <= BUCKET_WORKERS_MAX; workers++) {
		uint32_t count[BUCKET_WORKERS_MAX] = {0}, least = BUCKETS, most = 0;

		buckets_init(&buckets, workers);
		for (uint32_t i = 0; i < BUCKETS; i++) {
			uint32_t stops = bucket_stops(&buckets, i);
			uint16_t home = bucket_home(stops);

			CU_ASSERT_FATAL(home < workers);
			CU_ASSERT(bucket_is_only(stops, home) && bucket_first(stops) == home);
			count[home]++;
		}
		for (uint16_t w = 0; w < workers; w++) {
			least = count[w] < least ? count[w] : least;
			most = count[w] > most ? count[w] : most;
		}
		/* A device's table of 64 entries may be the grain, then 128, then ours. */
		CU_ASSERT(most - least <= 8);
	}
	/* A table of 64 entries filled in turn agrees with every one of the larger. */
	buckets_init(&buckets, 8);
	for (uint32_t i = 0; i < BUCKETS; i++)
		CU_ASSERT_EQUAL(bucket_home(bucket_stops(&buckets, i)), i % 64 % 8);
}

static void a_move_appends_and_whoever_is_done_leaves(void)
{
	buckets_init(&buckets, 4);
	CU_ASSERT(bucket_move(&buckets, 5, 3));
	uint32_t stops = bucket_stops(&buckets, 5);

	CU_ASSERT(bucket_first(stops) == 1 && bucket_home(stops) == 3);
	CU_ASSERT(bucket_has(stops, 1) && bucket_has(stops, 3) && !bucket_has(stops, 2));
	CU_ASSERT_EQUAL(bucket_next(stops, 1), 3);
	CU_ASSERT(!bucket_is_only(stops, 1) && !bucket_is_only(stops, 3));
	/* The home stays, and so does nobody who is not there. */
	CU_ASSERT(!bucket_leave(&buckets, 5, 3));
	CU_ASSERT(!bucket_leave(&buckets, 5, 2));
	CU_ASSERT_EQUAL(bucket_stops(&buckets, 5), stops);
	CU_ASSERT(bucket_leave(&buckets, 5, 1));
	CU_ASSERT(bucket_is_only(bucket_stops(&buckets, 5), 3));
	/* The others have not been touched. */
	for (uint32_t i = 0; i < BUCKETS; i++)
		if (i != 5)
			CU_ASSERT(bucket_is_only(bucket_stops(&buckets, i), (uint16_t)(i % 4)));
}

static void moving_back_makes_the_old_home_the_last_stop(void)
{
	buckets_init(&buckets, 8);
	CU_ASSERT(bucket_move(&buckets, 0, 5) && bucket_move(&buckets, 0, 0));
	uint32_t stops = bucket_stops(&buckets, 0);

	CU_ASSERT(bucket_first(stops) == 5 && bucket_home(stops) == 0);
	CU_ASSERT(bucket_move(&buckets, 0, 0));
	CU_ASSERT_EQUAL(bucket_stops(&buckets, 0), stops);
	CU_ASSERT(bucket_leave(&buckets, 0, 5));
	CU_ASSERT(bucket_is_only(bucket_stops(&buckets, 0), 0));
}

static void a_bucket_with_all_stops_taken_moves_no_further(void)
{
	buckets_init(&buckets, 8);
	for (uint16_t to = 1; to < BUCKET_STOPS_MAX; to++)
		CU_ASSERT(bucket_move(&buckets, 0, to));
	uint32_t stops = bucket_stops(&buckets, 0);

	CU_ASSERT(!bucket_move(&buckets, 0, 7));
	CU_ASSERT_EQUAL(bucket_stops(&buckets, 0), stops);
	/* To one of them it can, and in the order of their coming. */
	CU_ASSERT(bucket_move(&buckets, 0, 1));
	stops = bucket_stops(&buckets, 0);
	CU_ASSERT(bucket_first(stops) == 0 && bucket_next(stops, 0) == 2 &&
		  bucket_next(stops, 2) == 3 && bucket_next(stops, 3) == 1 && bucket_home(stops) == 1);
	CU_ASSERT(bucket_leave(&buckets, 0, 2));
	CU_ASSERT(bucket_move(&buckets, 0, 7));
	CU_ASSERT_EQUAL(bucket_home(bucket_stops(&buckets, 0)), 7);
}

UNIT_TESTS(UNIT_TEST(all_workers_have_a_like_share),
	   UNIT_TEST(a_move_appends_and_whoever_is_done_leaves),
	   UNIT_TEST(moving_back_makes_the_old_home_the_last_stop),
	   UNIT_TEST(a_bucket_with_all_stops_taken_moves_no_further))
