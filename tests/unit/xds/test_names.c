#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "gateway/config/config_arena.h"
#include "gateway/config/names.h"
#include "tests/lib/unit.h"

static struct str text_of(const char *text)
{
	return (struct str){text, (uint32_t)strlen(text)};
}

static void ids_count_up_and_stay(void)
{
	struct config_names *names = config_names_create();
	char name[32];

	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "cluster-%u", i);
		CU_ASSERT_EQUAL(config_names_intern(names, CONFIG_CLUSTER, text_of(name)), i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "cluster-%u", i);
		CU_ASSERT_EQUAL(config_names_find(names, CONFIG_CLUSTER, text_of(name)), i);
		CU_ASSERT_STRING_EQUAL(config_names_text(names, CONFIG_CLUSTER, i).data, name);
	}
	CU_ASSERT_EQUAL(config_names_count(names, CONFIG_CLUSTER), 5000);
	config_names_destroy(names);
}

static void kinds_are_apart_but_endpoints_are_clusters(void)
{
	struct config_names *names = config_names_create();

	CU_ASSERT_EQUAL(config_names_find(names, CONFIG_LISTENER, text_of("a")), CONFIG_NAME_NONE);
	CU_ASSERT_EQUAL(config_names_intern(names, CONFIG_LISTENER, text_of("a")), 0);
	CU_ASSERT_EQUAL(config_names_find(names, CONFIG_CLUSTER, text_of("a")), CONFIG_NAME_NONE);
	CU_ASSERT_EQUAL(config_names_intern(names, CONFIG_CLUSTER, text_of("b")), 0);
	CU_ASSERT_EQUAL(config_names_find(names, CONFIG_ENDPOINTS, text_of("b")), 0);
	CU_ASSERT_PTR_NULL(config_names_text(names, CONFIG_LISTENER, 1).data);
	config_names_destroy(names);
}

static void memory_is_zeroed_aligned_and_apart(void)
{
	struct config_arena *arena = config_arena_create();
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 1024, 5000, 3, 4096, 100000, 8};
	char *pieces[12];

	for (unsigned i = 0; i < 12; i++) {
		pieces[i] = config_arena_alloc(arena, sizes[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pieces[i]);
		CU_ASSERT_EQUAL((uintptr_t)pieces[i] % 16, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			CU_ASSERT_FATAL(pieces[i][k] == 0);
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (unsigned i = 0; i < 12; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			CU_ASSERT_FATAL(pieces[i][k] == (char)(i + 1));
	config_arena_destroy(arena);
}

static void failure_is_remembered(void)
{
	struct config_arena *arena = config_arena_create();

	config_arena_fail_after(1);
	CU_ASSERT_PTR_NOT_NULL(config_arena_text(arena, "a"));
	CU_ASSERT_PTR_NULL(config_arena_text(arena, "b"));
	config_arena_fail_after(-1);
	CU_ASSERT(config_arena_failed(arena));
	CU_ASSERT_PTR_NULL(config_arena_alloc(arena, 1));
	config_arena_destroy(arena);
	arena = config_arena_create();
	CU_ASSERT_PTR_NULL(config_arena_array(arena, SIZE_MAX / 8, 16));
	CU_ASSERT(config_arena_failed(arena));
	config_arena_destroy(arena);
}

UNIT_TESTS(UNIT_TEST(ids_count_up_and_stay), UNIT_TEST(kinds_are_apart_but_endpoints_are_clusters),
	   UNIT_TEST(memory_is_zeroed_aligned_and_apart), UNIT_TEST(failure_is_remembered))
