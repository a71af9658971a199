/* What the gateway tells of requests that are traced. */
#include "gateway/exchange/message.h"
#include "stack/base/time.h"
#include "tests/lib/trace_seen.h"
#include "tests/unit/gateway/proxied.h"

static struct trace trace;
static struct trace_seen seen;

/* Traces every request for `path`, which begins so. */
static void trace_path(const char *path)
{
	memset(&trace, 0, sizeof(trace));
	trace_seen_init(&seen, 100);
	memcpy(seen.sink.path, path, seen.sink.path_bytes = (uint32_t)strlen(path));
	trace_set_sink(&trace, 1, &seen.sink);
	gateway_set_trace(world.gateway, &trace);
}

static const char *ask(struct peer *client, const char *request)
{
	seen.kinds[0] = seen.texts[0] = '\0';
	peer_send(client, request);
	world_settle(&world);
	trace_seen_take(&seen);
	return seen.kinds;
}

static void a_request_from_head_to_end(void)
{
	start_proxied();
	trace_path("/a");
	struct peer *client = world_client(&world);

	CU_ASSERT_STRING_EQUAL(
		ask(client, GET),
		"BEGIN REQUEST ROUTE CLUSTER HOST >POOL_OPENS POOL_WAITS >CONNECTED >SERVES "
		">REQUEST_SENT >UPSTREAM_ANSWER ANSWER NOT_LOGGED REQUEST_END >POOL_IDLE ");
	HAS(seen.texts, "GET x/a?b, HTTP/1.1, 0 fields\n");
	HAS(seen.texts, "\nrequest sent, attempt 1\nanswer 200 after 0 us\nanswer 200 to the client\n");
	HAS(seen.texts, ": 200, via_upstream; 0 bytes received, 2 sent\n");
	/* The connection is there, and nothing of the first request is told again. */
	CU_ASSERT_STRING_EQUAL(ask(client, GET),
			       "BEGIN REQUEST ROUTE CLUSTER HOST POOL_HIT >SERVES >REQUEST_SENT "
			       ">UPSTREAM_ANSWER ANSWER NOT_LOGGED REQUEST_END >POOL_IDLE ");
	HAS(seen.texts, "an idle connection, 1 requests so far\n");
	world_end(&world);
}

static void other_requests_are_nobodys_business(void)
{
	start_proxied();
	trace_path("/b");
	struct peer *client = world_client(&world);

	CU_ASSERT_STRING_EQUAL(ask(client, GET), "");
	ask(client, "GET /bb HTTP/1.1\r\nHost: x\r\n\r\n");
	HAS(seen.kinds, "REQUEST_END");
	CU_ASSERT_STRING_EQUAL(ask(client, GET), "");
	gateway_set_trace(world.gateway, NULL);
	CU_ASSERT_STRING_EQUAL(ask(client, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"), "");
	world_end(&world);
}

static void local_answers_say_why(void)
{
	world_init(&world);
	world.domain = STR("known");
	world.host.route_count = 2;
	world.routes[0].match.path = STR("/gone");
	world.route_clusters[1].cluster_id = 77;
	world.routes[0].clusters = &world.route_clusters[1];
	world.routes[1].match.path = STR("/empty");
	world.endpoints[0].endpoint_count = 0;
	world_start(&world);
	trace_path("/");
	struct peer *client = world_client(&world);

	CU_ASSERT_STRING_EQUAL(ask(client, "GET / HTTP/1.1\r\nHost: other\r\n\r\n"),
			       "BEGIN REQUEST NO_ROUTE REPLY ANSWER NOT_LOGGED REQUEST_END ");
	HAS(seen.texts, "no route\nanswered here: 404, route_not_found\n");
	HAS(seen.texts, ": 404, flags NR, route_not_found; ");
	CU_ASSERT_STRING_EQUAL(ask(client, "GET /gone HTTP/1.1\r\nHost: known\r\n\r\n"),
			       "BEGIN REQUEST ROUTE NO_CLUSTER REPLY ANSWER NOT_LOGGED REQUEST_END ");
	CU_ASSERT_STRING_EQUAL(ask(client, "GET /empty HTTP/1.1\r\nHost: known\r\n\r\n"),
			       "BEGIN REQUEST ROUTE CLUSTER NO_HOST REPLY ANSWER NOT_LOGGED "
			       "REQUEST_END ");
	HAS(seen.texts, "no healthy host of 0\n");
	HAS(seen.texts, "flags UH");
	world_end(&world);
}

static void failures_of_hosts_are_told(void)
{
	start_proxied();
	trace_path("/");
	struct peer *client = world_client(&world);

	world.origin_mode = ORIGIN_REFUSES;
	ask(client, GET);
	HAS(seen.kinds, ">POOL_OPENS POOL_WAITS >CONNECT_FAILED UPSTREAM_RESET REPLY ANSWER ");
	HAS(seen.texts, "flags UF");
	world.origin_mode = ORIGIN_HANGS;
	ask(client, GET);
	world_wait(&world, 6 * NS_PER_SECOND);
	trace_seen_take(&seen);
	HAS(seen.texts, "\nconnection timeout after ");
	world.origin_mode = ORIGIN_ACCEPTS;
	scripted = "HTTP/1.1 rubbish\r\n\r\n";
	world.origin_readable = origin_answers_script;
	ask(client, GET);
	HAS(seen.texts, "\nprotocol error\nanswered here: 502, ");
	world_end(&world);
}

static void tries_and_timeouts_are_told(void)
{
	world_init(&world);
	world.routes[0].retry_on = RETRY_ON_CONNECT_FAILURE;
	world.routes[0].retries_max = 1;
	world.routes[0].timeout_ns = 2 * NS_PER_SECOND;
	world_start(&world);
	trace_path("/");
	struct peer *client = world_client(&world);

	world.origin_mode = ORIGIN_REFUSES;
	ask(client, GET);
	HAS(seen.kinds, "UPSTREAM_RESET RETRY HOST >POOL_OPENS POOL_WAITS ");
	world.origin_mode = ORIGIN_ACCEPTS; /* and says nothing */
	ask(client, GET);
	world_wait(&world, 3 * NS_PER_SECOND);
	trace_seen_take(&seen);
	HAS(seen.texts, "\ntimeout: of the route\nanswered here: 504, response_timeout\n");
	world_end(&world);
}

static void heads_that_are_refused_are_told(void)
{
	struct flow_key key = {0};

	start_proxied();
	trace_path("/nothing");
	struct peer *client = world_client(&world);

	/* No path is known of it: only a connection that is traced as a whole tells. */
	CU_ASSERT_STRING_EQUAL(ask(client, "rubbish\r\n\r\n"), "");
	CU_ASSERT_EQUAL(trace_wanted(&trace, &key, true), 0);
	world_end(&world);
}

static void a_client_that_leaves_is_told(void)
{
	start_proxied();
	world.origin_readable = NULL;
	trace_path("/");
	struct peer *client = world_client(&world);

	ask(client, GET);
	peer_cut(client);
	world_settle(&world);
	trace_seen_take(&seen);
	HAS(seen.texts, "\nthe client is gone: remote reset\n");
	HAS(seen.texts, "flags DC");
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(a_request_from_head_to_end), UNIT_TEST(other_requests_are_nobodys_business),
	   UNIT_TEST(local_answers_say_why), UNIT_TEST(failures_of_hosts_are_told),
	   UNIT_TEST(tries_and_timeouts_are_told), UNIT_TEST(heads_that_are_refused_are_told),
	   UNIT_TEST(a_client_that_leaves_is_told))
