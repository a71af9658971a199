#include "gateway/exchange/message.h"
#include "stack/base/time.h"
#include "tests/unit/gateway/proxied.h"

static void no_route_redirect_and_direct_response(void)
{
	world_init(&world);
	world.domain = STR("known");
	world.host.route_count = 3;
	world.routes[0].match.path = STR("/old");
	world.routes[0].action = ROUTE_REDIRECT;
	world.routes[0].redirect_prefix = STR("/new");
	world.routes[0].redirect_status = 302;
	world.routes[1].match.path = STR("/say");
	world.routes[1].action = ROUTE_DIRECT_RESPONSE;
	world.routes[1].direct_status = 418;
	world.routes[1].direct_body = STR("teapot");
	world.routes[2].match.path = STR("/gone");
	world.route_clusters[1].cluster_id = 77;
	world.routes[2].clusters = &world.route_clusters[1];
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, "GET / HTTP/1.1\r\nHost: unknown\r\n\r\n");
	peer_send(client, "GET /old/x?q HTTP/1.1\r\nHost: known\r\n\r\n");
	peer_send(client, "GET /say HTTP/1.1\r\nHost: known\r\n\r\n");
	peer_send(client, "HEAD /say HTTP/1.1\r\nHost: known\r\n\r\n");
	peer_send(client, "GET /gone HTTP/1.1\r\nHost: known\r\n\r\n");
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 404 Not Found\r\n");
	HAS(client->got, "HTTP/1.1 302 Found\r\nlocation: http://known/new/x?q\r\n");
	CU_ASSERT_EQUAL(count(client->got, "HTTP/1.1 418"), 2);
	CU_ASSERT_EQUAL(count(client->got, "content-length: 6\r\n"), 2);
	CU_ASSERT_EQUAL(count(client->got, "teapot"), 1);
	HAS(client->got, "HTTP/1.1 503 ");
	CU_ASSERT_EQUAL(world.https[1].no_route, 1);
	CU_ASSERT_EQUAL(world.https[1].rq_redirect, 1);
	CU_ASSERT_EQUAL(world.https[1].rq_direct_response, 3);
	CU_ASSERT_EQUAL(world.https[1].no_cluster, 1);
	CU_ASSERT(!client->ended);
	world_end(&world);
}

static void upstream_failures_say_what_failed(void)
{
	start_proxied();
	world.origin_mode = ORIGIN_REFUSES;
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 503 Service Unavailable\r\n");
	HAS(client->got, "upstream connect error or disconnect/reset before headers. reset reason: "
			 "remote connection failure");
	world.origin_mode = ORIGIN_HANGS;
	client = world_client(&world);
	peer_send(client, GET);
	world_wait(&world, 6 * NS_PER_SECOND);
	HAS(client->got, "reset reason: connection timeout");
	world.endpoints[0].endpoint_count = 0;
	world.endpoints[0].object.version++;
	client = world_client(&world);
	peer_send(client, GET);
	world_settle(&world);
	HAS(client->got, "no healthy upstream");
	world_end(&world);
}

static void answers_that_break_off(void)
{
	start_proxied();
	world.origin_readable = origin_answers_script;
	scripted = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	peer_finish(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT(client->broken);
	scripted = "HTTP/1.1 2xx\r\n\r\n";
	client = world_client(&world);
	peer_send(client, GET);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 502 Bad Gateway");
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_protocol_error, 1);
	world_end(&world);
}

/* --- time -------------------------------------------------------------------------------------- */

static void timeouts(void)
{
	world_init(&world);
	world.hcm.request_headers_timeout_ns = 10 * NS_PER_SECOND;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_wait(&world, 14 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(client->got_bytes, 0);
	world_wait(&world, 2 * NS_PER_SECOND);
	HAS(client->got, "HTTP/1.1 504 ");
	HAS(client->got, "upstream request timeout");
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_timeout, 1);
	CU_ASSERT(world.origins[0].broken);
	client = world_client(&world);
	peer_send(client, "GET / HT");
	world_wait(&world, 9 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(client->got_bytes, 0);
	world_wait(&world, 2 * NS_PER_SECOND);
	HAS(client->got, "HTTP/1.1 408 ");
	client = world_client(&world);
	peer_send(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx");
	world_wait(&world, 301 * NS_PER_SECOND);
	HAS(client->got, "HTTP/1.1 408 ");
	HAS(client->got, "stream timeout");
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_idle_timeout, 1);
	client = world_client(&world);
	world_wait(&world, 3601 * NS_PER_SECOND);
	CU_ASSERT(client->ended);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_idle_timeout, 2);
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(no_route_redirect_and_direct_response),
	   UNIT_TEST(upstream_failures_say_what_failed), UNIT_TEST(answers_that_break_off),
	   UNIT_TEST(timeouts))
