/* Opening: what both sides set up before and after the SYNs, and the active open
 * (RFC 9293 3.10.1). */
#ifndef STACK_TCP_TCP_OPEN_H
#define STACK_TCP_TCP_OPEN_H

#include "stack/tcp/tcp_conn.h"

/* Route, ISN, receive window and timers' start values.  False when there is no route. */
MUST_USE bool tcp_open_prepare(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_open_set_iss(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t iss);
/* The peer's SYN: its sequence number and its options. */
void tcp_open_take_syn(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment,
		       uint64_t now_ns);
/* Our SYN is acknowledged and the peer's has come: ESTABLISHED. */
void tcp_open_established(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment,
			  uint64_t now_ns);
/* Payload of a full segment, from the route's MTU, the peer's MSS and our options. */
void tcp_open_update_mss(struct tcp_conn *conn, struct tcp_cold *cold);
/* stream_opener.open */
struct stream *tcp_open(struct stream_opener *self, const struct stream_target *target,
			enum stream_failure *why, uint64_t now_ns);

#endif
