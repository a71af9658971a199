/* Records from one worker to a control thread: bytes in a bounded ring, one writer, one reader.
 *
 *     head (reader) ----v              published ----v        reserved ----v
 *     | free ........   | record | record | ........ | record (being filled) | free ... |
 *
 * A record is contiguous, aligned to 8 and may be changed until it is published; what does not fit
 * before the end of the memory begins at its start again, behind a filler.  Neither side waits: a
 * record for which there is no room is refused, and the writer counts it. */
#ifndef DATAPLANE_CAPTURE_CAPTURE_RING_H
#define DATAPLANE_CAPTURE_CAPTURE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

struct capture_ring {
	uint8_t *data;               /* the owner's */
	uint64_t size;               /* a power of two */
	uint64_t head CACHE_ALIGNED; /* the reader's */
	uint64_t published CACHE_ALIGNED;
	uint64_t reserved;           /* the writer's own */
	uint64_t head_seen;
};

void capture_ring_init(struct capture_ring *ring, uint8_t *data, uint64_t size);
/* The writer: room for a record of `bytes`, aligned to 8; NULL when there is none. */
void *capture_ring_reserve(struct capture_ring *ring, uint32_t bytes);
/* The writer: all that was reserved may be read now. */
void capture_ring_publish(struct capture_ring *ring);

/* The reader: the oldest record and its size as reserved; NULL when there is none. */
const void *capture_ring_peek(struct capture_ring *ring, uint32_t *bytes);
/* The reader: gives the room of that record back. */
void capture_ring_pop(struct capture_ring *ring);

#endif
