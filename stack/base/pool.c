#include "stack/base/pool.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"

static size_t round_up(size_t bytes, size_t multiple)
{
	return (bytes + multiple - 1) / multiple * multiple;
}

bool pool_create(struct pool *pool, size_t block_bytes, uint32_t capacity)
{
	block_bytes = round_up(block_bytes, block_bytes >= CACHE_LINE_BYTES ? CACHE_LINE_BYTES : 8);
	uint8_t *blocks = aligned_alloc(CACHE_LINE_BYTES,
					round_up(block_bytes * capacity, CACHE_LINE_BYTES));
	/* Whole lines, as the blocks: the next thing in memory may be another worker's. */
	uint32_t *free_stack = aligned_alloc(
		CACHE_LINE_BYTES, round_up(capacity * sizeof(*free_stack), CACHE_LINE_BYTES));

	if (!blocks || !free_stack) {
		free(blocks);
		free(free_stack);
		return false;
	}
	for (uint32_t i = 0; i < capacity; i++)
		free_stack[i] = capacity - 1 - i;
	*pool = (struct pool){.blocks = blocks,
			      .free_stack = free_stack,
			      .block_bytes = block_bytes,
			      .capacity = capacity,
			      .available = capacity};
	return true;
}

void pool_destroy(struct pool *pool)
{
	INVARIANT(pool->available == pool->capacity);
	free(pool->blocks);
	free(pool->free_stack);
	*pool = (struct pool){0};
}

void *pool_take_dirty(struct pool *pool)
{
	if (pool->available == 0)
		return NULL;
	return pool_at(pool, pool->free_stack[--pool->available]);
}

void *pool_take(struct pool *pool)
{
	void *block = pool_take_dirty(pool);

	return block ? memset(block, 0, pool->block_bytes) : NULL;
}

void pool_give(struct pool *pool, void *block)
{
	INVARIANT(pool->available < pool->capacity);
	pool->free_stack[pool->available++] = pool_index(pool, block);
}

uint32_t pool_index(const struct pool *pool, const void *block)
{
	size_t offset_bytes = (size_t)((const uint8_t *)block - pool->blocks);

	INVARIANT(offset_bytes % pool->block_bytes == 0 &&
		  offset_bytes / pool->block_bytes < pool->capacity);
	return (uint32_t)(offset_bytes / pool->block_bytes);
}
