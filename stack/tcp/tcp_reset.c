#include "stack/tcp/tcp_reset.h"

#include "stack/tcp/tcp_segment.h"

void tcp_reset_reply(struct tcp *tcp, const struct flow_key *key, const struct tcp_segment *segment,
		     uint64_t now_ns)
{
	struct tcp_header header = {
		.source_port = key->local_port,
		.destination_port = key->remote_port,
		.wscale = TCP_NO_WSCALE,
		.flags = TCP_RST,
	};

	if (segment->flags & TCP_RST)
		return;
	/* RFC 9293 3.5.2, group 1. */
	if (segment->flags & TCP_ACK) {
		header.seq = segment->ack;
	} else {
		header.flags |= TCP_ACK;
		header.ack = segment->seq + tcp_segment_seq_bytes(segment);
	}
	counter_inc(&tcp->params.counters->resets_out);
	tcp_segment_send_bare(tcp, key, &header, now_ns);
}

void tcp_reset_conn(struct tcp *tcp, struct tcp_conn *conn, enum stream_failure failure,
		    uint64_t now_ns)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	struct tcp_header header = {
		.source_port = cold->key.local_port,
		.destination_port = cold->key.remote_port,
		/* Not SND.NXT, which a timeout may have taken back: the peer wants its RCV.NXT. */
		.seq = conn->snd_max,
		.ack = conn->rcv_nxt,
		.wscale = TCP_NO_WSCALE,
		.flags = TCP_RST | TCP_ACK,
	};

	/* RFC 9293 3.10.5: in SYN-SENT the peer knows nothing that a RST could end. */
	if (conn->state != TCP_SYN_SENT && conn->state != TCP_CLOSED) {
		counter_inc(&tcp->params.counters->resets_out);
		tcp_segment_send_bare(tcp, &cold->key, &header, now_ns);
	}
	tcp_conn_close(tcp, conn, failure);
}

/* A token bucket as a virtual clock, in milliseconds that may wrap. */
static bool may_answer(struct tcp_cold *cold, uint64_t now_ns)
{
	uint32_t now_ms = tcp_now_ms(now_ns);
	uint32_t debt_ms = cold->answers_full_ms - now_ms;

	if (debt_ms > TCP_ANSWERS_BURST * TCP_ANSWER_INTERVAL_MS)
		debt_ms = 0;
	if (debt_ms > (TCP_ANSWERS_BURST - 1) * TCP_ANSWER_INTERVAL_MS)
		return false;
	cold->answers_full_ms = now_ms + debt_ms + TCP_ANSWER_INTERVAL_MS;
	return true;
}

static bool answer(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	if (!may_answer(tcp_conn_cold(tcp, conn), now_ns)) {
		counter_inc(&tcp->params.counters->acks_withheld);
		return false;
	}
	tcp_conn_ack_now(tcp, conn);
	return true;
}

void tcp_answer_unacceptable(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	answer(tcp, conn, now_ns);
}

void tcp_challenge_ack(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	if (answer(tcp, conn, now_ns))
		counter_inc(&tcp->params.counters->challenge_acks);
}
