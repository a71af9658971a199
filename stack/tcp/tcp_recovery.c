#include "stack/tcp/tcp_recovery.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_cc.h"
#include "stack/tcp/tcp_trace.h"

#define DUPLICATES_FOR_LOSS 3

void tcp_recovery_duplicate(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t mss = conn->mss_bytes;

	counter_inc(&tcp->params.counters->duplicate_acks_in);
	if (conn->flags & TCP_F_RECOVERY) {
		/* RFC 6582 3.2 (4): inflate, so that new segments replace what has left. */
		conn->cwnd += mss;
		tcp_conn_want_output(tcp, conn);
		return;
	}
	if (conn->dup_acks < UINT8_MAX)
		conn->dup_acks++;
	/* Limited transmit (RFC 3042) lets the first two send one new segment each. */
	tcp_conn_want_output(tcp, conn);
	if (conn->dup_acks != DUPLICATES_FOR_LOSS)
		return;
	/* RFC 6582 3.2 (2): duplicates of what a timeout has sent again mean nothing. */
	if ((conn->flags & TCP_F_AFTER_RTO) && seq_leq(conn->snd_una, cold->recover))
		return;
	cold->cc->lost(conn, cold, conn->snd_max - conn->snd_una);
	conn->cwnd = conn->ssthresh + DUPLICATES_FOR_LOSS * mss;
	cold->recover = conn->snd_max;
	conn->flags |= TCP_F_RECOVERY | TCP_F_RTX_NOW;
	counter_inc(&tcp->params.counters->fast_retransmits);
	TCP_TRACE(tcp, conn, LOSS, .n = {conn->snd_una, conn->cwnd});
}

void tcp_recovery_acked(struct tcp *tcp, struct tcp_conn *conn, uint32_t bytes)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t mss = conn->mss_bytes;

	conn->dup_acks = 0;
	if ((conn->flags & TCP_F_AFTER_RTO) && seq_gt(conn->snd_una, cold->recover))
		conn->flags &= ~TCP_F_AFTER_RTO;
	if (!(conn->flags & TCP_F_RECOVERY)) {
		cold->cc->acked(conn, cold, bytes);
		return;
	}
	if (seq_geq(conn->snd_una, cold->recover)) {
		/* RFC 6582 3.2 (3): full acknowledgement. */
		uint32_t flight = conn->snd_max - conn->snd_una;
		uint32_t cautious = (flight > mss ? flight : mss) + mss;

		conn->cwnd = cautious < conn->ssthresh ? cautious : conn->ssthresh;
		conn->flags &= ~TCP_F_RECOVERY;
		return;
	}
	/* Partial acknowledgement: the next hole is at SND.UNA now. */
	conn->cwnd = conn->cwnd > bytes + mss ? conn->cwnd - bytes : mss;
	if (bytes >= mss)
		conn->cwnd += mss;
	conn->flags |= TCP_F_RTX_NOW;
	tcp_conn_want_output(tcp, conn);
}

void tcp_recovery_timeout(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	/* RFC 5681 3.1: ssthresh is set for the first timeout of a segment only. */
	if (conn->backoff == 0)
		cold->cc->lost(conn, cold, conn->snd_max - conn->snd_una);
	conn->cwnd = conn->mss_bytes;
	cold->recover = conn->snd_max;
	conn->flags &= ~(TCP_F_RECOVERY | TCP_F_RTX_NOW);
	conn->flags |= TCP_F_AFTER_RTO;
	conn->dup_acks = 0;
	if (!PLANTED(RETRANSMISSION_SKIPPED))
		conn->snd_nxt = conn->snd_una;
	cold->cursor = NULL;
}
