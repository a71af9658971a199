#include "dataplane/counters/stat_settings_json.h"

#include <string.h>

#include "dataplane/counters/exposition.h"
#include "dataplane/counters/stat_list.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"

static const char config[] =
	"{\"stats_matcher\":{\"inclusion_list\":{\"patterns\":["
	"{\"prefix\":\"CLUSTER.a\",\"ignore_case\":true},{\"suffix\":\"_2xx\"},"
	"{\"safe_regex\":{\"regex\":\"server\\\\.l.*\"}},{\"exact\":\"x\"},{\"contains\":\"y\"}]}},"
	"\"stats_tags\":[{\"tag_name\":\"mesh.id\",\"fixed_value\":\"m\"},"
	"{\"tag_name\":\"cluster_name\",\"regex\":\"^cluster\\\\.((.+?)\\\\.)\"}],"
	"\"histogram_bucket_settings\":[{\"match\":{\"suffix\":\"rq_time\"},\"buckets\":[2.5,10]}]}";

static void show(const char *json, void (*check)(const char *text, const struct stat_list *list))
{
	struct segment *segment = fixture_segment();
	struct segment_reader *reader = fixture_reader();
	struct exposition_options options = {0};
	struct stat_list list;
	struct text out = {0};
	struct why why;

	CU_ASSERT_PTR_NULL(segment_reader_settings(reader));
	CU_ASSERT_FATAL(segment_set_settings(segment, json, &why));
	CU_ASSERT_FATAL(exposition_write(reader, &options, &out, NULL, &why));
	CU_ASSERT_FATAL(stat_list_make(&list, reader, &why));
	check(out.data, &list);
	stat_list_free(&list);
	text_free(&out);
	segment_reader_close(reader);
	segment_destroy(segment);
}

static bool listed(const struct stat_list *list, const char *name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return true;
	return false;
}

#define HAS(text, line) CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n" line "\n"))

/* The default tag and that of the rule. */
#define NAMES "envoy_cluster_name=\"a\\\"b\\\\c|80\",cluster_name=\"a\\\"b\\\\c|80\""

static void check_config(const char *text, const struct stat_list *list)
{
	HAS(text, "envoy_cluster_upstream_rq_total{mesh_id=\"m\"," NAMES "} 7");
	HAS(text, "hydrofoil_tcp_segments_in_total{mesh_id=\"m\"} 100");
	HAS(text, "envoy_server_live{mesh_id=\"m\"} 0");
	HAS(text, "envoy_cluster_upstream_rq_time_bucket{mesh_id=\"m\","
		  NAMES ",le=\"2.5\"} 0");
	HAS(text, "envoy_cluster_upstream_rq_time_bucket{mesh_id=\"m\","
		  NAMES ",le=\"10\"} 1");
	CU_ASSERT_PTR_NULL(strstr(text, "le=\"0.5\",envoy_cluster_upstream_rq_time"));
	/* Hidden: another cluster, and what is in no list. */
	CU_ASSERT_PTR_NULL(strstr(text, "\"quiet\"} 0\nenvoy_cluster_upstream_cx"));
	CU_ASSERT_PTR_NULL(strstr(text, "envoy_listener_downstream_cx_total"));
	CU_ASSERT(listed(list, "cluster.a\"b\\c|80.upstream_rq_total"));
	CU_ASSERT(listed(list, "http.ingress.downstream_rq_2xx"));
	CU_ASSERT(listed(list, "cluster.quiet.upstream_rq_2xx"));
	CU_ASSERT(listed(list, "hydrofoil.tcp.segments_in"));
	CU_ASSERT_FALSE(listed(list, "cluster.quiet.upstream_rq_total"));
	CU_ASSERT_FALSE(listed(list, "listener.0.0.0.0_8080.downstream_cx_total"));
}

static void stats_config_reaches_readers_through_the_segment(void)
{
	show(config, check_config);
}

static void check_nothing(const char *text, const struct stat_list *list)
{
	CU_ASSERT_EQUAL(list->count, 0);
	CU_ASSERT_EQUAL(list->distribution_count, 0);
	CU_ASSERT_PTR_NULL(strstr(text, "envoy_"));
}

static void reject_all_shows_nothing(void)
{
	show("{\"stats_matcher\":{\"reject_all\":true}}", check_nothing);
}

static void what_is_damaged_is_refused(void)
{
	static const char *const wrong[] = {
		"", "{", "{\"stats_matcher\":{\"inclusion_list\":{\"patterns\":[{}]}}}",
		"{\"histogram_bucket_settings\":[{\"match\":{\"prefix\":\"a\"},\"buckets\":[2,1]}]}",
		"{\"stats_tags\":[{\"tag_name\":\"1\",\"fixed_value\":\"x\"}]}"};
	struct why why;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_PTR_NULL(stat_settings_from_json(wrong[i], &why));
	struct segment *segment = fixture_segment();
	static char large[SEGMENT_SETTINGS_BYTES + 1];

	memset(large, 'x', SEGMENT_SETTINGS_BYTES);
	CU_ASSERT_FALSE(segment_set_settings(segment, large, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "stats_config has 65536 bytes"));
	segment_destroy(segment);
}

UNIT_TESTS(UNIT_TEST(stats_config_reaches_readers_through_the_segment),
	   UNIT_TEST(reject_all_shows_nothing), UNIT_TEST(what_is_damaged_is_refused))
