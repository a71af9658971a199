/* Round-trip time and retransmission timeout (RFC 6298), in microseconds. */
#ifndef STACK_TCP_TCP_RTO_H
#define STACK_TCP_TCP_RTO_H

#include "stack/tcp/tcp_conn.h"

/* One more measurement (RFC 6298 2.2, 2.3). */
void tcp_rto_sample(struct tcp_conn *conn, struct tcp_cold *cold, uint64_t rtt_us);
/* Takes what an acknowledgement up to `ack` tells: the segment that is being timed, else (Karn's
 * case, after retransmissions) the echoed timestamp (RFC 7323 4.1). */
void tcp_rto_acked(struct tcp_conn *conn, struct tcp_cold *cold, const struct tcp_segment *segment,
		   uint64_t now_ns);
/* The timeout with its backoff (RFC 6298 5.5). */
uint64_t tcp_rto_ns(const struct tcp_conn *conn);

#endif
