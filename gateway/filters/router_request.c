/* What requests and answers say because of their route. */
#include "gateway/exchange/str.h"
#include "gateway/filters/router.h"
#include "gateway/route/mutate.h"

static bool set_number(struct exchange *exchange, struct header_list *headers, enum header_id id,
		       struct str name, uint64_t number)
{
	struct header *header = header_find(headers, id);
	char text[STR_DECIMAL_BYTES];
	struct str value = {text, str_put_decimal(number, text)};

	value = arena_copy(&exchange->arena, value);
	if (!value.data)
		return false;
	if (header) {
		header->value = value;
		return true;
	}
	return header_add_id(headers, &exchange->arena, id, name, value);
}

static bool rewrite_path(struct exchange *exchange, const struct config_route *route)
{
	struct message_head *head = &exchange->request;
	struct str path;

	if (!route->prefix_rewrite.data)
		return true;
	path = route_rewrite_path(route, head->path, &exchange->arena);
	if (!path.data)
		return false;
	exchange->original_path = head->path;
	head->path = path;
	return header_set(&head->headers, &exchange->arena, STR("x-envoy-original-path"),
			  exchange->original_path);
}

static bool rewrite_host(struct exchange *exchange, const struct config_route *route)
{
	struct message_head *head = &exchange->request;

	if (!route->host_rewrite.data)
		return true;
	if (route->append_x_forwarded_host &&
	    !header_add(&head->headers, &exchange->arena, STR("x-forwarded-host"), head->authority))
		return false;
	head->authority = route->host_rewrite;
	return true;
}

/* Whether any level says anything: most do not, and the context costs more than the look. */
static bool has_mutations(const struct exchange *exchange, bool request)
{
	const struct route_choice *choice = &exchange->route;
	const struct config_route_table *table = exchange->table;

	if (request)
		return choice->route->request_headers.count ||
		       choice->virtual_host->request_headers.count || table->request_headers.count;
	return choice->route->response_headers.count ||
	       choice->virtual_host->response_headers.count || table->response_headers.count;
}

static bool mutate(struct exchange *exchange, bool request, uint64_t now_ns)
{
	struct log_context context;
	struct stream_info down, up;

	if (!exchange->route.route || !has_mutations(exchange, request))
		return true;
	exchange_log_context(exchange, &context, &down, &up, now_ns);
	return request ? mutate_request(exchange->table, &exchange->route, &exchange->request,
					&exchange->arena, &context)
		       : mutate_response(exchange->table, &exchange->route, &exchange->response,
					 &exchange->arena, &context);
}

bool router_request_headers(struct exchange *exchange, uint64_t now_ns)
{
	const struct config_route *route = exchange->route.route;
	uint64_t timeout_ns = route->timeout_ns;

	if (route->per_try_timeout_ns && (!timeout_ns || route->per_try_timeout_ns < timeout_ns))
		timeout_ns = route->per_try_timeout_ns;
	if (timeout_ns &&
	    !set_number(exchange, &exchange->request.headers, HEADER_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS,
			STR("x-envoy-expected-rq-timeout-ms"), timeout_ns / NS_PER_MS))
		return false;
	return mutate(exchange, true, now_ns) && rewrite_path(exchange, route) &&
	       rewrite_host(exchange, route);
}

bool router_attempt_header(struct exchange *exchange)
{
	const struct config_virtual_host *host = exchange->route.virtual_host;

	return !host || !host->include_attempt_count ||
	       set_number(exchange, &exchange->request.headers, HEADER_X_ENVOY_ATTEMPT_COUNT,
			  STR("x-envoy-attempt-count"), exchange->attempts);
}

bool router_answer_headers(struct exchange *exchange, const struct router *router, uint64_t now_ns)
{
	return set_number(exchange, &exchange->response.headers, HEADER_X_ENVOY_UPSTREAM_SERVICE_TIME,
			  STR("x-envoy-upstream-service-time"),
			  (now_ns - router->try_start_ns) / NS_PER_MS) &&
	       mutate(exchange, false, now_ns);
}
