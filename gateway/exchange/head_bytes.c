#include "gateway/exchange/head_bytes.h"

#include <string.h>

#define GATHER_FIRST_BYTES 2048

void head_bytes_view(const struct head_bytes *head, const struct stream *stream, const char **data,
		     uint32_t *length)
{
	if (head->gathered) {
		*data = head->gathered;
		*length = head->gathered_length;
	} else if (stream->rx.head) {
		*data = (const char *)slice_data(&stream->rx.head->slice);
		*length = stream->rx.head->slice.length_bytes;
	} else {
		*data = "";
		*length = 0;
	}
}

/* Room for more bytes; heads over the first size move into a large block. */
static bool gather_grow(struct gateway *gateway, struct arena *arena, struct head_bytes *head)
{
	char *grown;

	if (!head->gathered) {
		grown = arena_alloc(arena, GATHER_FIRST_BYTES);
		if (!grown)
			return false;
		head->gathered = grown;
		head->gathered_size = GATHER_FIRST_BYTES;
		return true;
	}
	if (head->large)
		return false;
	head->large = pool_take(&gateway->large_heads);
	if (!head->large)
		return false;
	memcpy(head->large, head->gathered, head->gathered_length);
	head->gathered = head->large;
	head->gathered_size = GATEWAY_SCRATCH_BYTES;
	return true;
}

/* Whether the line feed at `at` ends an empty line. */
static bool ends_empty_line(const char *bytes, uint32_t at)
{
	if (at > 0 && bytes[at - 1] == '\r')
		at--;
	return at == 0 || bytes[at - 1] == '\n';
}

enum head_more head_bytes_more(struct gateway *gateway, struct arena *arena,
			       struct head_bytes *head, struct stream *stream, uint32_t max_bytes,
			       uint64_t now_ns)
{
	/* One slice that is not enough may wait in place: it pins one buffer. */
	if (!head->gathered && (!stream->rx.head || !stream->rx.head->next))
		return stream->rx.bytes > max_bytes ? HEAD_TOO_LARGE : HEAD_WAIT;
	while (stream->rx.head) {
		const struct slice *slice = &stream->rx.head->slice;
		const uint8_t *from = slice_data(slice);
		uint32_t n = slice->length_bytes;
		bool empty_line = false;

		if (head->gathered_length >= max_bytes)
			return HEAD_TOO_LARGE;
		if (head->gathered_length == head->gathered_size &&
		    !gather_grow(gateway, arena, head))
			return HEAD_NO_MEMORY;
		if (n > head->gathered_size - head->gathered_length)
			n = head->gathered_size - head->gathered_length;
		if (n > max_bytes - head->gathered_length)
			n = max_bytes - head->gathered_length;
		for (uint32_t i = 0; i < n && !empty_line; i++) {
			uint32_t at = head->gathered_length++;

			head->gathered[at] = (char)from[i];
			if (from[i] == '\n' && ends_empty_line(head->gathered, at)) {
				empty_line = true;
				n = i + 1;
			}
		}
		stream_skip(stream, gateway->params.slices, n, now_ns);
		if (empty_line)
			return HEAD_PARSE;
	}
	return HEAD_WAIT;
}

bool head_bytes_keep(struct gateway *gateway, struct head_bytes *head, struct stream *stream,
		     uint32_t consumed, uint64_t now_ns)
{
	if (head->gathered)
		return consumed == head->gathered_length;
	head->slice = slice_share(&stream->rx.head->slice);
	stream_skip(stream, gateway->params.slices, consumed, now_ns);
	return true;
}

void head_bytes_clear(struct gateway *gateway, struct head_bytes *head)
{
	if (head->slice.mbuf)
		slice_release(&head->slice);
	if (head->large)
		pool_give(&gateway->large_heads, head->large);
	memset(head, 0, sizeof(*head));
}
