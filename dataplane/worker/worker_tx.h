/* Frames on their way to one port: pulled from the stack, offered to the port, and kept and offered
 * again where the port took only a part.  Nothing is dropped while the port lives; the stack is
 * asked for more only when what it gave is gone. */
#ifndef DATAPLANE_WORKER_WORKER_TX_H
#define DATAPLANE_WORKER_WORKER_TX_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/capture/capture_tap.h"
#include "dataplane/counters/worker_counters.h"
#include "dataplane/port/port.h"
#include "dataplane/trace/trace_tap.h"
#include "stack/stack.h"

#define WORKER_TX_BURST 64
/* Bursts a port is given in one poll, so that rx is not kept waiting. */
#define WORKER_TX_ROUNDS 8

struct worker_tx {
	uint32_t first;
	uint32_t count; /* not yet taken by the port, from first on */
	struct rte_mbuf *frames[WORKER_TX_BURST];
};

/* Returns how many frames the port took.  tap, tracing: NULL = nobody looks. */
uint32_t worker_tx_run(struct worker_tx *tx, struct stack *stack, struct capture_tap *tap,
		       struct trace_tap *tracing, uint16_t netif, struct port *port, uint16_t queue,
		       struct port_counters *counters, uint64_t now_ns);
/* At the end: what is left is dropped and counted. */
void worker_tx_clear(struct worker_tx *tx, struct drop_counters *drops);

#endif
