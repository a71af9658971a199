#include "gateway/filters/callout.h"

#include <string.h>

static void call_informational(struct exchange *exchange, const struct message_head *head,
			       uint64_t now_ns)
{
	(void)exchange, (void)head, (void)now_ns;
}

static bool call_head(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	(void)exchange, (void)ended, (void)now_ns;
	return true;
}

static void call_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
		      uint64_t now_ns)
{
	struct filter_call *call = exchange->down;

	slice_queue_append(&call->body, bytes);
	/* More than is wanted: no answer is better than half of one. */
	if (call->body.bytes > call->body_max)
		exchange_reset(exchange, 0, STR("callout_body_too_large"), now_ns);
	(void)ended;
}

static void call_reset(struct exchange *exchange, uint64_t now_ns)
{
	(void)exchange, (void)now_ns;
}

static uint32_t call_room(const struct exchange *exchange)
{
	const struct filter_call *call = exchange->down;

	return call->body.bytes > call->body_max ? 0 : call->body_max - call->body.bytes + 1;
}

static void call_arm(struct exchange *exchange, uint64_t deadline_ns)
{
	struct filter_call *call = exchange->down;

	gateway_timer_by(exchange->gateway, &call->timer, deadline_ns);
}

static void call_info(const struct exchange *exchange, struct stream_info *out)
{
	(void)exchange;
	memset(out, 0, sizeof(*out));
}

static void call_ended(struct exchange *exchange, uint64_t now_ns)
{
	struct filter_call *call = exchange->down;
	bool answered = exchange->response_ended && !exchange->local_reply;
	struct slice_queue body = call->body;

	gateway_timer_stop(exchange->gateway, &call->timer);
	call->exchange = NULL;
	memset(&call->body, 0, sizeof(call->body));
	/* done may end the filter's exchange, and with it the memory that the call lies in. */
	if (call->starting)
		call->failed = true;
	else if (call->done)
		call->done(call, answered ? &exchange->response : NULL, &body, now_ns);
	slice_queue_clear(exchange->gateway->params.slices, &body);
}

static const struct downstream_ops call_ops = {
	.informational = call_informational,
	.head = call_head,
	.body = call_body,
	.reset = call_reset,
	.room = call_room,
	.resume = call_reset,
	.arm = call_arm,
	.info = call_info,
	.ended = call_ended,
};

static void call_timer(struct gateway_timer *timer, uint64_t now_ns)
{
	struct filter_call *call = container_of_member(timer, struct filter_call, timer);
	struct gateway *gateway = call->filter->exchange->gateway;
	uint64_t next_ns = exchange_expire(call->exchange, now_ns);

	/* The filter, and the call with it, may be gone once its exchange is. */
	if (next_ns != DEADLINE_NEVER_NS)
		gateway_timer_by(gateway, timer, next_ns);
}

static bool call_fill(struct exchange *exchange, const struct filter_call_request *request)
{
	struct message_head *head = &exchange->request;

	head->version = HTTP_1_1;
	head->method = request->method;
	head->authority = request->authority;
	head->path = request->path;
	head->scheme = STR("http");
	head->framing = request->body.length ? BODY_LENGTH : BODY_NONE;
	head->content_length_bytes = request->body.length;
	for (uint32_t i = 0; i < request->headers.count; i++) {
		const struct header *header = &request->headers.items[i];

		if (!header->removed && !header_add(&head->headers, &exchange->arena, header->name,
						    header->value))
			return false;
	}
	return true;
}

bool filter_call(struct filter_call *call, const struct filter_call_request *request,
		 uint64_t now_ns)
{
	struct gateway *gateway = call->filter->exchange->gateway;
	struct exchange *exchange = exchange_create(gateway, NULL, &call_ops, call, now_ns);
	struct slice_queue body = {0};

	if (!exchange)
		return false;
	INVARIANT(!call->exchange);
	call->exchange = exchange;
	call->failed = false;
	call->starting = true;
	call->timer.fire = call_timer;
	exchange->fixed_cluster_id = request->cluster_id;
	exchange->buffer_limit_bytes = call->body_max;
	if (request->timeout_ns)
		exchange->route_deadline_ns = now_ns + request->timeout_ns;
	exchange_enter(exchange);
	if (!call_fill(exchange, request) ||
	    !gateway_push_bytes(gateway, &body, request->body.data, request->body.length)) {
		exchange_end(exchange, now_ns);
	} else {
		exchange_request(exchange, !body.bytes, now_ns);
		if (body.bytes && !exchange->over)
			exchange_request_body(exchange, &body, true, now_ns);
	}
	slice_queue_clear(gateway->params.slices, &body);
	exchange_leave(exchange);
	call->starting = false;
	return !call->failed;
}

void filter_call_cancel(struct filter_call *call, uint64_t now_ns)
{
	call->done = NULL;
	if (call->exchange)
		exchange_abandon(call->exchange, now_ns);
}
