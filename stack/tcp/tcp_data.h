/* Payload of a segment into the receive queue (RFC 9293 3.10.7.4, seventh), the receive window,
 * and when an ACK is owed for it (RFC 1122 4.2.3.2, RFC 5681 4.2). */
#ifndef STACK_TCP_TCP_DATA_H
#define STACK_TCP_TCP_DATA_H

#include "stack/tcp/tcp_conn.h"

/* The segment's payload, already trimmed to the window.  Takes the mbuf: afterwards *owned is false
 * when its reference went into a queue.  Returns the reason when nothing of it was kept. */
MUST_USE enum drop_reason tcp_data_input(struct tcp *tcp, struct tcp_conn *conn,
					 const struct tcp_segment *segment, bool *owned,
					 uint64_t now_ns);
/* Puts the next in-order slice into rx and advances RCV.NXT.  Takes the reference in every case;
 * false when it had to be dropped (no slice node, no budget). */
MUST_USE bool tcp_data_append(struct tcp *tcp, struct tcp_conn *conn, struct slice slice);
/* The right edge that may be advertised now (RFC 9293 3.8.6.2.2: silly window avoidance). */
uint32_t tcp_data_window_edge(const struct tcp *tcp, const struct tcp_conn *conn);

#endif
