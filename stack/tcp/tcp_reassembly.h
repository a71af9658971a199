/* The out-of-order queue of a connection: payload that came ahead of a gap, sorted, without
 * overlaps, bounded by the receive budget and by the worker's pool of nodes. */
#ifndef STACK_TCP_TCP_REASSEMBLY_H
#define STACK_TCP_TCP_REASSEMBLY_H

#include "stack/tcp/tcp_conn.h"

struct tcp_ooo_node {
	struct slice slice;
	uint32_t seq;
	uint32_t next; /* index in the pool, POOL_NO_INDEX = last */
};

/* Takes the slice's reference in every case.  What is there already is kept and the newcomer is
 * trimmed (RFC 9293 3.10.7.4 leaves the choice). */
MUST_USE enum drop_reason tcp_reassembly_add(struct tcp *tcp, struct tcp_conn *conn, uint32_t seq,
					     struct slice slice);
/* Moves what has become in-order to the receive queue and advances RCV.NXT. */
void tcp_reassembly_drain(struct tcp *tcp, struct tcp_conn *conn);
void tcp_reassembly_clear(struct tcp *tcp, struct tcp_conn *conn);

#endif
