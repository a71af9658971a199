#include "stack/tcp/tcp_synsent.h"

#include "stack/tcp/tcp_open.h"
#include "stack/tcp/tcp_reset.h"

enum drop_reason tcp_synsent_input(struct tcp *tcp, struct tcp_conn *conn,
				   struct tcp_segment *segment, uint64_t now_ns)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	bool acked = segment->flags & TCP_ACK;

	/* First: the ACK bit. */
	if (acked && (seq_leq(segment->ack, cold->iss) || seq_gt(segment->ack, conn->snd_max))) {
		tcp_reset_reply(tcp, &cold->key, segment, now_ns);
		return DROP_TCP_BAD_ACK;
	}
	/* Second: the RST bit. */
	if (segment->flags & TCP_RST) {
		if (!acked)
			return DROP_TCP_OUT_OF_WINDOW;
		counter_inc(&tcp->params.counters->resets_in);
		tcp_conn_close(tcp, conn, STREAM_FAILURE_REFUSED);
		return DROP_NONE;
	}
	/* Fourth and fifth: the SYN bit. */
	if (!(segment->flags & TCP_SYN))
		return DROP_TCP_BAD_FLAGS;
	tcp_open_take_syn(tcp, conn, segment, now_ns);
	if (acked) {
		tcp_open_established(tcp, conn, segment, now_ns);
		tcp_conn_ack_now(tcp, conn);
		segment->flags &= (uint8_t)~TCP_SYN;
		segment->seq++;
		/* A window has not been advertised yet: what came with the SYN comes again. */
		segment->payload_bytes = 0;
		segment->flags &= (uint8_t)~TCP_FIN;
		return DROP_NONE;
	}
	/* Simultaneous open: our SYN goes out again, with an ACK. */
	tcp_conn_set_state(tcp, conn, TCP_SYN_RECEIVED);
	conn->snd_nxt = conn->snd_una;
	tcp_conn_want_output(tcp, conn);
	return DROP_NONE;
}
