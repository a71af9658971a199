#include "dataplane/counters/breaker_gauges.h"

#include <string.h>

#include "dataplane/counters/exposition.h"
#include "dataplane/counters/stat_list.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"

static struct segment *segment;
static struct segment_reader *reader;
static struct cluster_stats *a, *b, *control;

static void begin(void)
{
	segment = fixture_segment();
	struct stat_registry *registry = segment_registry(segment);
	uint32_t slot = registry->slot(registry, STAT_CLUSTER, "c");

	reader = fixture_reader();
	a = &segment_worker(segment, 0)->gateway.clusters[slot];
	b = &segment_worker(segment, 1)->gateway.clusters[slot];
	control = &segment_control(segment)->gateway.clusters[slot];
	control->breaker_connections_max = 10;
	control->breaker_pending_max = 20;
	control->breaker_requests_max = 30;
	control->breaker_retries_max = 3;
	control->breaker_known = 2;
}

static void end(void)
{
	segment_reader_close(reader);
	segment_destroy(segment);
}

/* The value in /stats; -1 = it is not there. */
static int64_t shown(const char *name)
{
	struct stat_list list;
	struct why why;
	int64_t value = -1;

	CU_ASSERT_FATAL(stat_list_make(&list, reader, &why));
	for (uint32_t i = 0; i < list.count; i++)
		if (strcmp(list.items[i].name, name) == 0)
			value = list.items[i].value;
	stat_list_free(&list);
	return value;
}

#define C "cluster.c.circuit_breakers.default."

static void a_breaker_opens_at_its_limit(void)
{
	static const char *const open[] = {C "cx_open", C "rq_pending_open", C "rq_open", C "rq_retry_open"};
	static const char *const left[] = {C "remaining_cx", C "remaining_pending", C "remaining_rq",
					   C "remaining_retries"};
	static const int64_t limits[] = {10, 20, 30, 3};
	uint64_t *active[4];

	begin();
	active[0] = &b->upstream_cx_active;
	active[1] = &b->upstream_rq_pending_active;
	active[2] = &b->upstream_rq_active;
	active[3] = &b->breaker_retries;
	for (unsigned i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(shown(open[i]), 0);
		CU_ASSERT_EQUAL(shown(left[i]), limits[i]);
		*active[i] = (uint64_t)limits[i] - 1;
		CU_ASSERT_EQUAL(shown(open[i]), 0);
		CU_ASSERT_EQUAL(shown(left[i]), 1);
		*active[i] = (uint64_t)limits[i];
		CU_ASSERT_EQUAL(shown(open[i]), 1);
		CU_ASSERT_EQUAL(shown(left[i]), 0);
		/* A host's first connection comes even over the limit. */
		*active[i] = (uint64_t)limits[i] + 1;
		CU_ASSERT_EQUAL(shown(open[i]), 1);
		CU_ASSERT_EQUAL(shown(left[i]), 0);
	}
	end();
}

static void each_worker_has_its_own(void)
{
	begin();
	a->upstream_cx_active = 6;
	b->upstream_cx_active = 6;
	CU_ASSERT_EQUAL(shown(C "cx_open"), 0);
	CU_ASSERT_EQUAL(shown(C "remaining_cx"), 4);
	CU_ASSERT_EQUAL(shown("cluster.c.upstream_cx_active"), 12);
	/* What came down on another worker than it went up may show below zero for a moment. */
	a->upstream_cx_active = (uint64_t)-1;
	CU_ASSERT_EQUAL(shown(C "remaining_cx"), 4);
	end();
}

static void what_is_not_known_or_tracked_is_not_shown(void)
{
	begin();
	control->breaker_known = 1;
	CU_ASSERT_EQUAL(shown(C "remaining_cx"), -1);
	CU_ASSERT_EQUAL(shown(C "cx_open"), 0);
	control->breaker_known = 0;
	control->breaker_connections_max = 0;
	CU_ASSERT_EQUAL(shown(C "remaining_cx"), -1);
	CU_ASSERT_EQUAL(shown(C "cx_open"), 0);
	/* A limit of 0 is always reached. */
	control->breaker_known = 1;
	CU_ASSERT_EQUAL(shown(C "cx_open"), 1);
	CU_ASSERT_EQUAL(shown("cluster.c.breaker_connections_max"), -1);
	CU_ASSERT_EQUAL(shown("cluster.c.breaker_known"), -1);
	end();
}

static bool wants(void *context, const char *name)
{
	return strncmp(name, context, strlen(context)) == 0;
}

static void prometheus_has_underscores(void)
{
	char prefix[] = C;
	struct exposition_options options = {.wanted = wants, .context = prefix};
	struct text out = {0};
	struct why why;

	begin();
	control->breaker_known = 1;
	CU_ASSERT_FATAL(exposition_write(reader, &options, &out, NULL, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(
		out.data, "\nenvoy_cluster_circuit_breakers_default_cx_open{envoy_cluster_name=\"c\"} 0\n"));
	CU_ASSERT_PTR_NULL(strstr(out.data, "remaining"));
	text_free(&out);
	CU_ASSERT_FATAL(segment_set_settings(
		segment, "{\"stats_tags\":[{\"tag_name\":\"x\",\"regex\":\"(never)\"}]}", &why));
	control->breaker_known = 2;
	CU_ASSERT_FATAL(exposition_write(reader, &options, &out, NULL, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(
		out.data, "\nenvoy_cluster_circuit_breakers_default_remaining_cx{envoy_cluster_name=\"c\"} 10\n"));
	text_free(&out);
	end();
}

UNIT_TESTS(UNIT_TEST(a_breaker_opens_at_its_limit), UNIT_TEST(each_worker_has_its_own),
	   UNIT_TEST(what_is_not_known_or_tracked_is_not_shown), UNIT_TEST(prometheus_has_underscores))
