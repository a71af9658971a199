/* What TCP tells of connections that somebody traces (stack/base/trace.h).  All others pay a look at
 * their flags. */
#ifndef STACK_TCP_TCP_TRACE_H
#define STACK_TCP_TCP_TRACE_H

#include "stack/base/trace.h"
#include "stack/tcp/tcp_conn.h"

static inline bool tcp_is_traced(const struct tcp_conn *conn)
{
	return unlikely_true(conn->flags & TCP_F_TRACED);
}

/* TCP_TRACE(tcp, conn, LOSS, .n = {…}) is the event TRACE_TCP_LOSS. */
#define TCP_TRACE(tcp, conn, kind, ...)                                                            \
	do {                                                                                       \
		if (tcp_is_traced(conn))                                                           \
			trace_put((tcp)->trace, tcp_conn_cold(tcp, conn)->stream.trace,            \
				  TRACE_TCP_##kind, &(struct trace_args){__VA_ARGS__});            \
	} while (0)

COLD_CALL void tcp_trace_begin(struct tcp *tcp, struct tcp_conn *conn);
/* A connection begins to be: it may be one of a flow that is traced. */
static inline void tcp_trace_new(struct tcp *tcp, struct tcp_conn *conn)
{
	if (unlikely_true(tcp->trace != NULL))
		tcp_trace_begin(tcp, conn);
}

/* stream->trace has changed. */
void tcp_trace_stream(struct stream *stream);
/* Of traced connections only: a state that is about to be entered; the end, told once; events that
 * are about to be delivered; a segment that has been taken. */
COLD_CALL void tcp_trace_state(struct tcp *tcp, struct tcp_conn *conn, enum tcp_state state);
COLD_CALL void tcp_trace_end(struct tcp *tcp, struct tcp_conn *conn);
COLD_CALL void tcp_trace_events(struct tcp *tcp, struct tcp_conn *conn, uint32_t events);
COLD_CALL void tcp_trace_segment(struct tcp *tcp, struct tcp_conn *conn,
				 const struct tcp_segment *segment);
/* Who would take a new connection of this flow; NULL = nobody. */
COLD_CALL void tcp_trace_listener(struct tcp *tcp, const struct flow_key *key,
				  const struct tcp_listener *listener);

#endif
