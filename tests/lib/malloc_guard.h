/* Finds allocation where there must be none: on a worker after start.
 *
 *     malloc_guard_begin();   // from here on this thread may not allocate
 *     worker_poll(worker, now_ns);
 *     CU_ASSERT_EQUAL(malloc_guard_end(), 0);
 *
 * Link the program with tests/lib/malloc_guard.c: it defines malloc, calloc, realloc and the others
 * in front of libc's.  free() is counted too: what is freed was allocated.  Per thread.  Not for
 * sanitizer builds, which bring their own malloc: malloc_guard_works() says so, and end() is 0. */
#ifndef TESTS_LIB_MALLOC_GUARD_H
#define TESTS_LIB_MALLOC_GUARD_H

#include <stdbool.h>

bool malloc_guard_works(void);
void malloc_guard_begin(void);
/* How many calls there were since begin; prints the address of the first caller. */
unsigned malloc_guard_end(void);
/* Abort at the call instead of counting it, so that a debugger shows who it was. */
void malloc_guard_abort_on_call(bool abort_on_call);

#endif
