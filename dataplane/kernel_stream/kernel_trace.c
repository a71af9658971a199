/* What kernel streams tell those who trace (stack/base/trace.h). */
#include "dataplane/kernel_stream/kernel_conn.h"

void kernel_streams_set_trace(struct kernel_streams *all, struct trace *trace)
{
	all->trace = trace;
}

/* Ends of Unix sockets have no addresses: the place of the connection tells them apart. */
static struct flow_key key_of(const struct kernel_conn *conn)
{
	struct flow_key key = conn->ends.key;

	if (conn->pipe)
		key.remote.dwords[0] = pool_index(&conn->all->conns, conn) + 1;
	return key;
}

void kernel_trace_look(struct kernel_conn *conn, bool accepted)
{
	struct trace *trace = conn->all->trace;
	char remote[STREAM_END_BYTES], local[STREAM_END_BYTES];
	struct flow_key key = key_of(conn);
	uint32_t sinks = trace_wanted(trace, &key, accepted) & ~conn->stream.trace;
	struct stream_info info;

	if (!sinks)
		return;
	stream_info(&conn->stream, &info);
	stream_set_trace(&conn->stream,
			 trace_begin(trace, &key, sinks, stream_end_text(&info, false, true, remote),
				     stream_end_text(&info, true, true, local)));
	if (accepted)
		KERNEL_TRACE(conn, ACCEPTED, .n = {0});
}

void kernel_trace_end(struct kernel_conn *conn)
{
	const char *failure = conn->failure ? stream_failure_name(conn->failure) : NULL;
	struct flow_key key = key_of(conn);

	KERNEL_TRACE(conn, END, .n = {conn->rx_bytes, conn->tx_bytes}, .t = {trace_text(failure)});
	if (conn->all->trace && !(conn->stream.trace & TRACE_UPSTREAM))
		trace_flow_set(conn->all->trace, &key, 0);
}

void kernel_trace_events(struct kernel_conn *conn, uint32_t events)
{
	char text[STREAM_EVENTS_BYTES];

	kernel_trace_look(conn, false);
	if (events && !(conn->flags & KERNEL_F_RELEASED))
		TRACE(conn->all->trace, conn->stream.trace, STREAM_EVENTS,
		      .t = {trace_text(stream_events_text(events, text))});
}
