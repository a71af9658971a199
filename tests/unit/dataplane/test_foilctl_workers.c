/* foilctl workers: what the data plane says of them beside the counters, and orders. */
#include <stdio.h>
#include <string.h>

#include "dataplane/admin/admin.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/foilctl_run.h"

static struct admin_worker_order seen;
static unsigned orders;
static struct admin *admin;

static void show_workers(void *context, struct text *out)
{
	text_add(out, "{\"buckets\":512,\"moves\":3,\"workers\":["
		      "{\"worker\":0,\"cpu\":5,\"node\":0,\"resting\":false,\"busy\":0.250,\"buckets\":509,\"leaving\":0,"
		      "\"flows\":12},"
		      "{\"worker\":1,\"cpu\":17,\"node\":1,\"resting\":true,\"busy\":0.001,\"buckets\":3,\"leaving\":2,"
		      "\"flows\":4}]}\n");
}

static bool order_workers(void *context, const struct admin_worker_order *order, struct why *why)
{
	orders++;
	seen = *order;
	return order->worker < 2 || why_set(why, "there is no worker %u; there are 2, counted from 0",
					    order->worker);
}

static void begin(bool can)
{
	struct admin_params params = {.address = "127.0.0.1:0"};
	struct why why;

	if (can) {
		params.callbacks.workers = show_workers;
		params.callbacks.order_workers = order_workers;
	}
	orders = 0;
	CU_ASSERT_FATAL(admin_start(&admin, &params, &why));
}

static void what_the_data_plane_says_stands_beside_the_counters(void)
{
	struct segment *segment = fixture_segment();

	begin(true);
	segment_worker(segment, 1)->worker->handed_over_packets = 5;
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "--segment", fixture_path(), "--admin",
				admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_STRING_EQUAL(
		foilctl_out,
		"W  CPU  STATE     NOW  BUCKETS  LEAVING  CONNS  RX  TX  HANDED  MBUFS\n"
		"0    5  serves  25.0%      509        0      0   0   0       0  enough\n"
		"1   17  rests    0.1%        3        2      0   0   0       5  enough\n");
	CU_ASSERT_EQUAL(FOILCTL(200, "workers", "--segment", fixture_path(), "--admin",
				admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "W  CPU  STATE     NOW  BUSY  BUCKETS"));
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "POLLS  RESTS  MAIL  CONFIG  MBUFS\n"));
	CU_ASSERT_EQUAL(FOILCTL(0, "workers", "--json", "--segment", fixture_path(), "--admin",
				admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, ",\"resting\":true,\"busy_now\":0.001,"
						   "\"buckets\":3,\"leaving\":2,\"flows\":4,"
						   "\"cpu\":17,\"node\":1}"));
	admin_stop(admin);
	segment_destroy(segment);
}

static void counters_are_shown_without_an_answer(void)
{
	struct segment *segment = fixture_segment();

	begin(false);
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "--segment", fixture_path(), "--admin",
				admin_address(admin)), FOILCTL_OK);
	CU_ASSERT_EQUAL(strncmp(foilctl_out, "W  BUSY  CONNS", 14), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "does not serve that"));
	admin_stop(admin);
	segment_destroy(segment);
}

static void orders_are_carried_over(void)
{
	begin(true);
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "rest", "1", "--admin", admin_address(admin)),
			FOILCTL_OK);
	CU_ASSERT(seen.what == ADMIN_WORKER_REST && seen.worker == 1);
	CU_ASSERT_STRING_EQUAL(foilctl_out, "W  STATE     NOW  BUCKETS  LEAVING  CONNS\n"
					    "0  serves  25.0%      509        0     12\n"
					    "1  rests    0.1%        3        2      4\n");
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "add", "0", "--admin", admin_address(admin)),
			FOILCTL_OK);
	CU_ASSERT(seen.what == ADMIN_WORKER_ADD && seen.worker == 0);
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "move", "64", "--from", "1", "--to", "0", "--admin",
				admin_address(admin), "--json"), FOILCTL_OK);
	CU_ASSERT(seen.what == ADMIN_WORKER_MOVE && seen.worker == 1 && seen.to == 0 &&
		  seen.count == 64);
	CU_ASSERT_EQUAL(strncmp(foilctl_out, "{\"buckets\":512,", 15), 0);
	CU_ASSERT_EQUAL(orders, 3);
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "rest", "7", "--admin", admin_address(admin)),
			FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "there is no worker 7; there are 2"));
	admin_stop(admin);
	CU_ASSERT_EQUAL(FOILCTL(80, "workers", "rest", "1", "--admin", "127.0.0.1:1"),
			FOILCTL_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "no answer from the admin server"));
}

static void incomplete_orders_are_explained(void)
{
	static const struct {
		const char *words[8];
		const char *said;
	} cases[] = {
		{{"workers", "sleep", "1"}, "sleep is no order; rest, add or move"},
		{{"workers", "rest"}, "rest: say which worker"},
		{{"workers", "rest", "one"}, "rest: say which worker"},
		{{"workers", "rest", "1234567890"}, "rest: say which worker"},
		{{"workers", "move", "--from", "0", "--to", "1"}, "move: say how many buckets"},
		{{"workers", "move", "5", "--from", "0"}, "say --from which worker --to which other"},
		{{"workers", "add", "5", "--from", "0"}, "--from and --to belong to move"},
		{{"workers", "--to", "0"}, "--from and --to belong to move"},
		{{"workers", "rest", "1", "-w"}, "an order is given once"},
		{{"workers", "rest", "1", "2"}, "2 is one argument too many"},
	};

	begin(true);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CU_ASSERT_EQUAL(foilctl_words(80, cases[i].words), FOILCTL_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, cases[i].said));
	}
	CU_ASSERT_EQUAL(orders, 0);
	admin_stop(admin);
}

UNIT_TESTS(UNIT_TEST(what_the_data_plane_says_stands_beside_the_counters),
	   UNIT_TEST(counters_are_shown_without_an_answer), UNIT_TEST(orders_are_carried_over),
	   UNIT_TEST(incomplete_orders_are_explained))
