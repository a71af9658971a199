#include "gateway/memory/arena.h"

#include <string.h>

struct arena_chunk {
	struct arena_chunk *older;
};

static size_t round_up_8(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

void arena_init(struct arena *arena, struct pool *chunks, uint32_t chunk_max)
{
	*arena = (struct arena){.chunks = chunks, .chunk_max = chunk_max};
}

static void *take(struct arena *arena, size_t bytes)
{
	void *block = (uint8_t *)arena->first + arena->used_bytes;

	arena->used_bytes += (uint32_t)bytes;
	return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	if (unlikely_true(bytes > ARENA_CHUNK_BYTES - sizeof(struct arena_chunk)))
		return NULL;
	bytes = round_up_8(bytes);
	if (arena->first && arena->used_bytes + bytes <= ARENA_CHUNK_BYTES)
		return take(arena, bytes);
	if (arena->chunk_count >= arena->chunk_max)
		return NULL;
	struct arena_chunk *chunk = pool_take_dirty(arena->chunks);

	if (!chunk)
		return NULL;
	chunk->older = arena->first;
	arena->first = chunk;
	arena->chunk_count++;
	arena->used_bytes = sizeof(*chunk);
	return take(arena, bytes);
}

void *arena_grow(struct arena *arena, void *block, size_t old_bytes, size_t new_bytes)
{
	uint8_t *top = arena->first ? (uint8_t *)arena->first + arena->used_bytes : NULL;

	if (block && (uint8_t *)block + round_up_8(old_bytes) == top &&
	    new_bytes <= ARENA_CHUNK_BYTES) {
		size_t more = round_up_8(new_bytes) - round_up_8(old_bytes);

		if (arena->used_bytes + more <= ARENA_CHUNK_BYTES) {
			arena->used_bytes += (uint32_t)more;
			return block;
		}
	}
	void *copy = arena_alloc(arena, new_bytes);

	if (copy && old_bytes > 0)
		memcpy(copy, block, old_bytes);
	return copy;
}

struct str arena_copy(struct arena *arena, struct str bytes)
{
	char *copy = arena_alloc(arena, bytes.length);

	if (!copy)
		return (struct str){NULL, 0};
	if (bytes.length > 0)
		memcpy(copy, bytes.data, bytes.length);
	return (struct str){copy, bytes.length};
}

void arena_clear(struct arena *arena)
{
	struct arena_chunk *chunk = arena->first;

	while (chunk) {
		struct arena_chunk *older = chunk->older;

		pool_give(arena->chunks, chunk);
		chunk = older;
	}
	arena->first = NULL;
	arena->used_bytes = 0;
	arena->chunk_count = 0;
}
