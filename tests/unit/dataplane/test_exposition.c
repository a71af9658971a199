#include "dataplane/counters/exposition.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"

static void with_options(const struct exposition_options *options, void (*check)(const char *text))
{
	struct segment *segment = fixture_segment();
	struct segment_reader *reader = fixture_reader();
	struct text out = {0};
	struct why why;

	CU_ASSERT_FATAL(exposition_write(reader, options, &out, NULL, &why));
	exposition_end(&out, options->openmetrics);
	check(out.data);
	text_free(&out);
	segment_reader_close(reader);
	segment_destroy(segment);
}

static void with_text(bool openmetrics, void (*check)(const char *text))
{
	struct exposition_options options = {.openmetrics = openmetrics};

	with_options(&options, check);
}

#define HAS(text, line) CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n" line "\n"))

static void check_names(const char *text)
{
	HAS(text, "# HELP hydrofoil_drops_total packets and requests dropped, by reason");
	HAS(text, "# TYPE hydrofoil_drops_total counter");
	HAS(text, "hydrofoil_drops_total{reason=\"TCP_CHECKSUM\"} 13");
	HAS(text, "hydrofoil_tcp_segments_in_total 100");
	HAS(text, "# TYPE hydrofoil_tcp_connections gauge");
	HAS(text, "hydrofoil_worker_polls_total{worker=\"1\"} 42");
	HAS(text, "hydrofoil_port_rx_frames_total{port=\"eth0\"} 77");
	HAS(text, "hydrofoil_port_mtu_bytes{port=\"eth0\"} 1500");
	HAS(text, "hydrofoil_cds_update_success_total 1");
	HAS(text, "hydrofoil_build_info{version=\"1.2.3\"} 1");
	HAS(text, "hydrofoil_start_time_seconds 1700000000");
}

static void our_names_follow_the_rules(void)
{
	with_text(false, check_names);
}

static void check_envoy(const char *text)
{
	HAS(text, "# TYPE envoy_cluster_upstream_rq_total counter");
	HAS(text, "envoy_cluster_upstream_rq_total{envoy_cluster_name=\"a\\\"b\\\\c|80\"} 7");
	HAS(text, "envoy_cluster_upstream_rq_total{envoy_cluster_name=\"quiet\"} 0");
	HAS(text, "# TYPE envoy_cluster_upstream_rq_xx untyped");
	HAS(text, "envoy_cluster_upstream_rq_xx{envoy_response_code_class=\"5\","
		  "envoy_cluster_name=\"a\\\"b\\\\c|80\"} 1");
	HAS(text, "envoy_http_downstream_rq_xx{envoy_response_code_class=\"2\","
		  "envoy_http_conn_manager_prefix=\"ingress\"} 9");
	HAS(text, "envoy_http_downstream_rq_active{envoy_http_conn_manager_prefix=\"ingress\"} 1");
	HAS(text, "envoy_listener_downstream_cx_total{envoy_listener_address=\"0.0.0.0_8080\"} 2");
	HAS(text, "envoy_cluster_endpoint_rq_total{envoy_cluster_name=\"a\\\"b\\\\c|80\","
		  "envoy_endpoint_address=\"10.0.0.1_80\"} 7");
	HAS(text, "envoy_vhost_route_upstream_rq_total{envoy_virtual_host=\"shop\","
		  "envoy_route=\"cart\"} 5");
	/* The slot that all share for which there was no room is not shown while it is unused. */
	CU_ASSERT_PTR_NULL(strstr(text, "overflow\""));
}

static void envoys_names_are_kept(void)
{
	with_text(false, check_envoy);
}

static void check_histogram(const char *text)
{
	HAS(text, "# TYPE envoy_cluster_upstream_rq_time histogram");
	HAS(text, "envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"a\\\"b\\\\c|80\","
		  "le=\"0.5\"} 0");
	HAS(text, "envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"a\\\"b\\\\c|80\","
		  "le=\"5\"} 1");
	HAS(text, "envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"a\\\"b\\\\c|80\","
		  "le=\"3600000\"} 1");
	HAS(text, "envoy_cluster_upstream_rq_time_sum{envoy_cluster_name=\"a\\\"b\\\\c|80\"} 3");
	HAS(text, "envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"a\\\"b\\\\c|80\"} 1");
}

static void histograms_have_envoys_buckets(void)
{
	with_text(false, check_histogram);
}

static void check_families(const char *text)
{
	char seen[1024][128];
	unsigned count = 0;

	for (const char *at = strstr(text, "# TYPE "); at; at = strstr(at + 1, "# TYPE ")) {
		CU_ASSERT_FATAL(count < 1024);
		at += strlen("# TYPE ");
		snprintf(seen[count], sizeof(seen[count]), "%.*s", (int)strcspn(at, " "), at);
		for (unsigned i = 0; i < count; i++)
			CU_ASSERT_STRING_NOT_EQUAL(seen[i], seen[count]);
		count++;
	}
	CU_ASSERT(count > 100);
}

static void no_family_comes_twice(void)
{
	with_text(false, check_families);
}

static void check_openmetrics(const char *text)
{
	HAS(text, "# TYPE hydrofoil_drops counter");
	HAS(text, "hydrofoil_drops_total{reason=\"TCP_CHECKSUM\"} 13");
	HAS(text, "# TYPE envoy_cluster_upstream_rq_xx unknown");
	HAS(text, "envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=\"a\\\"b\\\\c|80\","
		  "le=\"1.0\"} 0");
	CU_ASSERT_STRING_EQUAL(text + strlen(text) - 7, "\n# EOF\n");
	check_families(text);
}

static void openmetrics_names_families_without_total(void)
{
	with_text(true, check_openmetrics);
	CU_ASSERT(exposition_accepts_openmetrics(
		"application/openmetrics-text;version=1.0.0,text/plain;q=0.5"));
	CU_ASSERT_FALSE(exposition_accepts_openmetrics("text/plain"));
	CU_ASSERT_FALSE(exposition_accepts_openmetrics(NULL));
}

static void openmetrics_is_chosen_by_weight(void)
{
	CU_ASSERT(exposition_accepts_openmetrics(
		"text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.4,*/*;q=0.1"));
	CU_ASSERT_FALSE(exposition_accepts_openmetrics(
		"application/openmetrics-text;q=0.4, text/plain;q=0.5"));
	CU_ASSERT_FALSE(exposition_accepts_openmetrics("application/openmetrics-text;q=0"));
	CU_ASSERT(exposition_accepts_openmetrics("application/openmetrics-text; q=0.25, */*"));
	CU_ASSERT_FALSE(exposition_accepts_openmetrics("application/openmetrics-text;q="));
	CU_ASSERT_FALSE(exposition_accepts_openmetrics(","));
}

static void check_codes(const char *text)
{
	HAS(text, "envoy_cluster_upstream_rq{envoy_response_code=\"503\","
		  "envoy_cluster_name=\"a\\\"b\\\\c|80\"} 1");
	CU_ASSERT_PTR_NULL(strstr(text, "envoy_response_code=\"502\""));
	HAS(text, "envoy_listener_worker_downstream_cx_total{envoy_worker_id=\"0\","
		  "envoy_listener_address=\"0.0.0.0_8080\"} 2");
	HAS(text, "envoy_listener_worker_downstream_cx_total{envoy_worker_id=\"1\","
		  "envoy_listener_address=\"0.0.0.0_8080\"} 0");
	HAS(text, "envoy_listener_manager_workers_started 1");
}

static void statuses_and_workers_have_labels(void)
{
	with_text(false, check_codes);
}

static void check_used(const char *text)
{
	CU_ASSERT_PTR_NULL(strstr(text, "\"quiet\""));
	CU_ASSERT_PTR_NULL(strstr(text, " 0\nenvoy_"));
	HAS(text, "envoy_cluster_upstream_rq_time_count{envoy_cluster_name=\"a\\\"b\\\\c|80\"} 1");
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "c|80\",quantile=\"0.995\"} "));
	HAS(text, "# TYPE envoy_cluster_upstream_rq_time summary");
	HAS(text, "# TYPE envoy_cluster_upstream_cx_connect_ms summary");
}

static void what_is_zero_can_be_left_out(void)
{
	struct exposition_options options = {
		.used_only = true, .summaries = true, .envoy_names = true};

	with_options(&options, check_used);
}

static bool wants_ingress(void *context, const char *name)
{
	(*(unsigned *)context)++;
	return strcmp(name, "http.ingress.downstream_rq_2xx") == 0;
}

static void check_wanted(const char *text)
{
	CU_ASSERT_STRING_EQUAL(text, "# HELP envoy_http_downstream_rq_xx answers by class of status\n"
				     "# TYPE envoy_http_downstream_rq_xx untyped\n"
				     "envoy_http_downstream_rq_xx{envoy_response_code_class=\"2\","
				     "envoy_http_conn_manager_prefix=\"ingress\"} 9\n");
}

static void a_filter_sees_envoys_names(void)
{
	unsigned calls = 0;
	struct exposition_options options = {.wanted = wants_ingress, .context = &calls};

	with_options(&options, check_wanted);
	CU_ASSERT(calls > 100);
}

static void check_cut(const char *text)
{
	HAS(text, "envoy_cluster_upstream_rq_total{envoy_cluster_name=\"a\\\"b\\\\c|80\"} 7");
	CU_ASSERT_PTR_NULL(strstr(text, "\"quiet\""));
	CU_ASSERT_PTR_NULL(strstr(text, "hydrofoil_series_cut 0\n"));
	check_families(text);
}

static void a_family_has_a_bounded_number_of_series(void)
{
	struct exposition_options options = {.series_max = 1};

	with_options(&options, check_cut);
}

static void label_values_are_escaped(void)
{
	struct text out = {0};

	exposition_label_value(&out, "a\\b\"c\nd\xff" "e\xc3\xa4");
	CU_ASSERT_STRING_EQUAL(out.data, "\"a\\\\b\\\"c\\nd?e\xc3\xa4\"");
	text_free(&out);
}

static void check_promtool(const char *text)
{
	char path[] = "/tmp/foil-metrics-XXXXXX";
	char promtool[] = "promtool", check[] = "check", metrics[] = "metrics";
	char *args[] = {promtool, check, metrics, NULL};
	int fd = mkstemp(path), status = -1;
	posix_spawn_file_actions_t actions;
	pid_t child;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 2, 1);
	int error = posix_spawnp(&child, "promtool", &actions, NULL, args, environ);

	posix_spawn_file_actions_destroy(&actions);
	if (error == ENOENT) {
		unit_skip("promtool is not installed (Debian: prometheus)");
	} else {
		CU_ASSERT_EQUAL_FATAL(error, 0);
		waitpid(child, &status, 0);
		CU_ASSERT_EQUAL(status, 0);
	}
	unlink(path);
}

static void promtool_has_nothing_to_say(void)
{
	with_text(false, check_promtool);
}

UNIT_TESTS(UNIT_TEST(our_names_follow_the_rules), UNIT_TEST(envoys_names_are_kept),
	   UNIT_TEST(histograms_have_envoys_buckets), UNIT_TEST(no_family_comes_twice),
	   UNIT_TEST(openmetrics_names_families_without_total),
	   UNIT_TEST(openmetrics_is_chosen_by_weight),
	   UNIT_TEST(statuses_and_workers_have_labels), UNIT_TEST(what_is_zero_can_be_left_out),
	   UNIT_TEST(a_filter_sees_envoys_names), UNIT_TEST(a_family_has_a_bounded_number_of_series),
	   UNIT_TEST(label_values_are_escaped), UNIT_TEST(promtool_has_nothing_to_say))
