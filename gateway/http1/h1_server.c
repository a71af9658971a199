#include "gateway/http1/h1_server.h"

#include <string.h>

#include "stack/base/planted.h"

#define LINGER_NS NS_PER_SECOND /* Envoy's delayed_close_timeout */
/* A drain gives an idle connection this long to send the request that may be under way already: it
 * gets its answer with Connection: close, and no request is lost to the race of RFC 9112 9.6. */
#define DRAIN_IDLE_NS (500 * NS_PER_MS)

static void server_read(struct h1_server *server, uint64_t now_ns);

/* --- life and death ---------------------------------------------------------------------------- */

static void server_free(struct work *work, uint64_t now_ns)
{
	struct h1_server *server = container_of_member(work, struct h1_server, work);

	(void)now_ns;
	list_remove(&server->in_gateway);
	pool_give(&server->gateway->downstreams, server);
}

static void server_count_received(struct h1_server *server)
{
	count_received(server->stream, &server->rx_counted_bytes,
		       &h1_server_stats(server)->downstream_cx_rx_bytes_total);
}

void h1_server_close(struct h1_server *server, bool abort, uint64_t now_ns)
{
	struct http_stats *stats = h1_server_stats(server);
	struct listener_stats *listener;

	if (server->state == H1_SERVER_CLOSED)
		return;
	INVARIANT(!server->exchange);
	listener = stats_listener(server->gateway, server->listener->stat_slot);
	server_count_received(server);
	counter_inc(&stats->downstream_cx_destroy);
	counter_inc(server->peer_ended ? &stats->downstream_cx_destroy_remote
				       : &stats->downstream_cx_destroy_local);
	gauge_add(&stats->downstream_cx_http1_active, -1);
	stats_record(server->gateway, HISTOGRAM_HTTP_DOWNSTREAM_CX_LENGTH, server->hcm->stat_slot,
		     now_ns - server->opened_ns);
	stats_record(server->gateway, HISTOGRAM_LISTENER_DOWNSTREAM_CX_LENGTH,
		     server->listener->stat_slot, now_ns - server->opened_ns);
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

void h1_server_deadline(struct h1_server *server, uint64_t deadline_ns)
{
	server->deadline_ns = deadline_ns;
	gateway_timer_by(server->gateway, &server->timer, deadline_ns);
}

/* Closes in a way that the last answer survives: what the client has sent and still sends is read
 * and dropped for a while, because unread bytes would turn our FIN into a reset (RFC 9112 9.6). */
static void server_linger(struct h1_server *server, uint64_t now_ns)
{
	stream_skip(server->stream, server->gateway->params.slices, UINT32_MAX, now_ns);
	if (server->peer_ended) {
		h1_server_close(server, false, now_ns);
		return;
	}
	server->state = H1_SERVER_LINGER;
	stream_shutdown(server->stream, now_ns);
	h1_server_deadline(server, now_ns + LINGER_NS);
}

static void server_idle(struct h1_server *server, uint64_t now_ns)
{
	server->state = H1_SERVER_IDLE;
	gateway_is_idle(server->gateway, server->stream);
	h1_server_deadline(server, server->hcm->idle_timeout_ns ? now_ns + server->hcm->idle_timeout_ns
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
	if (server->state != H1_SERVER_CLOSED && !server->work.queued && !PLANTED(REQUEST_NOT_RESUMED))
		gateway_defer(server->gateway, &server->work, read_work);
}

void h1_server_exchange_ended(struct h1_server *server, bool complete, uint64_t now_ns)
{
	if (server->state != H1_SERVER_CLOSED)
		server_count_received(server);
	if (!complete) {
		if (!server->peer_ended) {
			counter_inc(&h1_server_stats(server)->downstream_cx_destroy_active_rq);
			counter_inc(&h1_server_stats(server)->downstream_cx_destroy_local_active_rq);
		}
		h1_server_close(server, true, now_ns);
	} else if (!server->request_done) {
		counter_inc(&h1_server_stats(server)->downstream_rq_response_before_rq_complete);
		server_linger(server, now_ns);
	} else if (!server->keep_alive) {
		if (gateway_drains(server->gateway, server->listener))
			counter_inc(&h1_server_stats(server)->downstream_cx_drain_close);
		server_linger(server, now_ns);
	} else {
		server_idle(server, now_ns);
		if (server->stream->rx.bytes || server->peer_ended)
			h1_server_read_later(server);
	}
}

/* --- reading --------------------------------------------------------------------------------- */

/* The first byte of a request. */
static bool server_begin(struct h1_server *server, uint64_t now_ns)
{
	struct exchange *exchange =
		exchange_create(server->gateway, server->hcm, &h1_server_ops, server, now_ns);
	struct h1_server_codec *codec = NULL;

	if (exchange)
		codec = arena_alloc(&exchange->arena, sizeof(*codec));
	if (!codec) {
		counter_inc(&h1_server_stats(server)->downstream_rq_overload_close);
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
	exchange->trace = server->stream->trace;
	h1_server_deadline(server, server->hcm->request_headers_timeout_ns
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
			h1_server_request(server, now_ns);
		else
			h1_server_bad_head(server, H1_BAD_REQUEST_LINE, now_ns);
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
	h1_server_bad_head(server, result, now_ns);
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
		counter_inc(&h1_server_stats(server)->downstream_cx_protocol_error);
		if (exchange->response_head_done)
			exchange_request_reset(exchange, RESET_PROTOCOL_ERROR, now_ns);
		else
			h1_server_refuse(server, 400, STR("http1.codec_error"),
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
		counter_inc(&h1_server_stats(server)->downstream_cx_destroy_active_rq);
		counter_inc(&h1_server_stats(server)->downstream_cx_destroy_remote_active_rq);
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
		server->peer_ended = true;
		if (server->exchange) {
			counter_inc(&h1_server_stats(server)->downstream_cx_destroy_active_rq);
			counter_inc(&h1_server_stats(server)->downstream_cx_destroy_remote_active_rq);
			exchange_request_reset(server->exchange, RESET_REMOTE, now_ns);
		}
		h1_server_close(server, false, now_ns);
		return;
	}
	if (events & STREAM_ENDED)
		server->peer_ended = true;
	/* What belongs to a short request is counted when that has ended. */
	if ((events & STREAM_READABLE) && server->state == H1_SERVER_EXCHANGE)
		server_count_received(server);
	if ((events & STREAM_WRITABLE) && server->exchange)
		exchange_answer_resume(server->exchange, now_ns);
	if (events & (STREAM_READABLE | STREAM_ENDED))
		server_read(server, now_ns);
}

static void server_describe(const struct stream *stream, struct stream_owner_info *out)
{
	const struct h1_server *server = stream->owner;

	out->listener = server->listener->name.data;
	out->listener_length = server->listener->name.length;
	if (server->exchange) {
		out->cluster = server->exchange->cluster_name.data;
		out->cluster_length = server->exchange->cluster_name.length;
	}
}

const struct stream_owner_ops h1_server_owner_ops = {.ready = server_ready,
						     .describe = server_describe};

/* --- time -------------------------------------------------------------------------------------- */

static void server_head_timer(struct h1_server *server, uint64_t now_ns)
{
	if (server->hcm->request_headers_timeout_ns) {
		counter_inc(&h1_server_stats(server)->downstream_rq_header_timeout);
		h1_server_refuse(server, 408, STR("request_header_timeout"),
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
	if (info.queued_bytes > 0) {
		h1_server_deadline(server, now_ns + LINGER_NS);
	} else {
		counter_inc(&h1_server_stats(server)->downstream_cx_delayed_close_timeout);
		h1_server_close(server, false, now_ns);
	}
}

static void server_timer(struct gateway_timer *timer, uint64_t now_ns)
{
	struct h1_server *server = container_of_member(timer, struct h1_server, timer);

	if (server->state == H1_SERVER_EXCHANGE) {
		gateway_timer_by(server->gateway, timer, exchange_expire(server->exchange, now_ns));
	} else if (now_ns < server->deadline_ns) {
		gateway_timer_by(server->gateway, timer, server->deadline_ns);
	} else if (server->state == H1_SERVER_IDLE) {
		if (gateway_drains(server->gateway, server->listener))
			counter_inc(&h1_server_stats(server)->downstream_cx_drain_close);
		else
			counter_inc(&h1_server_stats(server)->downstream_cx_idle_timeout);
		h1_server_close(server, false, now_ns);
	} else if (server->state == H1_SERVER_HEAD) {
		server_head_timer(server, now_ns);
	} else if (server->state == H1_SERVER_LINGER) {
		server_linger_timer(server, now_ns);
	}
}

struct h1_server *h1_server_make(struct gateway *gateway, const struct config_listener *listener,
				 const struct config_hcm *hcm, struct stream *stream)
{
	struct h1_server *server = pool_take(&gateway->downstreams);

	if (!server)
		return NULL;
	server->gateway = gateway;
	server->listener = listener;
	server->hcm = hcm;
	server->stream = stream;
	server->timer.fire = server_timer;
	stream->owner = server;
	stream->owner_ops = &h1_server_owner_ops;
	list_add(&gateway->downstream_list, &server->in_gateway);
	return server;
}

bool h1_server_accept(struct gateway *gateway, const struct config_listener *listener,
		      const struct config_hcm *hcm, struct stream *stream, uint64_t now_ns)
{
	struct h1_server *server = h1_server_make(gateway, listener, hcm, stream);
	struct http_stats *stats;

	if (!server)
		return false;
	if (!PLANTED(LISTENER_NOT_HELD))
		config_hold(gateway->params.holds, &listener->object);
	server->opened_ns = now_ns;
	stats = h1_server_stats(server);
	counter_inc(&stats->downstream_cx_total);
	counter_inc(&stats->downstream_cx_http1_total);
	gauge_add(&stats->downstream_cx_http1_active, 1);
	gauge_add(&stats->downstream_cx_active, 1);
	gauge_add(&stats_listener(gateway, listener->stat_slot)->downstream_cx_active, 1);
	server_idle(server, now_ns);
	return true;
}

void h1_server_drain(struct h1_server *server, uint64_t now_ns)
{
	if (server->state == H1_SERVER_IDLE && !server->stream->rx.bytes)
		h1_server_deadline(server, now_ns + DRAIN_IDLE_NS);
}

void h1_server_abort(struct h1_server *server, uint64_t now_ns)
{
	if (server->exchange)
		exchange_request_reset(server->exchange, RESET_LOCAL, now_ns);
	h1_server_close(server, true, now_ns);
}
