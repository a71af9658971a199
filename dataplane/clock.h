/* The only file that reads clocks and draws random numbers.  Everywhere else time and chance are
 * arguments.
 *
 * Worker time is the TSC, scaled once at start: ns since clock_start, monotonic, the same on all
 * cores (invariant TSC).  Where the machine has no such TSC it is CLOCK_MONOTONIC. */
#ifndef DATAPLANE_CLOCK_H
#define DATAPLANE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

/* Once, before any other call; takes about 20 ms where the TSC has to be measured. */
void clock_start(void);
/* Nanoseconds since clock_start. */
uint64_t clock_now_ns(void);
/* Raw cycle counter, for shares of time only. */
uint64_t clock_cycles(void);
/* clock_now_ns() + this = UNIX time.  Drifts with NTP: read again from time to time. */
int64_t clock_wall_offset_ns(void);
/* UNIX time. */
uint64_t clock_wall_ns(void);
/* CPU time of the calling thread. */
uint64_t clock_thread_cpu_ns(void);

/* Seed material from the kernel's generator. */
MUST_USE bool clock_random(void *out, size_t bytes, struct why *why);

#endif
