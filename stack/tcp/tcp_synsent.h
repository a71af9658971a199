/* SYN-SENT (RFC 9293 3.10.7.3). */
#ifndef STACK_TCP_TCP_SYNSENT_H
#define STACK_TCP_TCP_SYNSENT_H

#include "stack/tcp/tcp_conn.h"

/* DROP_NONE: the segment has been taken; when the state is ESTABLISHED or later now, its payload
 * and FIN are still to be looked at (its sequence number is past the SYN then). */
MUST_USE enum drop_reason tcp_synsent_input(struct tcp *tcp, struct tcp_conn *conn,
					    struct tcp_segment *segment, uint64_t now_ns);

#endif
