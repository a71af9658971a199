#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/foilctl/top_sample.h"
#include "stack/base/time.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/foilctl_run.h"

static struct segment *segment;

/* One interval: worker 0 is busy for 3/4 and serves 500 requests, 1 % of them slow. */
static void something_happens(void)
{
	struct segment_worker *w = segment_worker(segment, 0);
	struct stat_registry *registry = segment_registry(segment);
	uint32_t http = registry->slot(registry, STAT_HTTP, "ingress");
	uint32_t cluster = registry->slot(registry, STAT_CLUSTER, "quiet");

	w->worker->busy_cycles += 750;
	w->worker->idle_cycles += 250;
	w->worker->rx_frames += 3000;
	w->worker->tx_bytes += 1000;
	w->gateway.https[http].downstream_rq_total += 500;
	w->gateway.https[http].downstream_rq_5xx += 5;
	w->gateway.clusters[cluster].upstream_rq_total += 400;
	w->drops->count[DROP_ND_MALFORMED] += 20;
	for (int i = 0; i < 500; i++)
		w->gateway.record(&w->gateway, HISTOGRAM_HTTP_DOWNSTREAM_RQ_TIME, http,
				  i < 490 ? 100 * NS_PER_US : 80 * NS_PER_MS);
}

static void begin(void)
{
	struct segment_worker *w;

	segment = fixture_segment();
	w = segment_worker(segment, 0);
	w->worker->busy_cycles = 1000000; /* long ago: it must not show */
	w->worker->gateway_connections = 12;
	w->worker->mbufs_capacity = 1000;
	w->worker->mbufs_available = 900;
	foilctl_meanwhile = something_happens;
	foilctl_rests = 0;
}

static void end(void)
{
	foilctl_meanwhile = NULL;
	segment_destroy(segment);
}

static double number(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

static void rates_are_of_the_interval(void)
{
	begin();
	CU_ASSERT_EQUAL(FOILCTL(0, "top", "--once", "--json", "-i", "2s", "--segment",
				fixture_path()), FOILCTL_OK);
	json_t *root = json_loads(foilctl_out, 0, NULL);
	json_t *workers = json_object_get(root, "workers"), *w = json_array_get(workers, 0);
	json_t *first = json_array_get(json_object_get(root, "clusters"), 0);
	json_t *drop = json_array_get(json_object_get(root, "drops"), 0);

	CU_ASSERT_EQUAL(json_array_size(workers), 2);
	CU_ASSERT_EQUAL(number(root, "seconds"), 2);
	CU_ASSERT_EQUAL(number(w, "busy"), 0.75);
	CU_ASSERT_EQUAL(number(json_object_get(root, "all"), "busy"), 0.375);
	CU_ASSERT_EQUAL(number(w, "rx_frames"), 1500);
	CU_ASSERT_EQUAL(number(w, "requests"), 250);
	CU_ASSERT_EQUAL(number(w, "requests_5xx"), 2.5);
	CU_ASSERT_EQUAL(number(w, "connections"), 12);
	CU_ASSERT_EQUAL(number(w, "mbufs_free"), 0.9);
	/* a bucket is 6.25 % wide */
	CU_ASSERT(number(w, "p50_us") > 90 && number(w, "p50_us") < 110);
	CU_ASSERT(number(w, "p99_us") > 75000 && number(w, "p99_us") < 85000);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "name")), "quiet");
	CU_ASSERT_EQUAL(number(first, "requests"), 200);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(drop, "reason")), "ND_MALFORMED");
	CU_ASSERT_EQUAL(number(drop, "rate"), 10);
	json_decref(root);
	end();
}

static void a_quiet_worker_has_no_latency(void)
{
	begin();
	CU_ASSERT_EQUAL(FOILCTL(80, "top", "--once", "--segment", fixture_path()), FOILCTL_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "\n  1 ░░░░░░░░░░   0%      0      0      0"
						   "      0      -      -      0    0%\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "\n  0 ████████░░  75%   3.0K"));
	CU_ASSERT_PTR_NULL(strchr(foilctl_out, '\033'));
	end();
}

static unsigned columns(const char *line)
{
	unsigned count = 0;

	for (; *line && *line != '\n'; line++)
		count += ((unsigned char)*line & 0xc0) != 0x80;
	return count;
}

static void it_fits_into_80_and_200_columns(void)
{
	static const unsigned widths[] = {80, 131, 132, 200};

	begin();
	segment_worker(segment, 0)->drops->count[DROP_LINK_NOT_FOR_US] = 99999999;
	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		CU_ASSERT_EQUAL(FOILCTL(widths[i], "top", "--once", "--segment", fixture_path()),
				FOILCTL_OK);
		for (const char *line = foilctl_out; *line; line = strchr(line, '\n') + 1)
			CU_ASSERT(columns(line) <= widths[i]);
	}
	end();
}

static void it_looks_on_until_the_user_ends_it(void)
{
	unsigned documents = 0;

	begin();
	foilctl_rests = 4;
	CU_ASSERT_EQUAL(FOILCTL(0, "top", "--json", "--segment", fixture_path()), FOILCTL_OK);
	for (const char *at = foilctl_out; (at = strstr(at, "{\"seconds\":")); at++)
		documents++;
	CU_ASSERT_EQUAL(documents, 3);
	CU_ASSERT_EQUAL(FOILCTL(0, "top", "-i", "soon", "--segment", fixture_path()), FOILCTL_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "--interval wants a time"));
	end();
}

static void counters_that_went_back_count_from_zero(void)
{
	struct top_worker_sample before_worker = {.requests = 1000, .busy_cycles = 50},
				 now_worker = {.requests = 30, .busy_cycles = 90, .idle_cycles = 60};
	struct top_sample before = {.worker_count = 1, .workers = &before_worker},
			  now = {.worker_count = 1, .workers = &now_worker,
				 .at_ns = NS_PER_SECOND};
	struct top_rates rates;
	struct why why;

	CU_ASSERT_FATAL(top_rates_make(&rates, &before, &now, &why));
	CU_ASSERT_EQUAL(rates.workers[0].requests, 30);
	CU_ASSERT_EQUAL(rates.workers[0].busy, 0.4);
	top_rates_free(&rates);
}

UNIT_TESTS(UNIT_TEST(rates_are_of_the_interval), UNIT_TEST(a_quiet_worker_has_no_latency),
	   UNIT_TEST(it_fits_into_80_and_200_columns), UNIT_TEST(it_looks_on_until_the_user_ends_it),
	   UNIT_TEST(counters_that_went_back_count_from_zero))
