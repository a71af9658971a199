#include "tests/lib/malloc_guard.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/unit.h"

static void *volatile kept;

static void every_allocator_call_is_found(void)
{
	if (!malloc_guard_works())
		return;
	malloc_guard_begin();
	kept = malloc(10);
	kept = realloc(kept, 20);
	free(kept);
	kept = calloc(1, 5);
	free(kept);
	kept = aligned_alloc(64, 64);
	free(kept);
	kept = strdup("text");
	free(kept);
	CU_ASSERT_EQUAL(malloc_guard_end(), 9);
	malloc_guard_begin();
	CU_ASSERT_EQUAL(malloc_guard_end(), 0);
}

static void *allocate(void *unused)
{
	(void)unused;
	kept = malloc(10);
	free(kept);
	return NULL;
}

static void other_threads_are_free_to_allocate(void)
{
	pthread_t thread;

	CU_ASSERT_FATAL(pthread_create(&thread, NULL, allocate, NULL) == 0);
	malloc_guard_begin();
	/* Joining frees what belongs to the thread: outside of what is guarded. */
	CU_ASSERT_EQUAL(malloc_guard_end(), 0);
	pthread_join(thread, NULL);
	kept = malloc(1);
	free(kept);
	malloc_guard_begin();
	CU_ASSERT_EQUAL(malloc_guard_end(), 0);
}

UNIT_TESTS(UNIT_TEST(every_allocator_call_is_found), UNIT_TEST(other_threads_are_free_to_allocate))
