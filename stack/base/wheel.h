/* Timer wheel: hierarchical (Varghese and Lauck 1987), intrusive, re-armed in place.
 *
 * Tick 2^17 ns (131 µs); 4 levels of 256 slots cover 6.5 days, later deadlines are clamped and
 * looked at again.  A timer never fires early, and at most one tick late as seen by wheel_expire.
 * The order within a tick depends only on the calls made, so that a run replays. */
#ifndef STACK_BASE_WHEEL_H
#define STACK_BASE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/time.h"

#define WHEEL_TICK_SHIFT 17
#define WHEEL_LEVELS 4
#define WHEEL_SLOTS 256

/* Embedded in what it times.  All zero = not armed. */
struct wheel_timer {
	struct wheel_timer *next;
	struct wheel_timer **previous_next;
	uint64_t deadline_ns;
	struct wheel_list *list; /* that it is in */
};

struct wheel_list {
	struct wheel_timer *first;
	struct wheel_timer **last_next; /* NULL = empty */
};

struct wheel;

/* Called from wheel_expire; the timer is no longer armed and may be armed again inside. */
typedef void (*wheel_fire)(struct wheel_timer *timer, void *context, uint64_t now_ns);

struct wheel {
	uint64_t now_tick;
	uint64_t armed;                        /* how many */
	uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64];
	struct wheel_list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	struct wheel_list due;                 /* their tick has come, not yet fired */
	wheel_fire fire;
	void *context;
};

void wheel_init(struct wheel *wheel, uint64_t now_ns, wheel_fire fire, void *context);
/* Arms or re-arms; a deadline in the past fires within a tick. */
void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, uint64_t deadline_ns);
void wheel_disarm(struct wheel *wheel, struct wheel_timer *timer);
static inline bool wheel_is_armed(const struct wheel_timer *timer)
{
	return timer->previous_next != NULL;
}
/* A moment not later than the earliest deadline's firing (DEADLINE_NEVER_NS if none is armed). */
uint64_t wheel_deadline_ns(const struct wheel *wheel);
/* Fires what is due, at most max_fired of them; returns how many.  When it returns max_fired, more
 * may be due and wheel_deadline_ns is <= now_ns. */
uint32_t wheel_expire(struct wheel *wheel, uint64_t now_ns, uint32_t max_fired);

#endif
