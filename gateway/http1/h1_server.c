#include "gateway/http1/h1_server.h"

#include <string.h>

#include "gateway/http1/h1_hop.h"
#include "gateway/http1/h1_write.h"

#define LINGER_NS NS_PER_SECOND /* Envoy's delayed_close_timeout */

static void server_read(struct h1_server *server, uint64_t now_ns);

static struct http_stats *server_stats(const struct h1_server *server)
{
	return stats_http(server->gateway, server->hcm->stat_slot);
}

/* --- life and death ---------------------------------------------------------------------------- */

static void server_free(struct work *work, uint64_t now_ns)
{
	struct h1_server *server = container_of_member(work, struct h1_server, work);

	(void)now_ns;
	list_remove(&server->in_gateway);
	pool_give(&server->gateway->downstreams, server);
}

void h1_server_close(struct h1_server *server, bool abort, uint64_t now_ns)
{
	struct http_stats *stats = server_stats(server);
	struct listener_stats *listener;
	struct stream_info info;

	if (server->state == H1_SERVER_CLOSED)
		return;
	INVARIANT(!server->exchange);
	listener = stats_listener(server->gateway, server->listener->stat_slot);
	stream_info(server->stream, &info);
	counter_add(&stats->downstream_cx_rx_bytes_total, info.rx_bytes);
	counter_add(&stats->downstream_cx_tx_bytes_total, info.tx_bytes);
	counter_inc(&stats->downstream_cx_destroy);
	counter_inc(&listener->downstream_cx_destroy);
	gauge_add(&stats->downstream_cx_active, -1);
	gauge_add(&listener->downstream_cx_active, -1);
	if (abort)
		stream_reset(server->stream, now_ns);
	stream_release(server->stream, now_ns);
	server->stream = NULL;
	server->state = H1_SERVER_CLOSED;
	gateway_timer_stop(server->gateway, &server->timer);
	config_release(server->gateway->params.holds, &server->listener->object);
	gateway_defer(server->gateway, &server->work, server_free);
}

static void server_deadline(struct h1_server *server, uint64_t deadline_ns)
{
	server->deadline_ns = deadline_ns;
	gateway_timer_by(server->gateway, &server->timer, deadline_ns);
}

/* Closes in a way that the last answer survives: what the client still sends is read and dropped
 * for a while, because unread bytes would turn our FIN into a reset (RFC 9112 9.6). */
static void server_linger(struct h1_server *server, uint64_t now_ns)
{
	if (server->peer_ended) {
		h1_server_close(server, false, now_ns);
		return;
	}
	server->state = H1_SERVER_LINGER;
	stream_shutdown(server->stream, now_ns);
	stream_skip(server->stream, server->gateway->params.slices, UINT32_MAX, now_ns);
	server_deadline(server, now_ns + LINGER_NS);
}

static void server_idle(struct h1_server *server, uint64_t now_ns)
{
	server->state = H1_SERVER_IDLE;
	server_deadline(server, server->hcm->idle_timeout_ns ? now_ns + server->hcm->idle_timeout_ns
							     : DEADLINE_NEVER_NS);
}

static void read_work(struct work *work, uint64_t now_ns)
{
	struct h1_server *server = container_of_member(work, struct h1_server, work);

	if (server->state != H1_SERVER_CLOSED)
		server_read(server, now_ns);
}

void h1_server_read_later(struct h1_server *server)
{
	if (server->state != H1_SERVER_CLOSED && !server->work.queued)
		gateway_defer(server->gateway, &server->work, read_work);
}

void h1_server_exchange_ended(struct h1_server *server, bool complete, uint64_t now_ns)
{
	if (!complete) {
		h1_server_close(server, true, now_ns);
	} else if (!server->request_done) {
		server_linger(server, now_ns);
	} else if (!server->keep_alive) {
		if (server->gateway->draining)
			counter_inc(&server_stats(server)->downstream_cx_drain_close);
		server_linger(server, now_ns);
	} else {
		server_idle(server, now_ns);
		if (server->stream->rx.bytes || server->peer_ended)
			h1_server_read_later(server);
	}
}

/* --- requests ---------------------------------------------------------------------------------- */

/* A request that cannot be served as it stands: answered, counted and logged like any other. */
static void server_refuse(struct h1_server *server, uint16_t status, struct str details,
			  uint64_t flags, uint64_t now_ns)
{
	struct exchange *exchange = server->exchange;
	const char *reason = h1_reason_phrase(status);
	struct str body = {reason, (uint32_t)strlen(reason)};

	server->keep_alive = false;
	server->state = H1_SERVER_EXCHANGE;
	if (!exchange->counted) {
		exchange->counted = true;
		counter_inc(&server_stats(server)->downstream_rq_total);
		gauge_add(&server_stats(server)->downstream_rq_active, 1);
	}
	exchange_reply(exchange, status, body, details, flags, now_ns);
}

static void server_bad_head(struct h1_server *server, enum h1_result result, uint64_t now_ns)
{
	uint64_t protocol_error = UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_PROTOCOL_ERROR;
	struct str details = STR("http1.codec_error");

	/* Half a head is nothing to log from. */
	memset(&server->exchange->request, 0, sizeof(server->exchange->request));
	server->exchange->request.version = HTTP_1_1;
	if (result == H1_NO_MEMORY) {
		counter_inc(&server_stats(server)->downstream_rq_overload_close);
		server_refuse(server, 503, STR("overload"),
			      UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER, now_ns);
		return;
	}
	if (result == H1_TOO_LARGE) {
		counter_inc(&server_stats(server)->downstream_rq_too_large);
		server_refuse(server, 431, STR("request_headers_too_large"), protocol_error, now_ns);
		return;
	}
	counter_inc(&server_stats(server)->downstream_cx_protocol_error);
	if (result == H1_BAD_TRANSFER_CODING)
		server_refuse(server, 501, details, protocol_error, now_ns);
	else if (result == H1_BAD_VERSION)
		server_refuse(server, 505, details, protocol_error, now_ns);
	else
		server_refuse(server, 400, details, protocol_error, now_ns);
}

/* RFC 9110 10.1.1; as Envoy, the gateway answers itself unless it is told to forward. */
static void server_expect(struct h1_server *server, uint64_t now_ns)
{
	struct message_head *head = &server->exchange->request;
	struct message_head go_on = {.version = HTTP_1_1, .status = 100};
	struct header *expect = header_find(&head->headers, HEADER_EXPECT);

	if (!head->expect_continue || server->hcm->proxy_100_continue)
		return;
	if (expect)
		expect->removed = true;
	/* A body that is already on its way needs no invitation. */
	if (!server->stream->rx.bytes)
		h1_server_ops.informational(server->exchange, &go_on, now_ns);
}

/* False = refused. */
static bool server_check_head(struct h1_server *server, uint64_t now_ns)
{
	struct message_head *head = &server->exchange->request;
	const struct header *upgrade = header_find(&head->headers, HEADER_UPGRADE);

	if (head->version == HTTP_1_0) {
		if (!server->hcm->accept_http_10) {
			server_refuse(server, 426, STR("low_version"), 0, now_ns);
			return false;
		}
		if (!head->authority.length)
			head->authority = server->hcm->default_host_http10;
		if (!head->authority.length) {
			server_refuse(server, 400, STR("missing_host_header"), 0, now_ns);
			return false;
		}
	}
	/* h2c is an offer that may be ignored; any other protocol is what the client came for. */
	if (head->upgrade && upgrade && !str_equal_nocase(upgrade->value, STR("h2c"))) {
		server_refuse(server, 403, STR("upgrade_failed"), 0, now_ns);
		return false;
	}
	if (!h1_hop_remove(&head->headers, false)) {
		server_refuse(server, 400, STR("http1.connection_header_rejected"),
			      UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_PROTOCOL_ERROR, now_ns);
		return false;
	}
	return true;
}

static void server_request(struct h1_server *server, uint64_t now_ns)
{
	struct exchange *exchange = server->exchange;
	struct message_head *head = &exchange->request;

	server->requests++;
	server->state = H1_SERVER_EXCHANGE;
	server->keep_alive = head->keep_alive;
	server->request_done = head->framing == BODY_NONE;
	exchange->buffer_limit_bytes = server->listener->buffer_limit_bytes;
	if (!head->scheme.length)
		head->scheme = STR("http");
	h1_reader_start(&server->codec->reader, head);
	if (!server_check_head(server, now_ns))
		return;
	server_expect(server, now_ns);
	exchange_request(exchange, server->request_done, now_ns);
}

/* The first byte of a request. */
static bool server_begin(struct h1_server *server, uint64_t now_ns)
{
	struct exchange *exchange =
		exchange_create(server->gateway, server->hcm, &h1_server_ops, server, now_ns);
	struct h1_server_codec *codec = NULL;

	if (exchange)
		codec = arena_alloc(&exchange->arena, sizeof(*codec));
	if (!codec) {
		counter_inc(&server_stats(server)->downstream_rq_overload_close);
		if (exchange) {
			arena_clear(&exchange->arena);
			pool_give(&server->gateway->exchanges, exchange);
		}
		h1_server_close(server, true, now_ns);
		return false;
	}
	memset(codec, 0, sizeof(*codec));
	server->codec = codec;
	server->exchange = exchange;
	server->state = H1_SERVER_HEAD;
	server->request_done = false;
	exchange->request.version = HTTP_1_1;
	server_deadline(server, server->hcm->request_headers_timeout_ns
					? now_ns + server->hcm->request_headers_timeout_ns
					: exchange_deadline_ns(exchange));
	return true;
}

/* True = go on reading. */
static bool server_read_head(struct h1_server *server, uint64_t now_ns)
{
	struct exchange *exchange = server->exchange;
	struct gateway *gateway = server->gateway;
	struct head_bytes *bytes = &exchange->request_bytes;
	struct h1_limits limits = {server->hcm->headers_kb_max * 1024, server->hcm->headers_count_max};
	const char *data;
	uint32_t length, consumed = 0;
	enum h1_result result;

	head_bytes_view(bytes, server->stream, &data, &length);
	if (!length)
		return false;
	exchange->activity_ns = now_ns;
	result = h1_parse_request(data, length, &limits, &exchange->arena, &bytes->scanned,
				  &exchange->request, &consumed);
	if (result == H1_DONE) {
		if (head_bytes_keep(gateway, bytes, server->stream, consumed, now_ns))
			server_request(server, now_ns);
		else
			server_bad_head(server, H1_BAD_REQUEST_LINE, now_ns);
		return true;
	}
	if (result == H1_MORE) {
		switch (head_bytes_more(gateway, &exchange->arena, bytes, server->stream,
					limits.head_bytes_max, now_ns)) {
		case HEAD_PARSE:
			return true;
		case HEAD_WAIT:
			return false;
		case HEAD_TOO_LARGE:
			result = H1_TOO_LARGE;
			break;
		case HEAD_NO_MEMORY:
			result = H1_NO_MEMORY;
			break;
		}
	}
	server_bad_head(server, result, now_ns);
	return false;
}

static bool server_read_body(struct h1_server *server, uint64_t now_ns)
{
	struct exchange *exchange = server->exchange;
	uint32_t room = exchange_request_room(exchange);
	struct slice_queue bytes = {0};
	enum h1_read result;

	server->starved = false;
	if (!room)
		return false;
	result = h1_reader_pull(&server->codec->reader, exchange, server->stream,
				&exchange->request_trailers, &bytes, room, now_ns);
	server->starved = result == H1_READ_MORE;
	if (result == H1_READ_END)
		server->request_done = true;
	exchange_enter(exchange);
	if (bytes.bytes || result == H1_READ_END)
		exchange_request_body(exchange, &bytes, result == H1_READ_END, now_ns);
	if (server->exchange == exchange && result == H1_READ_BAD) {
		counter_inc(&server_stats(server)->downstream_cx_protocol_error);
		if (exchange->response_head_done)
			exchange_request_reset(exchange, RESET_PROTOCOL_ERROR, now_ns);
		else
			server_refuse(server, 400, STR("http1.codec_error"),
				      UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_PROTOCOL_ERROR,
				      now_ns);
	} else if (server->exchange == exchange && result == H1_READ_NO_MEMORY) {
		exchange_reset(exchange, UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER,
			       STR("overload"), now_ns);
	}
	exchange_leave(exchange);
	return result == H1_READ_FULL;
}

/* The client has sent its last byte. */
static void server_peer_ended(struct h1_server *server, uint64_t now_ns)
{
	if (server->state == H1_SERVER_IDLE && !server->stream->rx.bytes) {
		h1_server_close(server, false, now_ns);
	} else if (server->state == H1_SERVER_HEAD) {
		/* Half a head was no request yet. */
		exchange_abandon(server->exchange, now_ns);
	} else if (server->state == H1_SERVER_EXCHANGE && !server->request_done &&
		   server->starved) {
		counter_inc(&server_stats(server)->downstream_cx_destroy_remote_active_rq);
		exchange_request_reset(server->exchange, RESET_TERMINATION, now_ns);
	}
}

static void server_read(struct h1_server *server, uint64_t now_ns)
{
	bool more = true;

	while (more) {
		switch (server->state) {
		case H1_SERVER_IDLE:
			more = server->stream->rx.bytes && server_begin(server, now_ns);
			break;
		case H1_SERVER_HEAD:
			more = server_read_head(server, now_ns);
			break;
		case H1_SERVER_EXCHANGE:
			more = !server->request_done && server->exchange &&
			       server_read_body(server, now_ns);
			break;
		case H1_SERVER_LINGER:
			stream_skip(server->stream, server->gateway->params.slices, UINT32_MAX,
				    now_ns);
			more = false;
			break;
		default:
			return;
		}
	}
	if (server->peer_ended && server->state == H1_SERVER_LINGER)
		h1_server_close(server, false, now_ns);
	else if (server->peer_ended && server->state != H1_SERVER_CLOSED)
		server_peer_ended(server, now_ns);
}

static void server_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct h1_server *server = stream->owner;

	if (events & STREAM_RESET) {
		if (server->exchange) {
			counter_inc(&server_stats(server)->downstream_cx_destroy_remote_active_rq);
			exchange_request_reset(server->exchange, RESET_REMOTE, now_ns);
		}
		h1_server_close(server, false, now_ns);
		return;
	}
	if (events & STREAM_ENDED)
		server->peer_ended = true;
	if ((events & STREAM_WRITABLE) && server->exchange)
		exchange_answer_resume(server->exchange, now_ns);
	if (events & (STREAM_READABLE | STREAM_ENDED))
		server_read(server, now_ns);
}

static const struct stream_owner_ops server_owner_ops = {.ready = server_ready};

/* --- time -------------------------------------------------------------------------------------- */

static void server_head_timer(struct h1_server *server, uint64_t now_ns)
{
	if (server->hcm->request_headers_timeout_ns) {
		counter_inc(&server_stats(server)->downstream_rq_timeout);
		server_refuse(server, 408, STR("request_header_timeout"),
			      UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_TERMINATION, now_ns);
	} else {
		exchange_expire(server->exchange, now_ns);
	}
}

/* While the answer is still on its way nothing is cut: the transport itself gives up on a peer that
 * is gone. */
static void server_linger_timer(struct h1_server *server, uint64_t now_ns)
{
	struct stream_info info;

	stream_info(server->stream, &info);
	if (info.queued_bytes > 0)
		server_deadline(server, now_ns + LINGER_NS);
	else
		h1_server_close(server, false, now_ns);
}

static void server_timer(struct gateway_timer *timer, uint64_t now_ns)
{
	struct h1_server *server = container_of_member(timer, struct h1_server, timer);

	if (server->state == H1_SERVER_EXCHANGE) {
		gateway_timer_by(server->gateway, timer, exchange_expire(server->exchange, now_ns));
	} else if (now_ns < server->deadline_ns) {
		gateway_timer_by(server->gateway, timer, server->deadline_ns);
	} else if (server->state == H1_SERVER_IDLE) {
		counter_inc(&server_stats(server)->downstream_cx_idle_timeout);
		h1_server_close(server, false, now_ns);
	} else if (server->state == H1_SERVER_HEAD) {
		server_head_timer(server, now_ns);
	} else if (server->state == H1_SERVER_LINGER) {
		server_linger_timer(server, now_ns);
	}
}

bool h1_server_accept(struct gateway *gateway, const struct config_listener *listener,
		      const struct config_hcm *hcm, struct stream *stream, uint64_t now_ns)
{
	struct h1_server *server = pool_take(&gateway->downstreams);
	struct http_stats *stats;

	if (!server)
		return false;
	config_hold(gateway->params.holds, &listener->object);
	server->gateway = gateway;
	server->listener = listener;
	server->hcm = hcm;
	server->stream = stream;
	server->opened_ns = now_ns;
	server->timer.fire = server_timer;
	stream->owner = server;
	stream->owner_ops = &server_owner_ops;
	list_add(&gateway->downstream_list, &server->in_gateway);
	stats = server_stats(server);
	counter_inc(&stats->downstream_cx_total);
	gauge_add(&stats->downstream_cx_active, 1);
	gauge_add(&stats_listener(gateway, listener->stat_slot)->downstream_cx_active, 1);
	server_idle(server, now_ns);
	return true;
}

void h1_server_drain(struct h1_server *server, uint64_t now_ns)
{
	if (server->state != H1_SERVER_IDLE || server->stream->rx.bytes)
		return;
	counter_inc(&server_stats(server)->downstream_cx_drain_close);
	h1_server_close(server, false, now_ns);
}

void h1_server_abort(struct h1_server *server, uint64_t now_ns)
{
	if (server->exchange)
		exchange_request_reset(server->exchange, RESET_LOCAL, now_ns);
	h1_server_close(server, true, now_ns);
}
