#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/exposition.h"
#include "dataplane/counters/tag_cache.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"

static const char istio[] =
	"{\"use_all_default_tags\":false,\"stats_tags\":["
	"{\"tag_name\":\"cluster_name\",\"regex\":\"^cluster\\\\.((.+?(\\\\..+?\\\\.svc)?)\\\\.)\"},"
	"{\"tag_name\":\"response_code_class\",\"regex\":\"_rq(_(\\\\dxx))$\"},"
	"{\"tag_name\":\"mesh\",\"fixed_value\":\"m\"},"
	"{\"tag_name\":\"listener_address\",\"regex\":\"^listener\\\\.(((?:[_.[:digit:]]*))\\\\.)\"}]}";

static struct segment *segment;
static struct segment_reader *reader;

static void begin(const char *settings)
{
	struct why why;

	segment = fixture_segment();
	CU_ASSERT_FATAL(segment_set_settings(segment, settings, &why));
	reader = fixture_reader();
}

static void end(void)
{
	segment_reader_close(reader);
	segment_destroy(segment);
}

static char *scrape(const struct exposition_options *options, uint64_t *cut)
{
	struct text out = {0};
	struct why why;

	CU_ASSERT_FATAL(exposition_write(reader, options, &out, cut, &why));
	exposition_end(&out, options->openmetrics);
	return out.data;
}

#define HAS(text, line) CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n" line "\n"))
#define LACKS(text, part) CU_ASSERT_PTR_NULL(strstr(text, part))
#define NAME "a\\\"b\\\\c|80"

static void names_and_labels_are_those_of_the_rules(void)
{
	struct exposition_options options = {.envoy_names = true};

	begin(istio);
	char *text = scrape(&options, NULL);

	HAS(text, "# TYPE envoy_cluster_upstream_rq_total counter");
	HAS(text, "envoy_cluster_upstream_rq_total{mesh=\"m\",cluster_name=\"" NAME "\"} 7");
	HAS(text, "envoy_cluster_upstream_rq{response_code_class=\"2xx\",mesh=\"m\",cluster_name=\"" NAME "\"} 6");
	HAS(text, "envoy_cluster_upstream_rq_503{mesh=\"m\",cluster_name=\"" NAME "\"} 1");
	HAS(text, "envoy_listener_downstream_cx_total{mesh=\"m\",listener_address=\"0.0.0.0_8080\"} 2");
	HAS(text, "envoy_listener_worker_0_downstream_cx_total{mesh=\"m\",listener_address=\"0.0.0.0_8080\"} 2");
	HAS(text, "envoy_http_ingress_downstream_rq_active{mesh=\"m\"} 1");
	HAS(text, "envoy_vhost_shop_route_cart_upstream_rq_total{mesh=\"m\"} 5");
	HAS(text, "envoy_cluster_endpoint_10_0_0_1_80_rq_total{mesh=\"m\",cluster_name=\"" NAME "\"} 7");
	HAS(text, "envoy_server_live{mesh=\"m\"} 0");
	HAS(text, "# TYPE envoy_cluster_upstream_cx_connect_ms histogram");
	HAS(text, "envoy_cluster_upstream_rq_time_bucket{mesh=\"m\",cluster_name=\"" NAME "\",le=\"5\"} 1");
	HAS(text, "envoy_cluster_upstream_rq_time_count{mesh=\"m\",cluster_name=\"" NAME "\"} 1");
	/* Ours keep their names, and get what is fixed. */
	HAS(text, "hydrofoil_tcp_segments_in_total{mesh=\"m\"} 100");
	HAS(text, "hydrofoil_port_rx_frames_total{mesh=\"m\",port=\"eth0\"} 77");
	HAS(text, "hydrofoil_tag_regexes_given_up 0");
	LACKS(text, "envoy_cluster_name=");
	free(text);
	end();
}

static void no_regex_runs_at_the_second_scrape(void)
{
	struct exposition_options options = {0};

	begin(istio);
	char *first = scrape(&options, NULL);
	uint64_t made = tag_cache_made(segment_reader_tags(reader));
	char *second = scrape(&options, NULL);

	CU_ASSERT(made > 100);
	CU_ASSERT_EQUAL(tag_cache_made(segment_reader_tags(reader)), made);
	CU_ASSERT_STRING_EQUAL(first, second);
	free(first);
	free(second);
	end();
}

static void defaults_are_as_without_rules(void)
{
	struct exposition_options options = {0};

	begin("{\"stats_tags\":[{\"tag_name\":\"never\",\"regex\":\"(no such name)\"}]}");
	char *text = scrape(&options, NULL);

	HAS(text, "envoy_cluster_upstream_rq_total{envoy_cluster_name=\"" NAME "\"} 7");
	HAS(text, "envoy_cluster_upstream_rq_xx{envoy_response_code_class=\"5\",envoy_cluster_name=\"" NAME "\"} 1");
	HAS(text, "envoy_cluster_upstream_rq{envoy_response_code=\"503\",envoy_cluster_name=\"" NAME "\"} 1");
	HAS(text, "envoy_listener_worker_downstream_cx_total{envoy_worker_id=\"0\",envoy_listener_address=\"0.0.0.0_8080\"} 2");
	HAS(text, "envoy_cluster_endpoint_rq_total{envoy_cluster_name=\"" NAME "\",envoy_endpoint_address=\"10.0.0.1_80\"} 7");
	HAS(text, "envoy_vhost_route_upstream_rq_total{envoy_virtual_host=\"shop\",envoy_route=\"cart\"} 5");
	HAS(text, "envoy_cluster_upstream_cx_connect_time_count{envoy_cluster_name=\"" NAME "\"} 1");
	free(text);
	end();
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned lines_of(char *text, char **lines, unsigned max)
{
	unsigned count = 0;
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line && count < max;
	     line = strtok_r(NULL, "\n", &rest))
		if (line[0] != '#' && strncmp(line, "hydrofoil_", 10) != 0)
			lines[count++] = line;
	qsort(lines, count, sizeof(*lines), compare_lines);
	return count;
}

/* A rule that matches nothing: the two ways of writing have to agree on every series. */
static void both_ways_write_the_same_series(void)
{
	static char *plain_lines[4000], *tagged_lines[4000];
	struct exposition_options options = {0};

	begin("{}");
	char *plain = scrape(&options, NULL);
	unsigned count = lines_of(plain, plain_lines, 4000);

	end();
	begin("{\"stats_tags\":[{\"tag_name\":\"never\",\"regex\":\"(no such name)\"}]}");
	char *tagged = scrape(&options, NULL);

	CU_ASSERT(count > 200);
	CU_ASSERT_EQUAL_FATAL(lines_of(tagged, tagged_lines, 4000), count);
	for (unsigned i = 0; i < count; i++)
		CU_ASSERT_STRING_EQUAL(plain_lines[i], tagged_lines[i]);
	free(plain);
	free(tagged);
	end();
}

static void series_of_one_name_and_labels_are_one(void)
{
	struct exposition_options options = {0};
	uint64_t cut = 0;

	/* Both clusters lose their name, and counters and gauges meet in one family. */
	begin("{\"use_all_default_tags\":false,\"stats_tags\":["
	      "{\"tag_name\":\"x\",\"regex\":\"^cluster\\\\.((?:.+?)(y)?\\\\.)upstream_rq_total\"},"
	      "{\"tag_name\":\"what\",\"regex\":\"^listener\\\\.(.*_cx_(active|total))$\"}]}");
	char *text = scrape(&options, &cut);

	HAS(text, "envoy_cluster_upstream_rq_total{x=\"\"} 7");
	CU_ASSERT_PTR_NULL(strstr(strstr(text, "\nenvoy_cluster_upstream_rq_total{") + 1,
				  "\nenvoy_cluster_upstream_rq_total{"));
	HAS(text, "# TYPE envoy_listener_ untyped");
	HAS(text, "envoy_listener_{what=\"total\"} 2");
	HAS(text, "envoy_listener_{what=\"active\"} 0");
	CU_ASSERT(cut > 1);
	free(text);
	end();
}

static void openmetrics_has_no_two_families_of_one_name(void)
{
	struct exposition_options options = {.openmetrics = true, .used_only = true, .series_max = 2};

	begin(istio);
	char *text = scrape(&options, NULL);

	/* envoy_cluster_upstream_rq is another family's name. */
	HAS(text, "# TYPE envoy_cluster_upstream_rq_total unknown");
	HAS(text, "# TYPE envoy_cluster_upstream_rq unknown");
	HAS(text, "# TYPE envoy_listener_downstream_cx counter");
	LACKS(text, "cluster_name=\"quiet\"");
	CU_ASSERT_STRING_EQUAL(text + strlen(text) - 7, "\n# EOF\n");
	free(text);
	end();
}

static bool wants(void *context, const char *name)
{
	(void)context;
	return strncmp(name, "listener.0.0.0.0_8080.worker_1.", 31) == 0 ||
	       strcmp(name, "cluster.quiet.upstream_rq_5xx") == 0;
}

static void filters_see_whole_names(void)
{
	struct exposition_options options = {.wanted = wants};

	begin(istio);
	char *text = scrape(&options, NULL);

	CU_ASSERT_STRING_EQUAL(
		text,
		"# HELP envoy_listener_worker_1_downstream_cx_total connections accepted\n"
		"# TYPE envoy_listener_worker_1_downstream_cx_total counter\n"
		"envoy_listener_worker_1_downstream_cx_total{mesh=\"m\",listener_address=\"0.0.0.0_8080\"} 0\n"
		"# HELP envoy_listener_worker_1_downstream_cx_active connections open\n"
		"# TYPE envoy_listener_worker_1_downstream_cx_active gauge\n"
		"envoy_listener_worker_1_downstream_cx_active{mesh=\"m\",listener_address=\"0.0.0.0_8080\"} 0\n"
		"# HELP envoy_cluster_upstream_rq answers 5xx\n"
		"# TYPE envoy_cluster_upstream_rq untyped\n"
		"envoy_cluster_upstream_rq{response_code_class=\"5xx\",mesh=\"m\",cluster_name=\"quiet\"} 0\n");
	free(text);
	end();
}

UNIT_TESTS(UNIT_TEST(names_and_labels_are_those_of_the_rules),
	   UNIT_TEST(no_regex_runs_at_the_second_scrape), UNIT_TEST(defaults_are_as_without_rules),
	   UNIT_TEST(both_ways_write_the_same_series), UNIT_TEST(series_of_one_name_and_labels_are_one),
	   UNIT_TEST(openmetrics_has_no_two_families_of_one_name), UNIT_TEST(filters_see_whole_names))
