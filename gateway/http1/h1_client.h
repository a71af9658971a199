/* HTTP/1.1 towards an upstream host: one exchange at a time on a pooled connection (RFC 9112).
 *
 *     start ── head ──> [body …] ──────────────> request_ended
 *                 <── 1xx* ── head ── [body …] ── answer_ended
 *     both ended and nothing behind them: back to the pool; otherwise the connection closes. */
#ifndef GATEWAY_HTTP1_H1_CLIENT_H
#define GATEWAY_HTTP1_H1_CLIENT_H

#include "gateway/cluster/pool.h"

extern const struct upstream_codec h1_client_codec;

#endif
