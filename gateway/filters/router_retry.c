/* When a try fails: whether there is another one. */
#include <string.h>

#include "gateway/exchange/exchange_trace.h"
#include "gateway/filters/router.h"

#include "stack/base/planted.h"

static bool is_idempotent(struct str method)
{
	/* RFC 9110 9.2.2 */
	return str_equal(method, STR("GET")) || str_equal(method, STR("HEAD")) ||
	       str_equal(method, STR("PUT")) || str_equal(method, STR("DELETE")) ||
	       str_equal(method, STR("OPTIONS")) || str_equal(method, STR("TRACE"));
}

static bool policy_wants(const struct config_route *route, enum exchange_reset why)
{
	uint32_t on = route->retry_on;

	switch (why) {
	case RESET_OVERFLOW:
	case RESET_LOCAL:
		return false;
	case RESET_CONNECT_FAILURE:
	case RESET_CONNECT_TIMEOUT:
		return on & (RETRY_ON_CONNECT_FAILURE | RETRY_ON_RESET | RETRY_ON_RESET_BEFORE_REQUEST |
			     RETRY_ON_GATEWAY_ERROR | RETRY_ON_5XX);
	case RESET_REFUSED_STREAM:
		return on & (RETRY_ON_REFUSED_STREAM | RETRY_ON_RESET | RETRY_ON_5XX |
			     RETRY_ON_GATEWAY_ERROR);
	default:
		return on & (RETRY_ON_RESET | RETRY_ON_5XX | RETRY_ON_GATEWAY_ERROR);
	}
}

void router_retry_over(struct router *router)
{
	if (router->retry_counted) {
		cluster_state(router->filter->exchange->gateway, router->cluster->object.id)->retries--;
		gauge_add(&router_stats(router)->breaker_retries, -1);
	}
	router->retry_counted = false;
}

/* Counts one more retry by policy; false when there are none left. */
bool router_may_retry(struct router *router)
{
	struct exchange *exchange = router->filter->exchange;
	struct cluster_state *state =
		cluster_state(exchange->gateway, router->cluster->object.id);
	const struct config_route *route = exchange->route.route;
	struct route_stats *per_route = router_route_stats(router);

	if (router->body_passed || exchange->response_head_done)
		return false;
	if (router->retries >= route->retries_max) {
		counter_inc(&router_stats(router)->upstream_rq_retry_limit_exceeded);
		if (per_route)
			counter_inc(&per_route->upstream_rq_retry_limit_exceeded);
		return false;
	}
	if (!router->retry_counted) {
		if (state->retries >= router->cluster->breakers.retries_max) {
			counter_inc(&router_stats(router)->upstream_rq_retry_overflow);
			if (per_route)
				counter_inc(&per_route->upstream_rq_retry_overflow);
			return false;
		}
		state->retries++;
		gauge_add(&router_stats(router)->breaker_retries, 1);
		router->retry_counted = true;
	}
	router->retries++;
	counter_inc(&router_stats(router)->upstream_rq_retry);
	if (per_route)
		counter_inc(&per_route->upstream_rq_retry);
	return true;
}

void router_retry(struct router *router, uint64_t now_ns)
{
	struct exchange *exchange = router->filter->exchange;

	EXCHANGE_TRACE(exchange, RETRY, .n = {0});
	head_bytes_clear(exchange->gateway, &exchange->response_bytes);
	memset(&exchange->response, 0, sizeof(exchange->response));
	memset(&exchange->response_trailers, 0, sizeof(exchange->response_trailers));
	exchange->response_started = false;
	exchange->try_deadline_ns = DEADLINE_NEVER_NS;
	if (router_try(router, now_ns) != FILTER_CONTINUE || exchange->over)
		return;
	exchange->down_ops->arm(exchange, exchange_deadline_ns(exchange));
	if (router->filter->decode.waiting)
		filter_resume_decode(router->filter, now_ns);
	else
		exchange_request_resume(exchange, now_ns);
}

void router_upstream_reset(struct exchange *exchange, enum exchange_reset why, bool stale,
			   uint64_t now_ns)
{
	struct router *router = exchange->router;

	EXCHANGE_TRACE(exchange, UPSTREAM_RESET,
		       .t = {trace_text(exchange_reset_name(why)),
			     trace_text(stale ? "on a connection that was used before" : NULL)});
	/* RFC 9110 9.2.2: repeated without being asked only what may be. */
	if (stale && (!router->body_passed || PLANTED(RETRY_WITHOUT_BODY)) &&
	    !exchange->response_started &&
	    (is_idempotent(exchange->request.method) || PLANTED(POST_REPEATED)) &&
	    !router->waiter.fresh) {
		router->waiter.fresh = true;
		router_retry(router, now_ns);
		return;
	}
	if (!exchange->response_started && exchange->route.route &&
	    policy_wants(exchange->route.route, why) && router_may_retry(router)) {
		router_retry(router, now_ns);
		return;
	}
	router_fail(router, why, now_ns);
}

static void try_given_up(struct exchange *exchange, uint64_t now_ns)
{
	if (exchange->up_ops) {
		const struct upstream_ops *ops = exchange->up_ops;

		exchange->up_ops = NULL;
		ops->reset(exchange, now_ns);
	}
	router_cancel(exchange, now_ns);
}

void router_timed_out(struct exchange *exchange, uint64_t now_ns)
{
	struct router *router = exchange->router;
	const struct config_route *route = exchange->route.route;
	bool whole = now_ns >= exchange->route_deadline_ns;

	EXCHANGE_TRACE(exchange, TIMEOUT, .t = {trace_text(whole ? "of the route" : "of one try")});
	exchange->try_deadline_ns = DEADLINE_NEVER_NS;
	if (!router || !router->cluster)
		return;
	if (!whole)
		counter_inc(&router_stats(router)->upstream_rq_per_try_timeout);
	if (exchange->up) {
		struct upstream *upstream = exchange->up;

		counter_inc(&stats_endpoint(exchange->gateway, upstream->host->stat_slot)->rq_timeout);
	}
	if (!whole && route && (route->retry_on & (RETRY_ON_5XX | RETRY_ON_GATEWAY_ERROR)) &&
	    router_may_retry(router)) {
		try_given_up(exchange, now_ns);
		router_retry(router, now_ns);
		return;
	}
	exchange->route_deadline_ns = DEADLINE_NEVER_NS;
	if (whole)
		counter_inc(&router_stats(router)->upstream_rq_timeout);
	else if (router->retries)
		exchange->response_flags |= ROUTER_FLAG(UPSTREAM_RETRY_LIMIT);
	if (whole && router_route_stats(router))
		counter_inc(&router_route_stats(router)->upstream_rq_timeout);
	if (!exchange->response_head_done)
		router_count(router, 504);
	exchange_reply(exchange, 504, STR("upstream request timeout"),
		       whole ? STR("response_timeout") : STR("upstream_per_try_timeout"),
		       ROUTER_FLAG(UPSTREAM_TIMEOUT), now_ns);
}
