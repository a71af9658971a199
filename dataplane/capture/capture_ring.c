#include "dataplane/capture/capture_ring.h"

#include <string.h>

#include "stack/base/invariant.h"

#define FILLER UINT32_MAX

/* In front of every record; 8 bytes, so that it never wraps. */
struct length {
	uint32_t bytes; /* of the record, or FILLER: go on at the start */
	uint32_t reserved;
};

static uint64_t space_of(uint32_t bytes)
{
	return sizeof(struct length) + (((uint64_t)bytes + 7) & ~UINT64_C(7));
}

void capture_ring_init(struct capture_ring *ring, uint8_t *data, uint64_t size)
{
	INVARIANT(size >= 64 && (size & (size - 1)) == 0);
	memset(ring, 0, sizeof(*ring));
	ring->data = data;
	ring->size = size;
}

static void put_length(struct capture_ring *ring, uint64_t at, uint32_t bytes)
{
	struct length length = {.bytes = bytes};

	memcpy(ring->data + (at & (ring->size - 1)), &length, sizeof(length));
}

static struct length get_length(const struct capture_ring *ring, uint64_t at)
{
	struct length length;

	memcpy(&length, ring->data + (at & (ring->size - 1)), sizeof(length));
	return length;
}

void *capture_ring_reserve(struct capture_ring *ring, uint32_t bytes)
{
	uint64_t at = ring->reserved, need = space_of(bytes);
	uint64_t to_end = ring->size - (at & (ring->size - 1));
	uint64_t filler = need > to_end ? to_end : 0;

	if (need > ring->size)
		return NULL;
	if (filler + need > ring->size - (at - ring->head_seen)) {
		ring->head_seen = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
		if (filler + need > ring->size - (at - ring->head_seen))
			return NULL;
	}
	if (filler > 0)
		put_length(ring, at, FILLER);
	at += filler;
	put_length(ring, at, bytes);
	ring->reserved = at + need;
	return ring->data + (at & (ring->size - 1)) + sizeof(struct length);
}

void capture_ring_publish(struct capture_ring *ring)
{
	__atomic_store_n(&ring->published, ring->reserved, __ATOMIC_RELEASE);
}

/* Behind a filler, where there is one. */
static uint64_t first_record(struct capture_ring *ring, uint64_t published)
{
	uint64_t at = ring->head;

	if (at != published && get_length(ring, at).bytes == FILLER)
		at += ring->size - (at & (ring->size - 1));
	return at;
}

const void *capture_ring_peek(struct capture_ring *ring, uint32_t *bytes)
{
	uint64_t published = __atomic_load_n(&ring->published, __ATOMIC_ACQUIRE);
	uint64_t at = first_record(ring, published);

	if (at == published)
		return NULL;
	*bytes = get_length(ring, at).bytes;
	INVARIANT(space_of(*bytes) <= published - at);
	return ring->data + (at & (ring->size - 1)) + sizeof(struct length);
}

void capture_ring_pop(struct capture_ring *ring)
{
	uint64_t published = __atomic_load_n(&ring->published, __ATOMIC_ACQUIRE);
	uint64_t at = first_record(ring, published);

	INVARIANT(at != published);
	__atomic_store_n(&ring->head, at + space_of(get_length(ring, at).bytes), __ATOMIC_RELEASE);
}
