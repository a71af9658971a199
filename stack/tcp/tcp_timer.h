/* One timer a connection, lazily re-armed: deadlines are stored in the connection and moved at no
 * cost; when the wheel fires early, the timer is armed again for what is next.
 * Retransmission (RFC 6298 5), persist (RFC 9293 3.8.6.1), delayed ACK, connect timeout, FIN-WAIT-2
 * and orphans. */
#ifndef STACK_TCP_TCP_TIMER_H
#define STACK_TCP_TCP_TIMER_H

#include "stack/tcp/tcp_conn.h"

/* Makes sure that the wheel fires no later than the connection's earliest deadline. */
void tcp_timer_update(struct tcp *tcp, struct tcp_conn *conn);
/* (Re)starts the retransmission timer from now (RFC 6298 5.1, 5.3). */
void tcp_timer_start_rtx(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
/* Starts the persist timer unless it runs. */
void tcp_timer_start_persist(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
/* wheel_fire */
void tcp_timer_fire(struct wheel_timer *timer, void *context, uint64_t now_ns);

#endif
