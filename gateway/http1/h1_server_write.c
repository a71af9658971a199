/* Answers to the client. */
#include <string.h>

#include "gateway/http1/h1_server.h"
#include "gateway/http1/h1_write.h"
#include "stack/base/planted.h"

static void server_write(struct h1_server *server, struct slice_queue *out, uint64_t now_ns)
{
	write_counted(server->stream, out, &h1_server_stats(server)->downstream_cx_tx_bytes_total,
		      now_ns);
}

static bool write_head(struct h1_server *server, const struct message_head *head,
		       const struct h1_write_options *options, uint64_t now_ns)
{
	struct gateway *gateway = server->gateway;
	struct slice_queue out = {0};
	uint32_t length =
		h1_write_response(head, options, gateway->scratch, GATEWAY_SCRATCH_BYTES);

	if (!length || !gateway_push_bytes(gateway, &out, gateway->scratch, length))
		return false;
	server_write(server, &out, now_ns);
	return true;
}

static void server_informational(struct exchange *exchange, const struct message_head *head,
				 uint64_t now_ns)
{
	struct h1_server *server = exchange->down;
	static const struct h1_write_options options = {.framing = BODY_NONE};

	/* RFC 9110 15.2: HTTP/1.0 clients do not know 1xx.  One that cannot be written is no loss. */
	if (exchange->request.version != HTTP_1_0 && !write_head(server, head, &options, now_ns))
		counter_inc(&stats_http(server->gateway, server->hcm->stat_slot)
				     ->downstream_rq_overload_close);
}

/* Whether this listener's connections are to go: it was replaced or removed, or we drain. */
static bool is_draining(const struct h1_server *server)
{
	const struct config *config = server->gateway->config;

	if (gateway_drains(server->gateway, server->listener))
		return true;
	for (uint32_t i = 0; config && i < config->listener_count; i++)
		if (config->listeners[i] == server->listener)
			return false;
	return true;
}

static bool must_close(const struct h1_server *server, const struct exchange *exchange,
		       uint64_t now_ns)
{
	const struct config_hcm *hcm = server->hcm;
	struct http_stats *stats = stats_http(server->gateway, hcm->stat_slot);

	if (!server->keep_alive || is_draining(server))
		return true;
	if (hcm->requests_per_connection_max &&
	    server->requests >= hcm->requests_per_connection_max) {
		counter_inc(&stats->downstream_cx_max_requests_reached);
		return true;
	}
	if (hcm->connection_duration_max_ns &&
	    now_ns - server->opened_ns >= hcm->connection_duration_max_ns) {
		counter_inc(&stats->downstream_cx_max_duration_reached);
		return true;
	}
	/* Answered here before the request had come: the rest of it would only be thrown away. */
	return exchange->local_reply && !server->request_done;
}

static bool server_head(struct exchange *exchange, bool ended, uint64_t now_ns)
{
	struct h1_server *server = exchange->down;
	struct h1_server_codec *codec = server->codec;
	const struct message_head *head = &exchange->response;
	bool old = exchange->request.version == HTTP_1_0;
	struct h1_write_options options = {.framing = head->framing,
					   .content_length_bytes = head->content_length_bytes};

	codec->body_suppressed = (str_equal(exchange->request.method, STR("HEAD")) &&
				  !PLANTED(HEAD_WITH_BODY)) ||
				 head->status == 204 || head->status == 304;
	if (ended && head->framing != BODY_LENGTH)
		options.framing = BODY_NONE;
	else if (head->framing == BODY_CHUNKED || head->framing == BODY_UNTIL_CLOSE)
		options.framing = old ? BODY_UNTIL_CLOSE : BODY_CHUNKED;
	if (options.framing == BODY_UNTIL_CLOSE)
		server->keep_alive = false;
	if (head->status == 204 || head->status == 304)
		options.framing = BODY_NONE;
	if (must_close(server, exchange, now_ns))
		server->keep_alive = false;
	options.close = !server->keep_alive;
	options.keep_alive_10 = old && server->keep_alive;
	codec->writer = (struct h1_writer){.framing = (uint8_t)options.framing};
	return write_head(server, head, &options, now_ns);
}

static void server_body(struct exchange *exchange, struct slice_queue *bytes, bool ended,
			uint64_t now_ns)
{
	struct h1_server *server = exchange->down;
	struct gateway *gateway = server->gateway;
	struct slice_queue out = {0};

	if (server->codec->body_suppressed) {
		slice_queue_clear(gateway->params.slices, bytes);
		return;
	}
	if (!h1_writer_body(&server->codec->writer, gateway, bytes, ended,
			    &exchange->response_trailers, &out)) {
		slice_queue_clear(gateway->params.slices, bytes);
		exchange_reset(exchange, UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER,
			       STR("overload"), now_ns);
		return;
	}
	if (out.bytes)
		server_write(server, &out, now_ns);
}

static void server_reset(struct exchange *exchange, uint64_t now_ns)
{
	struct h1_server *server = exchange->down;

	server->exchange = NULL;
	h1_server_close(server, true, now_ns);
}

static uint32_t server_room(const struct exchange *exchange)
{
	const struct h1_server *server = exchange->down;

	return stream_room(server->stream);
}

static void server_resume(struct exchange *exchange, uint64_t now_ns)
{
	(void)now_ns;
	h1_server_read_later(exchange->down);
}

static void server_arm(struct exchange *exchange, uint64_t deadline_ns)
{
	struct h1_server *server = exchange->down;

	gateway_timer_by(server->gateway, &server->timer, deadline_ns);
}

static void server_info(const struct exchange *exchange, struct stream_info *out)
{
	const struct h1_server *server = exchange->down;

	stream_info(server->stream, out);
}

static void server_ended(struct exchange *exchange, uint64_t now_ns)
{
	struct h1_server *server = exchange->down;

	h1_reader_clear(server->gateway, &server->codec->reader);
	server->codec = NULL;
	server->exchange = NULL;
	if (server->state != H1_SERVER_CLOSED)
		h1_server_exchange_ended(server, exchange->response_ended, now_ns);
}

const struct downstream_ops h1_server_ops = {
	.informational = server_informational,
	.head = server_head,
	.body = server_body,
	.reset = server_reset,
	.room = server_room,
	.resume = server_resume,
	.arm = server_arm,
	.info = server_info,
	.ended = server_ended,
};
