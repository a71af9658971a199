#include <string.h>

#include "gateway/exchange/message.h"
#include "stack/base/time.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;

#define POST "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n"
#define ANSWER                                                                                     \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"

static void origin_answers_once(struct peer *origin)
{
	if (!origin->answered && strstr(origin->got, "T: 1\r\n\r\n")) {
		origin->answered = 1;
		peer_send(origin, ANSWER);
	}
}

static void start(void)
{
	world_init(&world);
	world_start(&world);
	world.origin_readable = origin_answers_once;
}

static void the_client_vanishes_at_every_byte(void)
{
	for (uint32_t at = 0; at <= strlen(POST); at++)
		for (int cut = 0; cut < 2; cut++) {
			start();
			struct peer *client = world_client(&world);

			peer_send_bytes(client, POST, at);
			world_settle(&world);
			if (cut)
				peer_cut(client);
			else
				peer_finish(client);
			world_settle(&world);
			if (cut || at < strlen(POST))
				CU_ASSERT_EQUAL(gateway_connections(world.gateway), 0);
			world_end(&world);
		}
}

static void the_client_vanishes_at_every_byte_of_the_answer(void)
{
	for (uint32_t at = 0; at <= strlen(ANSWER); at++) {
		start();
		world.origin_readable = NULL;
		struct peer *client = world_client(&world);

		peer_send(client, POST);
		world_settle(&world);
		peer_send_bytes(&world.origins[0], ANSWER, at);
		world_settle(&world);
		peer_cut(client);
		world_settle(&world);
		CU_ASSERT_EQUAL(gateway_connections(world.gateway), 0);
		CU_ASSERT_EQUAL(world.https[1].downstream_rq_rx_reset, at < strlen(ANSWER));
		world_end(&world);
	}
}

static void the_origin_vanishes_at_every_byte(void)
{
	for (uint32_t at = 0; at < strlen(ANSWER); at++)
		for (int cut = 0; cut < 2; cut++) {
			start();
			world.origin_readable = NULL;
			struct peer *client = world_client(&world);

			peer_send(client, POST);
			world_settle(&world);
			peer_send_bytes(&world.origins[0], ANSWER, at);
			world_settle(&world);
			if (cut)
				peer_cut(&world.origins[0]);
			else
				peer_finish(&world.origins[0]);
			world_settle(&world);
			/* One answer or one reset, never silence. */
			CU_ASSERT(strstr(client->got, "HTTP/1.1 503 ") || client->broken);
			CU_ASSERT_EQUAL(world.https[1].downstream_rq_active, 0);
			world_end(&world);
		}
}

/* Whatever is short, every request ends, and nothing is left over. */
static void expect_an_end(void)
{
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	world_wait(&world, 20 * NS_PER_SECOND);
	CU_ASSERT(client->broken || strstr(client->got, "HTTP/1.1 "));
	world_end(&world);
}

static void pools_run_out(void)
{
	for (uint32_t n = 1; n < 5; n++) {
		world_init(&world);
		world.params.arena_chunks_max = n;
		world_start(&world);
		world.origin_readable = origin_answers_once;
		expect_an_end();
	}
	world_init(&world);
	world.params.exchanges_max = 1;
	world_start(&world);
	struct peer *first = world_client(&world), *second = world_client(&world);

	peer_send(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	peer_send(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	CU_ASSERT(second->broken && !first->broken);
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_overload_close, 1);
	world_end(&world);
	world_init(&world);
	world.params.upstreams_max = 1;
	world_start(&world);
	first = world_client(&world);
	second = world_client(&world);
	peer_send(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_send(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origin_count, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_pool_overflow, 1);
	world_wait(&world, 20 * NS_PER_SECOND);
	CU_ASSERT_PTR_NOT_NULL(strstr(second->got, "HTTP/1.1 504 "));
	world_end(&world);
}

static void packet_buffers_run_out_at_the_nth_take(void)
{
	static struct rte_mbuf *taken[4096];

	for (uint32_t n = 0; n < 12; n++) {
		uint32_t count = 0;

		start();
		struct peer *client = world_client(&world);

		peer_send(client, POST);
		while (rte_mempool_avail_count(world.mbufs) > n &&
		       (taken[count] = rte_pktmbuf_alloc(world.mbufs)) != NULL)
			count++;
		/* The origin cannot answer either where nothing is left: it does so later. */
		world.origin_readable = NULL;
		world_settle(&world);
		while (count > 0)
			rte_pktmbuf_free(taken[--count]);
		if (world.origin_count && world.origins[0].end && !world.origins[0].broken)
			origin_answers_once(&world.origins[0]);
		world_wait(&world, 20 * NS_PER_SECOND);
		CU_ASSERT(client->broken || strstr(client->got, "HTTP/1.1 "));
		world_end(&world);
	}
}

static void slice_nodes_run_out_at_the_nth_take(void)
{
	for (uint32_t n = 0; n < 12; n++) {
		struct slice_node *kept = NULL;

		start();
		struct peer *client = world_client(&world);

		peer_send(client, POST);
		world.origin_readable = NULL;
		while (world.slices.available > n) {
			struct slice_node *node = world.slices.free;

			world.slices.free = node->next;
			world.slices.available--;
			node->next = kept;
			kept = node;
		}
		world_settle(&world);
		while (kept) {
			struct slice_node *node = kept;

			kept = node->next;
			node->next = world.slices.free;
			world.slices.free = node;
			world.slices.available++;
		}
		if (world.origin_count && world.origins[0].end && !world.origins[0].broken)
			origin_answers_once(&world.origins[0]);
		world_wait(&world, 20 * NS_PER_SECOND);
		CU_ASSERT(client->broken || strstr(client->got, "HTTP/1.1 "));
		world_end(&world);
	}
}

/* --- config ------------------------------------------------------------------------------------ */

static void a_config_swap_cuts_nothing(void)
{
	static struct config other;
	static struct config_listener replaced;
	static struct config_listener *listeners[1];

	start();
	world.origin_readable = NULL;
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	other = world.config;
	replaced = world.listener;
	replaced.object.hold = 5;
	listeners[0] = &replaced;
	other.listeners = listeners;
	other.cluster_count = 0;
	other.route_table_count = 0;
	gateway_set_config(world.gateway, &other, world.now_ns);
	CU_ASSERT(world.hold_counts[1] && world.hold_counts[2] && world.hold_counts[10]);
	peer_send(&world.origins[0], ANSWER);
	world_settle(&world);
	/* Answered in full, and asked to go: its listener is no longer there. */
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "HTTP/1.1 200 OK"));
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "connection: close\r\n"));
	CU_ASSERT(client->ended);
	world_end(&world);
}

static void an_endpoint_that_goes_takes_its_idle_connections_with_it(void)
{
	start();
	struct peer *client = world_client(&world);
	struct peer *busy = world_client(&world);

	peer_send(client, POST);
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "HTTP/1.1 200 OK"));
	CU_ASSERT(!world.origins[0].ended);
	world.endpoint[0][0].port = 9999;
	world.endpoints[0].object.version++;
	gateway_set_config(world.gateway, &world.config, world.now_ns);
	world_settle(&world);
	CU_ASSERT(world.origins[0].ended);
	/* A busy one finishes first. */
	world.origin_readable = NULL;
	peer_send(busy, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origins[1].port, 9999);
	world.endpoint[0][0].port = 8888;
	world.endpoints[0].object.version++;
	gateway_set_config(world.gateway, &world.config, world.now_ns);
	world_settle(&world);
	CU_ASSERT(!world.origins[1].ended);
	peer_send(&world.origins[1], "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(busy->got, "HTTP/1.1 200 OK"));
	CU_ASSERT(world.origins[1].ended);
	world_end(&world);
}

static void draining_closes_idle_and_lets_busy_finish(void)
{
	start();
	struct peer *idle = world_client(&world), *busy = world_client(&world);

	world.origin_readable = NULL;
	peer_send(busy, POST);
	world_settle(&world);
	gateway_drain(world.gateway, GATEWAY_DRAIN_ALL, world.now_ns);
	world_settle(&world);
	/* A request may be under way to us: an idle connection gets half a second. */
	CU_ASSERT(!idle->ended);
	world_wait(&world, 600 * NS_PER_MS);
	CU_ASSERT(idle->ended && !idle->broken);
	CU_ASSERT(!busy->ended);
	peer_send(&world.origins[0], ANSWER);
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(busy->got, "connection: close\r\n"));
	CU_ASSERT(busy->ended && !busy->broken);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_drain_close, 2);
	world_end(&world);
}

static void destroying_a_busy_gateway_leaves_nothing(void)
{
	struct gateway_outstanding left;

	start();
	world.origin_readable = NULL;
	struct peer *client = world_client(&world);

	peer_send(client, POST);
	world_client(&world);
	world_settle(&world);
	gateway_outstanding(world.gateway, &left);
	CU_ASSERT(left.exchanges == 1 && left.upstream_connections == 1);
	gateway_destroy(world.gateway);
	world.gateway = gateway_create(&world.params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world.gateway);
	gateway_set_config(world.gateway, &world.config, world.now_ns);
	world_settle(&world);
	CU_ASSERT(client->broken);
	world_end(&world);
}

static void an_early_answer_does_not_lose_itself(void)
{
	start();
	world.origin_readable = NULL;
	struct peer *client = world_client(&world);

	peer_send(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nstart");
	world_settle(&world);
	peer_send(&world.origins[0], "HTTP/1.1 413 No\r\ncontent-length: 3\r\n\r\nno!");
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "no!"));
	CU_ASSERT(client->ended && !client->broken);
	/* What the client still sends is read and dropped, for a second. */
	peer_send(client, "more");
	world_settle(&world);
	CU_ASSERT(!client->broken);
	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(gateway_connections(world.gateway), 0);
	world_end(&world);
}

/* The client has half-closed; the end of its body lies unread, because the origin takes no more. */
static void an_early_answer_survives_a_body_that_nobody_took(void)
{
	static char body[10000];

	start();
	world.pipes.window_bytes = world.pipes.queue_bytes = 4096;
	world.origin_readable = NULL;
	struct peer *client = world_client(&world);

	memset(body, 'b', sizeof(body));
	peer_send(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n");
	world_settle(&world);
	world.origins[0].read_max = 0;
	peer_send_bytes(client, body, sizeof(body));
	peer_finish(client);
	world_settle(&world);
	CU_ASSERT(world.origins[0].got_bytes < sizeof(body));
	peer_send(&world.origins[0], "HTTP/1.1 413 No\r\ncontent-length: 3\r\n\r\nno!");
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "no!"));
	CU_ASSERT(client->ended && !client->broken);
	CU_ASSERT_EQUAL(gateway_connections(world.gateway), 0);
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(the_client_vanishes_at_every_byte),
	   UNIT_TEST(the_client_vanishes_at_every_byte_of_the_answer),
	   UNIT_TEST(the_origin_vanishes_at_every_byte), UNIT_TEST(pools_run_out),
	   UNIT_TEST(packet_buffers_run_out_at_the_nth_take),
	   UNIT_TEST(slice_nodes_run_out_at_the_nth_take), UNIT_TEST(a_config_swap_cuts_nothing),
	   UNIT_TEST(an_endpoint_that_goes_takes_its_idle_connections_with_it),
	   UNIT_TEST(draining_closes_idle_and_lets_busy_finish),
	   UNIT_TEST(destroying_a_busy_gateway_leaves_nothing),
	   UNIT_TEST(an_early_answer_does_not_lose_itself),
	   UNIT_TEST(an_early_answer_survives_a_body_that_nobody_took))
