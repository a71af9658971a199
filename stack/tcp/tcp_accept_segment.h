/* Which segments a synchronised connection accepts, in the order of RFC 9293 3.10.7.4 with
 * RFC 7323 5.3 (PAWS) before and RFC 5961 (blind attacks) within. */
#ifndef STACK_TCP_TCP_ACCEPT_SEGMENT_H
#define STACK_TCP_TCP_ACCEPT_SEGMENT_H

#include "stack/tcp/tcp_conn.h"

/* First to fifth, up to "the ACK is acceptable".  DROP_NONE: go on with the segment, which has been
 * trimmed to the window.  Otherwise it has been dealt with (ACK, challenge, reset). */
MUST_USE enum drop_reason tcp_accept_segment(struct tcp *tcp, struct tcp_conn *conn,
					     struct tcp_segment *segment, uint64_t now_ns);
/* RFC 7323 4.3: keeps the peer's timestamp. */
void tcp_accept_timestamp(struct tcp_conn *conn, const struct tcp_segment *segment,
			  uint64_t now_ns);

#endif
