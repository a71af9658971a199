/* Congestion control behind a table of operations, so that CUBIC finds its place. */
#ifndef STACK_TCP_TCP_CC_H
#define STACK_TCP_TCP_CC_H

#include "stack/tcp/tcp_conn.h"

struct tcp_cc_ops {
	const char *name;
	/* A connection is established: the initial window. */
	void (*start)(struct tcp_conn *conn, struct tcp_cold *cold);
	/* Payload is about to leave after a silence longer than the RTO. */
	void (*restart)(struct tcp_conn *conn);
	/* bytes newly acknowledged, outside of loss recovery. */
	void (*acked)(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t bytes);
	/* A loss was inferred with flight_bytes outstanding: sets ssthresh. */
	void (*lost)(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t flight_bytes);
};

extern const struct tcp_cc_ops tcp_newreno; /* RFC 5681, RFC 6928 */

#endif
