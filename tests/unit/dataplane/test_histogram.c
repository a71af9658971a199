#include "gateway/stats/histogram.h"

#include "tests/lib/unit.h"

static void every_bucket_starts_at_its_floor(void)
{
	for (uint32_t i = 1; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t floor_ns = histogram_bucket_floor_ns(i);

		CU_ASSERT_EQUAL(histogram_bucket(floor_ns), i);
		CU_ASSERT_EQUAL(histogram_bucket(floor_ns - 1), i - 1);
	}
	CU_ASSERT_EQUAL(histogram_bucket(0), 0);
	CU_ASSERT_EQUAL(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void a_bucket_is_at_most_a_sixteenth_wide(void)
{
	for (uint32_t i = 16; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t floor_ns = histogram_bucket_floor_ns(i);

		CU_ASSERT(histogram_bucket_floor_ns(i + 1) - floor_ns <= floor_ns / 16);
	}
}

static void merged_histograms_answer_for_both(void)
{
	static struct histogram a, b, sum;

	for (int i = 0; i < 90; i++)
		histogram_record(&a, 1000000);
	for (int i = 0; i < 10; i++)
		histogram_record(&b, 80000000);
	histogram_merge(&sum, &a);
	histogram_merge(&sum, &b);
	CU_ASSERT_EQUAL(sum.count, 100);
	CU_ASSERT_EQUAL(sum.sum_ns, 890000000);
	CU_ASSERT_EQUAL(histogram_count_up_to(&sum, 2000000), 90);
	CU_ASSERT_EQUAL(histogram_count_up_to(&sum, 100000000), 100);
	CU_ASSERT_EQUAL(histogram_count_up_to(&sum, 1000), 0);
	uint64_t median = histogram_quantile_ns(&sum, 500);
	uint64_t p99 = histogram_quantile_ns(&sum, 990);

	CU_ASSERT(median > 900000 && median < 1100000);
	CU_ASSERT(p99 > 75000000 && p99 < 85000000);
	CU_ASSERT_EQUAL(histogram_quantile_ns(&(struct histogram){0}, 500), 0);
}

UNIT_TESTS(UNIT_TEST(every_bucket_starts_at_its_floor),
	   UNIT_TEST(a_bucket_is_at_most_a_sixteenth_wide),
	   UNIT_TEST(merged_histograms_answer_for_both))
