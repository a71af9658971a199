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
/* An ACK in answer to a segment that is not acceptable (RFC 9293 3.10.7.4).  Two ends that disagree
 * would exchange them for ever, and a blind sender would choose their rate: a connection answers a
 * burst of TCP_ANSWERS_BURST, then one every TCP_ANSWER_INTERVAL_MS (RFC 5961 7).  The limit is the
 * connection's own, because one that all share lets a stranger measure who else is connected. */
void tcp_answer_unacceptable(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
/* The same, where it makes an honest peer repeat itself exactly (RFC 5961 3.2, 4.2, 5.2). */
void tcp_challenge_ack(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

#define TCP_ANSWERS_BURST 10
#define TCP_ANSWER_INTERVAL_MS 100

#endif
