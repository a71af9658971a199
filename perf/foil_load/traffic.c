#include "perf/foil_load/traffic.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEAD_BYTES_MAX 4096
#define MBUF_PAYLOAD_BYTES 1440

bool canned_make(struct canned *canned, struct rte_mempool *pool, const void *bytes,
		 uint32_t length_bytes)
{
	*canned = (struct canned){0};
	while (canned->bytes < length_bytes) {
		uint32_t piece_bytes = length_bytes - canned->bytes;
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

		if (!mbuf || canned->count == CANNED_SLICES_MAX)
			return false;
		if (piece_bytes > MBUF_PAYLOAD_BYTES)
			piece_bytes = MBUF_PAYLOAD_BYTES;
		memcpy(rte_pktmbuf_append(mbuf, (uint16_t)piece_bytes),
		       (const char *)bytes + canned->bytes, piece_bytes);
		canned->slices[canned->count++] = (struct slice){mbuf, mbuf->data_off, piece_bytes};
		canned->bytes += piece_bytes;
	}
	return true;
}

bool canned_send(const struct canned *canned, struct stream *stream, struct slice_pool *slices,
		 uint64_t now_ns)
{
	struct slice_queue queue = {0};

	for (uint32_t i = 0; i < canned->count; i++) {
		struct slice slice = slice_share(&canned->slices[i]);

		if (!slice_queue_push(slices, &queue, slice)) {
			slice_release(&slice);
			slice_queue_clear(slices, &queue);
			return false;
		}
	}
	stream_write(stream, &queue, now_ns);
	return true;
}

static void read_facts(const char *head, uint32_t head_bytes, struct head_facts *facts)
{
	facts->head_bytes = head_bytes;
	facts->content_length_bytes = 0;
	facts->close = false;
	facts->status = memcmp(head, "HTTP/", 5) == 0 ? (uint16_t)atoi(head + 9) : 0;
	for (const char *line = head; line < head + head_bytes;) {
		const char *end = memchr(line, '\n', (size_t)(head + head_bytes - line));

		if (!end)
			return;
		if (strncasecmp(line, "content-length:", 15) == 0)
			facts->content_length_bytes = strtoull(line + 15, NULL, 10);
		else if (strncasecmp(line, "connection: close", 17) == 0)
			facts->close = true;
		line = end + 1;
	}
}

enum head_state head_look(const struct stream *stream, struct head_facts *facts)
{
	char scratch[HEAD_BYTES_MAX];
	uint32_t bytes = stream->rx.bytes;
	const char *head = scratch;

	if (bytes == 0)
		return HEAD_MORE;
	if (stream->rx.head->slice.length_bytes == bytes) {
		head = (const char *)slice_data(&stream->rx.head->slice);
	} else {
		if (bytes > sizeof(scratch))
			bytes = sizeof(scratch);
		slice_queue_copy(&stream->rx, 0, scratch, bytes);
	}
	const char *end = memmem(head, bytes, "\r\n\r\n", 4);

	if (!end)
		return bytes == sizeof(scratch) ? HEAD_BAD : HEAD_MORE;
	read_facts(head, (uint32_t)(end + 4 - head), facts);
	return HEAD_READY;
}
