/* Time is an argument: `now_ns` is passed into every layer, nothing here reads a clock.
 * The zero of the scale is the owner's choice (boot of the worker, or 0 in the simulator). */
#ifndef STACK_BASE_TIME_H
#define STACK_BASE_TIME_H

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)

/* A deadline that never comes. */
#define DEADLINE_NEVER_NS UINT64_MAX

static inline uint64_t deadline_earlier_ns(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

#endif
