/* Makes the n-th allocation fail, for programs linked with malloc_fail (tests/meson.build), whose
 * own calls of malloc, calloc, realloc and free come through here; those of shared libraries do not.
 *
 *     for (unsigned n = 1; ; n++) {
 *             malloc_fail_begin(n);
 *             thing = thing_make();
 *             if (!malloc_fail_end())       // fewer than n allocations: all have had their turn
 *                     break;
 *             CU_ASSERT_PTR_NULL(thing);
 *             CU_ASSERT_EQUAL(malloc_fail_left(), 0);
 *     }
 *
 * Works with the sanitizers, which see the same calls. */
#ifndef TESTS_LIB_MALLOC_FAIL_H
#define TESTS_LIB_MALLOC_FAIL_H

#include <stdbool.h>

/* The n-th allocation from now on fails, n = 1 is the next; only that one. */
void malloc_fail_begin(unsigned n);
/* Nothing fails any more; whether one did. */
bool malloc_fail_end(void);
/* Blocks that were allocated since begin and not freed. */
long malloc_fail_left(void);

#endif
