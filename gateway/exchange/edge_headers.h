/* What the connection manager itself says in requests and answers (Envoy's ConnectionManagerUtility):
 * x-forwarded-for, x-forwarded-proto, x-request-id, via; server, date, via. */
#ifndef GATEWAY_EXCHANGE_EDGE_HEADERS_H
#define GATEWAY_EXCHANGE_EDGE_HEADERS_H

#include "gateway/exchange/exchange.h"

/* Before the decode filters, and behind the encode filters; false = no memory. */
MUST_USE bool edge_request_headers(struct exchange *exchange, uint64_t now_ns);
MUST_USE bool edge_response_headers(struct exchange *exchange, uint64_t now_ns);

/* --- edge_path.c: normalize_path, merge_slashes, path_with_escaped_slashes_action; before the
 * headers.  False = answered. --- */
MUST_USE bool edge_request_path(struct exchange *exchange, uint64_t now_ns);

#endif
