#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

#define KIB UINT64_C(1024)

static struct world world;

/* Client sends up_bytes, server down_bytes, both byte-exact, both closed, nothing left over. */
static void transfer(const struct world_params *params, uint64_t up_bytes, uint64_t down_bytes,
		     uint64_t lose_nth)
{
	world_start(&world, params);
	world.lose_nth = lose_nth;
	world.accepted_to_send = down_bytes;
	struct app *client = world_open(&world, 0, up_bytes, 0);

	world_run(&world, params->start_ns + 2000 * NS_PER_SECOND);
	CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
	struct app *server = &world.apps[1];

	CU_ASSERT_EQUAL(server->received, up_bytes);
	CU_ASSERT_EQUAL(client->received, down_bytes);
	CU_ASSERT(!server->corrupt && !client->corrupt);
	CU_ASSERT(client->released && server->released);
	CU_ASSERT(!(client->events & STREAM_RESET) && !(server->events & STREAM_RESET));
	CU_ASSERT_EQUAL(client->last.failure, STREAM_FAILURE_NONE);
	world_stop(&world);
}

static void opens_transfers_and_closes(void)
{
	transfer(&(struct world_params){.seed = 1}, 200 * KIB, 300 * KIB, 0);
	CU_ASSERT_EQUAL(world.hosts[0].counters.retransmitted_segments, 0);
	CU_ASSERT_EQUAL(world.hosts[1].counters.passive_opens, 1);
	/* Slices of 1000 bytes leave by reference; only what is left at the ends may be copied. */
	CU_ASSERT(world.hosts[0].counters.payload_bytes_copied < 4096);
}

static void works_over_v6_and_linear_ports_and_split_frames(void)
{
	transfer(&(struct world_params){.seed = 2, .v6 = true}, 100 * KIB, 100 * KIB, 0);
	transfer(&(struct world_params){.seed = 3, .linear = true}, 100 * KIB, 100 * KIB, 0);
	transfer(&(struct world_params){.seed = 4, .split_bytes = 97}, 50 * KIB, 50 * KIB, 0);
}

static void survives_loss_copies_and_reordering(void)
{
	for (uint64_t seed = 10; seed < 40; seed++)
		transfer(&(struct world_params){.seed = seed,
						.loss_percent = seed % 8,
						.copy_percent = seed % 5,
						.jitter_us = (seed % 4) * 150},
			 60 * KIB, 40 * KIB, 0);
}

static void survives_tiny_windows(void)
{
	for (uint64_t seed = 50; seed < 60; seed++)
		transfer(&(struct world_params){.seed = seed,
						.loss_percent = seed % 3,
						.rx_budget_bytes = 3000 + 500 * (uint32_t)(seed % 5)},
			 20 * KIB, 20 * KIB, 0);
}

/* A short exchange takes about a dozen packets; each is lost in turn. */
static void survives_the_loss_of_any_one_packet(void)
{
	for (uint64_t nth = 1; nth <= 16; nth++)
		transfer(&(struct world_params){.seed = 70}, 3000, 3000, nth);
}

static void refuses_a_port_without_listener(void)
{
	world_start(&world, &(struct world_params){.seed = 80});
	tcp_listener_close(world.hosts[1].tcp, world.hosts[1].listener, 0);
	struct app *client = world_open(&world, 0, 10, 0);

	world_run(&world, 10 * NS_PER_SECOND);
	CU_ASSERT(client->events & STREAM_RESET);
	CU_ASSERT_EQUAL(client->last.failure, STREAM_FAILURE_REFUSED);
	world_stop(&world);
}

static void gives_up_connecting(void)
{
	world_start(&world, &(struct world_params){.seed = 81});
	world.cut = true;
	struct app *client = world_open(&world, 0, 10, 0);

	world_run(&world, 400 * NS_PER_SECOND);
	CU_ASSERT(client->events & STREAM_RESET);
	CU_ASSERT_EQUAL(client->last.failure, STREAM_FAILURE_TIMEOUT);
	CU_ASSERT_EQUAL(world.hosts[0].counters.segments_out, 6);
	world_stop(&world);
}

static void probes_a_closed_window(void)
{
	world_start(&world, &(struct world_params){.seed = 82, .rx_budget_bytes = 20000});
	world.accepted_hold = true;
	struct app *client = world_open(&world, 0, 100 * KIB, 0);

	world_run(&world, 300 * NS_PER_SECOND);
	CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
	struct app *server = &world.apps[1];

	CU_ASSERT(world.hosts[0].counters.zero_window_probes > 3);
	CU_ASSERT(!(client->events & STREAM_RESET));
	CU_ASSERT_EQUAL(server->received, 0);
	struct stream_info info;

	stream_info(client->stream, &info);
	CU_ASSERT_EQUAL(info.blocked, STREAM_BLOCKED_PEER_WINDOW);
	server->hold = false;
	app_pump(server);
	world_run(&world, 400 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(server->received, 100 * KIB);
	CU_ASSERT(!server->corrupt);
	world_stop(&world);
}

UNIT_TESTS(UNIT_TEST(opens_transfers_and_closes),
	   UNIT_TEST(works_over_v6_and_linear_ports_and_split_frames),
	   UNIT_TEST(survives_loss_copies_and_reordering), UNIT_TEST(survives_tiny_windows),
	   UNIT_TEST(survives_the_loss_of_any_one_packet),
	   UNIT_TEST(refuses_a_port_without_listener), UNIT_TEST(gives_up_connecting),
	   UNIT_TEST(probes_a_closed_window))
