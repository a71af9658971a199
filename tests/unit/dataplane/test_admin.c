#include "dataplane/admin/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/http_get.h"

static enum admin_state state;
static int quits;

static enum admin_state get_state(void *context)
{
	CU_ASSERT_PTR_EQUAL(context, &quits);
	return state;
}

static void get_info(void *context, struct admin_server_info *out)
{
	out->version = "1.2.3";
	out->node_id = "router~\"x\"";
	out->uptime_seconds = 7;
	out->concurrency = 2;
}

static bool get_config(void *context, const struct admin_config_query *query, struct text *out,
		       struct why *why)
{
	if (query->mask)
		return why_set(why, "mask %s is not a field", query->mask);
	text_printf(out, "{\"resource\":\"%s\"}", query->resource ? query->resource : "");
	return true;
}

static bool get_connections(void *context, struct admin_connections *out, struct why *why)
{
	struct stream_info info = {.transport = "tcp", .state = "ESTABLISHED", .rx_bytes = 5};

	info.key.local = ip_addr_from_v4(0x0a000001);
	info.key.local_port = 80;
	info.key.remote = ip_addr_from_v4(0x0a000002);
	info.key.remote_port = 4711;
	info.blocked = STREAM_BLOCKED_PEER_WINDOW;
	for (uint32_t i = 0; i < ADMIN_CONNECTIONS_MAX + 5; i++)
		admin_connections_add(out, (uint16_t)(i % 2), &info);
	return true;
}

static void do_quit(void *context)
{
	quits++;
}

static struct segment *segment;
static struct admin *admin;

static void start(const char *address)
{
	struct admin_params params = {
		.address = address,
		.segment_name = fixture_path(),
		.callbacks = {.context = &quits,
			      .state = get_state,
			      .server_info = get_info,
			      .config_dump = get_config,
			      .connections = get_connections,
			      .quit = do_quit},
	};
	struct why why;

	segment = fixture_segment();
	state = ADMIN_LIVE;
	quits = 0;
	if (!admin_start(&admin, &params, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
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

static void ready_follows_the_state(void)
{
	start("127.0.0.1:0");
	expect("GET", "/ready", 200, "\r\n\r\nLIVE\n");
	state = ADMIN_PRE_INITIALIZING;
	expect("GET", "/ready", 503, "\r\n\r\nPRE_INITIALIZING\n");
	state = ADMIN_DRAINING;
	expect("GET", "/ready", 503, "\r\n\r\nDRAINING\n");
	stop();
}

static void server_info_has_envoys_shape(void)
{
	start("127.0.0.1:0");
	expect("GET", "/server_info", 200, "\"state\": \"LIVE\"");
	expect("GET", "/server_info", 200, "\"uptime_current_epoch\": \"7s\"");
	expect("GET", "/server_info", 200, "\"id\": \"router~\\\"x\\\"\"");
	expect("GET", "/server_info", 200, "content-type: application/json");
	stop();
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
	expect("GET", "/stats?format=json&usedonly&filter=listener.0", 200,
	       "{\"stats\":[{\"name\":\"listener.0.0.0.0_8080.downstream_cx_total\",\"value\":2}]}");
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

static void what_changes_the_state_wants_post(void)
{
	start("127.0.0.1:0");
	expect("GET", "/quitquitquit", 405, "allow: POST");
	CU_ASSERT_EQUAL(quits, 0);
	expect("POST", "/quitquitquit", 200, "\r\n\r\nOK\n");
	CU_ASSERT_EQUAL(quits, 1);
	expect("POST", "/ready", 405, "allow: GET, HEAD");
	expect("POST", "/reopen_logs", 501, "does not serve that");
	expect("GET", "/nosuch", 404, "/help");
	expect("GET", "/help", 200, "/server_info");
	expect("GET", "/", 200, "<a href=\"stats\">");
	stop();
}

static void config_dump_passes_the_query_on(void)
{
	start("127.0.0.1:0");
	expect("GET", "/config_dump?resource=dynamic_listeners", 200,
	       "{\"resource\":\"dynamic_listeners\"}");
	expect("GET", "/config_dump?mask=zz", 400, "mask zz is not a field");
	stop();
}

static void connections_are_bounded(void)
{
	start("127.0.0.1:0");
	expect("GET", "/hydrofoil/conns", 200, "{\"total\":10005,\"connections\":[");
	expect("GET", "/hydrofoil/conns", 200,
	       "{\"worker\":1,\"transport\":\"tcp\",\"state\":\"ESTABLISHED\","
	       "\"local\":\"10.0.0.1:80\",\"remote\":\"10.0.0.2:4711\",\"vrf\":0,\"rx_bytes\":5,");
	stop();
}

static void a_unix_socket_serves_as_well(void)
{
	char address[64];

	snprintf(address, sizeof(address), "unix:/tmp/foil-admin-%d", (int)getpid());
	start(address);
	expect("GET", "/ready", 200, "LIVE");
	struct admin_params params = {.address = address, .segment_name = fixture_path()};
	struct admin *second;
	struct why why;

	CU_ASSERT_FALSE(admin_start(&second, &params, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "another process listens there"));
	stop();
	CU_ASSERT_NOT_EQUAL(access(address + 5, F_OK), 0);
}

static void addresses_that_do_not_work_are_named(void)
{
	static const char *const wrong[] = {"127.0.0.1",	 "127.0.0.1:",	"127.0.0.1:70000",
					    "localhost:80",	 "[::1:80",	"::1:80",
					    "203.0.113.1:15000", "unix:",	""};
	struct admin *none;
	struct why why;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct admin_params params = {.address = wrong[i]};

		CU_ASSERT_FALSE(admin_start(&none, &params, &why));
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, wrong[i]));
	}
}

UNIT_TESTS(UNIT_TEST(ready_follows_the_state), UNIT_TEST(server_info_has_envoys_shape),
	   UNIT_TEST(stats_come_filtered_and_in_all_formats),
	   UNIT_TEST(a_pattern_that_explodes_ends), UNIT_TEST(what_changes_the_state_wants_post),
	   UNIT_TEST(config_dump_passes_the_query_on), UNIT_TEST(connections_are_bounded),
	   UNIT_TEST(a_unix_socket_serves_as_well), UNIT_TEST(addresses_that_do_not_work_are_named))
