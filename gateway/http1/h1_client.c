#include "gateway/http1/h1_client.h"

#include <string.h>

#include "gateway/http1/h1_hop.h"
#include "gateway/http1/h1_write.h"
#include "stack/base/planted.h"

#define ANSWER_HEAD_BYTES_MAX 61440
#define ANSWER_HEADERS_MAX 100 /* Envoy's max_headers_count by default */

static struct cluster_stats *client_stats(const struct upstream *upstream)
{
	return stats_cluster(upstream->gateway, upstream->host->cluster_slot);
}

/* The connection and the exchange part; the connection lives on only if it is clean. */
static void client_detach(struct upstream *upstream, uint64_t now_ns)
{
	bool clean = (upstream->answer_ended && upstream->request_ended && upstream->keep_alive) ||
		     PLANTED(UNCLEAN_REUSED);

	pool_request_end(upstream);
	h1_reader_clear(upstream->gateway, &upstream->reader);
	upstream->exchange = NULL;
	if (!clean && upstream->answer_ended && upstream->request_ended)
		counter_inc(&client_stats(upstream)->upstream_cx_close_notify);
	if (!clean) {
		pool_close(upstream, !upstream->answer_ended,
			   upstream->answer_ended && upstream->peer_ended, now_ns);
		return;
	}
	pool_release(upstream, now_ns);
	if (upstream->state == UPSTREAM_IDLE)
		gateway_is_idle(upstream->gateway, upstream->stream);
}

/* The upstream side breaks the exchange off. */
static void client_fail(struct upstream *upstream, enum exchange_reset why, uint64_t now_ns)
{
	struct exchange *exchange = upstream->exchange;
	bool remote = why == RESET_TERMINATION || why == RESET_REMOTE;
	bool stale = remote && (upstream->requests > 1 || upstream->rested) && !upstream->head_seen;

	if (why == RESET_PROTOCOL_ERROR)
		counter_inc(&client_stats(upstream)->upstream_cx_protocol_error);
	if (remote) {
		counter_inc(&client_stats(upstream)->upstream_rq_rx_reset);
		counter_inc(&client_stats(upstream)->upstream_cx_destroy_remote_with_active_rq);
	} else {
		counter_inc(&client_stats(upstream)->upstream_rq_tx_reset);
		counter_inc(&client_stats(upstream)->upstream_cx_destroy_local_with_active_rq);
	}
	counter_inc(&client_stats(upstream)->upstream_cx_destroy_with_active_rq);
	counter_inc(&stats_endpoint(upstream->gateway, upstream->host->stat_slot)->rq_error);
	pool_request_end(upstream);
	h1_reader_clear(upstream->gateway, &upstream->reader);
	upstream->exchange = NULL;
	pool_close(upstream, true, remote, now_ns);
	exchange_answer_reset(exchange, why, stale, now_ns);
}

/* --- what the exchange asks -------------------------------------------------------------------- */

static void client_write(struct upstream *upstream, struct slice_queue *out, uint64_t now_ns)
{
	write_counted(upstream->stream, out, &client_stats(upstream)->upstream_cx_tx_bytes_total,
		      now_ns);
}

static bool client_head(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	struct upstream *upstream = exchange->up;
	struct gateway *gateway = upstream->gateway;
	struct message_head *head = &exchange->request;
	struct h1_write_options options = {.framing = head->framing,
					   .content_length_bytes = head->content_length_bytes};
	struct slice_queue out = {0};
	uint32_t length;

	if (ended && head->framing != BODY_LENGTH)
		options.framing = BODY_NONE;
	length = h1_write_request(head, &options, gateway->scratch, GATEWAY_SCRATCH_BYTES);
	if (!length || !gateway_push_bytes(gateway, &out, gateway->scratch, length))
		return false;
	upstream->writer = (struct h1_writer){.framing = (uint8_t)options.framing};
	upstream->request_ended = ended;
	client_write(upstream, &out, now_ns);
	return true;
}

static void client_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			uint64_t now_ns)
{
	struct upstream *upstream = exchange->up;
	struct slice_queue out = {0};

	if (!h1_writer_body(&upstream->writer, upstream->gateway, bytes, ended,
			    &exchange->request_trailers, &out)) {
		client_fail(upstream, RESET_LOCAL, now_ns);
		return;
	}
	upstream->request_ended = ended;
	if (out.bytes)
		client_write(upstream, &out, now_ns);
}

static void client_reset(struct exchange *exchange, uint64_t now_ns)
{
	struct upstream *upstream = exchange->up;

	exchange->up = NULL;
	if (!upstream->answer_ended) {
		counter_inc(&client_stats(upstream)->upstream_rq_tx_reset);
		counter_inc(&client_stats(upstream)->upstream_cx_destroy_with_active_rq);
		counter_inc(&client_stats(upstream)->upstream_cx_destroy_local_with_active_rq);
	}
	client_detach(upstream, now_ns);
}

static uint32_t client_room(const struct exchange *exchange)
{
	const struct upstream *upstream = exchange->up;

	return stream_room(upstream->stream);
}

static void client_read(struct upstream *upstream, uint64_t now_ns);

static void client_resume_work(struct work *work, uint64_t now_ns)
{
	struct upstream *upstream = container_of_member(work, struct upstream, work);

	if (upstream->exchange)
		client_read(upstream, now_ns);
}

/* Deferred: the caller may be in the middle of handing on what was read before. */
static void client_resume(struct exchange *exchange, uint64_t now_ns)
{
	struct upstream *upstream = exchange->up;

	(void)now_ns;
	if (!upstream->work.queued && !PLANTED(ANSWER_NOT_RESUMED))
		gateway_defer(upstream->gateway, &upstream->work, client_resume_work);
}

static void client_info(const struct exchange *exchange, struct stream_info *out)
{
	const struct upstream *upstream = exchange->up;

	stream_info(upstream->stream, out);
}

static const struct upstream_ops h1_client_ops = {
	.head = client_head,
	.body = client_body,
	.reset = client_reset,
	.room = client_room,
	.resume = client_resume,
	.info = client_info,
};

static void client_start(struct upstream *upstream, struct exchange *exchange)
{
	upstream->exchange = exchange;
	upstream->head_seen = PLANTED(STALE_NOT_SEEN);
	upstream->answer_ended = false;
	upstream->request_ended = false;
	upstream->in_body = false;
	upstream->keep_alive = false;
	memset(&upstream->reader, 0, sizeof(upstream->reader));
	exchange->up_ops = &h1_client_ops;
	exchange->up = upstream;
	pool_request_begin(upstream);
}

/* --- the answer -------------------------------------------------------------------------------- */

/* An exchange that still holds on to a complete answer is let go; the connection may be reused.
 * request: upstream->requests before the exchange was told.  It may have let go by itself and sent
 * its next try on this same connection. */
static void client_answer_ended(struct upstream *upstream, struct exchange *exchange,
				uint32_t request, uint64_t now_ns)
{
	if (upstream->exchange != exchange || upstream->requests != request)
		return;
	if (!upstream->request_ended)
		return; /* the request is still on its way; the exchange will end it */
	exchange->up_ops = NULL;
	exchange->up = NULL;
	client_detach(upstream, now_ns);
}

static void client_informational(struct upstream *upstream, uint64_t now_ns)
{
	struct exchange *exchange = upstream->exchange;

	exchange_answer_informational(exchange, &exchange->response, now_ns);
	if (upstream->exchange != exchange)
		return;
	head_bytes_clear(upstream->gateway, &exchange->response_bytes);
	memset(&exchange->response, 0, sizeof(exchange->response));
}

static void client_final(struct upstream *upstream, uint64_t now_ns)
{
	struct exchange *exchange = upstream->exchange;
	struct message_head *head = &exchange->response;
	uint32_t request = upstream->requests;
	bool ended = head->framing == BODY_NONE;

	/* A protocol switch is refused before it is asked for, so 101 here answers nothing. */
	if (head->upgrade || head->status == 101 ||
	    !h1_hop_remove(&head->headers, false)) {
		client_fail(upstream, RESET_PROTOCOL_ERROR, now_ns);
		return;
	}
	upstream->keep_alive = (head->keep_alive || PLANTED(CLOSE_IGNORED)) &&
			       head->framing != BODY_UNTIL_CLOSE;
	upstream->in_body = true;
	upstream->answer_ended = ended;
	h1_reader_start(&upstream->reader, head);
	exchange_enter(exchange);
	exchange_answer(exchange, ended, now_ns);
	if (ended)
		client_answer_ended(upstream, exchange, request, now_ns);
	exchange_leave(exchange);
}

/* True = go on reading. */
static bool client_read_head(struct upstream *upstream, uint64_t now_ns)
{
	static const struct h1_limits limits = {ANSWER_HEAD_BYTES_MAX, ANSWER_HEADERS_MAX};
	struct exchange *exchange = upstream->exchange;
	struct head_bytes *bytes = &exchange->response_bytes;
	struct gateway *gateway = upstream->gateway;
	const char *data;
	uint32_t length, consumed = 0;

	head_bytes_view(bytes, upstream->stream, &data, &length);
	if (!length) {
		upstream->starved = true;
		return false;
	}
	upstream->head_seen = true;
	upstream->starved = true;
	enum h1_result result =
		h1_parse_response(data, length, &limits, &exchange->arena, exchange->request.method,
				  &bytes->scanned, &exchange->response, &consumed);

	if (result == H1_DONE && head_bytes_keep(gateway, bytes, upstream->stream, consumed, now_ns)) {
		if (exchange->response.status < 200 && exchange->response.status != 101)
			client_informational(upstream, now_ns);
		else
			client_final(upstream, now_ns);
		return true;
	}
	if (result == H1_MORE) {
		switch (head_bytes_more(gateway, &exchange->arena, bytes, upstream->stream,
					ANSWER_HEAD_BYTES_MAX, now_ns)) {
		case HEAD_PARSE:
			return true;
		case HEAD_WAIT:
			return false;
		case HEAD_NO_MEMORY:
			client_fail(upstream, RESET_LOCAL, now_ns);
			return false;
		case HEAD_TOO_LARGE:
			break;
		}
	}
	client_fail(upstream, result == H1_NO_MEMORY ? RESET_LOCAL : RESET_PROTOCOL_ERROR, now_ns);
	return false;
}

static bool client_read_body(struct upstream *upstream, uint64_t now_ns)
{
	struct exchange *exchange = upstream->exchange;
	struct slice_queue bytes = {0};
	uint32_t room = exchange_answer_room(exchange);
	uint32_t request = upstream->requests;
	enum h1_read result;
	bool ended;

	upstream->starved = false;
	if (!room)
		return false;
	result = h1_reader_pull(&upstream->reader, exchange, upstream->stream,
				&exchange->response_trailers, &bytes, room, now_ns);
	ended = result == H1_READ_END ||
		(result == H1_READ_MORE && upstream->peer_ended &&
		 exchange->response.framing == BODY_UNTIL_CLOSE);
	upstream->starved = result == H1_READ_MORE && !ended;
	exchange_enter(exchange);
	if (bytes.bytes || ended) {
		upstream->answer_ended = ended;
		exchange_answer_body(exchange, &bytes, ended, now_ns);
		if (ended)
			client_answer_ended(upstream, exchange, request, now_ns);
	}
	if (upstream->exchange == exchange &&
	    (result == H1_READ_BAD || result == H1_READ_NO_MEMORY)) {
		client_fail(upstream, result == H1_READ_BAD ? RESET_PROTOCOL_ERROR : RESET_LOCAL,
			    now_ns);
	}
	exchange_leave(exchange);
	return result == H1_READ_FULL;
}

static void client_read(struct upstream *upstream, uint64_t now_ns)
{
	struct exchange *exchange = upstream->exchange;
	bool more = true;

	upstream->starved = false;
	while (more && upstream->exchange == exchange && !upstream->answer_ended)
		more = upstream->in_body ? client_read_body(upstream, now_ns)
					 : client_read_head(upstream, now_ns);
	if (upstream->exchange != exchange || upstream->answer_ended)
		return;
	/* What is in rx is all there is; it may still wait for the client to have room. */
	if (upstream->peer_ended && upstream->starved)
		client_fail(upstream, RESET_TERMINATION, now_ns);
}

static void client_ready(struct upstream *upstream, uint32_t events, uint64_t now_ns)
{
	struct exchange *exchange = upstream->exchange;

	if (events & STREAM_READABLE)
		pool_count_received(upstream);
	if (events & STREAM_ENDED)
		upstream->peer_ended = true;
	if (events & STREAM_RESET) {
		/* An answer that had arrived before the reset still counts, if it is whole. */
		if (upstream->stream->rx.bytes)
			client_read(upstream, now_ns);
		if (upstream->exchange && upstream->exchange == exchange)
			client_fail(upstream, RESET_REMOTE, now_ns);
		return;
	}
	if (events & (STREAM_READABLE | STREAM_ENDED))
		client_read(upstream, now_ns);
	if ((events & STREAM_WRITABLE) && upstream->exchange && upstream->exchange == exchange)
		exchange_request_resume(exchange, now_ns);
}

const struct upstream_codec h1_client_codec = {.start = client_start, .ready = client_ready};
