#include "stack/base/invariant.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void invariant_broken(const char *expression, const char *file, int line)
{
	fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expression);
	abort();
}
