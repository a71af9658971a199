/* Frames to be sent through a port of which this worker owns no queue: a port that is a ring to its
 * owner; and the owner's end, which passes on to the device what comes out of those rings.
 *
 *     worker 1: worker_tx --> relay port --ring, doorbell--> worker 0: worker_relay_forward --> device
 *
 * A full ring takes nothing: the frames stay with worker_tx, which offers them again. */
#ifndef DATAPLANE_WORKER_WORKER_RELAY_H
#define DATAPLANE_WORKER_WORKER_RELAY_H

#include "dataplane/counters/worker_counters.h"
#include "dataplane/port/port.h"
#include "dataplane/worker/fabric.h"
#include "dataplane/worker/worker_tx.h"

struct worker_relay {
	struct port port;
	struct fabric *fabric;
	struct rte_ring *ring;
	uint16_t owner;
};

/* The place of `real` for a worker that owns no queue of it. */
void worker_relay_init(struct worker_relay *relay, struct fabric *fabric, uint16_t self,
		       uint16_t port, const struct port *real);
/* The owner: sends through queue `self` of `port` what others put into their rings for it; tx keeps what
 * the device did not take.  Returns how many frames it took. */
uint32_t worker_relay_forward(struct worker_tx *tx, struct fabric *fabric, uint16_t self,
			      uint16_t port_index, struct port *port,
			      struct port_counters *counters);

#endif
