/* The states of RFC 9293 figure 5 and what moves a connection between them. */
#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_isn.h"
#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

static struct world world;

static struct tcp_conn *conn_of(const struct app *app)
{
	return tcp_conn_of(container_of_member(app->stream, struct tcp_cold, stream));
}

static void run_ms(uint64_t ms)
{
	world_run(&world, world.now_ns + ms * NS_PER_MS);
}

/* One established connection: apps[0] is the client, apps[1] the server, which half-closes at once
 * unless it is kept open. */
static void establish(const struct world_params *params, bool keep_server_open)
{
	world_start(&world, params);
	world.accepted_keep_open = keep_server_open;
	struct app *client = world_open(&world, 0, 1, 0);

	client->keep_open = true;
	run_ms(10);
	CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
}

static void establish_open(const struct world_params *params)
{
	establish(params, true);
	CU_ASSERT_EQUAL(conn_of(&world.apps[0])->state, TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(conn_of(&world.apps[1])->state, TCP_ESTABLISHED);
}

static void walks_the_usual_close(void)
{
	establish(&(struct world_params){.seed = 1}, false);
	struct app *client = &world.apps[0];
	struct app *server = &world.apps[1];

	/* The server had nothing to send and half-closed at once. */
	CU_ASSERT_EQUAL(conn_of(client)->state, TCP_CLOSE_WAIT);
	CU_ASSERT_EQUAL(conn_of(server)->state, TCP_FIN_WAIT_2);
	CU_ASSERT(client->events & STREAM_ENDED);
	client->keep_open = false;
	app_pump(client);
	CU_ASSERT_EQUAL(conn_of(client)->state, TCP_LAST_ACK);
	run_ms(10);
	CU_ASSERT_EQUAL(world.hosts[1].counters.timewait, 1);
	CU_ASSERT_EQUAL(world.hosts[0].counters.timewait, 0);
	CU_ASSERT(server->released);
	world_stop(&world);
}

/* The peer's FIN crosses ours, and its ACK of ours comes in the same burst: its FIN is acknowledged. */
static void both_close_at_once_and_one_is_late(void)
{
	establish_open(&(struct world_params){.seed = 8, .bursts = true});
	struct tcp_conn *client = conn_of(&world.apps[0]);
	struct tcp_cold *cold = tcp_conn_cold(world.hosts[0].tcp, client);
	struct flow_key key = cold->key;
	struct tcp_header segment = {.seq = client->rcv_nxt, .ack = client->snd_nxt, .window = 1000,
				     .flags = TCP_FIN | TCP_ACK, .wscale = TCP_NO_WSCALE,
				     .has_timestamp = true, .ts_val = client->ts_recent};

	world.cut = true;
	stream_shutdown(world.apps[0].stream, world.now_ns);
	run_ms(1);
	CU_ASSERT_EQUAL(client->state, TCP_FIN_WAIT_1);
	uint64_t sent = world.hosts[0].counters.segments_out;

	world.cut = false;
	world_inject_segment(&world, 0, &key, &segment, NULL, 0);
	segment.flags = TCP_ACK;
	segment.seq++;
	segment.ack++;
	world_inject_segment(&world, 0, &key, &segment, NULL, 0);
	world.cut = true;
	run_ms(5);
	CU_ASSERT_EQUAL(world.hosts[0].counters.timewait, 1);
	CU_ASSERT_EQUAL(world.hosts[0].counters.segments_out, sent + 1);
	stream_reset(world.apps[1].stream, world.now_ns);
	world_stop(&world);
}

static void opens_from_both_sides_at_once(void)
{
	struct app *apps[2];

	world_start(&world, &(struct world_params){.seed = 2});
	for (unsigned side = 0; side < 2; side++) {
		struct stream_opener *opener = tcp_opener(world.hosts[side].tcp);
		struct stream_target target = {.remote = world.hosts[!side].addr,
					       .remote_port = (uint16_t)(2001 - side),
					       .local_port = (uint16_t)(2000 + side)};
		enum stream_failure why;
		struct app *model = world_open(&world, side, 5000, 0);

		stream_release(model->stream, 0);
		model->stream = opener->open(opener, &target, &why, 0);
		CU_ASSERT_FATAL(model->stream != NULL);
		model->stream->owner = model;
		apps[side] = model;
	}
	/* Owner operations are the same for every app. */
	struct app *spare = world_open(&world, 0, 0, 0);

	apps[0]->stream->owner_ops = spare->stream->owner_ops;
	apps[1]->stream->owner_ops = spare->stream->owner_ops;
	app_release(spare);
	run_ms(1000);
	CU_ASSERT_EQUAL(apps[0]->received, 5000);
	CU_ASSERT_EQUAL(apps[1]->received, 5000);
	CU_ASSERT(apps[0]->released && apps[1]->released);
	CU_ASSERT_EQUAL(world.hosts[0].counters.passive_opens, 0);
	/* Both closed at once too: FIN-WAIT-1, CLOSING, TIME-WAIT on both sides. */
	CU_ASSERT_EQUAL(world.hosts[0].counters.timewait, 1);
	CU_ASSERT_EQUAL(world.hosts[1].counters.timewait, 1);
	world_stop(&world);
}

static void sequence_numbers_wrap(void)
{
	struct world_params params = {.seed = 3, .loss_percent = 2};

	world_start(&world, &params);
	struct flow_key key = {.local = world.hosts[0].addr,
			       .remote = world.hosts[1].addr,
			       .local_port = 5555,
			       .remote_port = WORLD_PORT};
	uint32_t at_zero = tcp_isn(&world.hosts[0].tcp->isn_key, &key, 0);

	world_stop(&world);
	/* The clock is chosen so that the client's ISN is 20000 short of the wrap. */
	params.start_ns = (uint64_t)(uint32_t)(UINT32_MAX - 20000 - at_zero) << 12;
	world_start(&world, &params);
	struct app *client = world_open(&world, 0, 100000, 5555);

	CU_ASSERT(conn_of(client)->snd_una > UINT32_MAX - 30000);
	run_ms(60000);
	CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
	CU_ASSERT_EQUAL(world.apps[1].received, 100000);
	CU_ASSERT(!world.apps[1].corrupt && client->released);
	world_stop(&world);
}

/* RFC 5961 3.2 and 4.2 */
static void challenges_blind_resets_and_syns(void)
{
	establish_open(&(struct world_params){.seed = 4});
	struct tcp_conn *server = conn_of(&world.apps[1]);
	struct tcp_cold *cold = tcp_conn_cold(world.hosts[1].tcp, server);
	uint64_t challenges = world.hosts[1].counters.challenge_acks;

	world_inject(&world, 1, &cold->key, server->rcv_nxt + 100, 0, TCP_RST, 0);
	run_ms(5);
	CU_ASSERT_EQUAL(world.hosts[1].counters.challenge_acks, challenges + 1);
	world_inject(&world, 1, &cold->key, server->rcv_nxt + 1, 0, TCP_SYN, 0);
	run_ms(5);
	CU_ASSERT_EQUAL(world.hosts[1].counters.challenge_acks, challenges + 2);
	struct tcp_header ahead = {.seq = server->rcv_nxt,
				   .ack = server->snd_max + 1,
				   .flags = TCP_ACK,
				   .wscale = TCP_NO_WSCALE,
				   .has_timestamp = true,
				   .ts_val = server->ts_recent};

	world_inject_segment(&world, 1, &cold->key, &ahead, NULL, 0);
	run_ms(5);
	CU_ASSERT_EQUAL(world.hosts[1].counters.challenge_acks, challenges + 3);
	world_inject(&world, 1, &cold->key, server->rcv_edge + 1, 0, TCP_RST, 0);
	run_ms(5);
	CU_ASSERT_EQUAL(world.hosts[1].drops.count[DROP_TCP_OUT_OF_WINDOW], 1);
	CU_ASSERT(!(world.apps[1].events & STREAM_RESET));
	world_inject(&world, 1, &cold->key, server->rcv_nxt, 0, TCP_RST, 0);
	run_ms(5);
	CU_ASSERT(world.apps[1].events & STREAM_RESET);
	CU_ASSERT_EQUAL(world.apps[1].last.failure, STREAM_FAILURE_PEER_RESET);
	world_stop(&world);
}

/* RFC 2525 2.17 */
static void release_with_unread_data_resets(void)
{
	establish_open(&(struct world_params){.seed = 5});
	struct app *client = &world.apps[0];
	struct app *server = &world.apps[1];

	server->hold = true;
	client->to_send = 2000;
	app_pump(client);
	run_ms(10);
	CU_ASSERT(server->stream->rx.bytes > 0);
	app_release(server);
	run_ms(10);
	CU_ASSERT(client->events & STREAM_RESET);
	CU_ASSERT_EQUAL(client->last.failure, STREAM_FAILURE_PEER_RESET);
	world_stop(&world);
}

static void release_delivers_what_was_written(void)
{
	establish_open(&(struct world_params){.seed = 6});
	struct app *client = &world.apps[0];
	struct app *server = &world.apps[1];

	client->to_send = 50000;
	app_pump(client);
	app_release(client);
	run_ms(1000);
	CU_ASSERT_EQUAL(server->received, 50000);
	CU_ASSERT(server->events & STREAM_ENDED);
	world_stop(&world);
}

static void local_reset_reaches_the_peer(void)
{
	establish_open(&(struct world_params){.seed = 7});
	stream_reset(world.apps[0].stream, world.now_ns);
	run_ms(10);
	CU_ASSERT(!(world.apps[0].events & STREAM_RESET));
	CU_ASSERT(world.apps[1].events & STREAM_RESET);
	world_stop(&world);
}

static void gives_up_after_r2(void)
{
	establish_open(&(struct world_params){.seed = 8});
	world.cut = true;
	world.apps[0].to_send = 100;
	app_pump(&world.apps[0]);
	run_ms(90000);
	CU_ASSERT(!(world.apps[0].events & STREAM_RESET));
	run_ms(400000);
	CU_ASSERT(world.apps[0].events & STREAM_RESET);
	CU_ASSERT_EQUAL(world.apps[0].last.failure, STREAM_FAILURE_TIMEOUT);
	CU_ASSERT_EQUAL(world.hosts[0].counters.retransmission_timeouts, TCP_RETRIES_MAX);
	world_stop(&world);
}

static void delays_the_ack_of_one_segment(void)
{
	establish_open(&(struct world_params){.seed = 9});
	run_ms(100);
	uint64_t before = world.hosts[1].counters.segments_out;

	world.apps[0].to_send += 500;
	app_pump(&world.apps[0]);
	run_ms(30);
	CU_ASSERT_EQUAL(world.hosts[1].counters.segments_out, before);
	run_ms(30);
	CU_ASSERT_EQUAL(world.hosts[1].counters.segments_out, before + 1);
	CU_ASSERT(world.hosts[1].counters.delayed_acks > 0);
	world_stop(&world);
}

/* The server has nothing to send and closes first, so TIME-WAIT is there. */
static void open_and_close(uint16_t port)
{
	struct app *client = world_open(&world, 0, 10, port);

	client->keep_open = true;
	run_ms(1000);
	client->keep_open = false;
	app_pump(client);
	run_ms(1000);
	app_release(client);
}

/* RFC 6191: the same 4-tuple again while it is in TIME-WAIT. */
static void reuses_time_wait_and_bounds_it(void)
{
	world_start(&world, &(struct world_params){.seed = 10, .timewait_max = 2});
	for (unsigned i = 0; i < 3; i++)
		open_and_close(7777);
	CU_ASSERT_EQUAL(world.hosts[1].counters.timewait, 1);
	CU_ASSERT_EQUAL(world.hosts[1].counters.timewait_reused, 2);
	CU_ASSERT_EQUAL(world.app_count, 6);
	for (unsigned i = 0; i < 4; i++)
		open_and_close(0);
	CU_ASSERT_EQUAL(world.hosts[1].counters.timewait, 2);
	CU_ASSERT_EQUAL(world.hosts[1].counters.timewait_evicted, 3);
	world_stop(&world);
}

static void backlog_and_refused_accept(void)
{
	world_start(&world, &(struct world_params){.seed = 11});
	world.hosts[1].refuse_accept = true;
	struct app *client = world_open(&world, 0, 10, 0);

	run_ms(100);
	CU_ASSERT(client->events & STREAM_RESET);
	world.hosts[1].listener->params.backlog = 0;
	world_open(&world, 0, 10, 0);
	run_ms(100);
	CU_ASSERT_EQUAL(world.hosts[1].drops.count[DROP_TCP_BACKLOG_FULL], 1);
	world_stop(&world);
}

static void unreachable_ends_an_open_and_mtu_shrinks_segments(void)
{
	world_start(&world, &(struct world_params){.seed = 12});
	world.cut = true;
	struct app *client = world_open(&world, 0, 20000, 0);

	run_ms(1);
	struct tcp_conn *conn = conn_of(client);
	struct tcp_cold *cold = tcp_conn_cold(world.hosts[0].tcp, conn);
	struct flow_key key = cold->key;

	tcp_path_error(world.hosts[0].tcp, &key, conn->snd_max + 5, 0, world.now_ns);
	run_ms(1);
	CU_ASSERT(!(client->events & STREAM_RESET));
	tcp_path_error(world.hosts[0].tcp, &key, conn->snd_una, 0, world.now_ns);
	run_ms(1);
	CU_ASSERT(client->events & STREAM_RESET);
	CU_ASSERT_EQUAL(client->last.failure, STREAM_FAILURE_REFUSED);
	world.cut = false;
	client = world_open(&world, 0, 20000, 0);
	client->keep_open = true;
	world_run(&world, world.now_ns + 250 * NS_PER_US);
	conn = conn_of(client);
	cold = tcp_conn_cold(world.hosts[0].tcp, conn);
	CU_ASSERT_EQUAL(conn->mss_bytes, 1448);
	key = cold->key;
	CU_ASSERT(conn->snd_max != conn->snd_una);
	tcp_path_error(world.hosts[0].tcp, &key, conn->snd_una, 1000, world.now_ns);
	CU_ASSERT_EQUAL(conn->mss_bytes, 1000 - 40 - 12);
	run_ms(1000);
	CU_ASSERT_EQUAL(world.apps[world.app_count - 1].received, 20000);
	world_stop(&world);
}

UNIT_TESTS(UNIT_TEST(walks_the_usual_close), UNIT_TEST(both_close_at_once_and_one_is_late),
	   UNIT_TEST(opens_from_both_sides_at_once),
	   UNIT_TEST(sequence_numbers_wrap), UNIT_TEST(challenges_blind_resets_and_syns),
	   UNIT_TEST(release_with_unread_data_resets), UNIT_TEST(release_delivers_what_was_written),
	   UNIT_TEST(local_reset_reaches_the_peer), UNIT_TEST(gives_up_after_r2),
	   UNIT_TEST(delays_the_ack_of_one_segment), UNIT_TEST(reuses_time_wait_and_bounds_it),
	   UNIT_TEST(backlog_and_refused_accept),
	   UNIT_TEST(unreachable_ends_an_open_and_mtu_shrinks_segments))
