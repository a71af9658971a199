#include "gateway/filters/router.h"

#include <stdio.h>
#include <string.h>

#include "gateway/exchange/exchange_trace.h"
#include "gateway/stats/codes.h"
#include "stack/base/planted.h"

static uint64_t flag_of(enum exchange_reset why)
{
	switch (why) {
	case RESET_CONNECT_FAILURE:
	case RESET_CONNECT_TIMEOUT:
		return ROUTER_FLAG(UPSTREAM_CONNECTION_FAILURE);
	case RESET_TERMINATION:
		return ROUTER_FLAG(UPSTREAM_TERMINATION);
	case RESET_OVERFLOW:
		return ROUTER_FLAG(UPSTREAM_OVERFLOW);
	case RESET_PROTOCOL_ERROR:
		return ROUTER_FLAG(UPSTREAM_PROTOCOL_ERROR);
	case RESET_LOCAL:
		return ROUTER_FLAG(LOCAL_RESET);
	default:
		return ROUTER_FLAG(UPSTREAM_RESET);
	}
}

/* "prefix{reset_reason}" with Envoy's underscores. */
static struct str details_of(struct exchange *exchange, const char *prefix, enum exchange_reset why)
{
	char text[192];
	struct str reason = exchange->upstream_failure;
	int length = snprintf(text, sizeof(text), "%s{%s%s%.*s}", prefix, exchange_reset_name(why),
			      reason.length ? "|" : "", (int)reason.length,
			      reason.length ? reason.data : "");

	for (int i = 0; i < length; i++)
		if (text[i] == ' ')
			text[i] = '_';
	struct str kept = arena_copy(&exchange->arena, (struct str){text, (uint32_t)length});

	return kept.data ? kept : STR("upstream_reset");
}

void router_fail(struct router *router, enum exchange_reset why, uint64_t now_ns)
{
	struct exchange *exchange = router->filter->exchange;
	uint64_t flags = flag_of(why);
	char text[160];
	uint16_t status;
	struct str body;

	if (exchange->response_head_done) {
		if (exchange->hcm)
			counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)
					     ->rq_reset_after_downstream_response_started);
		exchange_reset(exchange, flags,
			       details_of(exchange, "upstream_reset_after_response_started", why),
			       now_ns);
		return;
	}
	if (router->retries)
		flags |= ROUTER_FLAG(UPSTREAM_RETRY_LIMIT);
	body.length = (uint32_t)snprintf(
		text, sizeof(text), "upstream connect error or disconnect/reset before headers. %sreset reason: %s",
		router->retries ? "retried and the latest " : "", exchange_reset_name(why));
	body.data = text;
	body = arena_copy(&exchange->arena, body);
	if (!body.data)
		body = STR("upstream connect error");
	status = why == RESET_PROTOCOL_ERROR ? 502 : 503;
	router_count(router, status);
	memset(&exchange->response, 0, sizeof(exchange->response));
	/* Without it the answer still says what it has to. */
	if (why == RESET_OVERFLOW)
		(void)!header_add(&exchange->response.headers, &exchange->arena,
				  STR("x-envoy-overloaded"), STR("true"));
	exchange_reply_with_headers(exchange, status, body,
				    details_of(exchange, "upstream_reset_before_response_started", why),
				    flags, now_ns);
}

/* --- one try ----------------------------------------------------------------------------------- */

static void start_timeouts(struct router *router, uint64_t now_ns)
{
	struct exchange *exchange = router->filter->exchange;
	const struct config_route *route = exchange->route.route;

	/* As Envoy: time runs from the end of the request on. */
	if (!route || !(router->head_ended || router->end_passed))
		return;
	if (route->timeout_ns && exchange->route_deadline_ns == DEADLINE_NEVER_NS)
		exchange->route_deadline_ns = now_ns + route->timeout_ns;
	if (route->per_try_timeout_ns && exchange->up_ops)
		exchange->try_deadline_ns = now_ns + route->per_try_timeout_ns;
}

static void remember_host(struct exchange *exchange, const struct host *host)
{
	char space[HOST_TEXT_BYTES];

	if (!exchange->hcm || !exchange->hcm->log_count)
		return;
	const char *text = host_text(host, space);

	exchange->upstream_host =
		arena_copy(&exchange->arena, (struct str){text, (uint32_t)strlen(text)});
}

/* The request's head goes out on this connection. */
static bool router_send(struct router *router, struct upstream *upstream, uint64_t now_ns)
{
	struct exchange *exchange = router->filter->exchange;

	upstream->codec->start(upstream, exchange);
	exchange_trace_upstream(exchange, upstream->stream);
	router->try_start_ns = now_ns;
	remember_host(exchange, upstream->host);
	start_timeouts(router, now_ns);
	if (router_attempt_header(exchange) &&
	    exchange->up_ops->head(exchange, router->head_ended || router->end_passed, now_ns))
		return true;
	exchange_reply(exchange, 503, STR("overload"), STR("overload"), ROUTER_FLAG(OVERLOAD_MANAGER),
		       now_ns);
	return false;
}

static void waiter_ready(struct upstream_waiter *waiter, struct upstream *upstream, uint64_t now_ns)
{
	struct router *router = container_of_member(waiter, struct router, waiter);
	struct exchange *exchange = router->filter->exchange;

	exchange_enter(exchange);
	if (router_send(router, upstream, now_ns)) {
		exchange->down_ops->arm(exchange, exchange_deadline_ns(exchange));
		if (router->filter->decode.waiting)
			filter_resume_decode(router->filter, now_ns);
		else
			exchange_request_resume(exchange, now_ns);
	}
	exchange_leave(exchange);
}

/* In the words in which Envoy quotes the kernel. */
static struct str reason_of(enum stream_failure failure)
{
	switch (failure) {
	case STREAM_FAILURE_REFUSED:
	case STREAM_FAILURE_PEER_RESET:
		return STR("delayed connect error: Connection refused");
	case STREAM_FAILURE_NO_ROUTE:
		return STR("delayed connect error: No route to host");
	case STREAM_FAILURE_RESOURCES:
		return STR("immediate connect error: Cannot assign requested address");
	default:
		return (struct str){0};
	}
}

static void waiter_failed(struct upstream_waiter *waiter, enum exchange_reset why, uint64_t now_ns)
{
	struct router *router = container_of_member(waiter, struct router, waiter);

	router->filter->exchange->upstream_failure = reason_of(waiter->failure);
	exchange_answer_reset(router->filter->exchange, why, false, now_ns);
}

enum filter_result router_try(struct router *router, uint64_t now_ns)
{
	struct exchange *exchange = router->filter->exchange;
	struct gateway *gateway = exchange->gateway;
	const struct config_endpoint *endpoint = cluster_choose(gateway, router->cluster, 0);
	struct upstream *upstream = NULL;
	enum pool_result result;

	exchange->attempts++;
	exchange->upstream_failure = (struct str){0};
	if (unlikely_true(exchange->trace != 0))
		trace_put_host(gateway, exchange->trace, router->cluster, endpoint);
	if (!endpoint) {
		counter_inc(&router_stats(router)->upstream_cx_none_healthy);
		router_count(router, 503);
		exchange_reply(exchange, 503, STR("no healthy upstream"), STR("no_healthy_upstream"),
			       ROUTER_FLAG(NO_HEALTHY_UPSTREAM), now_ns);
		return FILTER_ANSWERED;
	}
	router->waiter.ready = waiter_ready;
	router->waiter.failed = waiter_failed;
	router->waiter.trace = exchange->trace;
	result = pool_acquire(gateway, router->cluster, endpoint, &router->waiter, &upstream, now_ns);
	if (unlikely_true(exchange->trace != 0) && result != POOL_READY)
		exchange_trace_wait(exchange, result, &router->waiter);
	switch (result) {
	case POOL_READY:
		EXCHANGE_TRACE(exchange, POOL_HIT, .n = {upstream->requests});
		return router_send(router, upstream, now_ns) ? FILTER_CONTINUE : FILTER_ANSWERED;
	case POOL_WAITING:
		remember_host(exchange, router->waiter.host);
		return FILTER_SUSPEND;
	case POOL_OVERFLOW:
		router_fail(router, RESET_OVERFLOW, now_ns);
		return FILTER_ANSWERED;
	case POOL_FAILED:
		router_fail(router, RESET_CONNECT_FAILURE, now_ns);
		return FILTER_ANSWERED;
	}
	return FILTER_ANSWERED;
}

/* --- decode ------------------------------------------------------------------------------------ */

/* False = answered. */
static bool choose_cluster(struct router *router, uint64_t now_ns)
{
	struct exchange *exchange = router->filter->exchange;
	struct gateway *gateway = exchange->gateway;
	const struct config_route *route = exchange->route.route;
	uint32_t id = route ? route_choose_cluster(route, route->cluster_count > 1
								 ? prng_next(&gateway->prng)
								 : 0)
			    : exchange->fixed_cluster_id;
	const struct config_cluster *cluster =
		gateway->config ? config_find_cluster(gateway->config, id) : NULL;

	if (!cluster) {
		EXCHANGE_TRACE(exchange, NO_CLUSTER, .n = {0});
		if (exchange->hcm)
			counter_inc(&stats_http(gateway, exchange->hcm->stat_slot)->no_cluster);
		exchange_reply(exchange,
			       route && route->cluster_not_found_status
				       ? route->cluster_not_found_status
				       : 503,
			       STR(""), STR("cluster_not_found"), ROUTER_FLAG(NO_CLUSTER), now_ns);
		return false;
	}
	config_hold(gateway->params.holds, &cluster->object);
	router->cluster = cluster;
	exchange->cluster_name = cluster->name;
	EXCHANGE_TRACE(exchange, CLUSTER, .t = {TRACE_STR(cluster->name)});
	return true;
}

static enum filter_result decode_head(struct filter *filter, bool ended, uint64_t now_ns)
{
	struct router *router = filter->state;
	struct exchange *exchange = filter->exchange;

	router->filter = filter;
	router->head_ended = ended;
	exchange_route(exchange);
	if (exchange->hcm)
		counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)->rq_total);
	if (exchange->hcm && router_direct(exchange, now_ns))
		return FILTER_ANSWERED;
	if (!choose_cluster(router, now_ns))
		return FILTER_ANSWERED;
	if (exchange->route.route) {
		const struct config_route *route = exchange->route.route;

		if (route->idle_timeout_ns)
			exchange->idle_timeout_ns = route->idle_timeout_ns;
		if (router_route_stats(router))
			counter_inc(&router_route_stats(router)->upstream_rq_total);
		if (!router_request_headers(exchange, now_ns))
			return filter_reply(filter, 503, STR("overload"), STR("overload"),
					    ROUTER_FLAG(OVERLOAD_MANAGER), now_ns);
	}
	/* Waiting for a connection is part of the route's time, but of no try's. */
	start_timeouts(router, now_ns);
	return router_try(router, now_ns);
}

static enum filter_result decode_body(struct filter *filter, struct slice_queue *bytes, bool ended,
				      uint64_t now_ns)
{
	struct router *router = filter->state;
	struct exchange *exchange = filter->exchange;

	if (bytes->bytes)
		router->body_passed = true;
	if (ended) {
		router->end_passed = true;
		start_timeouts(router, now_ns);
	}
	/* A try whose connection has gone waits for the next: only its end can come meanwhile. */
	if (exchange->up_ops)
		exchange->up_ops->body(exchange, bytes, ended, now_ns);
	return FILTER_CONTINUE;
}

/* --- the answer ------------------------------------------------------------------------------- */

void router_count(struct router *router, uint16_t status)
{
	struct cluster_stats *stats = router_stats(router);
	struct route_stats *per_route = router_route_stats(router);

	counter_inc(&stats->upstream_rq_completed);
	counter_inc(status >= 500   ? &stats->upstream_rq_5xx
		    : status >= 400 ? &stats->upstream_rq_4xx
		    : status >= 300 ? &stats->upstream_rq_3xx
				    : &stats->upstream_rq_2xx);
	stats_count_code(&stats->upstream_rq_200, status);
	if (!per_route)
		return;
	counter_inc(&per_route->upstream_rq_completed);
	if (status >= 200 && status < 600)
		counter_inc(status >= 500   ? &per_route->upstream_rq_5xx
			    : status >= 400 ? &per_route->upstream_rq_4xx
			    : status >= 300 ? &per_route->upstream_rq_3xx
					    : &per_route->upstream_rq_2xx);
	stats_count_code(&per_route->upstream_rq_200, status);
}

/* As in Envoy an answer that is followed by another try counts as a retry, and not by its status. */
static void count_answer(struct router *router, uint16_t status)
{
	struct route_stats *per_route = router_route_stats(router);

	router_count(router, status);
	if (router->retries == 0 || status >= 500)
		return;
	counter_inc(&router_stats(router)->upstream_rq_retry_success);
	if (per_route)
		counter_inc(&per_route->upstream_rq_retry_success);
}

bool router_answer(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	struct router *router = exchange->router;
	const struct config_route *route = exchange->route.route;
	uint16_t status = exchange->response.status;
	struct upstream *upstream = exchange->up;
	struct endpoint_stats *endpoint =
		stats_endpoint(exchange->gateway, upstream->host->stat_slot);

	(void)ended;
	UPSTREAM_TRACE(upstream, UPSTREAM_ANSWER, .n = {status, now_ns - router->try_start_ns});
	counter_inc(status >= 500 ? &endpoint->rq_error : &endpoint->rq_success);
	if (route && status >= 500 &&
	    ((route->retry_on & RETRY_ON_5XX) ||
	     ((route->retry_on & RETRY_ON_GATEWAY_ERROR) && status >= 502 && status <= 504)) &&
	    router_may_retry(router)) {
		const struct upstream_ops *ops = exchange->up_ops;

		exchange->up_ops = NULL;
		ops->reset(exchange, now_ns);
		router_retry(router, now_ns);
		return true;
	}
	count_answer(router, status);
	if (router->retries && status >= 500)
		exchange->response_flags |= ROUTER_FLAG(UPSTREAM_RETRY_LIMIT);
	router_retry_over(router);
	exchange->details = STR("via_upstream");
	exchange->try_deadline_ns = DEADLINE_NEVER_NS;
	if (!router_answer_headers(exchange, router, now_ns))
		exchange_reply(exchange, 503, STR("overload"), STR("overload"),
			       ROUTER_FLAG(OVERLOAD_MANAGER), now_ns);
	return exchange->over || exchange->local_reply;
}

void router_answer_ended(struct exchange *exchange, uint64_t now_ns)
{
	const struct router *router = exchange->router;
	const struct config_route *route = exchange->route.route;
	uint64_t took_ns = now_ns - router->try_start_ns;

	exchange->route_deadline_ns = DEADLINE_NEVER_NS;
	stats_record(exchange->gateway, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME,
		     router->cluster->stat_slot, took_ns);
	if (route && route->stat_slot != UINT32_MAX)
		stats_record(exchange->gateway, HISTOGRAM_ROUTE_UPSTREAM_RQ_TIME, route->stat_slot,
			     took_ns);
}

void router_cancel(struct exchange *exchange, uint64_t now_ns)
{
	(void)now_ns;
	if (exchange->router)
		pool_cancel(exchange->gateway, &exchange->router->waiter);
}

static void destroy(struct filter *filter, uint64_t now_ns)
{
	struct router *router = filter->state;

	router_cancel(filter->exchange, now_ns);
	if (!router->cluster)
		return;
	router_retry_over(router);
	if (!PLANTED(CLUSTER_HOLD_LEAK))
		config_release(filter->exchange->gateway->params.holds, &router->cluster->object);
	router->cluster = NULL;
}

const struct filter_type filter_router = {
	.name = "envoy.filters.http.router",
	.state_bytes = sizeof(struct router),
	.terminal = true,
	.decode_head = decode_head,
	.decode_body = decode_body,
	.destroy = destroy,
};
