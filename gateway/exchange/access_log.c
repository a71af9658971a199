#include <string.h>

#include "gateway/exchange/edge_headers.h"
#include "gateway/exchange/exchange.h"
#include "gateway/exchange/exchange_trace.h"

static void fill(struct exchange *exchange, struct log_context *context, uint64_t now_ns)
{
	const struct route_choice *route = &exchange->route;

	context->request = &exchange->request;
	context->response = exchange->response_head_done ? &exchange->response : NULL;
	context->trailers = &exchange->response_trailers;
	context->upstream_host = exchange->upstream_host;
	context->upstream_failure_reason = exchange->upstream_failure;
	context->cluster_name = exchange->cluster_name;
	if (route->route)
		context->route_name = route->route->name;
	if (route->virtual_host)
		context->virtual_host_name = route->virtual_host->name;
	context->response_code_details = exchange->details;
	context->request_id = exchange->request_id;
	context->original_path = exchange->original_path;
	context->protocol = exchange->request.version;
	context->status = exchange->response_head_done ? exchange->response.status : 0;
	context->response_flags = exchange->response_flags;
	context->bytes_received = exchange->bytes_received;
	context->bytes_sent = exchange->bytes_sent;
	context->start_wall_ns = gateway_wall_ns(exchange->gateway, exchange->start_ns);
	context->duration_ns = now_ns - exchange->start_ns;
	if (exchange->request_end_ns)
		context->request_duration_ns = exchange->request_end_ns - exchange->start_ns;
	if (exchange->response_start_ns)
		context->response_duration_ns = exchange->response_start_ns - exchange->start_ns;
	context->attempts = exchange->attempts;
}

/* x-forwarded-for bears the peer's own address by now, where the edge has appended it. */
static void name_client(const struct exchange *exchange, struct log_context *context)
{
	const struct config_hcm *hcm = exchange->hcm;
	const struct header_list *headers = &exchange->request.headers;

	if (!hcm || context->downstream->pipe || !header_find(headers, HEADER_X_FORWARDED_FOR))
		return;
	const struct ip_addr *peer = &context->downstream->key.remote;
	bool appended = !hcm->use_remote_address || !hcm->skip_xff_append;

	context->client = edge_client_address(headers, hcm->xff_trusted_hops + appended, *peer);
	context->has_client = !ip_addr_equal(&context->client, peer);
}

void exchange_log_context(struct exchange *exchange, struct log_context *context,
			  struct stream_info *downstream, struct stream_info *upstream,
			  uint64_t now_ns)
{
	memset(context, 0, sizeof(*context));
	fill(exchange, context, now_ns);
	exchange->down_ops->info(exchange, downstream);
	context->downstream = downstream;
	name_client(exchange, context);
	if (exchange->up_ops) {
		exchange->up_ops->info(exchange, upstream);
		context->upstream = upstream;
	}
}

void exchange_log(struct exchange *exchange, uint64_t now_ns)
{
	struct gateway *gateway = exchange->gateway;
	const struct config_hcm *hcm = exchange->hcm;
	struct log_context context;
	struct stream_info down, up;

	if (!gateway->params.log)
		return;
	exchange_log_context(exchange, &context, &down, &up, now_ns);
	for (uint32_t i = 0; i < hcm->log_count; i++) {
		uint32_t length = log_format_write(hcm->logs[i].format, &context, gateway->log_line,
						   GATEWAY_LOG_LINE_BYTES);

		gateway->params.log->line(gateway->params.log, hcm->logs[i].sink, gateway->log_line,
					  length);
		EXCHANGE_TRACE(exchange, LOGGED, .n = {i + 1, length});
	}
}
