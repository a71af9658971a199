/* Memory that ends flush against a page that may not be touched: one byte too far is a fault. */
#ifndef TESTS_LIB_GUARD_H
#define TESTS_LIB_GUARD_H

#include <stddef.h>

/* A copy of length bytes whose last byte is the last readable one (flush_end), or whose first byte
 * is the first readable one (!flush_end).  Aborts without memory; free with guard_free. */
char *guard_copy(const void *bytes, size_t length, int flush_end);
void guard_free(char *copy, size_t length, int flush_end);

#endif
