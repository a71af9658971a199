/* Who wants to hear of every frame that is dropped, and why: a capture that runs.  NULL else, so
 * that a drop costs one branch more and everything else nothing. */
#ifndef STACK_BASE_DROP_WATCH_H
#define STACK_BASE_DROP_WATCH_H

#include "stack/base/compiler.h"
#include "stack/base/drops.h"

struct rte_mbuf;

struct drop_watch {
	/* Before the frame is freed; it may only be compared, not looked into. */
	void (*dropped)(struct drop_watch *self, const struct rte_mbuf *frame,
			enum drop_reason reason);
};

static inline void drop_watch_tell(struct drop_watch *watch, const struct rte_mbuf *frame,
				   enum drop_reason reason)
{
	if (unlikely_true(watch != NULL))
		watch->dropped(watch, frame, reason);
}

#endif
