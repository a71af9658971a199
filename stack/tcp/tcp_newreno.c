#include "stack/tcp/tcp_cc.h"

#define CWND_MAX_BYTES (UINT32_C(1) << 30)

/* RFC 6928 2: min(10 MSS, max(2 MSS, 14600)). */
static uint32_t initial_window(const struct tcp_conn *conn)
{
	uint32_t mss = conn->mss_bytes;
	uint32_t floor = 2 * mss > 14600 ? 2 * mss : 14600;

	return 10 * mss < floor ? 10 * mss : floor;
}

static void newreno_start(struct tcp_conn *conn, struct tcp_cold *cold)
{
	/* After a lost SYN one segment (RFC 5681 3.1). */
	conn->cwnd = conn->backoff > 0 ? conn->mss_bytes : initial_window(conn);
	conn->ssthresh = CWND_MAX_BYTES;
	cold->acked_bytes = 0;
}

/* RFC 5681 4.1: RW = min(IW, cwnd). */
static void newreno_restart(struct tcp_conn *conn)
{
	uint32_t window = initial_window(conn);

	if (conn->cwnd > window)
		conn->cwnd = window;
}

static void newreno_acked(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t bytes)
{
	uint32_t mss = conn->mss_bytes;
	uint32_t flight_before = conn->snd_max - conn->snd_una + bytes;

	/* A window that is not used says nothing about the path (RFC 7661 4.1). */
	if (flight_before < conn->cwnd / 2)
		return;
	if (conn->cwnd < conn->ssthresh) {
		/* RFC 5681 3.1 (2): slow start, at most one segment for an ACK; ABC's L = 2 (RFC 3465)
		 * because ours and most peers acknowledge every second segment. */
		conn->cwnd += bytes < 2 * mss ? bytes : 2 * mss;
	} else {
		cold->acked_bytes += bytes;
		if (cold->acked_bytes >= conn->cwnd) {
			cold->acked_bytes -= conn->cwnd;
			conn->cwnd += mss;
		}
	}
	if (conn->cwnd > CWND_MAX_BYTES)
		conn->cwnd = CWND_MAX_BYTES;
}

static void newreno_lost(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t flight_bytes)
{
	uint32_t mss = conn->mss_bytes;

	/* RFC 5681 (4). */
	conn->ssthresh = flight_bytes / 2 > 2 * mss ? flight_bytes / 2 : 2 * mss;
	cold->acked_bytes = 0;
}

const struct tcp_cc_ops tcp_newreno = {
	.name = "newreno",
	.start = newreno_start,
	.restart = newreno_restart,
	.acked = newreno_acked,
	.lost = newreno_lost,
};
