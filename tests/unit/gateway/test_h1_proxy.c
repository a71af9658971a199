#include "gateway/exchange/message.h"
#include "stack/base/time.h"

#include <stdio.h>

#include "tests/unit/gateway/proxied.h"

static void one_request_is_proxied(void)
{
	start_proxied();
	struct peer *client = world_client(&world);

	peer_send(client, "GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, x-hop\r\n"
			  "X-Hop: 1\r\nX-Own: 2\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 1);
	HAS(world.origins[0].got, "GET /a?b HTTP/1.1\r\nhost: x\r\n");
	HAS(world.origins[0].got, "x-forwarded-for: 10.0.0.2\r\n");
	HAS(world.origins[0].got, "x-forwarded-proto: http\r\n");
	HAS(world.origins[0].got, "x-envoy-expected-rq-timeout-ms: 15000\r\n");
	HAS(world.origins[0].got, "X-Own: 2\r\n");
	HAS_NOT(world.origins[0].got, "X-Hop");
	HAS(client->got, "HTTP/1.1 200 OK\r\n");
	HAS(client->got, "server: hydrofoil\r\n");
	HAS(client->got, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	HAS(client->got, "x-envoy-upstream-service-time: 0\r\n");
	HAS(client->got, "\r\n\r\nok");
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_2xx, 1);
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_completed, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_2xx, 1);
	CU_ASSERT_EQUAL(world.endpoint_stats[1].rq_success, 1);
	world_end(&world);
}

static void connections_are_kept_on_both_sides(void)
{
	start_proxied();
	struct peer *client = world_client(&world);

	for (int i = 0; i < 5; i++) {
		peer_send(client, GET);
		world_settle(&world);
	}
	CU_ASSERT_EQUAL(count(client->got, "HTTP/1.1 200 OK"), 5);
	CU_ASSERT_EQUAL(world.origin_count, 1);
	CU_ASSERT(!client->ended);
	world_end(&world);
}

static void pipelined_requests_are_answered_in_order(void)
{
	start_proxied();
	struct peer *client = world_client(&world);

	peer_send(client, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
			  "POST /3 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
			  "GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_EQUAL(count(client->got, "HTTP/1.1 200 OK"), 4);
	CU_ASSERT_EQUAL(count(client->got, "connection: close"), 1);
	CU_ASSERT_EQUAL(world.origin_count, 1);
	HAS(world.origins[0].got, "\r\n\r\nbodyGET /4");
	CU_ASSERT(client->ended);
	world_end(&world);
}

/* Connections may live for months: their bytes are counted as they flow, not when they end. */
static void bytes_are_counted_while_connections_are_open(void)
{
	static const char part[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n";
	const struct http_stats *down = &world.https[1];
	const struct cluster_stats *up = &world.clusters_stats[1];
	char body[1000] = {0};

	start_proxied();
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	struct peer *origin = &world.origins[0];
	uint64_t answer_bytes = up->upstream_cx_rx_bytes_total;

	CU_ASSERT_EQUAL(down->downstream_cx_rx_bytes_total, strlen(GET));
	CU_ASSERT_EQUAL(down->downstream_cx_tx_bytes_total, client->got_bytes);
	CU_ASSERT_EQUAL(up->upstream_cx_tx_bytes_total, origin->got_bytes);
	CU_ASSERT_EQUAL(answer_bytes, strlen("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
	/* In the middle of a body either way. */
	world.origin_readable = NULL;
	peer_send(client, part);
	world_settle(&world);
	for (unsigned i = 1; i <= 3; i++) {
		peer_send_bytes(client, body, sizeof(body));
		world_settle(&world);
		CU_ASSERT_EQUAL(down->downstream_cx_rx_bytes_total,
				strlen(GET) + strlen(part) + i * sizeof(body));
		CU_ASSERT_EQUAL(up->upstream_cx_tx_bytes_total, origin->got_bytes);
	}
	peer_send(origin, "HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n");
	for (unsigned i = 0; i < 2; i++) {
		peer_send_bytes(origin, body, sizeof(body));
		world_settle(&world);
		CU_ASSERT_EQUAL(down->downstream_cx_tx_bytes_total, client->got_bytes);
		CU_ASSERT_EQUAL(up->upstream_cx_rx_bytes_total,
				answer_bytes + (i + 1) * sizeof(body) +
					strlen("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n"));
	}
	/* … and once only. */
	peer_finish(client);
	world_settle(&world);
	CU_ASSERT_EQUAL(down->downstream_cx_rx_bytes_total,
			strlen(GET) + strlen(part) + 3 * sizeof(body));
	CU_ASSERT_EQUAL(down->downstream_cx_tx_bytes_total, client->got_bytes);
	world_end(&world);
}

/* --- bodies ------------------------------------------------------------------------------------ */

static void chunked_both_ways_with_trailers(void)
{
	start_proxied();
	world.origin_readable = origin_answers_script;
	scripted = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n";
	struct peer *client = world_client(&world);

	peer_send(client, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Req: 2\r\n\r\n");
	world_settle(&world);
	HAS(world.origins[0].got, "transfer-encoding: chunked\r\n");
	HAS(world.origins[0].got, "0\r\nX-Req: 2\r\n\r\n");
	HAS(client->got, "transfer-encoding: chunked\r\n");
	HAS(client->got, "0\r\nX-Sum: 1\r\n\r\n");
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_completed, 1);
	world_end(&world);
}

static void head_204_304_have_no_body(void)
{
	start_proxied();
	world.origin_readable = origin_answers_script;
	scripted = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
	struct peer *client = world_client(&world);

	peer_send(client, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	HAS(client->got, "ontent-Length: 1000\r\n");
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_completed, 1);
	CU_ASSERT_STRING_EQUAL(client->got + client->got_bytes - 4, "\r\n\r\n");
	world_end(&world);
}

static void an_answer_until_close_is_chunked_for_11_and_closes_for_10(void)
{
	start_proxied();
	world.origin_readable = origin_answers_script;
	scripted = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	peer_finish(&world.origins[0]);
	world_settle(&world);
	HAS(client->got, "transfer-encoding: chunked\r\n");
	HAS(client->got, "d\r\nuntil the end\r\n0\r\n\r\n");
	CU_ASSERT(!client->ended);
	struct peer *old = world_client(&world);

	peer_send(old, "GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
	world_settle(&world);
	peer_finish(&world.origins[1]);
	world_settle(&world);
	HAS_NOT(old->got, "chunked");
	HAS(old->got, "\r\n\r\nuntil the end");
	CU_ASSERT(old->ended);
	world_end(&world);
}

static void http_10_keeps_alive_when_asked(void)
{
	start_proxied();
	struct peer *client = world_client(&world);

	peer_send(client, "GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
	world_settle(&world);
	HAS(client->got, "connection: keep-alive\r\n");
	CU_ASSERT(!client->ended);
	peer_send(client, "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_EQUAL(count(client->got, "200 OK"), 2);
	CU_ASSERT(client->ended);
	world_end(&world);
}

static char big[150000];

static void fill_big(void)
{
	for (uint32_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 23);
}

static void large_bodies_pass_with_slow_readers_and_little_memory(void)
{
	char head[128];
	unsigned least;

	fill_big();
	start_proxied();
	world.origin_readable = NULL;
	world.pipes.window_bytes = 3000;
	world.pipes.queue_bytes = 3000;
	struct peer *client = world_client(&world);

	snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
		 sizeof(big));
	peer_send(client, head);
	peer_send_bytes(client, big, sizeof(big));
	least = rte_mempool_avail_count(world.mbufs);
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origins[0].got_bytes > sizeof(big), true);
	CU_ASSERT(!memcmp(world.origins[0].got + world.origins[0].got_bytes - sizeof(big), big,
			  sizeof(big)));
	CU_ASSERT(rte_mempool_avail_count(world.mbufs) >= least);
	client->read_max = 0;
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", sizeof(big));
	peer_send(&world.origins[0], head);
	peer_send_bytes(&world.origins[0], big, sizeof(big));
	world_settle(&world);
	/* The client does not read: all but a window here and a queue there stays at the origin. */
	CU_ASSERT(world.origins[0].end->tx.bytes >= sizeof(big) - 12000);
	client->read_max = UINT32_MAX;
	for (int i = 0; i < 1000 && client->got_bytes < sizeof(big); i++) {
		client->end->events |= STREAM_READABLE;
		world_settle(&world);
	}
	CU_ASSERT_EQUAL_FATAL(client->got_bytes > sizeof(big), true);
	CU_ASSERT(!memcmp(client->got + client->got_bytes - sizeof(big), big, sizeof(big)));
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_completed, 1);
	world_end(&world);
}

/* Everything in and out comes in pieces of `step` bytes. */
static void every_split_gives_the_same(void)
{
	for (uint32_t step = 1; step < 600; step++) {
		start_proxied();
		world.origin_readable = origin_answers_script;
		bool chunked = step % 2;

		scripted = chunked ? "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n"
				     "1\r\nh\r\n1\r\ni\r\n0\r\nX-T: 1\r\n\r\n"
				   : "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello";
		world.pipes.step_bytes = step;
		struct peer *client = world_client(&world);

		peer_send(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
		world_settle(&world);
		HAS(world.origins[0].got, "\r\n\r\nabc");
		HAS(client->got, "X-A: b\r\n");
		HAS(client->got, chunked ? "0\r\nX-T: 1\r\n\r\n" : "\r\n\r\nhello");
		CU_ASSERT_EQUAL(world.https[1].downstream_rq_completed, 1);
		world_end(&world);
	}
}

/* --- local answers ----------------------------------------------------------------------------- */

static void expect_reply(const char *request, const char *status_line)
{
	start_proxied();
	struct peer *client = world_client(&world);

	peer_send(client, request);
	world_settle(&world);
	if (!strstr(client->got, status_line))
		printf("# wanted %s got %s\n", status_line, client->got);
	HAS(client->got, status_line);
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_total, 1);
	CU_ASSERT(client->ended);
	world_end(&world);
}

static void bad_requests_are_refused_by_name(void)
{
	static char many[70000];
	int n = snprintf(many, sizeof(many), "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ");

	memset(many + n, 'a', 65000);
	memcpy(many + n + 65000, "\r\n\r\n", 5);
	expect_reply("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request");
	expect_reply("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: "
		     "chunked\r\n\r\n",
		     "HTTP/1.1 400 Bad Request");
	expect_reply("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
		     "HTTP/1.1 501 Not Implemented");
	expect_reply("GET / HTTP/3.1\r\nHost: x\r\n\r\n", "HTTP/1.1 505 ");
	expect_reply("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		     "HTTP/1.1 400 Bad Request");
	expect_reply(many, "HTTP/1.1 431 ");
	expect_reply("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
		     "HTTP/1.1 403 ");
}

static void a_large_head_in_pieces_is_gathered(void)
{
	static char many[30000];
	int n = snprintf(many, sizeof(many), "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ");

	memset(many + n, 'a', 20000);
	memcpy(many + n + 20000, "\r\n\r\n", 5);
	start_proxied();
	struct peer *client = world_client(&world);

	peer_send(client, many);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 200 OK");
	CU_ASSERT(world.origins[0].got_bytes > 20000);
	world_end(&world);
}

/* --- 1xx --------------------------------------------------------------------------------------- */

static void expect_100_is_answered_here_or_forwarded(void)
{
	start_proxied();
	world.origin_readable = NULL;
	struct peer *client = world_client(&world);
	const char *post = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
			   "Content-Length: 2\r\n\r\n";

	peer_send(client, post);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 100 Continue\r\n\r\n");
	HAS_NOT(world.origins[0].got, "xpect:");
	peer_send(client, "hi");
	peer_send(&world.origins[0], "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
				     "Content-Length: 0\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_EQUAL(count(client->got, "100 Continue"), 1);
	HAS(client->got, "200 OK");
	HAS(world.origins[0].got, "\r\n\r\nhi");
	world.hcm.proxy_100_continue = true;
	client = world_client(&world);
	peer_send(client, post);
	world_settle(&world);
	CU_ASSERT_EQUAL(client->got_bytes, 0);
	HAS(world.origins[0].got, "xpect: 100-continue");
	peer_send(&world.origins[0], "HTTP/1.1 100 Continue\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(client->got, "HTTP/1.1 100 Continue\r\n\r\n");
	peer_send(client, "hi");
	peer_send(&world.origins[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	world_settle(&world);
	HAS(client->got, "200 OK");
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(one_request_is_proxied), UNIT_TEST(connections_are_kept_on_both_sides),
	   UNIT_TEST(bytes_are_counted_while_connections_are_open),
	   UNIT_TEST(pipelined_requests_are_answered_in_order),
	   UNIT_TEST(chunked_both_ways_with_trailers), UNIT_TEST(head_204_304_have_no_body),
	   UNIT_TEST(an_answer_until_close_is_chunked_for_11_and_closes_for_10),
	   UNIT_TEST(http_10_keeps_alive_when_asked),
	   UNIT_TEST(large_bodies_pass_with_slow_readers_and_little_memory),
	   UNIT_TEST(every_split_gives_the_same), UNIT_TEST(bad_requests_are_refused_by_name),
	   UNIT_TEST(a_large_head_in_pieces_is_gathered),
	   UNIT_TEST(expect_100_is_answered_here_or_forwarded))
