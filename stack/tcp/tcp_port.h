/* Ephemeral ports, chosen per 4-tuple (RFC 6056 3.3.3, simple hash-based algorithm). */
#ifndef STACK_TCP_TCP_PORT_H
#define STACK_TCP_TCP_PORT_H

#include "stack/tcp/tcp_conn.h"

#define TCP_PORT_FIRST 1024
#define TCP_PORT_TRIES_MAX 4096

/* Sets key->local_port to a port whose 4-tuple is free and which the worker's filter accepts. */
MUST_USE bool tcp_port_choose(struct tcp *tcp, struct flow_key *key);

#endif
