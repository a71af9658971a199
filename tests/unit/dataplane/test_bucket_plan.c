#include "dataplane/worker/bucket_plan.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct bucket_view view;
static struct bucket_plan plan;

static void spread(uint16_t workers)
{
	memset(&view, 0, sizeof(view));
	view.workers = workers;
	for (uint32_t i = 0; i < BUCKETS; i++)
		view.home[i] = (uint16_t)(i % workers);
}

static void apply(void)
{
	for (uint32_t i = 0; i < plan.count; i++)
		view.home[plan.bucket[i]] = plan.to[i];
}

static uint32_t buckets_of(uint16_t worker)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < BUCKETS; i++)
		count += view.home[i] == worker;
	return count;
}

static uint64_t flows_of(uint16_t worker)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < BUCKETS; i++)
		sum += view.home[i] == worker ? view.flows[i] : 0;
	return sum;
}

static void a_resting_worker_has_no_bucket_and_the_rest_share_them(void)
{
	spread(4);
	CU_ASSERT(bucket_plan_rest(&view, 2, &plan));
	CU_ASSERT_EQUAL(plan.count, 128);
	apply();
	view.resting[2] = true;
	CU_ASSERT_EQUAL(buckets_of(2), 0);
	for (uint16_t i = 0; i < 4; i++)
		CU_ASSERT(i == 2 || (buckets_of(i) >= 170 && buckets_of(i) <= 171));
	/* One that rests gets nothing. */
	CU_ASSERT(bucket_plan_rest(&view, 0, &plan));
	apply();
	view.resting[0] = true;
	CU_ASSERT(buckets_of(0) == 0 && buckets_of(2) == 0 && buckets_of(1) == 256);
	CU_ASSERT(bucket_plan_rest(&view, 1, &plan));
	apply();
	view.resting[1] = true;
	/* The last one has to stay. */
	CU_ASSERT(!bucket_plan_rest(&view, 3, &plan));
}

static void heavy_buckets_go_to_different_workers(void)
{
	spread(3);
	for (uint32_t i = 0; i < 4; i++)
		view.flows[3 * i] = 1000;
	CU_ASSERT(bucket_plan_rest(&view, 0, &plan));
	apply();
	CU_ASSERT(flows_of(1) == 2000 && flows_of(2) == 2000);
}

static void an_added_worker_gets_its_share(void)
{
	for (uint16_t workers = 2; workers <= 8; workers++) {
		spread(workers);
		CU_ASSERT(bucket_plan_rest(&view, 1, &plan));
		apply();
		bucket_plan_add(&view, 1, &plan);
		apply();
		for (uint16_t i = 0; i < workers; i++)
			CU_ASSERT(buckets_of(i) + 2 >= (uint32_t)BUCKETS / workers &&
				  buckets_of(i) <= (uint32_t)BUCKETS / workers + workers);
		bucket_plan_add(&view, 1, &plan);
		CU_ASSERT_EQUAL(plan.count, 0);
	}
}

static void moves_take_the_fullest_first_and_no_more_than_there_are(void)
{
	spread(2);
	view.flows[10] = 7;
	view.flows[20] = 9;
	view.flows[11] = 99;
	bucket_plan_move(&view, 0, 1, 2, &plan);
	CU_ASSERT(plan.count == 2 && plan.bucket[0] == 20 && plan.bucket[1] == 10);
	CU_ASSERT(plan.to[0] == 1 && plan.to[1] == 1);
	bucket_plan_move(&view, 0, 1, 9999, &plan);
	CU_ASSERT_EQUAL(plan.count, 256);
}

static void evening_out_waits_for_a_reason_and_stops_at_the_middle(void)
{
	spread(2);
	for (uint32_t i = 0; i < BUCKETS; i++)
		view.flows[i] = 3;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT_EQUAL(plan.count, 0);
	/* Idle enough, or alike enough. */
	view.busy_permille[0] = 450;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT_EQUAL(plan.count, 0);
	view.busy_permille[0] = 900;
	view.busy_permille[1] = 750;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT_EQUAL(plan.count, 0);
	view.busy_permille[1] = 100;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT_EQUAL(plan.count, BUCKET_PLAN_EVEN_MAX);
	for (uint32_t i = 0; i < plan.count; i++)
		CU_ASSERT(view.home[plan.bucket[i]] == 0 && plan.to[i] == 1);
	/* One bucket holds nearly all: moving it would only turn things round. */
	memset(view.flows, 0, sizeof(view.flows));
	view.flows[0] = 100000;
	bucket_plan_even_out(&view, &plan);
	for (uint32_t i = 0; i < plan.count; i++)
		CU_ASSERT(plan.bucket[i] != 0);
	/* Whoever rests is not counted, though it is idle. */
	view.resting[1] = true;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT_EQUAL(plan.count, 0);
}

/* Though nobody is busy: long-lived connections take memory, and may wake up. */
static void connections_are_evened_out_too(void)
{
	spread(2);
	for (uint32_t i = 0; i < BUCKETS; i += 2)
		view.flows[i] = 3;
	/* The one with fewer is the busier one: nothing more for it. */
	view.busy_permille[1] = 100;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT_EQUAL(plan.count, 0);
	view.busy_permille[0] = 100;
	unsigned rounds = 0;

	do {
		bucket_plan_even_out(&view, &plan);
		apply();
	} while (plan.count > 0 && ++rounds < 1000);
	CU_ASSERT(rounds > 5 && rounds < 100);
	CU_ASSERT(flows_of(0) + buckets_of(0) <= (flows_of(1) + buckets_of(1)) * 5 / 4);
	CU_ASSERT(flows_of(1) < flows_of(0));
	/* A few more here than there are no reason. */
	spread(2);
	for (uint32_t i = 0; i < 2 * (BUCKET_PLAN_GAP_FLOWS - 1); i += 2)
		view.flows[i] = 1;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT_EQUAL(plan.count, 0);
}

static void who_has_just_moved_stays_for_a_while(void)
{
	spread(2);
	view.busy_permille[0] = 900;
	for (uint32_t i = 0; i < BUCKETS; i++)
		view.stay[i] = i != 100;
	bucket_plan_even_out(&view, &plan);
	CU_ASSERT(plan.count == 1 && plan.bucket[0] == 100 && plan.to[0] == 1);
	/* Who is told to rest, or to take, does so all the same. */
	bucket_plan_move(&view, 0, 1, 5, &plan);
	CU_ASSERT_EQUAL(plan.count, 5);
}

static void an_added_worker_gets_its_share_of_connections(void)
{
	spread(2);
	CU_ASSERT(bucket_plan_rest(&view, 1, &plan));
	apply();
	/* All connections in the first quarter of the buckets. */
	for (uint32_t i = 0; i < BUCKETS / 4; i++)
		view.flows[i] = 9;
	bucket_plan_add(&view, 1, &plan);
	apply();
	uint64_t here = flows_of(1) + buckets_of(1), there = flows_of(0) + buckets_of(0);

	CU_ASSERT(here <= there && here + 10 > there);
}

UNIT_TESTS(UNIT_TEST(a_resting_worker_has_no_bucket_and_the_rest_share_them),
	   UNIT_TEST(heavy_buckets_go_to_different_workers), UNIT_TEST(an_added_worker_gets_its_share),
	   UNIT_TEST(moves_take_the_fullest_first_and_no_more_than_there_are),
	   UNIT_TEST(evening_out_waits_for_a_reason_and_stops_at_the_middle),
	   UNIT_TEST(connections_are_evened_out_too),
	   UNIT_TEST(who_has_just_moved_stays_for_a_while),
	   UNIT_TEST(an_added_worker_gets_its_share_of_connections))
