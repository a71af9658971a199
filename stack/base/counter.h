/* Counters with one writer each.
 *
 * A `.def` file lists COUNTER(name, "help") and GAUGE(name, "help"); one line there makes the
 * struct member, the metric and its help text.  A struct of counters belongs to one worker, which
 * is its only writer; readers in other processes load with relaxed order and see whole words. */
#ifndef STACK_BASE_COUNTER_H
#define STACK_BASE_COUNTER_H

#include <stdint.h>

static inline void counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void counter_inc(uint64_t *counter)
{
	counter_add(counter, 1);
}

static inline void gauge_add(uint64_t *gauge, int64_t n)
{
	__atomic_store_n(gauge, *gauge + (uint64_t)n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

#endif
