#include "stack/base/time.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;

static void start(void)
{
	world_init(&world);
	world.chain.kind = NETWORK_TCP_PROXY;
	world_start(&world);
}

static void bytes_and_ends_pass_both_ways(void)
{
	start();
	struct peer *client = world_client(&world);

	peer_send(client, "hello");
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 1);
	CU_ASSERT_STRING_EQUAL(world.origins[0].got, "hello");
	peer_finish(client);
	world_settle(&world);
	CU_ASSERT(world.origins[0].ended);
	CU_ASSERT(!client->ended);
	peer_send(&world.origins[0], "good bye");
	peer_finish(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_STRING_EQUAL(client->got, "good bye");
	CU_ASSERT(client->ended && !client->broken);
	CU_ASSERT_EQUAL(gateway_connections(world.gateway), 0);
	CU_ASSERT_EQUAL(world.tcp_stats[1].downstream_cx_rx_bytes_total, 5);
	CU_ASSERT_EQUAL(world.tcp_stats[1].downstream_cx_tx_bytes_total, 8);
	world_end(&world);
}

static void a_slow_origin_holds_the_client_back(void)
{
	static char big[200000];

	start();
	world.pipes.window_bytes = 1000;
	world.pipes.queue_bytes = 1000;
	struct peer *client = world_client(&world);

	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 1);
	world.origins[0].read_max = 0;
	for (uint32_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i % 23);
	peer_send_bytes(client, big, sizeof(big));
	world_settle(&world);
	/* One window in the gateway's rx, one queue on its way, one window at the origin. */
	CU_ASSERT(sizeof(big) - client->end->tx.bytes <= 3000);
	world.origins[0].read_max = UINT32_MAX;
	for (int i = 0; i < 1000 && world.origins[0].got_bytes < sizeof(big); i++) {
		world.origins[0].end->events |= STREAM_READABLE;
		world_settle(&world);
	}
	CU_ASSERT_EQUAL(world.origins[0].got_bytes, sizeof(big));
	CU_ASSERT(!memcmp(world.origins[0].got, big, sizeof(big)));
	world_end(&world);
}

static void a_refused_connect_is_tried_again_and_then_given_up(void)
{
	start();
	world.origin_mode = ORIGIN_REFUSES;
	world.tcp_proxy.connect_attempts_max = 3;
	struct peer *client = world_client(&world);

	world_settle(&world);
	CU_ASSERT_EQUAL(world.origin_count, 3);
	CU_ASSERT(client->broken);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_connect_fail, 3);
	world_end(&world);
}

static void idle_and_connect_timeouts(void)
{
	start();
	world.tcp_proxy.idle_timeout_ns = 10 * NS_PER_SECOND;
	struct peer *client = world_client(&world);

	peer_send(client, "x");
	world_settle(&world);
	world_wait(&world, 9 * NS_PER_SECOND);
	CU_ASSERT(!client->broken);
	peer_send(client, "y");
	world_wait(&world, 9 * NS_PER_SECOND);
	CU_ASSERT(!client->broken);
	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT(client->broken);
	CU_ASSERT_EQUAL(world.tcp_stats[1].idle_timeout, 1);
	world.origin_mode = ORIGIN_HANGS;
	client = world_client(&world);
	world_wait(&world, 4 * NS_PER_SECOND);
	CU_ASSERT(!client->broken);
	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT(client->broken);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_connect_timeout, 1);
	world_end(&world);
}

static void vanishing_peers_end_the_other_side(void)
{
	start();
	struct peer *client = world_client(&world);

	peer_send(client, "x");
	world_settle(&world);
	peer_cut(client);
	world_settle(&world);
	CU_ASSERT(world.origins[0].broken);
	client = world_client(&world);
	peer_send(client, "x");
	world_settle(&world);
	peer_cut(&world.origins[1]);
	world_settle(&world);
	CU_ASSERT(client->broken);
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(bytes_and_ends_pass_both_ways),
	   UNIT_TEST(a_slow_origin_holds_the_client_back),
	   UNIT_TEST(a_refused_connect_is_tried_again_and_then_given_up),
	   UNIT_TEST(idle_and_connect_timeouts), UNIT_TEST(vanishing_peers_end_the_other_side))
