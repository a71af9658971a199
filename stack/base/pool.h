/* A pool of equal blocks, made at boot, addressed by pointer or by 32-bit index.
 * One owner thread.  pool_take zeroes what it hands out. */
#ifndef STACK_BASE_POOL_H
#define STACK_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/compiler.h"

#define POOL_NO_INDEX UINT32_MAX

struct pool {
	uint8_t *blocks;       /* cache-line aligned, owned */
	uint32_t *free_stack;  /* indices, owned */
	size_t block_bytes;
	uint32_t capacity;
	uint32_t available;
};

/* block_bytes is rounded up to a multiple of 8 (of 64 where it is >= 64). */
MUST_USE bool pool_create(struct pool *pool, size_t block_bytes, uint32_t capacity);
/* Every block must have come back. */
void pool_destroy(struct pool *pool);
/* NULL when empty. */
void *pool_take(struct pool *pool);
/* Like pool_take, but with whatever the block last held: for big blocks that are written before
 * they are read. */
void *pool_take_dirty(struct pool *pool);
void pool_give(struct pool *pool, void *block);

static inline void *pool_at(const struct pool *pool, uint32_t index)
{
	return pool->blocks + (size_t)index * pool->block_bytes;
}
uint32_t pool_index(const struct pool *pool, const void *block);
static inline uint32_t pool_in_use(const struct pool *pool)
{
	return pool->capacity - pool->available;
}

#endif
