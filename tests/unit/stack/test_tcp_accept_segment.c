/* Which segments a synchronised connection takes, and how often it answers those that it does not. */
#include "stack/tcp/tcp_accept_segment.h"
#include "stack/tcp/tcp_reset.h"
#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

static struct world world;
static struct tcp_conn *server;
static struct tcp_cold *cold;

static void run_ms(uint64_t ms)
{
	world_run(&world, world.now_ns + ms * NS_PER_MS);
}

static uint64_t dropped(enum drop_reason reason)
{
	return world.hosts[1].drops.count[reason];
}

/* apps[0] is the client, apps[1] the server; the client has sent one byte. */
static void establish(void)
{
	world_start(&world, &(struct world_params){.seed = 5, .start_ns = 10 * NS_PER_SECOND});
	world.accepted_keep_open = true;
	world_open(&world, 0, 1, 0)->keep_open = true;
	run_ms(100);
	CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
	cold = container_of_member(world.apps[1].stream, struct tcp_cold, stream);
	server = tcp_conn_of(cold);
	CU_ASSERT_FATAL(server->flags & TCP_F_TIMESTAMPS);
}

/* A segment from the client that would be acceptable. */
static struct tcp_header good(void)
{
	return (struct tcp_header){.seq = server->rcv_nxt,
				   .ack = server->snd_max,
				   .flags = TCP_ACK,
				   .window = 1000,
				   .wscale = TCP_NO_WSCALE,
				   .has_timestamp = true,
				   .ts_val = server->ts_recent};
}

static void give(const struct tcp_header *header, const char *payload, uint32_t bytes)
{
	world_inject_segment(&world, 1, &cold->key, header, payload, bytes);
	run_ms(1);
}

/* RFC 7323 3.2 */
static void drops_segments_without_their_timestamp_silently(void)
{
	establish();
	struct tcp_header header = good();
	uint64_t sent = world.hosts[1].counters.segments_out;

	header.has_timestamp = false;
	give(&header, "\x1f", 1);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_NO_TIMESTAMP), 1);
	header.flags |= TCP_FIN;
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_NO_TIMESTAMP), 2);
	run_ms(1000);
	CU_ASSERT_EQUAL(world.hosts[1].counters.segments_out, sent);
	CU_ASSERT_EQUAL(world.apps[1].received, 1);
	/* A SYN is challenged, a RST obeyed. */
	header.flags = TCP_SYN;
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(world.hosts[1].counters.challenge_acks, 1);
	header.flags = TCP_RST;
	give(&header, NULL, 0);
	CU_ASSERT(world.apps[1].events & STREAM_RESET);
	world_stop(&world);
}

/* RFC 7323 5.3 */
static void paws_refuses_what_is_older(void)
{
	establish();
	struct tcp_header header = good();
	uint64_t sent = world.hosts[1].counters.segments_out;

	header.ts_val = server->ts_recent - 1;
	give(&header, "\x1f", 1);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_PAWS), 1);
	CU_ASSERT_EQUAL(world.hosts[1].counters.segments_out, sent + 1);
	CU_ASSERT_EQUAL(world.apps[1].received, 1);
	header.ts_val = server->ts_recent - UINT32_C(0x7fffffff);
	give(&header, "\x1f", 1);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_PAWS), 2);
	/* A RST is not tested. */
	header.flags = TCP_RST;
	give(&header, NULL, 0);
	CU_ASSERT(world.apps[1].events & STREAM_RESET);
	world_stop(&world);
}

/* RFC 7323 4.3: only a segment that spans Last.ACK.sent moves TS.Recent; equal and wrapped ones pass. */
static void paws_keeps_the_right_timestamp(void)
{
	establish();
	struct tcp_header header = good();
	uint32_t recent = server->ts_recent;

	header.seq += 5;
	header.ts_val = recent + 10;
	give(&header, "x", 1);
	CU_ASSERT_EQUAL(server->ts_recent, recent);
	header = good();
	give(&header, NULL, 0);
	header.ts_val = recent + UINT32_C(0x7fffffff);
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(server->ts_recent, recent + UINT32_C(0x7fffffff));
	header.ts_val += UINT32_C(0x7fffffff);
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(server->ts_recent, header.ts_val);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_PAWS), 0);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_OUT_OF_WINDOW), 0);
	world_stop(&world);
}

/* RFC 7323 5.5 */
static void paws_forgets_after_24_days(void)
{
	establish();
	struct tcp_header header = good();
	uint64_t days_ns = 24 * 24 * UINT64_C(3600) * NS_PER_SECOND;

	world_run(&world, (uint64_t)server->ts_recent_ms * NS_PER_MS + days_ns - 2 * NS_PER_MS);
	header.ts_val = server->ts_recent - 7;
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_PAWS), 1);
	run_ms(10);
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_PAWS), 1);
	CU_ASSERT_EQUAL(server->ts_recent, header.ts_val);
	header.ts_val--;
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_PAWS), 2);
	world_stop(&world);
}

/* RFC 5961 7 */
static void answers_a_burst_then_ten_a_second(void)
{
	establish();
	struct tcp_header old = good();
	uint64_t sent = world.hosts[1].counters.segments_out;

	old.seq -= 100;
	old.ack = server->snd_una;
	for (unsigned i = 0; i < 50; i++) {
		world_inject_segment(&world, 1, &cold->key, &old, NULL, 0);
		world_run(&world, world.now_ns + 150 * NS_PER_US);
	}
	CU_ASSERT_EQUAL(dropped(DROP_TCP_OUT_OF_WINDOW), 50);
	CU_ASSERT_EQUAL(world.hosts[1].counters.segments_out, sent + TCP_ANSWERS_BURST);
	CU_ASSERT_EQUAL(world.hosts[1].counters.acks_withheld, 50 - TCP_ANSWERS_BURST);
	/* 30 s at 100 a second: an honest peer that asks later is answered. */
	for (unsigned i = 0; i < 3000; i++) {
		world_inject_segment(&world, 1, &cold->key, &old, NULL, 0);
		run_ms(10);
	}
	uint64_t answers = world.hosts[1].counters.segments_out - sent;

	CU_ASSERT(answers >= 300 && answers <= 320);
	/* Challenges come out of the same bucket. */
	struct tcp_header syn = good();

	syn.flags = TCP_SYN;
	give(&syn, NULL, 0);
	CU_ASSERT(world.hosts[1].counters.challenge_acks <= 1);
	run_ms(2000);
	sent = world.hosts[1].counters.segments_out;
	for (unsigned i = 0; i < 50; i++)
		give(&syn, NULL, 0);
	CU_ASSERT_EQUAL(world.hosts[1].counters.segments_out, sent + TCP_ANSWERS_BURST);
	CU_ASSERT(world.hosts[1].counters.challenge_acks <= TCP_ANSWERS_BURST + 1);
	world_stop(&world);
}

/* Two ends that each think the other one wrong do not talk for ever. */
static void an_ack_loop_dies_down(void)
{
	establish();
	struct tcp_conn *client =
		tcp_conn_of(container_of_member(world.apps[0].stream, struct tcp_cold, stream));

	server->snd_una = server->snd_nxt = server->snd_max = server->snd_max + 100000;
	client->snd_una = client->snd_nxt = client->snd_max = client->snd_max + 100000;
	struct tcp_header header = good();

	header.seq -= 1;
	give(&header, NULL, 0);
	uint64_t sent = world.hosts[1].counters.segments_out;

	run_ms(10000);
	CU_ASSERT(world.hosts[1].counters.segments_out - sent <= 110);
	world_stop(&world);
}

static struct tcp_conn *client_of_it(void)
{
	return tcp_conn_of(container_of_member(world.apps[0].stream, struct tcp_cold, stream));
}

/* The data of both arrives, the acknowledgements of both are lost, and both go back to send it
 * again. */
static void two_ends_that_went_back_hear_each_other(void)
{
	establish();
	struct tcp_conn *client = client_of_it();

	for (int i = 0; i < 2; i++) {
		world.apps[i].to_send += 6000;
		app_pump(&world.apps[i]);
	}
	world_run(&world, world.now_ns);
	world.cut = true;
	run_ms(5000);
	CU_ASSERT(client->snd_una != client->snd_max && server->snd_una != server->snd_max);
	CU_ASSERT_EQUAL(client->rcv_nxt, server->snd_max);
	CU_ASSERT_EQUAL(server->rcv_nxt, client->snd_max);
	world.cut = false;
	run_ms(10000);
	CU_ASSERT_EQUAL(client->snd_una, client->snd_max);
	CU_ASSERT_EQUAL(server->snd_una, server->snd_max);
	world_stop(&world);
}

/* RFC 9293 3.10.7.4 would drop it; what it acknowledges has been received all the same. */
static void an_ack_below_the_window_is_taken_when_it_is_news(void)
{
	establish();
	world.cut = true;
	world.apps[1].to_send += 3000;
	app_pump(&world.apps[1]);
	run_ms(10);
	world.cut = false;
	struct tcp_header header = good();

	CU_ASSERT_EQUAL_FATAL(server->snd_max - server->snd_una, 3000);
	header.seq -= 1;
	header.ack = server->snd_max - 1000;
	give(&header, "\x1f", 1);
	CU_ASSERT_EQUAL(server->snd_max - server->snd_una, 1000);
	CU_ASSERT_EQUAL(world.apps[1].received, 1);
	/* What was never sent is still refused, and what is no news counts as no duplicate. */
	header.ack = server->snd_max + 1;
	give(&header, NULL, 0);
	header.ack = server->snd_una;
	for (int i = 0; i < 4; i++)
		give(&header, NULL, 0);
	CU_ASSERT_EQUAL(server->snd_max - server->snd_una, 1000);
	CU_ASSERT_EQUAL(server->dup_acks, 0);
	CU_ASSERT_EQUAL(dropped(DROP_TCP_BAD_ACK), 1);
	header = good();
	give(&header, NULL, 0);
	CU_ASSERT_EQUAL(server->snd_una, server->snd_max);
	world_stop(&world);
}

UNIT_TESTS(UNIT_TEST(drops_segments_without_their_timestamp_silently),
	   UNIT_TEST(paws_refuses_what_is_older), UNIT_TEST(paws_keeps_the_right_timestamp),
	   UNIT_TEST(paws_forgets_after_24_days), UNIT_TEST(answers_a_burst_then_ten_a_second),
	   UNIT_TEST(an_ack_loop_dies_down),
	   UNIT_TEST(two_ends_that_went_back_hear_each_other),
	   UNIT_TEST(an_ack_below_the_window_is_taken_when_it_is_news))
