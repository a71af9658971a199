/* Drop reasons: the packet path's must-use result.  DROP_NONE means that the packet went on. */
#ifndef STACK_BASE_DROPS_H
#define STACK_BASE_DROPS_H

#include <stdint.h>

#include "stack/base/counter.h"

enum drop_reason {
	DROP_NONE,
#define DROP(name, help) DROP_##name,
#include "stack/base/drops.def"
#undef DROP
	DROP_REASON_COUNT
};

/* One worker's drop counters; index with enum drop_reason. */
struct drop_counters {
	uint64_t count[DROP_REASON_COUNT];
};

/* "TCP_CHECKSUM" and its help text; "NONE" for DROP_NONE. */
const char *drop_reason_name(enum drop_reason reason);
const char *drop_reason_help(enum drop_reason reason);

static inline void drop_count(struct drop_counters *drops, enum drop_reason reason)
{
	counter_inc(&drops->count[reason]);
}

#endif
