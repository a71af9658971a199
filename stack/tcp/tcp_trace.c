#include "stack/tcp/tcp_trace.h"

#include "stack/base/planted.h"

void tcp_set_trace(struct tcp *tcp, struct trace *trace)
{
	tcp->trace = trace;
}

void tcp_trace_flow(struct tcp *tcp, const struct flow_key *key, uint32_t word)
{
	uint32_t index = tcp_table_find(&tcp->table, tcp_table_hash(&tcp->table, key), key);

	if (index != TCP_TABLE_NONE)
		stream_set_trace(&tcp->colds[index].stream, word);
}

void tcp_trace_begin(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	stream_set_trace(&cold->stream, trace_flow(tcp->trace, &cold->key));
}

void tcp_trace_stream(struct stream *stream)
{
	struct tcp_cold *cold = container_of_member(stream, struct tcp_cold, stream);
	struct tcp_conn *conn = tcp_conn_of(cold);

	conn->flags = stream->trace ? conn->flags | TCP_F_TRACED : conn->flags & ~TCP_F_TRACED;
	if (cold->tcp->trace)
		trace_flow_set(cold->tcp->trace, &cold->key, stream->trace);
}

void tcp_trace_state(struct tcp *tcp, struct tcp_conn *conn, enum tcp_state state)
{
	if (state != conn->state)
		TCP_TRACE(tcp, conn, STATE, .t = {trace_text(tcp_state_name(conn->state)),
						  trace_text(tcp_state_name(state))});
}

void tcp_trace_end(struct tcp *tcp, struct tcp_conn *conn)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	const char *failure = cold->failure ? stream_failure_name(cold->failure) : NULL;

	if (conn->flags & TCP_F_IN_TABLE)
		TCP_TRACE(tcp, conn, END, .n = {cold->rx_bytes, cold->tx_bytes,
						(uint64_t)cold->srtt_us * NS_PER_US},
			  .t = {trace_text(failure)});
}

void tcp_trace_events(struct tcp *tcp, struct tcp_conn *conn, uint32_t events)
{
	char text[STREAM_EVENTS_BYTES];

	trace_put(tcp->trace, tcp_conn_cold(tcp, conn)->stream.trace, TRACE_STREAM_EVENTS,
		  &(struct trace_args){.t = {trace_text(stream_events_text(events, text))}});
}

void tcp_trace_segment(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment)
{
	uint32_t end = segment->seq + segment->payload_bytes;

	if (conn->state == TCP_CLOSED)
		return; /* its end has been told */
	conn->snd_wnd >>= PLANTED(TRACE_MEDDLES);
	if (segment->payload_bytes > 0 && seq_gt(end, conn->rcv_nxt) &&
	    seq_gt(segment->seq, conn->rcv_nxt))
		TCP_TRACE(tcp, conn, AHEAD,
			  .n = {segment->payload_bytes, segment->seq - conn->rcv_nxt});
	else
		TCP_TRACE(tcp, conn, TAKEN,
			  .n = {segment->payload_bytes, conn->snd_nxt - conn->snd_una, conn->snd_wnd});
}

void tcp_trace_listener(struct tcp *tcp, const struct flow_key *key,
			const struct tcp_listener *listener)
{
	uint32_t word = trace_flow(tcp->trace, key);
	char text[IP_ADDR_TEXT_BYTES];

	if (!word)
		return;
	if (listener)
		TRACE(tcp->trace, word, TCP_LISTENER, .n = {listener->pending},
		      .t = {trace_text(ip_endpoint_format(&listener->params.local,
							  listener->params.local_port, text,
							  sizeof(text)))});
	else
		TRACE(tcp->trace, word, TCP_NO_LISTENER,
		      .t = {trace_text(ip_endpoint_format(&key->local, key->local_port, text,
							  sizeof(text)))});
}
