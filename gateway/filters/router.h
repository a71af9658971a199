/* The terminal filter: route, cluster, host, connection, and what to do when one of them fails.
 *
 *     decode_head ──> route ──> cluster ──> balancer ──> pool ──> up_ops->head
 *         │ redirect, direct answer, 404                  │ waits: FILTER_SUSPEND
 *         └──> exchange_reply                             └──> ready / failed
 *
 * A try that fails before an answer has begun may be repeated: by the route's retry policy, and
 * without one where a pooled connection had died unnoticed.  Either way only while no byte of the
 * request's body has been passed on; nothing is kept for a second time.  What a pooled connection
 * lost is repeated on a new one (waiter.fresh): another pooled one may have died as well. */
#ifndef GATEWAY_FILTERS_ROUTER_H
#define GATEWAY_FILTERS_ROUTER_H

#include "gateway/cluster/pool.h"
#include "gateway/exchange/exchange.h"

struct router {
	struct filter *filter;
	struct upstream_waiter waiter;
	const struct config_cluster *cluster; /* held */
	uint64_t try_start_ns;
	uint32_t retries;          /* by policy */
	bool head_ended;           /* the request is its head */
	bool body_passed;          /* body bytes have gone upstream */
	bool end_passed;
	bool retry_counted;        /* in the cluster's retries */
};

/* A head from upstream.  True = it was not good enough: another try is under way. */
bool router_answer(struct exchange *exchange, bool ended, uint64_t now_ns);
void router_answer_ended(struct exchange *exchange, uint64_t now_ns);
void router_upstream_reset(struct exchange *exchange, enum exchange_reset why, bool stale,
			   uint64_t now_ns);
void router_timed_out(struct exchange *exchange, uint64_t now_ns);
/* Stops waiting for a connection. */
void router_cancel(struct exchange *exchange, uint64_t now_ns);

/* --- router.c, for router_retry.c --- */
#define ROUTER_FLAG(id) (UINT64_C(1) << RESPONSE_FLAG_BIT_##id)
/* NULL: the route counts nothing of its own. */
static inline struct route_stats *router_route_stats(const struct router *router)
{
	const struct exchange *exchange = router->filter->exchange;
	const struct config_route *route = exchange->route.route;

	return route && route->stat_slot != UINT32_MAX
		       ? &exchange->gateway->params.stats->routes[route->stat_slot]
		       : NULL;
}
static inline struct cluster_stats *router_stats(const struct router *router)
{
	return stats_cluster(router->filter->exchange->gateway, router->cluster->stat_slot);
}
/* An answer of this status came from the cluster, or is given here because the cluster failed. */
void router_count(struct router *router, uint16_t status);
enum filter_result router_try(struct router *router, uint64_t now_ns);
/* No other try: answers, or resets where an answer has begun. */
void router_fail(struct router *router, enum exchange_reset why, uint64_t now_ns);

/* --- router_retry.c --- */
/* Counts one more retry by policy; false when there are none left. */
MUST_USE bool router_may_retry(struct router *router);
void router_retry(struct router *router, uint64_t now_ns);
/* The retry no longer counts against the cluster's breaker. */
void router_retry_over(struct router *router);

/* --- router_request.c: what the request and the answer say because of the route --- */
MUST_USE bool router_request_headers(struct exchange *exchange, uint64_t now_ns);
MUST_USE bool router_attempt_header(struct exchange *exchange);
MUST_USE bool router_answer_headers(struct exchange *exchange, const struct router *router,
				    uint64_t now_ns);

/* --- router_direct.c: answers without upstream --- */
/* True = the route (or the lack of one) was answered. */
bool router_direct(struct exchange *exchange, uint64_t now_ns);

#endif
