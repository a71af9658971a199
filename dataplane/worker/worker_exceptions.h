/* A worker and the exception ports (dataplane/port/exception_port.h).
 *
 *     stack: nobody's frame ── own bucket ── staged ─┬─ worker 0 ────── the port's bucket ── device ── kernel
 *                                                    └─ others: ring, doorbell ──^
 *     kernel ── device ── worker 0: as many as the port's queue has room for ── stack_send ── wire
 *
 * Two buckets of one size: the port's makes the limit exact, a worker's own keeps a flood from crowding
 * the rings.  Half of a burst is kept for what goes on with something (enum exception_rank).  Nothing
 * waits here: what the kernel does not take is dropped and counted.  What the kernel sends is never
 * shown to the stack, so that nothing goes round.  One owner, the worker. */
#ifndef DATAPLANE_WORKER_WORKER_EXCEPTIONS_H
#define DATAPLANE_WORKER_WORKER_EXCEPTIONS_H

#include "dataplane/worker/worker.h"

#define EXCEPTION_OWNER 0 /* the worker that has the devices */

struct worker_exceptions;

/* Boot; NULL when memory is not to be had.  params->exceptions is not NULL; netifs: by port. */
struct worker_exceptions *worker_exceptions_create(const struct worker_params *params,
						   const struct netif *netifs);
void worker_exceptions_start(struct worker_exceptions *exceptions, struct stack *stack);
/* NULL is fine. */
void worker_exceptions_destroy(struct worker_exceptions *exceptions);

/* stack_params.exception; context is the struct worker_exceptions. */
void worker_exceptions_give(void *context, uint16_t port, struct rte_mbuf *frame,
			    enum exception_rank rank, uint64_t now_ns);
/* Once a poll: what was given leaves, what the kernel sends is taken in.  False when nothing moved. */
bool worker_exceptions_run(struct worker_exceptions *exceptions, uint64_t now_ns);
/* Whether frames of other workers wait; devices are not asked. */
bool worker_exceptions_have_input(const struct worker_exceptions *exceptions);

#endif
