/* The last step of an answer, behind all encode filters. */
#ifndef GATEWAY_EXCHANGE_TO_DOWNSTREAM_H
#define GATEWAY_EXCHANGE_TO_DOWNSTREAM_H

#include "gateway/exchange/exchange.h"

void exchange_to_downstream_head(struct exchange *exchange, bool ended, uint64_t now_ns);
void exchange_to_downstream_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
				 uint64_t now_ns);

#endif
