#include "stack/tcp/tcp_output.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_cc.h"
#include "stack/tcp/tcp_segment.h"
#include "stack/tcp/tcp_timer.h"
#include "stack/tcp/tcp_trace.h"

enum turn {
	TURN_IDLE,   /* nothing more to send now */
	TURN_SENT,   /* sent one segment, may have more */
	TURN_FAILED, /* no mbuf */
};

bool tcp_output_fin_due(const struct tcp_conn *conn)
{
	return conn->state == TCP_FIN_WAIT_1 || conn->state == TCP_CLOSING ||
	       conn->state == TCP_LAST_ACK;
}

static void sent(struct tcp *tcp, struct tcp_conn *conn, uint32_t seq, uint32_t bytes,
		 uint32_t seq_bytes, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t end = seq + seq_bytes;

	if (seq_lt(seq, conn->snd_max)) {
		counter_inc(&tcp->params.counters->retransmitted_segments);
		conn->flags &= ~TCP_F_RTT_RUNNING;
		TCP_TRACE(tcp, conn, SENT_AGAIN, .n = {seq, bytes});
	} else {
		counter_add(&tcp->params.counters->bytes_out, bytes);
		cold->tx_bytes += bytes;
		if (bytes > 0)
			cold->sent_ms = tcp_now_ms(now_ns);
		if (!(conn->flags & TCP_F_RTT_RUNNING)) {
			conn->flags |= TCP_F_RTT_RUNNING;
			cold->rtt_seq = seq;
			cold->rtt_sent_ns = now_ns;
		}
	}
	conn->snd_nxt = seq_max(conn->snd_nxt, end);
	conn->snd_max = seq_max(conn->snd_max, end);
	/* RFC 6298 5.1 */
	if (conn->rtx_deadline_ns == 0 || (conn->flags & TCP_F_PERSIST))
		tcp_timer_start_rtx(tcp, conn, now_ns);
}

static enum turn send_syn(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint8_t flags = conn->state == TCP_SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK;

	if (conn->snd_nxt != cold->iss || (PLANTED(SYN_NOT_REPEATED) && conn->unanswered))
		return TURN_IDLE;
	if (!tcp_segment_send(tcp, conn, cold->iss, flags, 0, now_ns))
		return TURN_FAILED;
	sent(tcp, conn, cold->iss, 0, 1, now_ns);
	return TURN_SENT;
}

/* The first unacknowledged segment once more. */
static enum turn send_again(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	uint32_t limit = tcp_segment_payload_max(tcp, conn);
	uint32_t bytes = conn->tx.bytes < limit ? conn->tx.bytes : limit;
	bool fin;

	if (bytes > conn->snd_max - conn->snd_una)
		bytes = conn->snd_max - conn->snd_una;
	fin = tcp_output_fin_due(conn) && bytes == conn->tx.bytes &&
	      conn->snd_max == conn->snd_una + conn->tx.bytes + 1;
	if (bytes > 0 || fin) {
		uint8_t flags = TCP_ACK | (fin ? TCP_FIN : 0);

		if (!tcp_segment_send(tcp, conn, conn->snd_una, flags, bytes, now_ns))
			return TURN_FAILED;
		sent(tcp, conn, conn->snd_una, bytes, bytes + fin, now_ns);
		tcp_timer_start_rtx(tcp, conn, now_ns);
	}
	conn->flags &= ~TCP_F_RTX_NOW;
	return TURN_SENT;
}

/* RFC 9293 3.8.6.1: one byte beyond a closed window, or all that a silly window takes.  SND.NXT
 * stays, so that the byte is sent again when the window opens. */
static enum turn send_probe(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	uint32_t limit = tcp_segment_payload_max(tcp, conn);
	uint32_t bytes = conn->snd_wnd > 1 ? conn->snd_wnd : 1;

	if (bytes > limit)
		bytes = limit;
	if (bytes > conn->tx.bytes)
		bytes = conn->tx.bytes;
	bool fin = tcp_output_fin_due(conn) && bytes == conn->tx.bytes;
	uint8_t flags = TCP_ACK | (fin ? TCP_FIN : 0);

	conn->flags &= ~TCP_F_PROBE_NOW;
	if ((bytes == 0 && !fin) || PLANTED(WINDOW_PROBE_LOST))
		return TURN_SENT;
	if (!tcp_segment_send(tcp, conn, conn->snd_una, flags, bytes, now_ns))
		return TURN_FAILED;
	counter_inc(&tcp->params.counters->zero_window_probes);
	TCP_TRACE(tcp, conn, PROBE, .n = {0});
	conn->snd_max = seq_max(conn->snd_max, conn->snd_una + bytes + fin);
	return TURN_SENT;
}

/* RFC 5681 4.1: what was learnt of the path has aged when nothing left for an RTO. */
static void restart_after_idle(struct tcp_conn *conn, const struct tcp_cold *cold, uint64_t now_ns)
{
	if (conn->snd_max != conn->snd_una)
		return;
	if ((uint64_t)(tcp_now_ms(now_ns) - cold->sent_ms) * 1000 > conn->rto_us)
		cold->cc->restart(conn);
}

/* What may be sent beyond SND.NXT: by peer window, congestion window and silly window avoidance
 * (RFC 9293 3.8.6.2.1; Nagle is off). */
static enum turn send_new(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t offset = conn->snd_nxt - conn->snd_una;
	uint32_t unsent = conn->tx.bytes > offset ? conn->tx.bytes - offset : 0;
	uint32_t limit = tcp_segment_payload_max(tcp, conn);
	bool fin = tcp_output_fin_due(conn) && offset <= conn->tx.bytes;

	if (unsent == 0 && !fin)
		return TURN_IDLE;
	restart_after_idle(conn, cold, now_ns);
	uint32_t window = conn->cwnd;

	/* RFC 3042 */
	if (!(conn->flags & TCP_F_RECOVERY))
		window += (conn->dup_acks < 2 ? conn->dup_acks : 2) * conn->mss_bytes;
	if (window > conn->snd_wnd)
		window = conn->snd_wnd << PLANTED(WINDOW_DOUBLED);
	uint32_t usable = window > offset ? window - offset : 0;
	uint32_t bytes = unsent < usable ? unsent : usable;

	if (bytes > limit)
		bytes = limit;
	fin = fin && !PLANTED(FIN_LOST) && bytes == unsent && conn->snd_wnd > offset + bytes;
	bool worthwhile = bytes > 0 && (bytes == limit || bytes == unsent ||
					bytes >= cold->snd_wnd_max / 2);

	if (!worthwhile && !fin) {
		/* Nothing in flight whose acknowledgement would wake us: probe the window. */
		if (conn->snd_nxt == conn->snd_una)
			tcp_timer_start_persist(tcp, conn, now_ns);
		return TURN_IDLE;
	}
	uint8_t flags = TCP_ACK | (bytes == unsent && bytes ? TCP_PSH : 0) | (fin ? TCP_FIN : 0);

	if (!tcp_segment_send(tcp, conn, conn->snd_nxt, flags, bytes, now_ns))
		return TURN_FAILED;
	sent(tcp, conn, conn->snd_nxt, bytes, bytes + fin, now_ns);
	return TURN_SENT;
}

/* The sequence number of a segment that only acknowledges: not SND.NXT where that has gone back to
 * send something again, because the peer looks at no ACK below its RCV.NXT (RFC 9293 3.10.7.4); but
 * not beyond the window either, where a probe may have put SND.MAX. */
static uint32_t ack_seq(const struct tcp_conn *conn)
{
	return seq_leq(conn->snd_max, conn->snd_una + conn->snd_wnd) ? conn->snd_max : conn->snd_nxt;
}

/* The ACK decision: taken once all data that carries one has gone. */
static enum turn send_acks(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	if (conn->acks_owed == 0 && !(conn->flags & TCP_F_ACK_NOW))
		return TURN_IDLE;
	if (!tcp_segment_send(tcp, conn, ack_seq(conn), TCP_ACK, 0, now_ns))
		return TURN_FAILED;
	if (conn->acks_owed > 0)
		conn->acks_owed--;
	return TURN_SENT;
}

static enum turn send_one(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	if (conn->state == TCP_SYN_SENT || conn->state == TCP_SYN_RECEIVED) {
		enum turn turn = send_syn(tcp, conn, now_ns);

		if (turn != TURN_IDLE || conn->state == TCP_SYN_SENT)
			return turn;
		return send_acks(tcp, conn, now_ns);
	}
	if (conn->flags & TCP_F_RTX_NOW)
		return send_again(tcp, conn, now_ns);
	if (conn->flags & TCP_F_PROBE_NOW)
		return send_probe(tcp, conn, now_ns);
	/* Duplicate ACKs go first: data would make them something else. */
	if (conn->acks_owed > 0)
		return send_acks(tcp, conn, now_ns);
	enum turn turn = send_new(tcp, conn, now_ns);

	return turn == TURN_IDLE ? send_acks(tcp, conn, now_ns) : turn;
}

uint32_t tcp_output(struct tcp *tcp, uint32_t max_packets, uint64_t now_ns)
{
	uint32_t packets = 0;
	uint64_t before = tcp->params.counters->segments_out;

	while (tcp->output.head != TCP_NO_CONN && packets < max_packets) {
		struct tcp_conn *conn = tcp_conn_at(tcp, tcp->output.head);
		enum turn turn = TURN_SENT;
		unsigned burst = 0;

		tcp_list_remove(tcp, &tcp->output, conn);
		while (turn == TURN_SENT && burst < TCP_OUTPUT_BURST && packets < max_packets) {
			turn = send_one(tcp, conn, now_ns);
			burst++;
			packets = (uint32_t)(tcp->params.counters->segments_out - before);
		}
		if (turn != TURN_IDLE && conn->state != TCP_CLOSED)
			tcp_conn_want_output(tcp, conn);
		if (turn == TURN_FAILED)
			break;
	}
	return packets;
}
