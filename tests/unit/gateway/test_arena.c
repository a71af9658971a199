#include "gateway/memory/arena.h"

#include <string.h>

#include "tests/lib/unit.h"

static void blocks_are_aligned_and_apart(void)
{
	struct pool pool;
	struct arena arena;
	uint8_t *blocks[600];

	CU_ASSERT_FATAL(pool_create(&pool, ARENA_CHUNK_BYTES, 8));
	arena_init(&arena, &pool, 8);
	for (unsigned i = 0; i < 600; i++) {
		blocks[i] = arena_alloc(&arena, i % 60 + 1);
		CU_ASSERT_FATAL(blocks[i] != NULL && ((uintptr_t)blocks[i] & 7) == 0);
		memset(blocks[i], (int)(i & 255), i % 60 + 1);
	}
	for (unsigned i = 0; i < 600; i++)
		for (unsigned k = 0; k <= i % 60; k++)
			CU_ASSERT_FATAL(blocks[i][k] == (i & 255));
	CU_ASSERT(arena.chunk_count > 1);
	arena_clear(&arena);
	CU_ASSERT_EQUAL(pool_in_use(&pool), 0);
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&arena, 1));
	arena_clear(&arena);
	pool_destroy(&pool);
}

static void every_limit_ends_in_null(void)
{
	struct pool pool;
	struct arena arena;
	const size_t most = ARENA_CHUNK_BYTES - 8;

	CU_ASSERT_FATAL(pool_create(&pool, ARENA_CHUNK_BYTES, 3));
	for (uint32_t limit = 0; limit < 5; limit++) {
		uint32_t got = 0;

		arena_init(&arena, &pool, limit);
		while (arena_alloc(&arena, most))
			got++;
		CU_ASSERT_EQUAL(got, limit < 3 ? limit : 3);
		CU_ASSERT_PTR_NULL(arena_copy(&arena, ((struct str){"x", 1})).data);
		arena_clear(&arena);
	}
	arena_init(&arena, &pool, 3);
	CU_ASSERT_PTR_NULL(arena_alloc(&arena, most + 1));
	CU_ASSERT_PTR_NULL(arena_alloc(&arena, SIZE_MAX));
	CU_ASSERT_EQUAL(pool_in_use(&pool), 0);
	pool_destroy(&pool);
}

static void growth_is_in_place_at_the_top_and_a_copy_below(void)
{
	struct pool pool;
	struct arena arena;

	CU_ASSERT_FATAL(pool_create(&pool, ARENA_CHUNK_BYTES, 2));
	arena_init(&arena, &pool, 2);
	char *a = arena_alloc(&arena, 16);

	memcpy(a, "0123456789abcdef", 16);
	CU_ASSERT_PTR_EQUAL(arena_grow(&arena, a, 16, 400), a);
	char *b = arena_alloc(&arena, 8);

	CU_ASSERT(b >= a + 400);
	char *c = arena_grow(&arena, a, 400, 800);

	CU_ASSERT_FATAL(c != NULL);
	CU_ASSERT(c > b);
	CU_ASSERT_EQUAL(memcmp(c, "0123456789abcdef", 16), 0);
	CU_ASSERT_PTR_NOT_NULL(arena_grow(&arena, c, 800, ARENA_CHUNK_BYTES - 8));
	CU_ASSERT_EQUAL(arena.chunk_count, 2);
	CU_ASSERT_PTR_NULL(arena_grow(&arena, b, 8, 64));
	arena_clear(&arena);
	pool_destroy(&pool);
}

UNIT_TESTS(UNIT_TEST(blocks_are_aligned_and_apart), UNIT_TEST(every_limit_ends_in_null),
	   UNIT_TEST(growth_is_in_place_at_the_top_and_a_copy_below))
