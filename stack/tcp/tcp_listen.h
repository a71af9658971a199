/* Listeners: a small table with an index by port; the most specific one wins (address and port, port, address, any). */
#ifndef STACK_TCP_TCP_LISTEN_H
#define STACK_TCP_TCP_LISTEN_H

#include "stack/tcp/tcp_conn.h"

/* Boot: nobody listens. */
void tcp_listener_init(struct tcp *tcp);
/* NULL when nobody listens there. */
struct tcp_listener *tcp_listener_find(struct tcp *tcp, const struct flow_key *key);
/* The listener that a passive connection came through; NULL when it has been closed since. */
struct tcp_listener *tcp_listener_of(struct tcp *tcp, const struct tcp_conn *conn);
/* Takes the connection out of its listener's backlog. */
void tcp_listener_forget(struct tcp *tcp, struct tcp_conn *conn);

/* A SYN for a listener (RFC 9293 3.10.7.2).  iss_after: the sequence number that the ISN has to be
 * beyond, when the SYN takes over a TIME-WAIT (RFC 6191); NULL otherwise. */
MUST_USE enum drop_reason tcp_listener_syn(struct tcp *tcp, struct tcp_listener *listener,
					   const struct flow_key *key, uint64_t hash,
					   const struct tcp_segment *segment,
					   const uint32_t *iss_after, uint64_t now_ns);

#endif
