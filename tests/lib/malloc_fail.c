#include "tests/lib/malloc_fail.h"

#include <stdlib.h>

/* The linker's --wrap makes these of the program's calls, and __real_* of what they stood for. */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void __wrap_free(void *block);

static unsigned until_failure;
static bool failed;
static long left;

void malloc_fail_begin(unsigned n)
{
	until_failure = n;
	failed = false;
	left = 0;
}

bool malloc_fail_end(void)
{
	until_failure = 0;
	return failed;
}

long malloc_fail_left(void)
{
	return left;
}

static bool fails(void)
{
	if (until_failure == 0 || --until_failure > 0)
		return false;
	failed = true;
	return true;
}

static void *note(void *block)
{
	left += block != NULL;
	return block;
}

void *__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : note(__real_malloc(bytes));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : note(__real_calloc(count, bytes));
}

void *__wrap_realloc(void *block, size_t bytes)
{
	if (fails())
		return NULL;
	return block ? __real_realloc(block, bytes) : note(__real_realloc(NULL, bytes));
}

void __wrap_free(void *block)
{
	left -= block != NULL;
	__real_free(block);
}
