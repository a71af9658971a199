#include "stack/base/pool.h"

#include <string.h>

#include "tests/lib/unit.h"

static void hands_out_every_block_once_zeroed_and_aligned(void)
{
	static const size_t sizes[] = {1, 8, 40, 63, 64, 65, 200};

	for (unsigned s = 0; s < ARRAY_LEN(sizes); s++) {
		struct pool pool;
		uint8_t *blocks[10];

		CU_ASSERT_FATAL(pool_create(&pool, sizes[s], 10));
		for (int round = 0; round < 2; round++) {
			for (unsigned i = 0; i < 10; i++) {
				blocks[i] = pool_take(&pool);
				CU_ASSERT_FATAL(blocks[i] != NULL);
				CU_ASSERT_EQUAL((uintptr_t)blocks[i] % (sizes[s] >= 64 ? 64 : 8), 0);
				CU_ASSERT(pool_at(&pool, pool_index(&pool, blocks[i])) == blocks[i]);
				for (size_t b = 0; b < sizes[s]; b++)
					CU_ASSERT_EQUAL(blocks[i][b], 0);
				memset(blocks[i], 0xee, sizes[s]);
			}
			CU_ASSERT_PTR_NULL(pool_take(&pool));
			CU_ASSERT_EQUAL(pool_in_use(&pool), 10);
			/* None overlaps another: each still holds what was written last. */
			for (unsigned i = 0; i < 10; i++)
				memset(blocks[i], (int)i, sizes[s]);
			for (unsigned i = 0; i < 10; i++) {
				CU_ASSERT(blocks[i][0] == i && blocks[i][sizes[s] - 1] == i);
				pool_give(&pool, blocks[i]);
			}
			CU_ASSERT_EQUAL(pool_in_use(&pool), 0);
		}
		pool_destroy(&pool);
	}
}

static void the_last_given_is_the_next_taken(void)
{
	struct pool pool;

	CU_ASSERT_FATAL(pool_create(&pool, 64, 4));
	void *first = pool_take(&pool), *second = pool_take(&pool);

	CU_ASSERT_EQUAL(pool_index(&pool, first), 0);
	CU_ASSERT_EQUAL(pool_index(&pool, second), 1);
	pool_give(&pool, first);
	CU_ASSERT(pool_take(&pool) == first);
	pool_give(&pool, second);
	pool_give(&pool, first);
	pool_destroy(&pool);
}

static void memory_that_is_not_to_be_had(void)
{
	struct pool pool;

	CU_ASSERT(!pool_create(&pool, SIZE_MAX / 8, 2));
}

UNIT_TESTS(UNIT_TEST(hands_out_every_block_once_zeroed_and_aligned),
	   UNIT_TEST(the_last_given_is_the_next_taken), UNIT_TEST(memory_that_is_not_to_be_had))
