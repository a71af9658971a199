/* What the connection manager itself says in requests and answers (Envoy's ConnectionManagerUtility):
 * x-forwarded-for, x-envoy-external-address, x-forwarded-proto, x-request-id, via; server, date, via.
 * No request is internal: x-envoy-internal is never said and never believed, like the other
 * x-envoy-* headers that only internal clients may send. */
#ifndef GATEWAY_EXCHANGE_EDGE_HEADERS_H
#define GATEWAY_EXCHANGE_EDGE_HEADERS_H

#include "gateway/exchange/exchange.h"

/* Before the decode filters, and behind the encode filters; false = no memory. */
MUST_USE bool edge_request_headers(struct exchange *exchange, uint64_t now_ns);
MUST_USE bool edge_response_headers(struct exchange *exchange, uint64_t now_ns);

/* --- edge_address.c: the address trusted_hops from the right in x-forwarded-for; the peer's own
 * for 0, and where there are fewer or it is none. --- */
struct ip_addr edge_client_address(const struct header_list *headers, uint32_t trusted_hops,
				   struct ip_addr peer);

/* --- edge_path.c: normalize_path, merge_slashes, path_with_escaped_slashes_action; before the
 * headers.  False = answered. --- */
MUST_USE bool edge_request_path(struct exchange *exchange, uint64_t now_ns);

#endif
