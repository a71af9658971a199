#include "dataplane/admin/admin.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/admin/config_view.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/http_get.h"

static struct segment *segment;
static struct admin *admin;
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
		admin_connections_add(out, (uint16_t)(i % 2), &info, 0);
	return true;
}

static void do_quit(void *context)
{
	quits++;
}

static struct config_endpoint endpoints[2] = {
	{.port = 80, .weight = 3, .hostname = {"h1", 2}},
	{.port = 81, .weight = 1, .health = HEALTH_UNHEALTHY},
};

static bool get_view(void *context, struct config_view *out, struct why *why)
{
	static struct config_endpoints hosts = {.endpoints = endpoints, .endpoint_count = 2};
	static struct config_cluster quiet = {
		.name = {"quiet", 5}, .stat_name = {"seen", 4}, .breakers = {1, 2, 3, 4, false}};
	static struct config_cluster busy = {.name = {"a\"b\\c|80", 8},
					     .stat_name = {"a\"b\\c|80", 8},
					     .discovery = DISCOVERY_EDS};
	static struct config_listen_address addresses[2] = {{.port = 8080}, {.port = 8443}};
	static struct config_listener web = {
		.name = {"web", 3}, .addresses = addresses, .address_count = 2};
	static struct config_listener *listeners[] = {&web};
	static struct config_cluster *clusters[] = {&quiet, NULL, &busy};
	static struct config_endpoints *all_hosts[] = {NULL, NULL, &hosts};
	struct config config = {.listeners = listeners,
				.listener_count = 1,
				.clusters = clusters,
				.endpoints = all_hosts,
				.cluster_count = 3};

	endpoints[0].addr = ip_addr_from_v4(0x0a000001);
	endpoints[1].addr = ip_addr_from_v4(0x0a000002);
	addresses[1].pipe = "/run/web.sock";
	addresses[0].addr = addresses[1].addr = ip_addr_from_v4(0x0a000009);
	return config_view_copy(out, &config) || why_set(why, "no memory");
}

static bool refuse;
static bool unhealthy;
static int resets;
static struct admin_drain drained;

static bool set_health(void *context, bool fail, struct why *why)
{
	unhealthy = fail;
	return true;
}

static bool do_drain(void *context, const struct admin_drain *how, struct why *why)
{
	drained = *how;
	return !refuse || why_set(why, "a worker is too busy");
}

static bool do_reset(void *context, struct why *why)
{
	resets++;
	segment_reset_counters(segment);
	return true;
}

static const char *levels[] = {"info", "warning"};
static const char *const loggers[] = {"admin", "main"};

static const char *get_logger(void *context, uint32_t index, const char **level)
{
	if (index >= 2)
		return NULL;
	*level = levels[index];
	return loggers[index];
}

static bool set_logger(void *context, const char *name, const char *level)
{
	static const char *const known[] = {"debug", "info"};
	bool found = false;

	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < 2 && strcmp(level, known[k]) == 0; i++)
			if (!name || strcmp(name, loggers[i]) == 0) {
				levels[i] = known[k];
				found = true;
			}
	return found;
}


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
			      .view = get_view,
			      .health = set_health,
			      .drain_listeners = do_drain,
			      .reset_counters = do_reset,
			      .logger = get_logger,
			      .set_logger = set_logger,
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

static void clusters_have_envoys_text(void)
{
	start("127.0.0.1:0");
	char name[] = "a\"b\\c|80\n10.0.0.1:80";

	endpoints[0].stat_slot = segment_registry(segment)->slot(segment_registry(segment),
								 STAT_ENDPOINT, name);
	expect("GET", "/clusters", 200,
	       "\r\n\r\na\"b\\c|80::observability_name::a\"b\\c|80\n"
	       "a\"b\\c|80::default_priority::max_connections::0\n");
	expect("GET", "/clusters", 200, "a\"b\\c|80::added_via_api::true\n");
	expect("GET", "/clusters", 200,
	       "a\"b\\c|80::10.0.0.1:80::cx_active::0\na\"b\\c|80::10.0.0.1:80::cx_connect_fail::0\n");
	expect("GET", "/clusters", 200, "a\"b\\c|80::10.0.0.1:80::rq_total::7\n");
	expect("GET", "/clusters", 200, "a\"b\\c|80::10.0.0.1:80::hostname::h1\n");
	expect("GET", "/clusters", 200, "a\"b\\c|80::10.0.0.1:80::health_flags::healthy\n");
	/* In the overflow slot: no counts of its own. */
	expect("GET", "/clusters", 200, "a\"b\\c|80::10.0.0.2:81::rq_total::0\n");
	expect("GET", "/clusters", 200,
	       "a\"b\\c|80::10.0.0.2:81::health_flags::/failed_eds_health\n");
	expect("GET", "/clusters?filter=%5Eq", 200,
	       "\r\n\r\nquiet::observability_name::seen\nquiet::default_priority::max_connections::1\n"
	       "quiet::default_priority::max_pending_requests::2\n"
	       "quiet::default_priority::max_requests::3\nquiet::default_priority::max_retries::4\n"
	       "quiet::high_priority::max_connections::1024\n");
	expect("GET", "/clusters?format=xml", 400, "text or json");
	expect("GET", "/clusters?filter=(", 400, "not a regular expression");
	stop();
}

static void clusters_have_envoys_json(void)
{
	start("127.0.0.1:0");
	const char *body;
	char *answer = http_ask(admin_address(admin), "GET", "/clusters?format=json", "", &body);
	json_t *root = json_loads(body, 0, NULL), *busy, *host;

	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	busy = json_array_get(json_object_get(root, "cluster_statuses"), 0);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(busy, "name")), "a\"b\\c|80");
	CU_ASSERT_PTR_EQUAL(json_object_get(busy, "added_via_api"), json_true());
	CU_ASSERT_EQUAL(json_array_size(json_object_get(busy, "host_statuses")), 2);
	host = json_array_get(json_object_get(busy, "host_statuses"), 0);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(host, "stats")), 9);
	CU_ASSERT_STRING_EQUAL(
		json_string_value(json_object_get(
			json_array_get(json_object_get(host, "stats"), 5), "value")), "7");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(host, "weight")), 3);
	CU_ASSERT_PTR_NULL(json_object_get(
		json_array_get(json_object_get(root, "cluster_statuses"), 1), "host_statuses"));
	json_decref(root);
	free(answer);
	expect("GET", "/clusters?format=json&filter=nosuch", 200, "{\n \"cluster_statuses\": []\n}\n");
	stop();
}

static void listeners_have_envoys_formats(void)
{
	start("127.0.0.1:0");
	const char *body;
	char *answer = http_ask(admin_address(admin), "GET", "/listeners?format=json", "", &body);
	json_t *root = json_loads(body, 0, NULL), *web;

	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	web = json_array_get(json_object_get(root, "listener_statuses"), 0);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(
				json_object_get(json_object_get(web, "local_address"),
						"socket_address"), "port_value")), 8080);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(web, "additional_local_addresses")), 1);
	CU_ASSERT_STRING_EQUAL(
		json_string_value(json_object_get(
			json_object_get(json_array_get(json_object_get(web, "additional_local_addresses"),
						       0), "pipe"), "path")), "/run/web.sock");
	json_decref(root);
	free(answer);
	expect("GET", "/listeners", 200, "\r\n\r\nweb::10.0.0.9:8080\nweb::/run/web.sock\n");
	stop();
}

static void drains_health_and_resets_are_passed_on(void)
{
	start("127.0.0.1:0");
	refuse = false;
	expect("GET", "/drain_listeners?graceful", 405, "allow: POST");
	expect("POST", "/drain_listeners?graceful&inboundonly", 200, "\r\n\r\nOK\n");
	CU_ASSERT(drained.graceful && drained.inbound_only && !drained.skip_exit);
	expect("POST", "/drain_listeners?skip_exit", 200, "OK");
	CU_ASSERT(!drained.graceful && !drained.inbound_only && drained.skip_exit);
	refuse = true;
	expect("POST", "/drain_listeners", 503, "a worker is too busy");
	expect("POST", "/healthcheck/fail", 200, "OK");
	CU_ASSERT_TRUE(unhealthy);
	expect("POST", "/healthcheck/ok", 200, "OK");
	CU_ASSERT_FALSE(unhealthy);
	expect("GET", "/reset_counters", 405, "POST");
	expect("POST", "/reset_counters", 200, "OK");
	CU_ASSERT_EQUAL(resets, 1);
	expect("GET", "/stats?filter=ingress.downstream_rq_2xx", 200, "downstream_rq_2xx: 0\n");
	expect("GET", "/stats?filter=ingress.downstream_rq_active", 200, "rq_active: 1\n");
	stop();
}

static void logging_lists_and_sets_levels(void)
{
	start("127.0.0.1:0");
	levels[0] = "info";
	levels[1] = "warning";
	expect("GET", "/logging", 200, "\r\n\r\nactive loggers:\n  admin: info\n  main: warning\n\n");
	expect("GET", "/logging?level=debug", 405, "allow: POST");
	expect("POST", "/logging?main=debug", 200, "  admin: info\n  main: debug\n");
	expect("POST", "/logging?level=info", 200, "  admin: info\n  main: info\n");
	expect("POST", "/logging?paths=admin:debug,main:debug", 200, "  admin: debug\n  main: debug\n");
	expect("POST", "/logging?level=loud", 400, "usage: /logging?<name>=<level>");
	expect("POST", "/logging?nosuch=info", 400, "usage: ");
	expect("POST", "/logging?paths=admin", 400, "usage: ");
	expect("POST", "/logging?paths=admin:info,,", 400, "usage: ");
	expect("POST", "/logging?main=info&admin=info", 400, "usage: ");
	stop();
}

static void the_rest_has_envoys_shape(void)
{
	start("127.0.0.1:0");
	expect("GET", "/memory", 200, "{\n \"allocated\": \"");
	expect("GET", "/memory", 200, "\"total_physical_bytes\": \"");
	expect("GET", "/certs", 200, "\r\n\r\n{\n \"certificates\": []\n}\n");
	expect("GET", "/runtime", 200, "\r\n\r\n{\n \"layers\": [],\n \"entries\": {}\n}\n");
	expect("GET", "/hot_restart_version", 200, "\r\n\r\ndisabled");
	/* What Envoy has and we do not says so. */
	expect("GET", "/contention", 501, "workers share none");
	expect("POST", "/cpuprofiler?enable=y", 501, "use perf");
	expect("GET", "/heap_dump", 501, "no heap profiler");
	expect("POST", "/runtime_modify?a=b", 501, "nothing here reads runtime values");
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
	   UNIT_TEST(what_changes_the_state_wants_post),
	   UNIT_TEST(clusters_have_envoys_text),
	   UNIT_TEST(clusters_have_envoys_json), UNIT_TEST(listeners_have_envoys_formats),
	   UNIT_TEST(drains_health_and_resets_are_passed_on),
	   UNIT_TEST(logging_lists_and_sets_levels), UNIT_TEST(the_rest_has_envoys_shape),
	   UNIT_TEST(config_dump_passes_the_query_on), UNIT_TEST(connections_are_bounded),
	   UNIT_TEST(a_unix_socket_serves_as_well), UNIT_TEST(addresses_that_do_not_work_are_named))
