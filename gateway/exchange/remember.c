/* A request that failed or was slow is noted for foilctl requests. */
#include <string.h>

#include "gateway/exchange/exchange.h"
#include "gateway/exchange/request_memory.h"

static void copy(char *to, uint32_t size, struct str from)
{
	uint32_t length = from.length < size ? from.length : size - 1;

	if (length > 0)
		memcpy(to, from.data, length);
}

#define COPY(member, from) copy(note.member, sizeof(note.member), from)

void exchange_remember(struct exchange *exchange, bool failed, bool slow, uint64_t now_ns)
{
	struct request_memory *memory = exchange->gateway->requests;
	struct stream_info down, up;
	struct log_context context;
	struct request_note note = {0};

	exchange_log_context(exchange, &context, &down, &up, now_ns);
	note.start_wall_ns = context.start_wall_ns;
	note.duration_ns = context.duration_ns;
	note.request_duration_ns = context.request_duration_ns;
	note.response_duration_ns = context.response_duration_ns;
	note.response_flags = context.response_flags;
	note.bytes_received = context.bytes_received;
	note.bytes_sent = context.bytes_sent;
	note.client = down.key.remote;
	note.client_port = down.key.remote_port;
	note.status = context.status;
	note.attempts = context.attempts;
	COPY(method, exchange->request.method);
	COPY(authority, exchange->request.authority);
	COPY(path, context.original_path.length ? context.original_path : exchange->request.path);
	COPY(route, context.route_name);
	COPY(cluster, context.cluster_name);
	COPY(upstream, context.upstream_host);
	COPY(details, context.response_code_details);
	COPY(request_id, context.request_id);
	if (failed)
		request_memory_note(memory, REQUEST_FAILED, &note);
	if (slow)
		request_memory_note(memory, REQUEST_SLOW, &note);
}
