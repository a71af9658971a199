#include "gateway/exchange/exchange_trace.h"

#define AUTHORITY_BYTES_MAX 64
#define FLAGS_BYTES 128

void exchange_trace_request(struct exchange *exchange, struct stream *stream)
{
	struct gateway *gateway = exchange->gateway;
	const struct message_head *head = &exchange->request;
	struct trace_text authority = TRACE_STR(head->authority);

	if (gateway->trace->on_request) {
		char local[STREAM_END_BYTES], remote[STREAM_END_BYTES];
		struct stream_info info;

		stream_info(stream, &info);
		stream_set_trace(stream,
				 trace_request(gateway->trace, &info.key, stream->trace,
					       (struct trace_text)TRACE_STR(head->path),
					       stream_end_text(&info, false, true, remote),
					       stream_end_text(&info, true, true, local)));
		exchange->trace = stream->trace;
	}
	if (authority.length > AUTHORITY_BYTES_MAX)
		authority.length = AUTHORITY_BYTES_MAX;
	EXCHANGE_TRACE(exchange, REQUEST,
		       .n = {head->version == HTTP_2 ? 2 : 1, head->version == HTTP_1_1,
			     head->headers.count},
		       .t = {TRACE_STR(head->method), authority, TRACE_STR(head->path)});
}

void exchange_trace_route(struct exchange *exchange)
{
	const struct route_choice *choice = &exchange->route;
	struct trace_text host = {0};

	if (choice->virtual_host)
		host = (struct trace_text)TRACE_STR(choice->virtual_host->name);
	if (!exchange->table)
		EXCHANGE_TRACE(exchange, NO_TABLE, .n = {0});
	else if (!choice->route)
		EXCHANGE_TRACE(exchange, NO_ROUTE, .t = {host});
	else
		EXCHANGE_TRACE(exchange, ROUTE,
			       .t = {host, TRACE_STR(choice->route->name),
				     TRACE_STR(choice->route->match.path)});
}

void exchange_trace_filter(struct filter *filter, bool decode, enum filter_result result)
{
	static const char *const verdicts[] = {
		[FILTER_CONTINUE] = "goes on",
		[FILTER_SUSPEND] = "waits",
		[FILTER_BUFFER] = "waits for its whole body",
		[FILTER_ANSWERED] = "is answered",
	};
	struct exchange *exchange = filter->exchange;
	struct trace_text name = TRACE_STR(filter->config->name);
	struct trace_text verdict = trace_text(verdicts[result]);

	/* The end of the chain tells what it does in words of its own. */
	if (filter->type->terminal)
		return;
	if (filter->skipped && decode)
		EXCHANGE_TRACE(exchange, FILTER_OFF, .t = {name});
	else if (filter->skipped)
		return;
	else if (decode && filter->type->decode_head)
		EXCHANGE_TRACE(exchange, FILTER_REQUEST, .t = {name, verdict});
	else if (!decode && filter->type->encode_head)
		EXCHANGE_TRACE(exchange, FILTER_ANSWER, .t = {name, verdict});
}

void exchange_trace_end(struct exchange *exchange, uint64_t now_ns)
{
	char flags[FLAGS_BYTES];
	struct trace_text flags_text = {flags, 0};

	if (exchange->response_flags)
		flags_text.length = log_response_flags_write(exchange->response_flags, flags,
							     sizeof(flags));
	if (flags_text.length > sizeof(flags))
		flags_text.length = sizeof(flags);
	if (exchange->hcm->log_count == 0 || !exchange->gateway->params.log)
		EXCHANGE_TRACE(exchange, NOT_LOGGED, .n = {0});
	EXCHANGE_TRACE(exchange, REQUEST_END,
		       .n = {now_ns - exchange->start_ns,
			     exchange->response_head_done ? exchange->response.status : 0,
			     exchange->bytes_received, exchange->bytes_sent},
		       .t = {flags_text, TRACE_STR(exchange->details)});
}

void trace_put_host(struct gateway *gateway, uint32_t word, const struct config_cluster *cluster,
		    const struct config_endpoint *endpoint)
{
	static const char *const policies[] = {
		[LB_ROUND_ROBIN] = "round robin",
		[LB_LEAST_REQUEST] = "least request",
		[LB_RANDOM] = "random",
	};
	const struct config_endpoints *all =
		gateway->config ? config_find_endpoints(gateway->config, cluster->object.id) : NULL;
	uint32_t count = all ? all->endpoint_count : 0;
	char text[HOST_TEXT_BYTES];

	if (!endpoint) {
		TRACE(gateway->trace, word, NO_HOST, .n = {count});
		return;
	}
	const char *host = endpoint->pipe ? endpoint->pipe
					  : ip_endpoint_format(&endpoint->addr, endpoint->port, text,
							       sizeof(text));

	TRACE(gateway->trace, word, HOST, .n = {count},
	      .t = {trace_text(host), trace_text(policies[cluster->lb_policy])});
}

void exchange_trace_wait(struct exchange *exchange, enum pool_result result,
			 const struct upstream_waiter *waiter)
{
	if (result == POOL_WAITING)
		EXCHANGE_TRACE(exchange, POOL_WAITS,
			       .n = {waiter->host->connecting, waiter->host->waiter_count});
	else
		EXCHANGE_TRACE(exchange, POOL_REFUSED,
			       .t = {trace_text(result == POOL_OVERFLOW
							? "a circuit breaker is open"
							: "none can be opened")});
}

void exchange_trace_serves(struct exchange *exchange, struct stream *stream)
{
	char local[STREAM_END_BYTES], remote[STREAM_END_BYTES];
	struct stream_info info;

	stream_info(stream, &info);
	TRACE(exchange->gateway->trace, stream->trace, SERVES,
	      .t = {trace_text(stream_end_text(&info, true, true, local)),
		    trace_text(stream_end_text(&info, false, true, remote))});
	TRACE(exchange->gateway->trace, stream->trace, REQUEST_SENT, .n = {exchange->attempts});
}
