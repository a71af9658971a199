#include <string.h>

#include "gateway/log/format_ops.h"
#include "stack/base/time.h"

#define SCRATCH_BYTES 512

static const struct str nothing = {NULL, 0};

/* Names are optional: an empty one is not known. */
static struct str known(struct str value)
{
	return value.length > 0 ? value : nothing;
}

static struct str number(uint64_t value, char *scratch)
{
	char *p = scratch + SCRATCH_BYTES;

	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return (struct str){p, (uint32_t)(scratch + SCRATCH_BYTES - p)};
}

static struct str milliseconds(uint64_t duration_ns, char *scratch)
{
	return duration_ns ? number(duration_ns / NS_PER_MS, scratch) : nothing;
}

static struct str address(const struct stream_info *info, bool local, bool port, char *scratch)
{
	if (!info)
		return nothing;
	const char *text = stream_end_text(info, local, port, scratch);

	return text[0] ? (struct str){text, (uint32_t)strlen(text)} : nothing;
}

static struct str port(const struct stream_info *info, bool local, char *scratch)
{
	if (!info || info->pipe)
		return nothing;
	return number(local ? info->key.local_port : info->key.remote_port, scratch);
}

static struct str list_value(const struct header_list *list, struct str name, enum header_id id)
{
	const struct header *header = id != HEADER_OTHER ? header_find(list, id)
							 : header_find_name(list, name);

	return header ? header->value : nothing;
}

/* A header of the request, the pseudo headers of HTTP/2 included. */
static struct str request_value(const struct log_context *context, struct str name,
				enum header_id id)
{
	const struct message_head *head = context->request;

	if (!head)
		return nothing;
	if (id == HEADER_HOST)
		return head->authority;
	if (name.length > 0 && name.data[0] == ':') {
		if (str_equal(name, STR(":method")))
			return head->method;
		if (str_equal(name, STR(":path")))
			return head->path;
		if (str_equal(name, STR(":authority")))
			return head->authority;
		return str_equal(name, STR(":scheme")) ? head->scheme : nothing;
	}
	struct str value = list_value(&head->headers, name, id);

	if (!value.data && id == HEADER_X_ENVOY_ORIGINAL_PATH)
		return context->original_path;
	if (!value.data && id == HEADER_X_REQUEST_ID)
		return context->request_id;
	return value;
}

static struct str response_value(const struct log_context *context, struct str name,
				 enum header_id id, char *scratch)
{
	struct str value = context->response ? list_value(&context->response->headers, name, id)
					     : nothing;

	if (value.data)
		return value;
	if (id == HEADER_X_ENVOY_UPSTREAM_SERVICE_TIME)
		return milliseconds(context->upstream_service_time_ns, scratch);
	return context->status && str_equal(name, STR(":status")) ? number(context->status, scratch)
								  : nothing;
}

static struct str header_value(const struct log_op *op, const struct log_context *context,
			       struct str name, enum header_id id, char *scratch)
{
	if (op->command == LOG_REQ)
		return request_value(context, name, id);
	if (op->command == LOG_RESP)
		return response_value(context, name, id, scratch);
	return context->trailers ? list_value(context->trailers, name, id) : nothing;
}

static struct str protocol(const struct log_context *context)
{
	static const char names[][9] = {
		[HTTP_1_0] = "HTTP/1.0", [HTTP_1_1] = "HTTP/1.1", [HTTP_2] = "HTTP/2"};

	if (!context->request)
		return nothing;
	return (struct str){names[context->protocol], (uint32_t)strlen(names[context->protocol])};
}

/* White space would split the field of a text log: Envoy writes "_". */
static struct str underscored(struct str value, char *scratch)
{
	uint32_t length = value.length < SCRATCH_BYTES ? value.length : SCRATCH_BYTES;

	for (uint32_t i = 0; i < length; i++) {
		uint8_t c = (uint8_t)value.data[i];

		scratch[i] = c == ' ' || (c >= '\t' && c <= '\r') ? '_' : (char)c;
	}
	return value.data ? (struct str){scratch, length} : nothing;
}

/* As in Envoy: of the trusted client if a proxy in front has told of one, and then without its port. */
static struct str client_value(const struct log_context *context, bool with_port, char *scratch)
{
	if (!context->has_client)
		return address(context->downstream, false, with_port, scratch);
	if (with_port)
		ip_endpoint_format(&context->client, 0, scratch, SCRATCH_BYTES);
	else
		ip_addr_format(&context->client, scratch, SCRATCH_BYTES);
	return (struct str){scratch, (uint32_t)strlen(scratch)};
}

static struct str address_value(const struct log_op *op, const struct log_context *context,
				char *scratch)
{
	const struct stream_info *up = context->upstream, *down = context->downstream;

	switch (op->command) {
	case LOG_UPSTREAM_LOCAL_ADDRESS: return address(up, true, true, scratch);
	case LOG_UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: return address(up, true, false, scratch);
	case LOG_UPSTREAM_LOCAL_PORT: return port(up, true, scratch);
	case LOG_UPSTREAM_REMOTE_ADDRESS: return address(up, false, true, scratch);
	case LOG_UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: return address(up, false, false, scratch);
	case LOG_UPSTREAM_REMOTE_PORT: return port(up, false, scratch);
	case LOG_DOWNSTREAM_DIRECT_REMOTE_ADDRESS: return address(down, false, true, scratch);
	case LOG_DOWNSTREAM_REMOTE_ADDRESS: return client_value(context, true, scratch);
	case LOG_DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT:
		return address(down, false, false, scratch);
	case LOG_DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: return client_value(context, false, scratch);
	case LOG_DOWNSTREAM_REMOTE_PORT:
		return context->has_client ? number(0, scratch) : port(down, false, scratch);
	case LOG_DOWNSTREAM_LOCAL_ADDRESS: return address(down, true, true, scratch);
	case LOG_DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: return address(down, true, false, scratch);
	case LOG_DOWNSTREAM_LOCAL_PORT: return port(down, true, scratch);
	default: return nothing;
	}
}

static struct str flags(const struct log_context *context, bool long_names, char *scratch)
{
	uint64_t bits = context->response_flags;

	if (bits == 0)
		return nothing;
	return (struct str){scratch, long_names ? log_response_flags_write_long(bits, scratch,
										SCRATCH_BYTES)
						: log_response_flags_write(bits, scratch,
									   SCRATCH_BYTES)};
}

static struct str value_of(const struct log_op *op, const struct log_context *context,
			   char *scratch)
{
	struct str value;

	switch (op->command) {
	case LOG_LITERAL:
	case LOG_HOSTNAME: return op->text;
	case LOG_START_TIME:
		return (struct str){scratch, log_time_write(op->text, context->start_wall_ns, scratch,
							    SCRATCH_BYTES)};
	case LOG_REQ:
	case LOG_RESP:
	case LOG_TRAILER:
		value = header_value(op, context, op->text, op->text_id, scratch);
		if (!value.data && op->other.data)
			value = header_value(op, context, op->other, op->other_id, scratch);
		return value;
	case LOG_PROTOCOL: return protocol(context);
	case LOG_RESPONSE_CODE: return number(context->status, scratch);
	case LOG_RESPONSE_CODE_DETAILS: return underscored(known(context->response_code_details), scratch);
	case LOG_RESPONSE_FLAGS: return flags(context, false, scratch);
	case LOG_RESPONSE_FLAGS_LONG: return flags(context, true, scratch);
	case LOG_BYTES_RECEIVED: return number(context->bytes_received, scratch);
	case LOG_BYTES_SENT: return number(context->bytes_sent, scratch);
	case LOG_DURATION: return number(context->duration_ns / NS_PER_MS, scratch);
	case LOG_REQUEST_DURATION: return milliseconds(context->request_duration_ns, scratch);
	case LOG_RESPONSE_DURATION: return milliseconds(context->response_duration_ns, scratch);
	case LOG_RESPONSE_TX_DURATION:
		if (!context->response_duration_ns ||
		    context->duration_ns < context->response_duration_ns)
			return nothing;
		return number((context->duration_ns - context->response_duration_ns) / NS_PER_MS,
			      scratch);
	case LOG_UPSTREAM_HOST: return known(context->upstream_host);
	case LOG_UPSTREAM_CLUSTER:
	case LOG_UPSTREAM_CLUSTER_RAW: return known(context->cluster_name);
	case LOG_UPSTREAM_TRANSPORT_FAILURE_REASON:
		return underscored(known(context->upstream_failure_reason), scratch);
	case LOG_UPSTREAM_REQUEST_ATTEMPT_COUNT: return number(context->attempts, scratch);
	case LOG_ROUTE_NAME: return known(context->route_name);
	case LOG_VIRTUAL_HOST_NAME: return known(context->virtual_host_name);
	case LOG_REQUESTED_SERVER_NAME: return known(context->requested_server_name);
	case LOG_STREAM_ID: return known(context->request_id);
	default: return address_value(op, context, scratch);
	}
}

struct out {
	char *p;
	char *end;
};

static void put(struct out *out, const char *data, uint32_t length)
{
	if ((size_t)(out->end - out->p) < length)
		length = (uint32_t)(out->end - out->p);
	memcpy(out->p, data, length);
	out->p += length;
}

/* Length of the well-formed UTF-8 sequence at p (RFC 3629 4), 0 where there is none. */
static uint32_t utf8_length(const uint8_t *p, size_t left)
{
	uint32_t length = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (length == 0 || left < length)
		return 0;
	for (uint32_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

/* RFC 8259 7; a byte that is not UTF-8 becomes the character with its number. */
static void put_escaped(struct out *out, struct str value)
{
	static const char hex[] = "0123456789abcdef";

	for (uint32_t i = 0; i < value.length;) {
		uint8_t c = (uint8_t)value.data[i];
		uint32_t run = c >= 0x80 ? utf8_length((const uint8_t *)value.data + i,
						       value.length - i)
					 : c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;

		if (run > 0) {
			put(out, value.data + i, run);
		} else if (c == '"' || c == '\\') {
			put(out, (const char[]){'\\', (char)c}, 2);
			run = 1;
		} else {
			put(out, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
			run = 1;
		}
		i += run;
	}
}

static void put_value(struct out *out, enum log_quoting quoting, struct str value)
{
	switch (quoting) {
	case LOG_PLAIN:
		put(out, value.data ? value.data : "-", value.data ? value.length : 1);
		return;
	case LOG_JSON_INSIDE:
		put_escaped(out, value.data ? value : STR("-"));
		return;
	case LOG_JSON_STRING:
		if (value.data)
			put(out, "\"", 1);
		put_escaped(out, value.data ? value : STR("null"));
		if (value.data)
			put(out, "\"", 1);
		return;
	case LOG_JSON_NUMBER:
		put(out, value.data ? value.data : "null", value.data ? value.length : 4);
		return;
	}
}

uint32_t log_format_write(const struct log_format *format, const struct log_context *context,
			  char *start, uint32_t size)
{
	struct out out = {start, start + size};
	char scratch[SCRATCH_BYTES];

	for (uint32_t i = 0; i < format->count; i++) {
		const struct log_op *op = &format->ops[i];
		struct str value = value_of(op, context, scratch);

		if (op->length_max > 0 && value.length > op->length_max)
			value.length = op->length_max;
		put_value(&out, op->quoting, value);
	}
	return (uint32_t)(out.p - start);
}
