#include "gateway/filters/filter_chain.h"

#include <string.h>

#include "gateway/exchange/exchange_trace.h"
#include "gateway/exchange/to_downstream.h"

static bool name_is(const struct config_filter_override *item, struct str name)
{
	return str_equal(item->filter_name, name);
}

static const struct config_filter_override *find_in(const struct config_filter_overrides *overrides,
						    struct str name)
{
	for (uint32_t i = 0; i < overrides->count; i++)
		if (name_is(&overrides->items[i], name))
			return &overrides->items[i];
	return NULL;
}

/* Most specific wins: route, virtual host, route table. */
static const struct config_filter_override *find_override(struct exchange *exchange,
							  struct str name)
{
	const struct route_choice *choice = exchange_route(exchange);
	const struct config_filter_override *found = NULL;

	if (choice->route)
		found = find_in(&choice->route->overrides, name);
	if (!found && choice->virtual_host)
		found = find_in(&choice->virtual_host->overrides, name);
	if (!found && exchange->table)
		found = find_in(&exchange->table->overrides, name);
	return found;
}

const void *filter_route_config(struct filter *filter)
{
	const struct config_filter_override *found =
		find_override(filter->exchange, filter->config->name);

	return found ? found->config : NULL;
}

static bool is_skipped(struct exchange *exchange, const struct config_http_filter *config)
{
	const struct config_filter_override *found;

	if (config->type->terminal)
		return false;
	found = find_override(exchange, config->name);
	return found ? found->disabled : config->disabled;
}

static bool filter_init(struct exchange *exchange, struct filter *filter, uint32_t index,
			const struct config_http_filter *config)
{
	memset(filter, 0, sizeof(*filter));
	filter->exchange = exchange;
	filter->config = config;
	filter->type = config->type;
	filter->index = (uint8_t)index;
	filter->skipped = is_skipped(exchange, config);
	if (!config->type->state_bytes)
		return true;
	filter->state = arena_alloc(&exchange->arena, config->type->state_bytes);
	if (!filter->state)
		return false;
	memset(filter->state, 0, config->type->state_bytes);
	return true;
}

/* A callout has the router only. */
static const struct config_http_filter router_only = {
	.name = {"envoy.filters.http.router", 25},
	.type = &filter_router,
};

bool filter_chain_build(struct exchange *exchange)
{
	const struct config_http_filter *configs = exchange->hcm ? exchange->hcm->filters
								 : &router_only;
	uint32_t count = exchange->hcm ? exchange->hcm->filter_count : 1;
	struct filter_chain *chain = &exchange->chain;

	chain->filters = arena_alloc(&exchange->arena, count * sizeof(*chain->filters));
	if (!chain->filters || count > UINT8_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!filter_init(exchange, &chain->filters[i], i, &configs[i]))
			return false;
		chain->count++;
		if (configs[i].type == &filter_router)
			exchange->router = chain->filters[i].state;
	}
	return true;
}

static void side_clear(struct exchange *exchange, struct filter_side *side)
{
	slice_queue_clear(exchange->gateway->params.slices, &side->held);
	memset(side, 0, sizeof(*side));
}

void filter_chain_discard_decode(struct exchange *exchange)
{
	for (uint32_t i = 0; i < exchange->chain.count; i++)
		side_clear(exchange, &exchange->chain.filters[i].decode);
}

void filter_chain_discard_encode(struct exchange *exchange)
{
	for (uint32_t i = 0; i < exchange->chain.count; i++)
		side_clear(exchange, &exchange->chain.filters[i].encode);
}

void filter_chain_destroy(struct exchange *exchange, uint64_t now_ns)
{
	for (uint32_t i = 0; i < exchange->chain.count; i++) {
		struct filter *filter = &exchange->chain.filters[i];

		if (filter->type->destroy)
			filter->type->destroy(filter, now_ns);
		side_clear(exchange, &filter->decode);
		side_clear(exchange, &filter->encode);
	}
}

/* --- decode: from the client towards the router ------------------------------------------------ */

static void decode_head_from(struct exchange *exchange, uint32_t from, bool ended, uint64_t now_ns)
{
	for (uint32_t i = from; i < exchange->chain.count; i++) {
		struct filter *filter = &exchange->chain.filters[i];
		enum filter_result result = FILTER_CONTINUE;

		if (!filter->skipped && filter->type->decode_head)
			result = filter->type->decode_head(filter, ended, now_ns);
		exchange_trace_filtered(filter, true, result);
		/* Whoever answered, in this call or below it, has taken the request over. */
		if (exchange->over || exchange->request_discarded || result == FILTER_ANSWERED)
			return;
		if (result == FILTER_CONTINUE || (result == FILTER_BUFFER && ended))
			continue;
		filter->decode.waiting = (uint8_t)result;
		filter->decode.head_held = true;
		filter->decode.head_ended = ended;
		return;
	}
	exchange->request_head_done = true;
}

static void decode_buffered(struct filter *filter, uint64_t now_ns);

static void decode_hold(struct filter *filter, struct slice_queue *bytes, bool ended, bool seen,
			uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;
	struct filter_side *side = &filter->decode;

	slice_queue_append(&side->held, bytes);
	side->end_held = ended;
	side->held_seen = seen;
	if (side->waiting != FILTER_BUFFER)
		return;
	if (side->held.bytes > exchange->buffer_limit_bytes) {
		if (exchange->hcm)
			counter_inc(&stats_http(exchange->gateway, exchange->hcm->stat_slot)
					     ->downstream_rq_too_large);
		exchange_reply(exchange, 413, STR("Payload Too Large"),
			       STR("request_payload_too_large"), 0, now_ns);
	} else if (ended) {
		decode_buffered(filter, now_ns);
	}
}

static void decode_body_from(struct exchange *exchange, uint32_t from, struct slice_queue *bytes,
			     bool ended, uint64_t now_ns)
{
	for (uint32_t i = from; i < exchange->chain.count; i++) {
		struct filter *filter = &exchange->chain.filters[i];
		enum filter_result result = FILTER_CONTINUE;

		if (filter->decode.waiting != FILTER_CONTINUE) {
			decode_hold(filter, bytes, ended, false, now_ns);
			return;
		}
		if (!filter->skipped && filter->type->decode_body)
			result = filter->type->decode_body(filter, bytes, ended, now_ns);
		if (exchange->over || exchange->request_discarded || result == FILTER_ANSWERED)
			break;
		if (result == FILTER_CONTINUE)
			continue;
		filter->decode.waiting = FILTER_SUSPEND;
		decode_hold(filter, bytes, ended, true, now_ns);
		return;
	}
	slice_queue_clear(exchange->gateway->params.slices, bytes);
}

/* What waited at this place goes on. */
static void decode_release(struct filter *filter, uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;
	struct filter_side side = filter->decode;

	memset(&filter->decode, 0, sizeof(filter->decode));
	if (side.head_held)
		decode_head_from(exchange, filter->index + 1u, side.head_ended, now_ns);
	if (exchange->over || exchange->request_discarded)
		slice_queue_clear(exchange->gateway->params.slices, &side.held);
	else if (side.held.bytes || side.end_held)
		decode_body_from(exchange, filter->index + (side.held_seen ? 1u : 0u), &side.held,
				 side.end_held, now_ns);
}

/* The whole body is here: the filter sees it at once. */
static void decode_buffered(struct filter *filter, uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;
	enum filter_result result = FILTER_CONTINUE;

	filter->decode.waiting = FILTER_SUSPEND;
	filter->decode.held_seen = true;
	if (filter->type->decode_body)
		result = filter->type->decode_body(filter, &filter->decode.held, true, now_ns);
	if (!exchange->over && !exchange->request_discarded && result == FILTER_CONTINUE)
		decode_release(filter, now_ns);
}

void filter_chain_decode_head(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	decode_head_from(exchange, 0, ended, now_ns);
}

void filter_chain_decode_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			      uint64_t now_ns)
{
	decode_body_from(exchange, 0, bytes, ended, now_ns);
}

void filter_resume_decode(struct filter *filter, uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;

	exchange_enter(exchange);
	if (!exchange->over && !exchange->request_discarded &&
	    filter->decode.waiting == FILTER_SUSPEND) {
		decode_release(filter, now_ns);
		exchange_request_resume(exchange, now_ns);
	}
	exchange_leave(exchange);
}

/* --- encode: from the router towards the client ------------------------------------------------ */

static void encode_head_from(struct exchange *exchange, int from, bool ended, uint64_t now_ns)
{
	for (int i = from; i >= 0; i--) {
		struct filter *filter = &exchange->chain.filters[i];
		enum filter_result result = FILTER_CONTINUE;

		if (!filter->skipped && filter->type->encode_head)
			result = filter->type->encode_head(filter, ended, now_ns);
		exchange_trace_filtered(filter, false, result);
		if (exchange->over || result == FILTER_ANSWERED)
			return;
		if (result == FILTER_CONTINUE || (result == FILTER_BUFFER && ended))
			continue;
		filter->encode.waiting = (uint8_t)result;
		filter->encode.head_held = true;
		filter->encode.head_ended = ended;
		return;
	}
	exchange_to_downstream_head(exchange, ended, now_ns);
}

static void encode_buffered(struct filter *filter, uint64_t now_ns);

static void encode_hold(struct filter *filter, struct slice_queue *bytes, bool ended, bool seen,
			uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;
	struct filter_side *side = &filter->encode;

	slice_queue_append(&side->held, bytes);
	side->end_held = ended;
	side->held_seen = seen;
	if (side->waiting != FILTER_BUFFER)
		return;
	if (side->held.bytes > exchange->buffer_limit_bytes && !exchange->local_reply)
		exchange_reply(exchange, 500, STR("Internal Server Error"),
			       STR("response_payload_too_large"), 0, now_ns);
	else if (ended)
		encode_buffered(filter, now_ns);
}

static void encode_body_from(struct exchange *exchange, int from, struct slice_queue *bytes,
			     bool ended, uint64_t now_ns)
{
	for (int i = from; i >= 0; i--) {
		struct filter *filter = &exchange->chain.filters[i];
		enum filter_result result = FILTER_CONTINUE;

		if (filter->encode.waiting != FILTER_CONTINUE) {
			encode_hold(filter, bytes, ended, false, now_ns);
			return;
		}
		if (!filter->skipped && filter->type->encode_body)
			result = filter->type->encode_body(filter, bytes, ended, now_ns);
		if (exchange->over || result == FILTER_ANSWERED) {
			slice_queue_clear(exchange->gateway->params.slices, bytes);
			return;
		}
		if (result == FILTER_CONTINUE)
			continue;
		filter->encode.waiting = FILTER_SUSPEND;
		encode_hold(filter, bytes, ended, true, now_ns);
		return;
	}
	exchange_to_downstream_body(exchange, bytes, ended, now_ns);
}

static void encode_release(struct filter *filter, uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;
	struct filter_side side = filter->encode;

	memset(&filter->encode, 0, sizeof(filter->encode));
	if (side.head_held)
		encode_head_from(exchange, filter->index - 1, side.head_ended, now_ns);
	if (exchange->over)
		slice_queue_clear(exchange->gateway->params.slices, &side.held);
	else if (side.held.bytes || side.end_held)
		encode_body_from(exchange, filter->index - (side.held_seen ? 1 : 0), &side.held,
				 side.end_held, now_ns);
}

static void encode_buffered(struct filter *filter, uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;
	enum filter_result result = FILTER_CONTINUE;

	filter->encode.waiting = FILTER_SUSPEND;
	filter->encode.held_seen = true;
	if (filter->type->encode_body)
		result = filter->type->encode_body(filter, &filter->encode.held, true, now_ns);
	if (!exchange->over && result == FILTER_CONTINUE)
		encode_release(filter, now_ns);
}

void filter_chain_encode_head(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	encode_head_from(exchange, exchange->chain.count - 1, ended, now_ns);
}

void filter_chain_encode_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			      uint64_t now_ns)
{
	encode_body_from(exchange, exchange->chain.count - 1, bytes, ended, now_ns);
}

void filter_resume_encode(struct filter *filter, uint64_t now_ns)
{
	struct exchange *exchange = filter->exchange;

	exchange_enter(exchange);
	if (!exchange->over && filter->encode.waiting == FILTER_SUSPEND) {
		encode_release(filter, now_ns);
		exchange_answer_resume(exchange, now_ns);
	}
	exchange_leave(exchange);
}

/* --- both ------------------------------------------------------------------------------------- */

static uint32_t side_room(const struct exchange *exchange, const struct filter_side *side)
{
	if (side->waiting == FILTER_CONTINUE)
		return UINT32_MAX;
	if (side->waiting == FILTER_SUSPEND)
		return 0;
	/* One byte over the limit may come: it is what shows that the body is too large. */
	return exchange->buffer_limit_bytes + 1 - side->held.bytes;
}

uint32_t filter_chain_decode_room(const struct exchange *exchange)
{
	uint32_t room = UINT32_MAX;

	for (uint32_t i = 0; i < exchange->chain.count; i++) {
		uint32_t here = side_room(exchange, &exchange->chain.filters[i].decode);

		room = here < room ? here : room;
	}
	return room;
}

uint32_t filter_chain_encode_room(const struct exchange *exchange)
{
	uint32_t room = UINT32_MAX;

	for (uint32_t i = 0; i < exchange->chain.count; i++) {
		uint32_t here = side_room(exchange, &exchange->chain.filters[i].encode);

		room = here < room ? here : room;
	}
	return room;
}

enum filter_result filter_reply(struct filter *filter, uint16_t status, struct str body,
				struct str details, uint64_t response_flags, uint64_t now_ns)
{
	exchange_reply(filter->exchange, status, body, details, response_flags, now_ns);
	return FILTER_ANSWERED;
}
