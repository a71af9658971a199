#include "gateway/exchange/message.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "gateway/exchange/str.h"
#include "stack/base/prng.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

static struct str of(const char *text)
{
	return (struct str){text, (uint32_t)strlen(text)};
}

static void known_names_are_found_in_any_case_and_near_misses_are_not(void)
{
	for (int id = HEADER_OTHER + 1; id < HEADER_ID_COUNT; id++) {
		const char *name = header_id_name((enum header_id)id);
		uint32_t length = (uint32_t)strlen(name);
		char *copy = guard_copy(name, length, 1);

		CU_ASSERT_EQUAL((int)header_id_find((struct str){copy, length}), id);
		for (uint32_t i = 0; i < length; i++) {
			char was = copy[i];

			copy[i] = (char)toupper(was);
			CU_ASSERT_EQUAL((int)header_id_find((struct str){copy, length}), id);
			copy[i] = (char)(was ^ 0x40);
			CU_ASSERT_EQUAL(header_id_find((struct str){copy, length}), HEADER_OTHER);
			copy[i] = was & 0x20 && was == '-' ? '\r' : '~';
			CU_ASSERT_EQUAL(header_id_find((struct str){copy, length}), HEADER_OTHER);
			copy[i] = was;
		}
		CU_ASSERT_EQUAL(header_id_find((struct str){copy, length - 1}), HEADER_OTHER);
		guard_free(copy, length, 1);
	}
	CU_ASSERT_EQUAL(header_id_find(of("")), HEADER_OTHER);
}

static void lower_case_is_right_for_every_byte_and_pair_of_lengths(void)
{
	for (int c = 0; c < 256; c++) {
		uint64_t word = str_lower8(UINT64_C(0x0101010101010101) * (uint64_t)c);

		CU_ASSERT_EQUAL(word, UINT64_C(0x0101010101010101) *
					      (uint64_t)(c >= 'A' && c <= 'Z' ? c + 32 : c));
	}
	struct prng prng;

	prng_seed(&prng, 3);
	for (uint32_t length = 0; length < 40; length++) {
		char a[40], b[40];

		for (uint32_t i = 0; i < length; i++) {
			a[i] = (char)prng_below(&prng, 256);
			b[i] = (char)(prng_below(&prng, 2) ? toupper(a[i]) : a[i]);
			if ((uint8_t)a[i] >= 0x80)
				b[i] = a[i];
		}
		char *guarded = guard_copy(a, length, 1);
		struct str left = {guarded, length}, right = {b, length};

		CU_ASSERT_TRUE(str_equal_nocase(left, right));
		for (uint32_t i = 0; i < length; i++) {
			b[i] ^= 1;
			CU_ASSERT_FALSE(str_equal_nocase(left, right));
			b[i] ^= 1;
		}
		guard_free(guarded, length, 1);
	}
}

static void lists_add_find_set_and_remove(void)
{
	struct pool pool;
	struct arena arena;
	struct header_list list = {0};

	CU_ASSERT_FATAL(pool_create(&pool, ARENA_CHUNK_BYTES, 2));
	arena_init(&arena, &pool, 2);
	CU_ASSERT_PTR_NULL(header_find(&list, HEADER_VIA));
	CU_ASSERT_FATAL(header_add(&list, &arena, of("X-One"), of("1")));
	CU_ASSERT_FATAL(header_add(&list, &arena, of("x-one"), of("2")));
	CU_ASSERT_FATAL(header_add(&list, &arena, of("Via"), of("a")));
	CU_ASSERT_FATAL(header_add(&list, &arena, of("VIA"), of("b")));
	CU_ASSERT(str_equal(header_find(&list, HEADER_VIA)->value, of("a")));
	CU_ASSERT(str_equal(header_find_name(&list, of("X-ONE"))->value, of("1")));
	CU_ASSERT_FATAL(header_set(&list, &arena, of("x-one"), of("3")));
	CU_ASSERT(str_equal(header_find_name(&list, of("x-one"))->value, of("3")));
	CU_ASSERT_TRUE(list.items[1].removed);
	header_remove(&list, of("via"));
	CU_ASSERT_PTR_NULL(header_find(&list, HEADER_VIA));
	CU_ASSERT_FATAL(header_set(&list, &arena, of("via"), of("c")));
	CU_ASSERT(str_equal(header_find(&list, HEADER_VIA)->value, of("c")));
	header_remove(&list, of("x-one"));
	CU_ASSERT_PTR_NULL(header_find_name(&list, of("x-one")));
	arena_clear(&arena);
	pool_destroy(&pool);
}

/* The n-th chunk is missing: the list stays what it was. */
static void exhaustion_leaves_the_list_whole(void)
{
	struct pool pool;

	CU_ASSERT_FATAL(pool_create(&pool, ARENA_CHUNK_BYTES, 4));
	for (uint32_t chunks = 0; chunks < 4; chunks++) {
		struct arena arena;
		struct header_list list = {0};
		uint32_t added = 0;

		arena_init(&arena, &pool, chunks);
		while (header_add(&list, &arena, of("name"), of("value"))) {
			added++;
			/* Something else in between: the array has to move to grow. */
			(void)arena_alloc(&arena, 8);
		}
		CU_ASSERT_EQUAL(list.count, added);
		CU_ASSERT(chunks == 0 ? added == 0 : added >= 24);
		for (uint32_t i = 0; i < added; i++)
			CU_ASSERT_FATAL(str_equal(list.items[i].value, of("value")));
		arena_clear(&arena);
	}
	pool_destroy(&pool);
}

static void numbers_are_written_in_decimal(void)
{
	uint64_t number = 1;

	for (uint32_t i = 0; i < 64; i++, number *= 3) {
		uint64_t around[] = {number - 1, number, 0 - number, UINT64_MAX};

		for (uint32_t k = 0; k < ARRAY_LEN(around); k++) {
			char *out = guard_copy("xxxxxxxxxxxxxxxxxxxx", STR_DECIMAL_BYTES, 1);
			char expected[STR_DECIMAL_BYTES + 1];
			uint32_t length = str_put_decimal(around[k], out);

			CU_ASSERT_EQUAL(length, (uint32_t)snprintf(expected, sizeof(expected), "%lu",
								   (unsigned long)around[k]));
			CU_ASSERT_EQUAL(memcmp(out, expected, length), 0);
			guard_free(out, STR_DECIMAL_BYTES, 1);
		}
	}
}

UNIT_TESTS(UNIT_TEST(numbers_are_written_in_decimal),
	   UNIT_TEST(known_names_are_found_in_any_case_and_near_misses_are_not),
	   UNIT_TEST(lower_case_is_right_for_every_byte_and_pair_of_lengths),
	   UNIT_TEST(lists_add_find_set_and_remove), UNIT_TEST(exhaustion_leaves_the_list_whole))
