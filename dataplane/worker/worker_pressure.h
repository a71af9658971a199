/* Whether packet buffers run short: looked at once a poll, told to the stack.
 *
 *     free buffers of the pool     3/8         1/4          1/8            0
 *     receive:               NONE ... (LOW on its way up) | LOW | RESERVE
 *     heads and copies:      NONE ...........................   | LOW
 *
 * The receive pool is what ports fill; received payload stays in its buffer from rx until the
 * other side has acknowledged it, so slow readers pin it.  Its last eighth is the reserve: it goes
 * to acknowledgements, neighbours and the few buffers that every connection may hold at least. */
#ifndef DATAPLANE_WORKER_WORKER_PRESSURE_H
#define DATAPLANE_WORKER_WORKER_PRESSURE_H

#include <rte_mempool.h>

#include "stack/tcp/tcp.h"

/* Free buffers without a walk over all lcores' caches: the common ones and this lcore's own.  What
 * other lcores have cached is missing, so that it errs on the safe side. */
uint32_t worker_pressure_available(struct rte_mempool *pool);
/* Pure. `before` keeps the level from flapping: it is left only well above where it was entered. */
enum tcp_pressure worker_pressure_decide(enum tcp_pressure before, uint32_t rx_available,
					 uint32_t rx_capacity, uint32_t header_available,
					 uint32_t header_capacity);

#endif
