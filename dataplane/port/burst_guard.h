/* Keeps memory mapped while a worker is inside a burst of a port whose driver unmaps at will.
 *
 * memif: when the peer goes away, DPDK's interrupt thread clears the "connected" flag and unmaps
 * the rings, while a worker may be reading them: SIGSEGV.  The driver offers no hook in between,
 * but it unmaps by munmap().  This file defines munmap() for the whole program: before the real
 * one it waits until no worker is inside a guarded burst.  A worker that enters later sees the
 * cleared flag and touches nothing (both sides store, fence, load).
 *
 *     worker:     inside = 1; fence; rx/tx burst (looks at "connected" first); inside = 0
 *     interrupt:  connected = 0; munmap() { fence; wait while inside; real munmap }
 *
 * A burst takes microseconds, so the wait is short; workers never wait. */
#ifndef DATAPLANE_PORT_BURST_GUARD_H
#define DATAPLANE_PORT_BURST_GUARD_H

#include <stdint.h>

#include "stack/base/compiler.h"

#define BURST_GUARDS_MAX 64

/* One for each worker, a cache line of its own. */
struct burst_guard {
	uint32_t inside;
} CACHE_ALIGNED;

extern struct burst_guard burst_guards[BURST_GUARDS_MAX];

static inline void burst_enter(uint16_t queue)
{
	__atomic_exchange_n(&burst_guards[queue].inside, 1, __ATOMIC_SEQ_CST);
}

static inline void burst_leave(uint16_t queue)
{
	__atomic_store_n(&burst_guards[queue].inside, 0, __ATOMIC_RELEASE);
}

/* Returns when every burst that had begun is over. */
void burst_wait_all(void);

#endif
