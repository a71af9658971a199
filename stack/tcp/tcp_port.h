/* Ephemeral ports, chosen per 4-tuple (RFC 6056 3.3.3, simple hash-based algorithm).
 *
 *     the first address ── ports used up ──> all of them, a share of the tries each
 *                                            └─ which had a port is where the next open to the same
 *                                               destination begins
 *
 * "Used up" is what a bounded number of tries says: a port counts as used when its flow is known here,
 * or when its replies would come to another worker. */
#ifndef STACK_TCP_TCP_PORT_H
#define STACK_TCP_TCP_PORT_H

#include "stack/tcp/tcp_conn.h"

#define TCP_PORT_FIRST 1024
#define TCP_PORT_TRIES_MAX 4096 /* over all addresses */
#define TCP_PORT_FIRST_TRIES_MAX 256

/* Sets key->local_port to a port whose 4-tuple is free and which the worker's filter accepts.  False and
 * counted when there is none. */
MUST_USE bool tcp_port_choose(struct tcp *tcp, struct flow_key *key);
/* The same; key->local, chosen for the route, may become another address of its port. */
MUST_USE bool tcp_port_choose_source(struct tcp *tcp, const struct ip_route *route,
				     struct flow_key *key);

#endif
