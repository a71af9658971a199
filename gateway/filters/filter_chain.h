/* Runs messages through the filters of one exchange. */
#ifndef GATEWAY_FILTERS_FILTER_CHAIN_H
#define GATEWAY_FILTERS_FILTER_CHAIN_H

#include "gateway/exchange/exchange.h"

/* Makes the chain in the arena, with what the route overrides; false = no memory. */
MUST_USE bool filter_chain_build(struct exchange *exchange);
/* Tells every filter that the exchange is over and drops what they hold. */
void filter_chain_destroy(struct exchange *exchange, uint64_t now_ns);

void filter_chain_decode_head(struct exchange *exchange, bool ended, uint64_t now_ns);
void filter_chain_decode_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			      uint64_t now_ns);
void filter_chain_encode_head(struct exchange *exchange, bool ended, uint64_t now_ns);
void filter_chain_encode_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			      uint64_t now_ns);
/* How many bytes may still come before some filter is full; UINT32_MAX = no filter waits. */
uint32_t filter_chain_decode_room(const struct exchange *exchange);
uint32_t filter_chain_encode_room(const struct exchange *exchange);
/* Drops what waits on the decode side: the request has been answered. */
void filter_chain_discard_decode(struct exchange *exchange);
/* Drops what waits on the encode side: another answer replaces it. */
void filter_chain_discard_encode(struct exchange *exchange);

#endif
