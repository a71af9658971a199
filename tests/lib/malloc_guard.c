#include "tests/lib/malloc_guard.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define GUARD_WORKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD_WORKS 0
#endif
#endif
#ifndef GUARD_WORKS
#define GUARD_WORKS 1
#endif

static __thread bool guarded;
static __thread unsigned calls;
static __thread void *first_caller;
static bool abort_at_call;

bool malloc_guard_works(void)
{
	return GUARD_WORKS;
}

void malloc_guard_begin(void)
{
	calls = 0;
	first_caller = NULL;
	guarded = true;
}

unsigned malloc_guard_end(void)
{
	guarded = false;
	if (calls > 0)
		fprintf(stderr, "# %u allocator calls, the first from %p\n", calls, first_caller);
	return calls;
}

void malloc_guard_abort_on_call(bool abort_on_call)
{
	abort_at_call = abort_on_call;
}

#if GUARD_WORKS
/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

static void note(void *caller)
{
	if (!guarded)
		return;
	if (abort_at_call)
		abort();
	if (calls++ == 0)
		first_caller = caller;
}

void *malloc(size_t bytes)
{
	note(__builtin_return_address(0));
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	note(__builtin_return_address(0));
	return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
	note(__builtin_return_address(0));
	return __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	note(__builtin_return_address(0));
	return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	note(__builtin_return_address(0));
	*out = __libc_memalign(alignment, bytes);
	return *out ? 0 : 12; /* ENOMEM */
}

void free(void *block)
{
	if (block)
		note(__builtin_return_address(0));
	__libc_free(block);
}
#endif
