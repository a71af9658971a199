/* Contracts that check themselves, in release builds too.
 *
 * Memory-scoped breach (a broken list, a count that went below zero): abort, because what is in
 * memory can no longer be believed.  A connection-scoped breach is not handled here: its owner
 * resets that one connection and counts DROP_TCP_INVARIANT. */
#ifndef STACK_BASE_INVARIANT_H
#define STACK_BASE_INVARIANT_H

#include "stack/base/compiler.h"

/* Prints the breach to stderr and aborts; never returns. */
_Noreturn void invariant_broken(const char *expression, const char *file, int line);

#define INVARIANT(expression)                                                                      \
	do {                                                                                       \
		if (unlikely_true(!(expression)))                                                  \
			invariant_broken(#expression, __FILE__, __LINE__);                         \
	} while (0)

#endif
