/* Lines from one worker to the log thread: bytes in a bounded ring, one writer, one reader.
 *
 *     head (reader) ----v                    v---- tail (writer)
 *     | free ........ | sink length text pad | sink length text pad | free ... |
 *
 * A record is 8 bytes of head and the text, padded to 8, and may wrap.  Neither side ever waits:
 * a line for which there is no room is refused, and the writer counts it. */
#ifndef DATAPLANE_LOG_LOG_RING_H
#define DATAPLANE_LOG_LOG_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

struct log_ring {
	char *data;
	uint64_t size;                /* a power of two */
	uint64_t head CACHE_ALIGNED;  /* the reader's */
	uint64_t tail CACHE_ALIGNED;  /* the writer's */
};

/* data[size] is the caller's and outlives the ring. */
void log_ring_init(struct log_ring *ring, char *data, uint64_t size);
/* The writer.  False when there is no room. */
MUST_USE bool log_ring_put(struct log_ring *ring, uint32_t sink, const char *text, uint32_t length);

/* The reader: takes records in order, at most max_bytes of ring, and hands each text on in one or
 * two pieces.  Returns how many bytes of ring were freed. */
typedef void (*log_ring_piece)(void *context, uint32_t sink, const char *piece, uint32_t length);
uint64_t log_ring_take(struct log_ring *ring, uint64_t max_bytes, log_ring_piece piece,
		       void *context);

#endif
