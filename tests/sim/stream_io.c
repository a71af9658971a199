#include "tests/sim/stream_io.h"

#include <string.h>

#include "stack/base/invariant.h"

#define PIECE_BYTES_MAX 1400

uint32_t stream_io_write(struct host *host, struct stream *stream, const void *bytes, uint32_t count,
			 uint64_t now_ns)
{
	struct slice_queue queue = {0};
	uint32_t room_bytes = stream_room(stream);
	uint32_t done_bytes = 0;

	if (count > room_bytes)
		count = room_bytes;
	while (done_bytes < count) {
		uint32_t piece_bytes = count - done_bytes;
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(host->memory->headers);

		if (!mbuf)
			break;
		if (piece_bytes > PIECE_BYTES_MAX)
			piece_bytes = PIECE_BYTES_MAX;
		char *data = rte_pktmbuf_append(mbuf, (uint16_t)piece_bytes);

		INVARIANT(data);
		memcpy(data, (const char *)bytes + done_bytes, piece_bytes);
		struct slice slice = {mbuf, mbuf->data_off, piece_bytes};

		if (!slice_queue_push(&host->slices, &queue, slice)) {
			slice_release(&slice);
			break;
		}
		done_bytes += piece_bytes;
	}
	if (done_bytes > 0)
		stream_write(stream, &queue, now_ns);
	return done_bytes;
}

const uint8_t *stream_io_peek(const struct stream *stream, uint32_t *count)
{
	if (!stream->rx.head)
		return NULL;
	*count = stream->rx.head->slice.length_bytes;
	return slice_data(&stream->rx.head->slice);
}
