/* HTTP/1.1 towards an upstream host: one exchange at a time on a pooled connection (RFC 9112).
 *
 *     start ── head ──> [body …] ──────────────> request_ended
 *                 <── 1xx* ── head ── [body …] ── answer_ended
 *     both ended and nothing behind them: back to the pool; otherwise the connection closes. */
#ifndef GATEWAY_HTTP1_H1_CLIENT_H
#define GATEWAY_HTTP1_H1_CLIENT_H

#include "gateway/cluster/pool.h"

/* The exchange takes the connection that pool_acquire or a waiter handed out; it writes the request
 * with exchange->up_ops. */
void h1_client_start(struct upstream *upstream, struct exchange *exchange);
/* Events of a busy connection. */
void h1_client_ready(struct upstream *upstream, uint32_t events, uint64_t now_ns);

#endif
