/* What the gateway tells of requests that somebody traces (stack/base/trace.h).  All others pay a look
 * at their word in each place; a request's word is that of its client's connection. */
#ifndef GATEWAY_EXCHANGE_EXCHANGE_TRACE_H
#define GATEWAY_EXCHANGE_EXCHANGE_TRACE_H

#include "gateway/cluster/pool.h"
#include "gateway/exchange/exchange.h"
#include "stack/base/trace.h"

/* EXCHANGE_TRACE(exchange, CLUSTER, .t = {…}) is the event TRACE_CLUSTER. */
#define EXCHANGE_TRACE(exchange, kind, ...)                                                        \
	TRACE((exchange)->gateway->trace, (exchange)->trace, kind, __VA_ARGS__)
/* Of a connection to a host, on the upstream side. */
#define UPSTREAM_TRACE(upstream, kind, ...)                                                        \
	TRACE((upstream)->gateway->trace, (upstream)->stream->trace, kind, __VA_ARGS__)

/* A request's head is complete: from here on it is, or is not, traced.  Called while somebody traces. */
COLD_CALL void exchange_trace_request(struct exchange *exchange, struct stream *stream);
/* Each of the following with a word that is not 0. */
COLD_CALL void exchange_trace_route(struct exchange *exchange);
COLD_CALL void exchange_trace_filter(struct filter *filter, bool decode, enum filter_result result);
COLD_CALL void exchange_trace_end(struct exchange *exchange, uint64_t now_ns);
COLD_CALL void trace_put_host(struct gateway *gateway, uint32_t word,
			      const struct config_cluster *cluster,
			      const struct config_endpoint *endpoint);
/* The waiter's request got no connection at once. */
COLD_CALL void exchange_trace_wait(struct exchange *exchange, enum pool_result result,
				   const struct upstream_waiter *waiter);
/* The connection that serves the exchange from now on. */
COLD_CALL void exchange_trace_serves(struct exchange *exchange, struct stream *stream);

/* Upstream connections are traced for the time of the request that they serve. */
static inline void exchange_trace_upstream(struct exchange *exchange, struct stream *stream)
{
	stream_set_trace(stream, trace_upstream(exchange->trace));
	if (unlikely_true(exchange->trace != 0))
		exchange_trace_serves(exchange, stream);
}

static inline void exchange_trace_filtered(struct filter *filter, bool decode,
					   enum filter_result result)
{
	if (unlikely_true(filter->exchange->trace != 0))
		exchange_trace_filter(filter, decode, result);
}

#endif
