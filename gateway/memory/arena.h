/* Request memory: bump allocation out of fixed chunks of the worker's pool; freed all at once.
 *
 *     arena --> chunk --> chunk        each ARENA_CHUNK_BYTES, from a pool made at boot
 *
 * Nothing is freed one by one.  All zero is an arena without a chunk. */
#ifndef GATEWAY_MEMORY_ARENA_H
#define GATEWAY_MEMORY_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/config/config.h"
#include "stack/base/pool.h"

/* Holds the header list of a message with 200 headers (its array is contiguous). */
#define ARENA_CHUNK_BYTES 8192

struct arena_chunk;

struct arena {
	struct pool *chunks;       /* of ARENA_CHUNK_BYTES blocks */
	struct arena_chunk *first; /* the newest */
	uint32_t used_bytes;       /* of the newest chunk, its own header included */
	uint32_t chunk_count;
	uint32_t chunk_max;        /* limit for this arena */
};

void arena_init(struct arena *arena, struct pool *chunks, uint32_t chunk_max);
/* 8-byte aligned, not zeroed.  NULL when the limit or the pool is exhausted, or for more than one
 * chunk can hold. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* Makes a block of old_bytes into one of new_bytes >= old_bytes: in place where it is the newest
 * allocation and its chunk has room, as a copy otherwise (the old block is lost until arena_clear).
 * NULL like arena_alloc; the old block is then still good. */
void *arena_grow(struct arena *arena, void *block, size_t old_bytes, size_t new_bytes);
/* A copy of the bytes; data is NULL when there is no room (and length was > 0). */
struct str arena_copy(struct arena *arena, struct str bytes);
/* Gives all chunks back. */
void arena_clear(struct arena *arena);

#endif
