#include "dataplane/log/log_ring.h"

#include <string.h>

#include "stack/base/invariant.h"

struct record {
	uint32_t sink;
	uint32_t length;
};

static uint64_t record_bytes(uint32_t length)
{
	return sizeof(struct record) + (((uint64_t)length + 7) & ~UINT64_C(7));
}

void log_ring_init(struct log_ring *ring, char *data, uint64_t size)
{
	INVARIANT(size >= 16 && (size & (size - 1)) == 0);
	memset(ring, 0, sizeof(*ring));
	ring->data = data;
	ring->size = size;
}

/* How much of [at, at + length) lies before the end of the ring. */
static uint32_t before_end(const struct log_ring *ring, uint64_t at, uint32_t length)
{
	uint64_t room = ring->size - (at & (ring->size - 1));

	return room < length ? (uint32_t)room : length;
}

bool log_ring_put(struct log_ring *ring, uint32_t sink, const char *text, uint32_t length)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->tail, need = record_bytes(length);
	struct record record = {.sink = sink, .length = length};

	if (need > ring->size - (at - head))
		return false;
	/* Records are aligned to 8, so their heads never wrap. */
	memcpy(ring->data + (at & (ring->size - 1)), &record, sizeof(record));
	at += sizeof(record);
	uint32_t first = before_end(ring, at, length);

	memcpy(ring->data + (at & (ring->size - 1)), text, first);
	memcpy(ring->data, text + first, length - first);
	__atomic_store_n(&ring->tail, ring->tail + need, __ATOMIC_RELEASE);
	return true;
}

uint64_t log_ring_take(struct log_ring *ring, uint64_t max_bytes, log_ring_piece piece,
		       void *context)
{
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE), taken = 0;

	while (ring->head != tail && taken < max_bytes) {
		uint64_t at = ring->head;
		struct record record;

		memcpy(&record, ring->data + (at & (ring->size - 1)), sizeof(record));
		at += sizeof(record);
		uint32_t first = before_end(ring, at, record.length);

		INVARIANT(record_bytes(record.length) <= tail - ring->head);
		piece(context, record.sink, ring->data + (at & (ring->size - 1)), first);
		if (record.length > first)
			piece(context, record.sink, ring->data, record.length - first);
		taken += record_bytes(record.length);
		__atomic_store_n(&ring->head, ring->head + record_bytes(record.length),
				 __ATOMIC_RELEASE);
	}
	return taken;
}
