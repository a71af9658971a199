#include "stack/tcp/tcp_accept_segment.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_reset.h"

void tcp_accept_timestamp(struct tcp_conn *conn, const struct tcp_segment *segment, uint64_t now_ns)
{
	if (!(conn->flags & TCP_F_TIMESTAMPS) || !segment->has_timestamp)
		return;
	/* One that is too old to be compared with is replaced by whatever comes (RFC 7323 5.5). */
	bool is_outdated = tcp_now_ms(now_ns) - conn->ts_recent_ms >= TCP_PAWS_IDLE_MS;

	if (seq_leq(segment->seq, conn->last_ack_sent) &&
	    (is_outdated || seq_geq(segment->ts_val, conn->ts_recent))) {
		conn->ts_recent = segment->ts_val;
		conn->ts_recent_ms = tcp_now_ms(now_ns);
	}
}

/* RFC 7323 5.3 R1 */
static bool is_old_duplicate(const struct tcp_conn *conn, const struct tcp_segment *segment,
			     uint64_t now_ns)
{
	return (conn->flags & TCP_F_TIMESTAMPS) && segment->has_timestamp &&
	       !(segment->flags & TCP_RST) &&
	       seq_lt(segment->ts_val, conn->ts_recent) != PLANTED(PAWS_INVERTED) &&
	       tcp_now_ms(now_ns) - conn->ts_recent_ms < TCP_PAWS_IDLE_MS;
}

/* RFC 7323 3.2: dropped without a word.  A SYN is not: the challenge that RFC 5961 4.2 demands is what
 * frees a peer that has restarted, and knows nothing of our options. */
static bool lacks_timestamp(const struct tcp_conn *conn, const struct tcp_segment *segment)
{
	return (conn->flags & TCP_F_TIMESTAMPS) && !segment->has_timestamp &&
	       !(segment->flags & (TCP_RST | TCP_SYN));
}

/* RFC 9293 3.10.7.4, first: the four cases. */
static bool in_window(const struct tcp_conn *conn, const struct tcp_segment *segment)
{
	uint32_t window = conn->rcv_edge - conn->rcv_nxt;
	uint32_t seq_bytes = tcp_segment_seq_bytes(segment);
	uint32_t last = segment->seq + seq_bytes - 1;

	if (seq_bytes == 0)
		return window == 0 ? segment->seq == conn->rcv_nxt
				   : segment->seq - conn->rcv_nxt < window;
	if (window == 0)
		return false;
	return segment->seq - conn->rcv_nxt < window || last - conn->rcv_nxt < window;
}

/* Cuts what lies outside of the window, SYN and FIN included. */
static void trim(const struct tcp_conn *conn, struct tcp_segment *segment)
{
	uint32_t end;

	if (seq_lt(segment->seq, conn->rcv_nxt)) {
		uint32_t old_bytes = conn->rcv_nxt - segment->seq;

		if (segment->flags & TCP_SYN) {
			segment->flags &= (uint8_t)~TCP_SYN;
			segment->seq++;
			old_bytes--;
		}
		if (old_bytes > segment->payload_bytes)
			old_bytes = segment->payload_bytes;
		segment->seq += old_bytes;
		segment->payload_offset += PLANTED(OLD_BYTES_TAKEN) ? 0 : old_bytes;
		segment->payload_bytes -= old_bytes;
	}
	end = segment->seq + segment->payload_bytes;
	if (seq_gt(end, conn->rcv_edge) && segment->payload_bytes > 0) {
		uint32_t beyond_bytes = end - conn->rcv_edge;

		segment->payload_bytes -= beyond_bytes < segment->payload_bytes
						  ? beyond_bytes
						  : segment->payload_bytes;
		segment->flags &= (uint8_t)~TCP_FIN;
	}
}

/* SYN-RECEIVED after a simultaneous open or a lost SYN-ACK: the peer's SYN once more. */
static enum drop_reason syn_again(struct tcp *tcp, struct tcp_conn *conn,
				  struct tcp_segment *segment)
{
	if (segment->flags & TCP_ACK) {
		segment->flags &= (uint8_t)~TCP_SYN;
		segment->seq++;
		return DROP_NONE;
	}
	conn->snd_nxt = conn->snd_una;
	tcp_conn_want_output(tcp, conn);
	return DROP_TCP_DUPLICATE;
}

static enum drop_reason check_reset(struct tcp *tcp, struct tcp_conn *conn,
				    const struct tcp_segment *segment, uint64_t now_ns)
{
	bool refused = conn->state == TCP_SYN_RECEIVED && !(conn->flags & TCP_F_PASSIVE);

	/* RFC 5961 3.2 */
	if (segment->seq != conn->rcv_nxt) {
		tcp_challenge_ack(tcp, conn, now_ns);
		return DROP_TCP_CHALLENGE;
	}
	counter_inc(&tcp->params.counters->resets_in);
	tcp_conn_close(tcp, conn, refused ? STREAM_FAILURE_REFUSED : STREAM_FAILURE_PEER_RESET);
	return DROP_NONE;
}

/* Fifth: is the ACK acceptable? */
static enum drop_reason check_ack(struct tcp *tcp, struct tcp_conn *conn,
				  const struct tcp_segment *segment, uint64_t now_ns)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (!(segment->flags & TCP_ACK))
		return DROP_TCP_NO_ACK_FLAG;
	if (conn->state == TCP_SYN_RECEIVED) {
		if (seq_gt(segment->ack, conn->snd_una) && seq_leq(segment->ack, conn->snd_max))
			return DROP_NONE;
		tcp_reset_reply(tcp, &cold->key, segment, now_ns);
		return DROP_TCP_BAD_ACK;
	}
	/* RFC 5961 5.2 */
	if (seq_gt(segment->ack, conn->snd_max) ||
	    seq_lt(segment->ack, conn->snd_una - cold->snd_wnd_max)) {
		tcp_challenge_ack(tcp, conn, now_ns);
		return DROP_TCP_BAD_ACK;
	}
	return DROP_NONE;
}

/* RFC 9293 3.10.7.4: with a closed window valid ACKs are still taken.  So is the news in an ACK that
 * lies below the window (as BSD does): its sender may have gone back to send something again, and
 * two ends that both had would never hear each other. */
static bool is_ack_still_taken(const struct tcp_conn *conn, const struct tcp_segment *segment)
{
	if (segment->seq == conn->rcv_nxt)
		return conn->rcv_edge == conn->rcv_nxt;
	return seq_lt(segment->seq, conn->rcv_nxt) && conn->state != TCP_SYN_RECEIVED &&
	       (segment->flags & TCP_ACK) && seq_gt(segment->ack, conn->snd_una);
}

enum drop_reason tcp_accept_segment(struct tcp *tcp, struct tcp_conn *conn,
				    struct tcp_segment *segment, uint64_t now_ns)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (conn->state == TCP_SYN_RECEIVED && (segment->flags & (TCP_SYN | TCP_RST)) == TCP_SYN &&
	    segment->seq == cold->irs) {
		enum drop_reason reason = syn_again(tcp, conn, segment);

		if (reason != DROP_NONE)
			return reason;
	}
	if (lacks_timestamp(conn, segment))
		return DROP_TCP_NO_TIMESTAMP;
	if (is_old_duplicate(conn, segment, now_ns)) {
		tcp_answer_unacceptable(tcp, conn, now_ns);
		return DROP_TCP_PAWS;
	}
	if (!in_window(conn, segment)) {
		/* RFC 5961 4.2: a SYN is challenged wherever it lies. */
		if (segment->flags & TCP_RST)
			return DROP_TCP_OUT_OF_WINDOW;
		if (segment->flags & TCP_SYN) {
			tcp_challenge_ack(tcp, conn, now_ns);
			return DROP_TCP_CHALLENGE;
		}
		tcp_answer_unacceptable(tcp, conn, now_ns);
		if (!is_ack_still_taken(conn, segment))
			return segment->payload_bytes && seq_lt(segment->seq, conn->rcv_nxt)
				       ? DROP_TCP_DUPLICATE
				       : DROP_TCP_OUT_OF_WINDOW;
		segment->payload_bytes = 0;
		segment->flags &= (uint8_t)~TCP_FIN;
	}
	if (segment->flags & TCP_RST)
		return check_reset(tcp, conn, segment, now_ns);
	if (segment->flags & TCP_SYN) {
		tcp_challenge_ack(tcp, conn, now_ns);
		return DROP_TCP_CHALLENGE;
	}
	trim(conn, segment);
	enum drop_reason reason = check_ack(tcp, conn, segment, now_ns);

	if (reason == DROP_NONE)
		tcp_accept_timestamp(conn, segment, now_ns);
	return reason;
}
