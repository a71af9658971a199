/* The numbers of RFC 6298 (RTO), RFC 6928, RFC 5681 and RFC 6582 (windows). */
#include "stack/tcp/tcp_cc.h"
#include "stack/tcp/tcp_recovery.h"
#include "stack/tcp/tcp_rto.h"
#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

#define MS UINT32_C(1000) /* in microseconds */

static struct world world;

static void run_ms(uint64_t ms)
{
	world_run(&world, world.now_ns + ms * NS_PER_MS);
}

/* RFC 6298 2.2, 2.3 with alpha 1/8, beta 1/4, K 4 */
static void rto_follows_the_samples(void)
{
	struct tcp_conn conn = {0};
	struct tcp_cold cold = {0};

	tcp_rto_sample(&conn, &cold, 800 * MS);
	CU_ASSERT_EQUAL(cold.srtt_us, 800 * MS);
	CU_ASSERT_EQUAL(cold.rttvar_us, 400 * MS);
	CU_ASSERT_EQUAL(conn.rto_us, 2400 * MS);
	tcp_rto_sample(&conn, &cold, 1200 * MS);
	CU_ASSERT_EQUAL(cold.rttvar_us, 400 * MS);
	CU_ASSERT_EQUAL(cold.srtt_us, 850 * MS);
	CU_ASSERT_EQUAL(conn.rto_us, 2450 * MS);
	tcp_rto_sample(&conn, &cold, 450 * MS);
	CU_ASSERT_EQUAL(cold.rttvar_us, 400 * MS);
	CU_ASSERT_EQUAL(cold.srtt_us, 800 * MS);
	/* What does not vary leaves SRTT and the granularity of the clock. */
	for (unsigned i = 0; i < 400; i++)
		tcp_rto_sample(&conn, &cold, 800 * MS);
	CU_ASSERT_EQUAL(cold.srtt_us, 800 * MS);
	CU_ASSERT_EQUAL(conn.rto_us, 801 * MS);
}

static void rto_has_bounds_and_backs_off(void)
{
	struct tcp_conn conn = {0};
	struct tcp_cold cold = {0};

	tcp_rto_sample(&conn, &cold, 0);
	CU_ASSERT_EQUAL(cold.srtt_us, 1);
	CU_ASSERT_EQUAL(conn.rto_us, TCP_RTO_MIN_US);
	for (conn.backoff = 0; conn.backoff < 12; conn.backoff++) {
		uint64_t want_us = (uint64_t)TCP_RTO_MIN_US << conn.backoff;

		CU_ASSERT_EQUAL(tcp_rto_ns(&conn) / 1000, want_us < 60000000 ? want_us : 60000000);
	}
	cold.srtt_us = 0;
	tcp_rto_sample(&conn, &cold, UINT64_C(500000) * MS);
	CU_ASSERT_EQUAL(conn.rto_us, TCP_RTO_MAX_US);
}

/* RFC 6298 5.5 on the wire: 1 s, then doubled, five times for a SYN; then it is given up. */
static void a_syn_is_sent_again_after_1_2_4_8_16_seconds(void)
{
	world_start(&world, &(struct world_params){.seed = 1});
	world.cut = true;
	struct app *client = world_open(&world, 0, 1, 0);
	uint64_t at_ms = 0;

	run_ms(1);
	for (unsigned i = 0; i < 5; i++) {
		at_ms += 1000u << i;
		world_run(&world, (at_ms - 2) * NS_PER_MS);
		CU_ASSERT_EQUAL(world.sent, 1 + i);
		world_run(&world, (at_ms + 2) * NS_PER_MS);
		CU_ASSERT_EQUAL(world.sent, 2 + i);
	}
	run_ms(31000);
	CU_ASSERT(!client->released);
	run_ms(1100);
	CU_ASSERT(client->released);
	CU_ASSERT_EQUAL(client->last.failure, STREAM_FAILURE_TIMEOUT);
	world_stop(&world);
}

/* RFC 6928 2 */
static void the_initial_window_is_ten_segments(void)
{
	static const struct {
		uint16_t mss;
		uint32_t window;
	} cases[] = {{536, 5360}, {1220, 12200}, {1448, 14480}, {1460, 14600}, {2000, 14600}, {8948, 17896}};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct tcp_conn conn = {.mss_bytes = cases[i].mss};
		struct tcp_cold cold = {0};

		tcp_newreno.start(&conn, &cold);
		CU_ASSERT_EQUAL(conn.cwnd, cases[i].window);
		CU_ASSERT(conn.ssthresh >= UINT32_C(1) << 30);
		conn.backoff = 1;
		tcp_newreno.start(&conn, &cold);
		CU_ASSERT_EQUAL(conn.cwnd, cases[i].mss);
	}
}

/* RFC 5681 3.1, RFC 3465 */
static void the_window_grows_by_slow_start_then_by_a_segment_a_window(void)
{
	struct tcp_conn conn = {.mss_bytes = 1000};
	struct tcp_cold cold = {0};

	tcp_newreno.start(&conn, &cold);
	conn.snd_max = 20000;
	CU_ASSERT_EQUAL(conn.cwnd, 10000);
	tcp_newreno.acked(&conn, &cold, 1000);
	CU_ASSERT_EQUAL(conn.cwnd, 11000);
	tcp_newreno.acked(&conn, &cold, 2000);
	CU_ASSERT_EQUAL(conn.cwnd, 13000);
	tcp_newreno.acked(&conn, &cold, 10000);
	CU_ASSERT_EQUAL(conn.cwnd, 15000);
	/* Less than half of it was used. */
	conn.snd_max = 1000;
	tcp_newreno.acked(&conn, &cold, 1000);
	CU_ASSERT_EQUAL(conn.cwnd, 15000);
	conn.snd_max = 20000;
	conn.cwnd = conn.ssthresh = 10000;
	for (unsigned i = 0; i < 9; i++)
		tcp_newreno.acked(&conn, &cold, 1000);
	CU_ASSERT_EQUAL(conn.cwnd, 10000);
	tcp_newreno.acked(&conn, &cold, 1000);
	CU_ASSERT_EQUAL(conn.cwnd, 11000);
	for (unsigned i = 0; i < 11; i++)
		tcp_newreno.acked(&conn, &cold, 1000);
	CU_ASSERT_EQUAL(conn.cwnd, 12000);
	/* RFC 5681 (4) */
	tcp_newreno.lost(&conn, &cold, 9000);
	CU_ASSERT_EQUAL(conn.ssthresh, 4500);
	tcp_newreno.lost(&conn, &cold, 3000);
	CU_ASSERT_EQUAL(conn.ssthresh, 2000);
}

/* An established connection that believes it has 20 segments of 1000 bytes in flight. */
static struct tcp_conn *in_flight(struct tcp_cold **cold)
{
	world_start(&world, &(struct world_params){.seed = 2});
	world.accepted_keep_open = true;
	world_open(&world, 0, 0, 0)->keep_open = true;
	run_ms(10);
	*cold = container_of_member(world.apps[0].stream, struct tcp_cold, stream);
	struct tcp_conn *conn = tcp_conn_of(*cold);

	conn->mss_bytes = 1000;
	conn->cwnd = 20000;
	conn->snd_nxt = conn->snd_max = conn->snd_una + 20000;
	return conn;
}

static void stop_in_flight(struct tcp_conn *conn)
{
	conn->snd_nxt = conn->snd_max = conn->snd_una;
	conn->flags &= ~(TCP_F_RTX_NOW | TCP_F_RECOVERY);
	stream_reset(world.apps[0].stream, world.now_ns);
	world_stop(&world);
}

/* RFC 6582 3.2 */
static void fast_recovery_inflates_and_deflates(void)
{
	struct tcp_cold *cold;
	struct tcp_conn *conn = in_flight(&cold);
	struct tcp *tcp = world.hosts[0].tcp;

	tcp_recovery_duplicate(tcp, conn);
	tcp_recovery_duplicate(tcp, conn);
	CU_ASSERT(!(conn->flags & TCP_F_RECOVERY));
	CU_ASSERT_EQUAL(conn->cwnd, 20000);
	tcp_recovery_duplicate(tcp, conn);
	CU_ASSERT(conn->flags & TCP_F_RECOVERY && conn->flags & TCP_F_RTX_NOW);
	CU_ASSERT_EQUAL(conn->ssthresh, 10000);
	CU_ASSERT_EQUAL(conn->cwnd, 13000);
	CU_ASSERT_EQUAL(cold->recover, conn->snd_max);
	tcp_recovery_duplicate(tcp, conn);
	CU_ASSERT_EQUAL(conn->cwnd, 14000);
	CU_ASSERT_EQUAL(world.hosts[0].counters.fast_retransmits, 1);
	/* Partial acknowledgement: deflate by what it covers, add back one segment, send the next hole. */
	conn->flags &= ~TCP_F_RTX_NOW;
	conn->snd_una += 3000;
	tcp_recovery_acked(tcp, conn, 3000);
	CU_ASSERT_EQUAL(conn->cwnd, 12000);
	CU_ASSERT(conn->flags & TCP_F_RECOVERY && conn->flags & TCP_F_RTX_NOW);
	conn->snd_una += 500;
	tcp_recovery_acked(tcp, conn, 500);
	CU_ASSERT_EQUAL(conn->cwnd, 11500);
	/* Full acknowledgement: min(ssthresh, max(FlightSize, SMSS) + SMSS). */
	conn->snd_nxt = conn->snd_max += 4000;
	conn->snd_una = cold->recover;
	tcp_recovery_acked(tcp, conn, 16500);
	CU_ASSERT_EQUAL(conn->cwnd, 5000);
	CU_ASSERT(!(conn->flags & TCP_F_RECOVERY));
	stop_in_flight(conn);
}

/* RFC 5681 3.1, RFC 6582 3.2 (2) and 4.1 */
static void a_timeout_starts_over_and_forbids_fast_retransmit(void)
{
	struct tcp_cold *cold;
	struct tcp_conn *conn = in_flight(&cold);
	struct tcp *tcp = world.hosts[0].tcp;

	tcp_recovery_timeout(tcp, conn);
	CU_ASSERT_EQUAL(conn->ssthresh, 10000);
	CU_ASSERT_EQUAL(conn->cwnd, 1000);
	CU_ASSERT_EQUAL(conn->snd_nxt, conn->snd_una);
	/* The second timeout of the same segment leaves ssthresh alone. */
	conn->backoff = 1;
	tcp_recovery_timeout(tcp, conn);
	CU_ASSERT_EQUAL(conn->ssthresh, 10000);
	for (unsigned i = 0; i < 5; i++)
		tcp_recovery_duplicate(tcp, conn);
	CU_ASSERT(!(conn->flags & TCP_F_RECOVERY));
	CU_ASSERT_EQUAL(world.hosts[0].counters.fast_retransmits, 0);
	conn->snd_max += 9000;
	conn->snd_una = cold->recover + 1;
	tcp_recovery_acked(tcp, conn, 20001);
	for (unsigned i = 0; i < 3; i++)
		tcp_recovery_duplicate(tcp, conn);
	CU_ASSERT(conn->flags & TCP_F_RECOVERY);
	stop_in_flight(conn);
}

/* RFC 5681 4.1 */
static void the_window_restarts_after_an_idle_rto(void)
{
	world_start(&world, &(struct world_params){.seed = 3});
	world.accepted_keep_open = true;
	struct app *client = world_open(&world, 0, 400000, 0);

	client->keep_open = true;
	run_ms(1000);
	struct tcp_conn *conn =
		tcp_conn_of(container_of_member(client->stream, struct tcp_cold, stream));
	uint32_t grown = conn->cwnd;

	CU_ASSERT_EQUAL_FATAL(world.apps[1].received, 400000);
	CU_ASSERT(grown > 3 * 14480);
	client->to_send += 1000;
	app_pump(client);
	world_run(&world, world.now_ns + 50 * NS_PER_US);
	CU_ASSERT_EQUAL(conn->cwnd, 14480);
	/* Less than an RTO of silence changes nothing. */
	conn->cwnd = grown;
	run_ms(100);
	client->to_send += 1000;
	app_pump(client);
	world_run(&world, world.now_ns + 50 * NS_PER_US);
	CU_ASSERT_EQUAL(conn->cwnd, grown);
	/* A window below the initial one is not raised. */
	run_ms(5000);
	conn->cwnd = 2000;
	client->to_send += 1000;
	app_pump(client);
	world_run(&world, world.now_ns + 50 * NS_PER_US);
	CU_ASSERT_EQUAL(conn->cwnd, 2000);
	world_stop(&world);
}

UNIT_TESTS(UNIT_TEST(rto_follows_the_samples), UNIT_TEST(rto_has_bounds_and_backs_off),
	   UNIT_TEST(a_syn_is_sent_again_after_1_2_4_8_16_seconds),
	   UNIT_TEST(the_initial_window_is_ten_segments),
	   UNIT_TEST(the_window_grows_by_slow_start_then_by_a_segment_a_window),
	   UNIT_TEST(fast_recovery_inflates_and_deflates),
	   UNIT_TEST(a_timeout_starts_over_and_forbids_fast_retransmit),
	   UNIT_TEST(the_window_restarts_after_an_idle_rto))
