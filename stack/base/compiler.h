/* Compiler marks used everywhere. */
#ifndef STACK_BASE_COMPILER_H
#define STACK_BASE_COMPILER_H

#include <stddef.h>

/* A result that the caller has to look at. */
#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_arg, first_arg) __attribute__((format(printf, format_arg, first_arg)))
#define likely_true(x) __builtin_expect(!!(x), 1)
#define unlikely_true(x) __builtin_expect(!!(x), 0)
/* Out of the way of the code that calls it. */
#define COLD_CALL __attribute__((cold, noinline))

#define CACHE_LINE_BYTES 64
#define CACHE_ALIGNED __attribute__((aligned(CACHE_LINE_BYTES)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* From a pointer to a member to the struct that holds it. */
#define container_of_member(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#endif
