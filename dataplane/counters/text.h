/* A growing buffer of text, for control threads and tools.
 *
 * A failed allocation or a length over the limit is kept in `failed` and makes all that follows a
 * no-op, so that a writer checks once, at its end.  Owned by whoever made it; text_free. */
#ifndef DATAPLANE_COUNTERS_TEXT_H
#define DATAPLANE_COUNTERS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/compiler.h"

#define TEXT_BYTES_MAX (UINT64_C(1) << 30)

struct text {
	char *data;      /* ended by NUL, NULL while empty */
	size_t length;
	size_t capacity;
	bool failed;
};

void text_free(struct text *text);
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* The string in quotes, escaped for JSON (RFC 8259 7); bytes that are not UTF-8 become '?'. */
void text_add_json(struct text *text, const char *string);
/* Length of the UTF-8 sequence at the head of string (1 … 4), 0 when it is not valid UTF-8. */
uint32_t text_utf8_length(const char *string);

#endif
