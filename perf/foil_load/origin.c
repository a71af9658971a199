#include "perf/foil_load/origin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct origin_connection {
	struct load_origin *origin;
	uint64_t body_left_bytes;    /* of a request body that is being thrown away */
	uint64_t answer_left_bytes;  /* still to be sent */
	bool in_body;
};

static void let_go(struct stream *stream, uint64_t now_ns)
{
	struct origin_connection *connection = stream->owner;

	pool_give(&connection->origin->connections, connection);
	stream_release(stream, now_ns);
}

/* Throws the request body away; true when none of it is left. */
static bool skip_body(struct origin_connection *connection, struct stream *stream, uint64_t now_ns)
{
	uint32_t most = connection->body_left_bytes < UINT32_MAX ? (uint32_t)connection->body_left_bytes
								 : UINT32_MAX;

	connection->body_left_bytes -=
		stream_skip(stream, connection->origin->slices, most, now_ns);
	return connection->body_left_bytes == 0;
}

/* Goes on with a large answer; true when it is out. */
static bool send_answer(struct origin_connection *connection, struct stream *stream, uint64_t now_ns)
{
	const struct canned *block = &connection->origin->block;

	while (connection->answer_left_bytes > 0) {
		if (stream_room(stream) < block->bytes ||
		    !canned_send(block, stream, connection->origin->slices, now_ns))
			return false;
		connection->answer_left_bytes -= block->bytes;
	}
	return true;
}

static void serve(struct origin_connection *connection, struct stream *stream, uint64_t now_ns)
{
	struct load_origin *origin = connection->origin;
	struct head_facts facts;

	for (;;) {
		if (!send_answer(connection, stream, now_ns))
			return;
		if (!connection->in_body) {
			if (head_look(stream, &facts) != HEAD_READY)
				return;
			stream_skip(stream, origin->slices, facts.head_bytes, now_ns);
			connection->body_left_bytes = facts.content_length_bytes;
			connection->in_body = true;
			origin->request_bytes += facts.head_bytes + facts.content_length_bytes;
		}
		if (!skip_body(connection, stream, now_ns))
			return;
		connection->in_body = false;
		origin->requests++;
		if (!canned_send(&origin->answer, stream, origin->slices, now_ns)) {
			stream_reset(stream, now_ns);
			return;
		}
		connection->answer_left_bytes = origin->left_bytes;
	}
}

static void ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct origin_connection *connection = stream->owner;

	if (events & STREAM_RESET) {
		connection->origin->resets++;
		let_go(stream, now_ns);
		return;
	}
	serve(connection, stream, now_ns);
	if (events & STREAM_ENDED)
		let_go(stream, now_ns);
}

static const struct stream_owner_ops owner_ops = {.ready = ready};

static bool take_connection(void *context, struct stream *stream, uint64_t now_ns)
{
	struct load_origin *origin = context;
	struct origin_connection *connection = pool_take(&origin->connections);

	if (!connection)
		return false;
	connection->origin = origin;
	stream->owner = connection;
	stream->owner_ops = &owner_ops;
	origin->accepted++;
	return true;
}

static bool make_answer(struct load_origin *origin, struct rte_mempool *pool, uint64_t body_bytes)
{
	static char bytes[512 + ORIGIN_BLOCK_BYTES];
	uint32_t block_bytes = body_bytes < ORIGIN_BLOCK_BYTES ? (uint32_t)body_bytes
							       : ORIGIN_BLOCK_BYTES;
	int head_bytes = snprintf(bytes, 512,
				  "HTTP/1.1 200 OK\r\nserver: foil-load\r\n"
				  "content-type: application/octet-stream\r\n"
				  "cache-control: no-store\r\ncontent-length: %" PRIu64 "\r\n\r\n",
				  body_bytes);

	memset(bytes + head_bytes, 'x', block_bytes);
	origin->left_bytes = body_bytes - block_bytes;
	return canned_make(&origin->answer, pool, bytes, (uint32_t)head_bytes + block_bytes) &&
	       canned_make(&origin->block, pool, bytes + head_bytes, block_bytes);
}

bool load_origin_open(struct load_origin *origin, const struct load_origin_params *params)
{
	struct tcp_listen_params listen = {.any_family = true,
					   .local_port = params->port,
					   .backlog = params->connections_max,
					   .accept = take_connection,
					   .context = origin};

	memset(origin, 0, sizeof(*origin));
	origin->slices = params->slices;
	return make_answer(origin, params->pool, params->body_bytes) &&
	       pool_create(&origin->connections, sizeof(struct origin_connection),
			   params->connections_max) &&
	       tcp_listen(stack_tcp(params->stack), &listen);
}
