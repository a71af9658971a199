/* Answers that are made here, and the last step of every answer towards the codec. */
#include <string.h>

#include "gateway/exchange/edge_headers.h"
#include "gateway/exchange/exchange_trace.h"
#include "gateway/exchange/to_downstream.h"
#include "gateway/filters/filter_chain.h"
#include "gateway/filters/router.h"

bool gateway_push_bytes(struct gateway *gateway, struct slice_queue *to, const char *data,
			uint32_t length)
{
	struct slice_pool *slices = gateway->params.slices;
	struct slice_queue made = {0};

	while (length > 0) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(gateway->params.header_pool);
		uint32_t n;

		if (!mbuf) {
			slice_queue_clear(slices, &made);
			return false;
		}
		n = rte_pktmbuf_tailroom(mbuf);
		if (n > length)
			n = length;
		memcpy(rte_pktmbuf_append(mbuf, (uint16_t)n), data, n);
		struct slice slice = {mbuf, mbuf->data_off, n};

		if (!slice_queue_push(slices, &made, slice)) {
			slice_release(&slice);
			slice_queue_clear(slices, &made);
			return false;
		}
		data += n;
		length -= n;
	}
	slice_queue_append(to, &made);
	return true;
}

/* What the client still sends is nobody's any more, and neither is what upstream answers. */
static void forget_both_sides(struct exchange *exchange, uint64_t now_ns)
{
	exchange->request_discarded = true;
	filter_chain_discard_decode(exchange);
	filter_chain_discard_encode(exchange);
	if (exchange->up_ops) {
		const struct upstream_ops *ops = exchange->up_ops;

		exchange->up_ops = NULL;
		ops->reset(exchange, now_ns);
	}
	router_cancel(exchange, now_ns);
}

static bool reply_head(struct exchange *exchange, struct str body)
{
	struct message_head *head = &exchange->response;
	struct header_list *headers = &head->headers;

	if (!body.length)
		return true;
	return header_find(headers, HEADER_CONTENT_TYPE) ||
	       header_add(headers, &exchange->arena, STR("content-type"), STR("text/plain"));
}

void exchange_reply_with_headers(struct exchange *exchange, uint16_t status, struct str body,
				 struct str details, uint64_t flags, uint64_t now_ns)
{
	static const struct slice_queue empty;
	struct slice_queue bytes = empty;

	exchange_enter(exchange);
	if (exchange->over || exchange->response_head_done) {
		exchange_reset(exchange, flags, details, now_ns);
		exchange_leave(exchange);
		return;
	}
	exchange->response_flags |= flags;
	exchange->details = details;
	exchange->local_reply = true;
	EXCHANGE_TRACE(exchange, REPLY, .n = {status}, .t = {TRACE_STR(details)});
	exchange->response_started = true;
	exchange->response_start_ns = now_ns;
	exchange->route_deadline_ns = exchange->try_deadline_ns = DEADLINE_NEVER_NS;
	forget_both_sides(exchange, now_ns);
	exchange->response.version = HTTP_1_1;
	exchange->response.status = status;
	exchange->response.framing = BODY_LENGTH;
	exchange->response.content_length_bytes = body.length;
	exchange->response.keep_alive = true;
	exchange->response_trailers.count = 0;
	if (!reply_head(exchange, body) ||
	    !gateway_push_bytes(exchange->gateway, &bytes, body.data, body.length)) {
		exchange_reset(exchange, UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER,
			       STR("overload"), now_ns);
	} else {
		filter_chain_encode_head(exchange, body.length == 0, now_ns);
		if (body.length && !exchange->over)
			filter_chain_encode_body(exchange, &bytes, true, now_ns);
	}
	slice_queue_clear(exchange->gateway->params.slices, &bytes);
	exchange_leave(exchange);
}

void exchange_reply(struct exchange *exchange, uint16_t status, struct str body, struct str details,
		    uint64_t flags, uint64_t now_ns)
{
	if (!exchange->response_head_done)
		memset(&exchange->response, 0, sizeof(exchange->response));
	exchange_reply_with_headers(exchange, status, body, details, flags, now_ns);
}

void exchange_to_downstream_head(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	if (exchange->over)
		return;
	if (exchange->hcm && !edge_response_headers(exchange, now_ns)) {
		exchange_reset(exchange, UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER,
			       STR("overload"), now_ns);
		return;
	}
	exchange->response_head_done = true;
	EXCHANGE_TRACE(exchange, ANSWER, .n = {exchange->response.status});
	if (!exchange->down_ops->head(exchange, ended, now_ns)) {
		exchange_reset(exchange, UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER,
			       STR("overload"), now_ns);
		return;
	}
	if (ended) {
		exchange->response_ended = true;
		exchange_end(exchange, now_ns);
	}
}

void exchange_to_downstream_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
				 uint64_t now_ns)
{
	if (exchange->over) {
		slice_queue_clear(exchange->gateway->params.slices, bytes);
		return;
	}
	exchange->bytes_sent += bytes->bytes;
	exchange->down_ops->body(exchange, bytes, ended, now_ns);
	if (ended && !exchange->over) {
		exchange->response_ended = true;
		exchange_end(exchange, now_ns);
	}
}
