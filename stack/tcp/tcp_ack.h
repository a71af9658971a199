/* Acknowledgements and window updates in synchronised states (RFC 9293 3.10.7.4, fifth). */
#ifndef STACK_TCP_TCP_ACK_H
#define STACK_TCP_TCP_ACK_H

#include "stack/tcp/tcp_conn.h"

/* The segment's ACK is in (SND.UNA - MAX.SND.WND, SND.MAX].  True when it acknowledges our FIN. */
MUST_USE bool tcp_ack_input(struct tcp *tcp, struct tcp_conn *conn,
			    const struct tcp_segment *segment, uint64_t now_ns);

#endif
