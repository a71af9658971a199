#include "gateway/config/config_arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 4096
#define ALIGN_BYTES 16

struct chunk {
	struct chunk *next;
	size_t capacity;
	size_t used;
	size_t reserved; /* keeps bytes[] aligned */
	char bytes[];
};
_Static_assert(sizeof(struct chunk) % ALIGN_BYTES == 0, "chunk bytes are aligned");

struct config_arena {
	struct chunk *chunks;
	size_t bytes;
	bool failed;
};

static long allocations_left = -1;

void config_arena_fail_after(long count)
{
	allocations_left = count;
}

static bool allocation_allowed(void)
{
	if (allocations_left < 0)
		return true;
	if (allocations_left == 0)
		return false;
	allocations_left--;
	return true;
}

struct config_arena *config_arena_create(void)
{
	return allocation_allowed() ? calloc(1, sizeof(struct config_arena)) : NULL;
}

void config_arena_destroy(struct config_arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_add(struct config_arena *arena, size_t bytes)
{
	size_t capacity = bytes > CHUNK_BYTES / 4 ? bytes : CHUNK_BYTES;
	struct chunk *chunk = calloc(1, sizeof(*chunk) + capacity);

	if (!chunk)
		return NULL;
	chunk->capacity = capacity;
	arena->bytes += sizeof(*chunk) + capacity;
	/* A chunk of one large piece goes behind the one that still has room. */
	if (capacity == bytes && arena->chunks) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}

void *config_arena_alloc(struct config_arena *arena, size_t bytes)
{
	struct chunk *chunk = arena->chunks;

	if (arena->failed || bytes > SIZE_MAX / 4 || !allocation_allowed()) {
		arena->failed = true;
		return NULL;
	}
	bytes = bytes ? (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES : ALIGN_BYTES;
	if (!chunk || chunk->capacity - chunk->used < bytes)
		chunk = chunk_add(arena, bytes);
	if (!chunk) {
		arena->failed = true;
		return NULL;
	}
	void *piece = chunk->bytes + chunk->used;

	chunk->used += bytes;
	return piece;
}

void *config_arena_array(struct config_arena *arena, size_t count, size_t bytes)
{
	if (bytes && count > SIZE_MAX / 4 / bytes) {
		arena->failed = true;
		return NULL;
	}
	return config_arena_alloc(arena, count * bytes);
}

struct str config_arena_copy(struct config_arena *arena, const char *data, size_t length)
{
	char *copy = length < UINT32_MAX ? config_arena_alloc(arena, length + 1) : NULL;

	if (!copy) {
		arena->failed = true;
		return (struct str){NULL, 0};
	}
	memcpy(copy, data, length);
	return (struct str){copy, (uint32_t)length};
}

char *config_arena_text(struct config_arena *arena, const char *text)
{
	return (char *)(uintptr_t)config_arena_copy(arena, text, strlen(text)).data;
}

bool config_arena_failed(const struct config_arena *arena)
{
	return arena->failed;
}

size_t config_arena_bytes(const struct config_arena *arena)
{
	return arena->bytes;
}
