/* The properties of the HTTP/1 head parsers, for the fuzzers; each aborts on a breach. */
#ifndef TESTS_LIB_H1_FUZZ_H
#define TESTS_LIB_H1_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first byte steers the limits and the method, the rest is the head: at once, through the
 * scalar twin, byte by byte and in two pieces, which must all say the same; a head that is taken
 * is written and parsed again, and must come out as it was. */
void h1_fuzz_head(const uint8_t *data, size_t size, bool request);

#endif
