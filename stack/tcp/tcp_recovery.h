/* Loss detection and recovery by duplicate ACKs: fast retransmit, NewReno's fast recovery
 * (RFC 5681 3.2, RFC 6582) and the retransmission timeout's part (RFC 5681 3.1, go back to
 * SND.UNA).  SACK and RACK will replace this file. */
#ifndef STACK_TCP_TCP_RECOVERY_H
#define STACK_TCP_TCP_RECOVERY_H

#include "stack/tcp/tcp_conn.h"

/* One more duplicate ACK. */
void tcp_recovery_duplicate(struct tcp *tcp, struct tcp_conn *conn);
/* SND.UNA has advanced by `bytes`; adjusts cwnd. */
void tcp_recovery_acked(struct tcp *tcp, struct tcp_conn *conn, uint32_t bytes);
/* The retransmission timer fired. */
void tcp_recovery_timeout(struct tcp *tcp, struct tcp_conn *conn);

#endif
