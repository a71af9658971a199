/* What a request head says about the connection, and heads that are refused. */
#include <string.h>

#include "gateway/exchange/exchange_trace.h"
#include "gateway/http1/h1_hop.h"
#include "gateway/http1/h1_server.h"
#include "gateway/http1/h1_write.h"
#include "stack/base/planted.h"

/* A request that cannot be served as it stands: answered, counted and logged like any other. */
static void refuse(struct h1_server *server, uint16_t status, struct str body, struct str details,
		   uint64_t flags, uint64_t now_ns)
{
	struct exchange *exchange = server->exchange;

	server->keep_alive = false;
	server->state = H1_SERVER_EXCHANGE;
	if (!exchange->counted) {
		exchange->counted = true;
		counter_inc(&h1_server_stats(server)->downstream_rq_total);
		counter_inc(&h1_server_stats(server)->downstream_rq_http1_total);
		gauge_add(&h1_server_stats(server)->downstream_rq_active, 1);
	}
	EXCHANGE_TRACE(exchange, REFUSED, .n = {status}, .t = {TRACE_STR(details)});
	exchange_reply(exchange, status, body, details, flags, now_ns);
}

void h1_server_refuse(struct h1_server *server, uint16_t status, struct str details,
		      uint64_t flags, uint64_t now_ns)
{
	const char *reason = h1_reason_phrase(status);

	refuse(server, status, (struct str){reason, (uint32_t)strlen(reason)}, details, flags,
	       now_ns);
}

void h1_server_bad_head(struct h1_server *server, enum h1_result result, uint64_t now_ns)
{
	uint64_t protocol_error = UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_PROTOCOL_ERROR;
	struct str details = result == H1_TOO_LARGE      ? STR("http1.headers_too_large")
			     : result == H1_TOO_MANY     ? STR("http1.too_many_headers")
			     : result == H1_TWO_FRAMINGS ? STR("http1.content_length_and_chunked_not_allowed")
							 : STR("http1.codec_error");

	struct message_head *head = &server->exchange->request;
	struct str method = head->method, path = head->path;

	/* Half a head is nothing to log from. */
	memset(head, 0, sizeof(*head));
	head->version = HTTP_1_1;
	if (result == H1_NO_HOST) {
		head->method = method;
		head->path = path;
	}
	if (result == H1_NO_MEMORY) {
		counter_inc(&h1_server_stats(server)->downstream_rq_overload_close);
		h1_server_refuse(server, 503, STR("overload"),
			      UINT64_C(1) << RESPONSE_FLAG_BIT_OVERLOAD_MANAGER, now_ns);
		return;
	}
	if (result == H1_NO_HOST) {
		refuse(server, 400, STR(""), STR("missing_host_header"), 0, now_ns);
		return;
	}
	counter_inc(&h1_server_stats(server)->downstream_cx_protocol_error);
	if (result == H1_BAD_TRANSFER_CODING)
		h1_server_refuse(server, 501, details, protocol_error, now_ns);
	else if (result == H1_BAD_VERSION)
		h1_server_refuse(server, 505, details, protocol_error, now_ns);
	else if (result == H1_TOO_LARGE || result == H1_TOO_MANY)
		h1_server_refuse(server, 431, details, protocol_error, now_ns);
	else
		h1_server_refuse(server, 400, details, protocol_error, now_ns);
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
	if (!server->stream->rx.bytes && !PLANTED(CONTINUE_SWALLOWED))
		h1_server_ops.informational(server->exchange, &go_on, now_ns);
}

/* False = refused. */
static bool server_check_head(struct h1_server *server, uint64_t now_ns)
{
	struct message_head *head = &server->exchange->request;
	const struct header *upgrade = header_find(&head->headers, HEADER_UPGRADE);

	if (head->version == HTTP_1_0) {
		if (!server->hcm->accept_http_10) {
			counter_inc(&h1_server_stats(server)->downstream_cx_protocol_error);
			h1_server_refuse(server, 426, STR("low_version"),
					 UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_PROTOCOL_ERROR,
					 now_ns);
			return false;
		}
		if (!head->authority.length)
			head->authority = server->hcm->default_host_http10;
		if (!head->authority.length) {
			refuse(server, 400, STR(""), STR("missing_host_header"), 0, now_ns);
			return false;
		}
	}
	/* h2c is an offer that may be ignored; any other protocol is what the client came for. */
	if (head->upgrade && upgrade && !str_equal_nocase(upgrade->value, STR("h2c"))) {
		counter_inc(&h1_server_stats(server)->downstream_rq_ws_on_non_ws_route);
		refuse(server, 403, STR(""), STR("upgrade_failed"), 0, now_ns);
		return false;
	}
	if (!h1_hop_remove(&head->headers, false)) {
		h1_server_refuse(server, 400, STR("http1.connection_header_rejected"),
			      UINT64_C(1) << RESPONSE_FLAG_BIT_DOWNSTREAM_PROTOCOL_ERROR, now_ns);
		return false;
	}
	return true;
}

void h1_server_request(struct h1_server *server, uint64_t now_ns)
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
	if (unlikely_true(server->gateway->trace != NULL))
		exchange_trace_request(exchange, server->stream);
	h1_reader_start(&server->codec->reader, head);
	if (!server_check_head(server, now_ns))
		return;
	server_expect(server, now_ns);
	exchange_request(exchange, server->request_done, now_ns);
}
