/* RST and challenge ACK (RFC 9293 3.5.2, 3.10.7.1; RFC 5961). */
#ifndef STACK_TCP_TCP_RESET_H
#define STACK_TCP_TCP_RESET_H

#include "stack/tcp/tcp_conn.h"

/* Answers a segment that belongs to no connection; never answers a RST. */
void tcp_reset_reply(struct tcp *tcp, const struct flow_key *key, const struct tcp_segment *segment,
		     uint64_t now_ns);
/* Sends a RST for the connection as it stands and closes it with this failure. */
void tcp_reset_conn(struct tcp *tcp, struct tcp_conn *conn, enum stream_failure failure,
		    uint64_t now_ns);
/* An ACK that lets an honest peer repeat itself exactly (RFC 5961 3.2, 4.2, 5.2); at most
 * TCP_CHALLENGE_PER_SECOND of them. */
void tcp_challenge_ack(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

#define TCP_CHALLENGE_PER_SECOND 1000

#endif
