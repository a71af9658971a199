#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/admin.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/http_get.h"

static struct segment *segment;
static struct admin *admin;

static void start(const char *address)
{
	struct admin_params params = {.address = address, .segment_name = fixture_path()};
	struct why why;

	segment = fixture_segment();
	if (!admin_start(&admin, &params, &why))
		abort();
}

static void stop(void)
{
	admin_stop(admin);
	segment_destroy(segment);
}

static void expect(const char *method, const char *target, unsigned status, const char *part)
{
	char line[32];
	const char *body;
	char *answer = http_ask(admin_address(admin), method, target, "", &body);

	snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
	CU_ASSERT_EQUAL(strncmp(answer, line, strlen(line)), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer, part));
	if (strncmp(answer, line, strlen(line)) != 0 || !strstr(answer, part))
		printf("# %s %s: no %u or \"%s\" in\n%.600s\n", method, target, status, part,
		       answer);
	free(answer);
}

static void stats_come_filtered_and_in_all_formats(void)
{
	start("127.0.0.1:0");
	expect("GET", "/stats", 200, "\ncluster.a\"b\\c|80.upstream_rq_total: 7\n");
	expect("GET", "/stats", 200, "\nhydrofoil.drops.TCP_CHECKSUM: 13\n");
	expect("GET", "/stats", 200, "\nlistener_manager.workers_started: 1\n");
	expect("GET", "/stats", 200, "\nlistener.0.0.0.0_8080.downstream_cx_total: 2\n");
	expect("GET", "/stats", 200, "\ncluster.a\"b\\c|80.upstream_rq_time: P0(nan,");
	expect("GET", "/stats?filter=%5Eserver.state$", 200, "\r\n\r\nserver.state: 0\n");
	expect("GET", "/stats?usedonly&filter=ingress", 200,
	       "\r\n\r\nhttp.ingress.downstream_rq_2xx: 9\n"
	       "http.ingress.downstream_rq_active: 1\n");
	expect("GET", "/stats?filter=(", 400, "not a regular expression");
	expect("GET", "/stats?format=xml", 400, "text, json or prometheus");
	expect("GET", "/stats?format=html", 400, "no html pages");
	expect("GET", "/stats?type=Gauges&filter=ingress.*_[2a]", 200,
	       "\r\n\r\nhttp.ingress.downstream_cx_active: 0\n");
	expect("GET", "/stats?type=Counters&filter=downstream_rq_2xx", 200, "rq_2xx: 9\n");
	expect("GET", "/stats?type=TextReadouts", 200, "\r\n\r\n");
	expect("GET", "/stats?type=Texts", 400, "All, Counters, Gauges, Histograms or TextReadouts");
	expect("GET", "/stats?type=Histograms&filter=ingress.*rq_time", 200,
	       "\r\n\r\nhttp.ingress.downstream_rq_time: No recorded values\n");
	expect("GET", "/stats?filter=upstream_rq_5", 200, "|80.upstream_rq_503: 1\n");
	expect("GET", "/stats?filter=upstream_rq_time&usedonly&histogram_buckets=cumulative", 200,
	       "upstream_rq_time: B0.5(0,0) B1(0,0) B5(0,1) B10(0,1) B25(0,1)");
	expect("GET", "/stats?filter=upstream_rq_time&usedonly&histogram_buckets=disjoint", 200,
	       "upstream_rq_time: B0.5(0,0) B1(0,0) B5(0,1) B10(0,0) B25(0,0)");
	expect("GET", "/stats?filter=upstream_rq_time&usedonly&histogram_buckets=detailed", 200,
	       "upstream_rq_time:\n  totals=2.");
	expect("GET", "/stats?filter=upstream_rq_time&usedonly&format=json&histogram_buckets=disjoint",
	       200, "\"buckets\":[{\"upper_bound\":0.5,\"interval\":0,\"cumulative\":0},");
	expect("GET", "/stats?filter=upstream_rq_time&usedonly&format=json&histogram_buckets=detailed",
	       200, "\"totals\":[{\"lower_bound\":2.");
	expect("GET", "/stats?histogram_buckets=some", 400, "cumulative, disjoint, detailed or summary");
	expect("GET", "/stats/prometheus?usedonly&filter=ingress.downstream_rq_2", 200,
	       "\r\n\r\n# HELP envoy_http_downstream_rq_xx answers by class of status\n");
	expect("GET", "/stats/prometheus?histogram_buckets=summary", 200, "quantile=\"0.99\"");
	expect("GET", "/stats/prometheus?histogram_buckets=disjoint", 400, "cumulative or summary");
	expect("GET", "/stats?format=json&usedonly&filter=listener.0", 200,
	       "{\"stats\":[{\"name\":\"listener.0.0.0.0_8080.downstream_cx_total\",\"value\":2},"
	       "{\"name\":\"listener.0.0.0.0_8080.worker_0.downstream_cx_total\",\"value\":2}]}");
	expect("GET", "/stats?format=json", 200, "\"supported_quantiles\":[0,25,50,75,90,95,99,99.5");
	expect("GET", "/stats/prometheus", 200, "\nhydrofoil_drops_total{reason=\"TCP_CHECKSUM\"} 13\n");
	expect("GET", "/stats?format=prometheus", 200, "version=0.0.4");
	stop();
}

static void a_pattern_that_explodes_ends(void)
{
	start("127.0.0.1:0");
	expect("GET", "/stats?filter=(.*)*(.*)*(.*)*x%7By", 200, "HTTP/1.1 200");
	stop();
}

UNIT_TESTS(UNIT_TEST(stats_come_filtered_and_in_all_formats),
	   UNIT_TEST(a_pattern_that_explodes_ends))
