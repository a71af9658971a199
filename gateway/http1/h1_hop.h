/* Hop-by-hop headers end here (RFC 9110 7.6.1). */
#ifndef GATEWAY_HTTP1_H1_HOP_H
#define GATEWAY_HTTP1_H1_HOP_H

#include "gateway/exchange/message.h"

/* Removes Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, TE (unless "trailers"),
 * Upgrade (unless keep_upgrade: a granted or forwarded protocol switch), and what Connection names.
 * False where Connection names a header that it must not (framing, Host, Cache-Control, and what
 * the next hop trusts: X-Forwarded-*, X-Envoy-*, X-Request-Id): 400, or 502 for an answer. */
MUST_USE bool h1_hop_remove(struct header_list *headers, bool keep_upgrade);

#endif
