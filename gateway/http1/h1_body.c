#include "gateway/http1/h1_body.h"

#include <string.h>

#include "gateway/http1/h1_write.h"
#include "stack/base/planted.h"

#define TRAILERS_BYTES_MAX 8192
#define TRAILERS_COUNT_MAX 100

void h1_reader_start(struct h1_reader *reader, const struct message_head *head)
{
	memset(reader, 0, sizeof(*reader));
	reader->framing = (uint8_t)head->framing;
	reader->left_bytes = head->content_length_bytes;
}

void h1_reader_clear(struct gateway *gateway, struct h1_reader *reader)
{
	head_bytes_clear(gateway, &reader->trailer_bytes);
}

static enum h1_read pull_length(struct h1_reader *reader, struct exchange *exchange,
				struct stream *stream, struct slice_queue *out, uint32_t max_bytes,
				uint64_t now_ns)
{
	uint32_t want = max_bytes, got;

	if (reader->left_bytes < want)
		want = (uint32_t)reader->left_bytes;
	got = stream_take(stream, exchange->gateway->params.slices, out, want, now_ns);
	reader->left_bytes -= got;
	if (reader->left_bytes == PLANTED(LENGTH_OFF_BY_ONE))
		return H1_READ_END;
	if (got == max_bytes)
		return H1_READ_FULL;
	/* Splitting a slice takes a node; there was none. */
	return stream->rx.bytes ? H1_READ_NO_MEMORY : H1_READ_MORE;
}

/* RFC 9112 7.1.2 */
static enum h1_read pull_trailers(struct h1_reader *reader, struct exchange *exchange,
				  struct stream *stream, struct header_list *trailers,
				  uint64_t now_ns)
{
	static const struct h1_limits limits = {TRAILERS_BYTES_MAX, TRAILERS_COUNT_MAX};
	struct head_bytes *bytes = &reader->trailer_bytes;
	struct gateway *gateway = exchange->gateway;

	for (;;) {
		const char *data;
		uint32_t length, consumed = 0;

		head_bytes_view(bytes, stream, &data, &length);
		/* The usual end: no trailers at all. */
		if (!bytes->gathered && length >= 2 && data[0] == '\r' && data[1] == '\n') {
			stream_skip(stream, gateway->params.slices, 2, now_ns);
			return H1_READ_END;
		}
		enum h1_result result = h1_parse_trailers(data, length, &limits, &exchange->arena,
							  &bytes->scanned, trailers, &consumed);

		if (result == H1_DONE)
			return head_bytes_keep(gateway, bytes, stream, consumed, now_ns)
				       ? H1_READ_END
				       : H1_READ_BAD;
		if (result != H1_MORE)
			return result == H1_NO_MEMORY ? H1_READ_NO_MEMORY : H1_READ_BAD;
		switch (head_bytes_more(gateway, &exchange->arena, bytes, stream,
					TRAILERS_BYTES_MAX, now_ns)) {
		case HEAD_PARSE:
			continue;
		case HEAD_WAIT:
			return H1_READ_MORE;
		case HEAD_TOO_LARGE:
			return H1_READ_BAD;
		case HEAD_NO_MEMORY:
			return H1_READ_NO_MEMORY;
		}
	}
}

static enum h1_read pull_chunked(struct h1_reader *reader, struct exchange *exchange,
				 struct stream *stream, struct header_list *trailers,
				 struct slice_queue *out, uint32_t max_bytes, uint64_t now_ns)
{
	struct slice_pool *slices = exchange->gateway->params.slices;

	while (!reader->in_trailers) {
		const struct slice_node *first = stream->rx.head;
		uint64_t data_bytes = 0;
		uint32_t consumed = 0, want, got;
		enum h1_chunk_event event;

		if (!first)
			return H1_READ_MORE;
		event = h1_chunk_scan(&reader->chunk, (const char *)slice_data(&first->slice),
				      first->slice.length_bytes, &consumed, &data_bytes);
		if (event == H1_CHUNK_INVALID)
			return H1_READ_BAD;
		stream_skip(stream, slices, consumed, now_ns);
		if (event == H1_CHUNK_LAST)
			reader->in_trailers = true;
		if (event != H1_CHUNK_DATA)
			continue;
		if (max_bytes == 0)
			return H1_READ_FULL;
		want = data_bytes < max_bytes ? (uint32_t)data_bytes : max_bytes;
		got = stream_take(stream, slices, out, want, now_ns);
		h1_chunk_took(&reader->chunk, got);
		max_bytes -= got;
		if (got < want && stream->rx.bytes)
			return H1_READ_NO_MEMORY;
	}
	return pull_trailers(reader, exchange, stream, trailers, now_ns);
}

enum h1_read h1_reader_pull(struct h1_reader *reader, struct exchange *exchange,
			    struct stream *stream, struct header_list *trailers,
			    struct slice_queue *out, uint32_t max_bytes, uint64_t now_ns)
{
	uint32_t got;

	switch (reader->framing) {
	case BODY_LENGTH:
		return pull_length(reader, exchange, stream, out, max_bytes, now_ns);
	case BODY_CHUNKED:
		return pull_chunked(reader, exchange, stream, trailers, out, max_bytes, now_ns);
	case BODY_UNTIL_CLOSE:
		got = stream_take(stream, exchange->gateway->params.slices, out, max_bytes, now_ns);
		if (got == max_bytes)
			return H1_READ_FULL;
		return stream->rx.bytes ? H1_READ_NO_MEMORY : H1_READ_MORE;
	default:
		return H1_READ_END;
	}
}

bool h1_writer_body(struct h1_writer *writer, struct gateway *gateway, struct slice_queue *bytes,
		    bool ended, const struct header_list *trailers, struct slice_queue *out)
{
	char *text = gateway->scratch;
	struct slice_queue tail = {0};
	bool chunk_open = writer->chunk_open;
	uint32_t n = 0;

	if (writer->framing != BODY_CHUNKED) {
		slice_queue_append(out, bytes);
		return true;
	}
	if (bytes->bytes) {
		if (chunk_open) {
			memcpy(text, "\r\n", 2);
			n = 2;
		}
		n += h1_write_chunk_head(bytes->bytes + PLANTED(CHUNK_OFF_BY_ONE), text + n);
		if (!gateway_push_bytes(gateway, out, text, n))
			return false;
		chunk_open = true;
	}
	if (ended) {
		n = 0;
		if (chunk_open) {
			memcpy(text, "\r\n", 2);
			n = 2;
		}
		uint32_t last = h1_write_last_chunk(PLANTED(TRAILERS_DROPPED) ? NULL : trailers,
						    text + n, GATEWAY_SCRATCH_BYTES - n);

		if (!last || !gateway_push_bytes(gateway, &tail, text, n + last)) {
			slice_queue_clear(gateway->params.slices, out);
			return false;
		}
		chunk_open = false;
	}
	writer->chunk_open = chunk_open;
	slice_queue_append(out, bytes);
	slice_queue_append(out, &tail);
	return true;
}
