/* Packet buffers are short: newcomers wait, what is up goes on, slow readers pin little. */
#include "stack/tcp/tcp_pressure.h"
#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

static struct world world;

static void run_ms(uint64_t ms)
{
	world_run(&world, world.now_ns + ms * NS_PER_MS);
}

static struct tcp_cold *cold_of(const struct app *app)
{
	return container_of_member(app->stream, struct tcp_cold, stream);
}

static uint32_t pinned(const struct app *app)
{
	return app->stream->rx.charge_bytes + cold_of(app)->ooo_charge_bytes;
}

/* Client and server, established, with an idle stream between them. */
static struct app *start(uint64_t seed)
{
	world_start(&world, &(struct world_params){.seed = seed, .rx_budget_bytes = 1u << 20});
	world.accepted_keep_open = true;
	struct app *client = world_open(&world, 0, 0, 0);

	client->keep_open = true;
	run_ms(10);
	CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
	return client;
}

static void newcomers_are_shed_and_come_in_later(void)
{
	for (enum tcp_pressure pressure = TCP_PRESSURE_LOW; pressure <= TCP_PRESSURE_RESERVE;
	     pressure++) {
		struct app *client = start(1);

		tcp_set_pressure(world.hosts[1].tcp, pressure);
		struct app *newcomer = world_open(&world, 0, 1000, 0);

		run_ms(500);
		CU_ASSERT_EQUAL(world.app_count, 3);
		CU_ASSERT_EQUAL(world.hosts[1].drops.count[DROP_TCP_MBUF_WATERMARK], 1);
		/* The one that was up still talks. */
		client->to_send = 100000;
		client->written = 0;
		app_pump(client);
		run_ms(10000);
		CU_ASSERT_EQUAL(world.apps[1].received, 100000);
		CU_ASSERT(!world.apps[1].corrupt);
		tcp_set_pressure(world.hosts[1].tcp, TCP_PRESSURE_NONE);
		run_ms(60000);
		CU_ASSERT_EQUAL_FATAL(world.app_count, 4);
		CU_ASSERT_EQUAL(world.apps[3].received, 1000);
		CU_ASSERT(newcomer->written == 1000);
		client->keep_open = false;
		app_pump(client);
		for (unsigned i = 0; i < world.app_count; i++) {
			world.apps[i].keep_open = false;
			if (!world.apps[i].released)
				app_pump(&world.apps[i]);
		}
		run_ms(600000);
		world_stop(&world);
	}
}

static void nothing_is_opened(void)
{
	struct app *client = start(2);

	tcp_set_pressure(world.hosts[0].tcp, TCP_PRESSURE_LOW);
	struct app *newcomer = world_open(&world, 0, 1000, 0);

	CU_ASSERT_EQUAL(newcomer->last.failure, STREAM_FAILURE_RESOURCES);
	CU_ASSERT_EQUAL(world.hosts[0].drops.count[DROP_TCP_MBUF_WATERMARK], 1);
	world.accepted_keep_open = false;
	for (unsigned i = 0; i < 2; i++)
		world.apps[i].keep_open = false;
	app_pump(client);
	app_pump(&world.apps[1]);
	run_ms(600000);
	world_stop(&world);
}

/* The server's app reads nothing while the client sends a lot. */
static void a_slow_reader_pins_little(void)
{
	static const struct {
		enum tcp_pressure pressure;
		uint32_t most_bytes;
	} cases[] = {
		/* One buffer may lie across the edge. */
		{TCP_PRESSURE_LOW, TCP_LOW_BUDGET_BYTES + 4096},
		{TCP_PRESSURE_RESERVE, 2 * (TCP_RESERVE_BUDGET_BYTES + 4096)},
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct app *client = start(3);
		struct app *server = &world.apps[1];

		server->hold = true;
		client->to_send = 300000;
		/* A window was promised before: LOW lets it be filled, RESERVE does not. */
		tcp_set_pressure(world.hosts[1].tcp, cases[i].pressure);
		if (cases[i].pressure == TCP_PRESSURE_LOW) {
			struct tcp_conn *conn = tcp_conn_of(cold_of(server));

			conn->rcv_edge = conn->rcv_nxt + 4096;
			tcp_conn_of(cold_of(client))->snd_wnd = 4096;
		}
		app_pump(client);
		run_ms(3000);
		CU_ASSERT(pinned(server) > 0);
		CU_ASSERT(pinned(server) <= cases[i].most_bytes);
		tcp_set_pressure(world.hosts[1].tcp, TCP_PRESSURE_NONE);
		server->hold = false;
		app_pump(server);
		client->keep_open = false;
		app_pump(client);
		run_ms(600000);
		CU_ASSERT_EQUAL(server->received, 300000);
		CU_ASSERT(!server->corrupt);
		server->keep_open = false;
		if (!server->released)
			app_pump(server);
		run_ms(600000);
		world_stop(&world);
	}
}

/* The sending side is short: the owner may queue little, and nothing stalls for it. */
static void a_sender_under_pressure_queues_little_and_finishes(void)
{
	for (enum tcp_pressure pressure = TCP_PRESSURE_LOW; pressure <= TCP_PRESSURE_RESERVE;
	     pressure++) {
		struct app *client = start(4);
		uint32_t budget = pressure == TCP_PRESSURE_LOW ? TCP_LOW_BUDGET_BYTES :
								 TCP_RESERVE_BUDGET_BYTES;

		tcp_set_pressure(world.hosts[0].tcp, pressure);
		CU_ASSERT_EQUAL(stream_room(client->stream), budget);
		client->to_send = 200000;
		app_pump(client);
		CU_ASSERT(tcp_conn_of(cold_of(client))->tx.charge_bytes <= budget + 8192);
		run_ms(60000);
		CU_ASSERT_EQUAL(world.apps[1].received, 200000);
		for (unsigned i = 0; i < 2; i++) {
			world.apps[i].keep_open = false;
			app_pump(&world.apps[i]);
		}
		run_ms(600000);
		world_stop(&world);
	}
}

UNIT_TESTS(UNIT_TEST(newcomers_are_shed_and_come_in_later), UNIT_TEST(nothing_is_opened),
	   UNIT_TEST(a_slow_reader_pins_little),
	   UNIT_TEST(a_sender_under_pressure_queues_little_and_finishes))
