/* The closing states: our FIN acknowledged, the peer's FIN received (RFC 9293 3.6, 3.10.7.4). */
#ifndef STACK_TCP_TCP_FIN_H
#define STACK_TCP_TCP_FIN_H

#include "stack/tcp/tcp_conn.h"

/* Fifth: our FIN has been acknowledged. */
void tcp_fin_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
/* Eighth: the peer's FIN is at `seq`, perhaps ahead of a gap. */
void tcp_fin_seen(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t seq);
/* Takes the FIN when everything before it has arrived. */
void tcp_fin_advance(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

#endif
