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

#define ARENA_CHUNK_BYTES 4096

struct arena_chunk;

struct arena {
	struct pool *chunks;       /* of ARENA_CHUNK_BYTES blocks */
	struct arena_chunk *first;
	uint32_t used_bytes;       /* of the newest chunk */
	uint32_t chunk_count;
	uint32_t chunk_max;        /* limit for this arena */
};

void arena_init(struct arena *arena, struct pool *chunks, uint32_t chunk_max);
/* 8-byte aligned, not zeroed.  NULL when the limit or the pool is exhausted, or for more than one
 * chunk can hold. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* A copy of the bytes; data is NULL when there is no room (and length was > 0). */
struct str arena_copy(struct arena *arena, struct str bytes);
/* Gives all chunks back. */
void arena_clear(struct arena *arena);

#endif
