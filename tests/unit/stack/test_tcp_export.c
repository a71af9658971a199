/* A live connection moves between two TCP instances in the middle of a transfer. */
#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_export.h"
#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

static struct world world;

/* The second instance takes the place of the first on that side of the wire. */
static void move_side(unsigned side, struct app *app, uint64_t new_seed)
{
	struct host *host = &world.hosts[side];
	struct tcp *old = host->tcp;
	struct tcp_params params = old->params;
	struct tcp_export_state state;
	const struct stream_owner_ops *owner_ops = app->stream->owner_ops;
	uint64_t at_ns = world.now_ns;

	CU_ASSERT_FATAL(tcp_export(old, app->stream, &state, at_ns));
	tcp_destroy(old);
	params.seed = new_seed;
	params.now_ns = at_ns;
	host->tcp = tcp_create(&params);
	CU_ASSERT_FATAL(host->tcp != NULL);
	uint32_t version = state.version++;

	CU_ASSERT(tcp_import(host->tcp, &state, &host->slices, at_ns) == NULL);
	state.version = version;
	app->stream = tcp_import(host->tcp, &state, &host->slices, at_ns);
	CU_ASSERT_FATAL(app->stream != NULL);
	CU_ASSERT_EQUAL(state.rx.bytes + state.tx.bytes, 0);
	app->stream->owner = app;
	app->stream->owner_ops = owner_ops;
	CU_ASSERT(tcp_import(host->tcp, &state, &host->slices, at_ns) == NULL);
}

static void moves_in_the_middle_of_a_transfer(void)
{
	for (uint64_t seed = 1; seed < 20; seed++) {
		world_start(&world, &(struct world_params){.seed = seed,
							   .loss_percent = seed % 4,
							   .jitter_us = (seed % 3) * 100});
		world.accepted_to_send = 300000;
		struct app *client = world_open(&world, 0, 300000, 0);

		for (unsigned hop = 0; hop < 200 && world.app_count < 2; hop++)
			world_run(&world, world.now_ns + 100 * NS_PER_MS);
		CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
		struct app *server = &world.apps[1];

		for (unsigned hop = 0; hop < 6; hop++) {
			world_run(&world, world.now_ns + (200 + 90 * seed) * NS_PER_US);
			if (client->stream && tcp_conn_synchronized(tcp_conn_of(container_of_member(
						      client->stream, struct tcp_cold, stream))))
				move_side(0, client, 1000 * seed + hop);
			world_run(&world, world.now_ns + 350 * NS_PER_US);
			if (server->stream && tcp_conn_synchronized(tcp_conn_of(container_of_member(
						      server->stream, struct tcp_cold, stream))))
				move_side(1, server, 2000 * seed + hop);
		}
		world_run(&world, world.now_ns + 600 * NS_PER_SECOND);
		CU_ASSERT_EQUAL(server->received, 300000);
		CU_ASSERT_EQUAL(client->received, 300000);
		CU_ASSERT(!server->corrupt && !client->corrupt);
		CU_ASSERT(client->released && server->released);
		world_stop(&world);
	}
}

UNIT_TESTS(UNIT_TEST(moves_in_the_middle_of_a_transfer))
