/* Why a control-path call failed: a sentence for a person, bounded, owned by the caller.
 *
 * Functions that can fail for a reason return MUST_USE bool (true = done) and take `struct why *`
 * as their last argument; on false the text names the file, field, peer or device, and the cure
 * where there is one.  The packet path does not use this: it returns enum drop_reason. */
#ifndef STACK_BASE_WHY_H
#define STACK_BASE_WHY_H

#include <stdbool.h>

#include "stack/base/compiler.h"

#define WHY_TEXT_BYTES 512

struct why {
	char text[WHY_TEXT_BYTES];
};

/* Writes the reason (cut at the end of the buffer) and returns false, so that a failing function
 * ends in `return why_set(why, "…", …);`. */
bool why_set(struct why *why, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
