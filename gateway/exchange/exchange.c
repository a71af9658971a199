#include "gateway/exchange/exchange.h"

#include <string.h>

#include "gateway/exchange/edge_headers.h"
#include "gateway/exchange/exchange_trace.h"
#include "gateway/filters/filter_chain.h"
#include "gateway/filters/router.h"
#include "gateway/exchange/request_memory.h"
#include "stack/base/planted.h"

#define EXCHANGE_DISCARD_ROOM 65536

static const char *const reset_names[] = {
	[RESET_NONE] = "",
	[RESET_CONNECT_FAILURE] = "remote connection failure",
	[RESET_CONNECT_TIMEOUT] = "connection timeout",
	[RESET_TERMINATION] = "connection termination",
	[RESET_REMOTE] = "remote reset",
	[RESET_LOCAL] = "local reset",
	[RESET_OVERFLOW] = "overflow",
	[RESET_PROTOCOL_ERROR] = "protocol error",
	[RESET_REFUSED_STREAM] = "remote refused stream reset",
};

const char *exchange_reset_name(enum exchange_reset why)
{
	return reset_names[why];
}

struct exchange *exchange_create(struct gateway *gateway, const struct config_hcm *hcm,
				 const struct downstream_ops *ops, void *down, uint64_t now_ns)
{
	struct exchange *exchange = pool_take(&gateway->exchanges);

	if (!exchange)
		return NULL;
	exchange->gateway = gateway;
	exchange->hcm = hcm;
	exchange->down_ops = ops;
	exchange->down = down;
	exchange->start_ns = now_ns;
	exchange->activity_ns = now_ns;
	exchange->request_deadline_ns = DEADLINE_NEVER_NS;
	exchange->route_deadline_ns = DEADLINE_NEVER_NS;
	exchange->try_deadline_ns = DEADLINE_NEVER_NS;
	exchange->fixed_cluster_id = UINT32_MAX;
	if (hcm) {
		exchange->idle_timeout_ns = hcm->stream_idle_timeout_ns;
		if (hcm->request_timeout_ns)
			exchange->request_deadline_ns = now_ns + hcm->request_timeout_ns;
	}
	arena_init(&exchange->arena, &gateway->chunks, GATEWAY_EXCHANGE_CHUNKS);
	return exchange;
}

static void exchange_free(struct exchange *exchange)
{
	struct gateway *gateway = exchange->gateway;

	head_bytes_clear(gateway, &exchange->request_bytes);
	head_bytes_clear(gateway, &exchange->response_bytes);
	arena_clear(&exchange->arena);
	pool_give(&gateway->exchanges, exchange);
}

void exchange_enter(struct exchange *exchange)
{
	INVARIANT(exchange->depth < UINT8_MAX);
	exchange->depth++;
}

void exchange_leave(struct exchange *exchange)
{
	INVARIANT(exchange->depth > 0);
	if (--exchange->depth == 0 && exchange->over)
		exchange_free(exchange);
}

void exchange_abandon(struct exchange *exchange, uint64_t now_ns)
{
	exchange_enter(exchange);
	exchange_end(exchange, now_ns);
	exchange_leave(exchange);
}

static void count_status(struct exchange *exchange)
{
	struct http_stats *stats = stats_http(exchange->gateway, exchange->hcm->stat_slot);
	uint16_t status = exchange->response.status;

	if (!exchange->response_head_done)
		return;
	if (status >= 500)
		counter_inc(&stats->downstream_rq_5xx);
	else if (status >= 400)
		counter_inc(&stats->downstream_rq_4xx);
	else if (status >= 300)
		counter_inc(&stats->downstream_rq_3xx);
	else if (status >= 200)
		counter_inc(&stats->downstream_rq_2xx);
	else
		counter_inc(&stats->downstream_rq_1xx);
}

static void count_end(struct exchange *exchange, uint64_t now_ns)
{
	struct gateway *gateway = exchange->gateway;
	struct http_stats *stats = stats_http(gateway, exchange->hcm->stat_slot);

	gauge_add(&stats->downstream_rq_active, -1);
	count_status(exchange);
	if (!exchange->response_ended)
		return;
	counter_inc(&stats->downstream_rq_completed);
	stats_record(gateway, HISTOGRAM_HTTP_DOWNSTREAM_RQ_TIME, exchange->hcm->stat_slot,
		     now_ns - exchange->start_ns);
}

/* Once, and while both codecs still have the streams that the log line tells of. */
static void close_books(struct exchange *exchange, uint64_t now_ns)
{
	if (!exchange->counted)
		return;
	exchange->counted = false;
	count_end(exchange, now_ns);
	bool failed = exchange->response_flags != 0 || !exchange->response_ended ||
		      exchange->response.status >= 500;
	bool slow = request_memory_is_slow(exchange->gateway->requests,
					   now_ns - exchange->start_ns);

	if (unlikely_true(failed || slow))
		exchange_remember(exchange, failed, slow, now_ns);
	if (exchange->hcm->log_count)
		exchange_log(exchange, now_ns);
	if (unlikely_true(exchange->trace != 0))
		exchange_trace_end(exchange, now_ns);
}

void exchange_end(struct exchange *exchange, uint64_t now_ns)
{
	if (exchange->over)
		return;
	exchange->over = true;
	close_books(exchange, now_ns);
	if (exchange->up_ops) {
		const struct upstream_ops *ops = exchange->up_ops;

		exchange->up_ops = NULL;
		ops->reset(exchange, now_ns);
	}
	filter_chain_destroy(exchange, now_ns);
	exchange->down_ops->ended(exchange, now_ns);
	exchange->down_ops = NULL;
	if (exchange->table && !PLANTED(TABLE_HOLD_LEAK))
		config_release(exchange->gateway->params.holds, &exchange->table->object);
}

void exchange_reset(struct exchange *exchange, uint64_t flags, struct str details, uint64_t now_ns)
{
	exchange_enter(exchange);
	if (!exchange->over) {
		exchange->response_flags |= flags;
		if (!exchange->details.length)
			exchange->details = details;
		if (exchange->counted)
			counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)
					     ->downstream_rq_tx_reset);
		close_books(exchange, now_ns);
		exchange->down_ops->reset(exchange, now_ns);
		exchange_end(exchange, now_ns);
	}
	exchange_leave(exchange);
}

/* --- the route ------------------------------------------------------------------------------ */

const struct route_choice *exchange_route(struct exchange *exchange)
{
	if (exchange->route_looked_up || !exchange->hcm)
		return &exchange->route;
	exchange->route_looked_up = true;
	struct gateway *gateway = exchange->gateway;
	const struct config_route_table *table =
		gateway->config ? config_find_route_table(gateway->config,
							  exchange->hcm->route_table_id)
				: NULL;

	if (table) {
		config_hold(gateway->params.holds, &table->object);
		exchange->table = table;
		if (!route_find(table, &exchange->request, &exchange->route))
			exchange->route.route = NULL;
	}
	if (unlikely_true(exchange->trace != 0))
		exchange_trace_route(exchange);
	return &exchange->route;
}

void exchange_clear_route(struct exchange *exchange)
{
	if (exchange->table)
		config_release(exchange->gateway->params.holds, &exchange->table->object);
	exchange->table = NULL;
	exchange->route_looked_up = false;
	memset(&exchange->route, 0, sizeof(exchange->route));
}

/* --- the request's way ---------------------------------------------------------------------- */

static void request_is_complete(struct exchange *exchange, uint64_t now_ns)
{
	exchange->request_ended = true;
	exchange->request_end_ns = now_ns;
	exchange->request_deadline_ns = DEADLINE_NEVER_NS;
}

void exchange_request(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	struct gateway *gateway = exchange->gateway;

	exchange_enter(exchange);
	exchange->activity_ns = now_ns;
	if (exchange->hcm) {
		struct http_stats *stats = stats_http(gateway, exchange->hcm->stat_slot);

		exchange->counted = true;
		counter_inc(&stats->downstream_rq_total);
		if (exchange->request.version <= HTTP_1_1)
			counter_inc(&stats->downstream_rq_http1_total);
		gauge_add(&stats->downstream_rq_active, 1);
	}
	if (ended)
		request_is_complete(exchange, now_ns);
	if (exchange->hcm && !edge_request_path(exchange, now_ns)) {
		exchange_leave(exchange);
		return;
	}
	if ((exchange->hcm && !edge_request_headers(exchange, now_ns)) ||
	    !filter_chain_build(exchange)) {
		if (exchange->hcm)
			counter_inc(&stats_http(gateway, exchange->hcm->stat_slot)
					     ->downstream_rq_overload_close);
		exchange_reply(exchange, 503, STR("overload"), STR("overload"),
			       UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER, now_ns);
	} else {
		filter_chain_decode_head(exchange, ended, now_ns);
	}
	if (!exchange->over)
		exchange->down_ops->arm(exchange, exchange_deadline_ns(exchange));
	exchange_leave(exchange);
}

uint32_t exchange_request_room(const struct exchange *exchange)
{
	if (exchange->request_discarded)
		return EXCHANGE_DISCARD_ROOM;
	uint32_t room = filter_chain_decode_room(exchange);

	if (room != UINT32_MAX)
		return room;
	return exchange->up_ops ? exchange->up_ops->room(exchange) : 0;
}

void exchange_request_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			   uint64_t now_ns)
{
	exchange_enter(exchange);
	exchange->activity_ns = now_ns;
	exchange->bytes_received += bytes->bytes;
	if (ended)
		request_is_complete(exchange, now_ns);
	if (exchange->request_discarded)
		slice_queue_clear(exchange->gateway->params.slices, bytes);
	else
		filter_chain_decode_body(exchange, bytes, ended, now_ns);
	if (!exchange->over && ended)
		exchange->down_ops->arm(exchange, exchange_deadline_ns(exchange));
	exchange_leave(exchange);
}

void exchange_request_reset(struct exchange *exchange, enum exchange_reset why, uint64_t now_ns)
{
	exchange_enter(exchange);
	if (exchange->counted)
		counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)
				     ->downstream_rq_rx_reset);
	EXCHANGE_TRACE(exchange, REQUEST_GONE, .t = {trace_text(exchange_reset_name(why))});
	exchange->response_flags |= UINT64_C(1) << (why == RESET_PROTOCOL_ERROR
							    ? RESPONSE_FLAG_BIT_DOWNSTREAM_PROTOCOL_ERROR
							    : RESPONSE_FLAG_BIT_DOWNSTREAM_TERMINATION);
	if (!exchange->details.length)
		exchange->details = why == RESET_PROTOCOL_ERROR
					    ? STR("http1.codec_error")
					    : STR("downstream_remote_disconnect");
	exchange_end(exchange, now_ns);
	exchange_leave(exchange);
}

void exchange_request_resume(struct exchange *exchange, uint64_t now_ns)
{
	if (exchange->over || exchange->request_ended)
		return;
	exchange_enter(exchange);
	if (exchange_request_room(exchange) > 0)
		exchange->down_ops->resume(exchange, now_ns);
	exchange_leave(exchange);
}

/* --- the answer's way ----------------------------------------------------------------------- */

void exchange_answer_informational(struct exchange *exchange, const struct message_head *head,
				   uint64_t now_ns)
{
	/* As Envoy: where the gateway has answered Expect itself, 1xx of the upstream end here. */
	if (exchange->over || !exchange->hcm || !exchange->hcm->proxy_100_continue ||
	    exchange->response_started)
		return;
	exchange_enter(exchange);
	exchange->activity_ns = now_ns;
	exchange->down_ops->informational(exchange, head, now_ns);
	exchange_leave(exchange);
}

void exchange_answer(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	exchange_enter(exchange);
	exchange->activity_ns = now_ns;
	if (!router_answer(exchange, ended, now_ns)) {
		exchange->response_started = true;
		if (!exchange->response_start_ns)
			exchange->response_start_ns = now_ns;
		if (ended)
			router_answer_ended(exchange, now_ns);
		filter_chain_encode_head(exchange, ended, now_ns);
	}
	exchange_leave(exchange);
}

uint32_t exchange_answer_room(const struct exchange *exchange)
{
	uint32_t room = filter_chain_encode_room(exchange);
	uint32_t down = exchange->down_ops ? exchange->down_ops->room(exchange) : 0;

	return room < down || !exchange->response_head_done ? room : down;
}

void exchange_answer_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			  uint64_t now_ns)
{
	exchange_enter(exchange);
	exchange->activity_ns = now_ns;
	if (ended)
		router_answer_ended(exchange, now_ns);
	filter_chain_encode_body(exchange, bytes, ended, now_ns);
	exchange_leave(exchange);
}

void exchange_answer_resume(struct exchange *exchange, uint64_t now_ns)
{
	if (exchange->over || !exchange->up_ops)
		return;
	exchange_enter(exchange);
	exchange->activity_ns = now_ns;
	if (exchange_answer_room(exchange) > 0)
		exchange->up_ops->resume(exchange, now_ns);
	exchange_leave(exchange);
}

void exchange_answer_reset(struct exchange *exchange, enum exchange_reset why, bool stale,
			   uint64_t now_ns)
{
	exchange_enter(exchange);
	exchange->up_ops = NULL;
	exchange->up = NULL;
	if (!exchange->over)
		router_upstream_reset(exchange, why, stale, now_ns);
	exchange_leave(exchange);
}

/* --- time ----------------------------------------------------------------------------------- */

static uint64_t idle_deadline_ns(const struct exchange *exchange)
{
	return exchange->idle_timeout_ns ? exchange->activity_ns + exchange->idle_timeout_ns
					 : DEADLINE_NEVER_NS;
}

uint64_t exchange_deadline_ns(const struct exchange *exchange)
{
	uint64_t a = deadline_earlier_ns(exchange->route_deadline_ns, exchange->try_deadline_ns);
	uint64_t b = deadline_earlier_ns(exchange->request_deadline_ns, idle_deadline_ns(exchange));

	return deadline_earlier_ns(a, b);
}

static void request_timed_out(struct exchange *exchange, uint64_t now_ns)
{
	exchange->request_deadline_ns = DEADLINE_NEVER_NS;
	if (exchange->counted)
		counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)
				     ->downstream_rq_timeout);
	exchange_reply(exchange, 408, STR("request timeout"), STR("request_overall_timeout"),
		       UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_TERMINATION, now_ns);
}

static void idled_out(struct exchange *exchange, uint64_t now_ns)
{
	exchange->idle_timeout_ns = 0;
	if (exchange->counted)
		counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)
				     ->downstream_rq_idle_timeout);
	exchange_reply(exchange, exchange->request_ended ? 504 : 408, STR("stream timeout"),
		       STR("stream_idle_timeout"),
		       UINT64_C(1) << RESPONSE_FLAG_BIT_STREAM_IDLE_TIMEOUT, now_ns);
}

uint64_t exchange_expire(struct exchange *exchange, uint64_t now_ns)
{
	uint64_t deadline_ns = DEADLINE_NEVER_NS;

	exchange_enter(exchange);
	if (now_ns >= exchange->request_deadline_ns)
		request_timed_out(exchange, now_ns);
	else if (now_ns >= exchange->route_deadline_ns || now_ns >= exchange->try_deadline_ns)
		router_timed_out(exchange, now_ns);
	else if (now_ns >= idle_deadline_ns(exchange))
		idled_out(exchange, now_ns);
	if (!exchange->over)
		deadline_ns = exchange_deadline_ns(exchange);
	exchange_leave(exchange);
	return deadline_ns;
}
