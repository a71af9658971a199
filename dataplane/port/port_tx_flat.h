/* Tx for devices that take one segment a frame.
 *
 * af_xdp does not refuse a chained mbuf: it sends its first segment and then, up to the frame's
 * length, whatever lay in the buffer before: corruption, and bytes of others on the wire.  The
 * stack linearises what it queues for such a port; this is the fence behind it, for every frame of
 * every origin (capture, exception port, a bug). */
#ifndef DATAPLANE_PORT_PORT_TX_FLAT_H
#define DATAPLANE_PORT_PORT_TX_FLAT_H

#include "dataplane/port/port.h"

/* A port_ops.tx: hands only frames of one segment to `send`.  Chains are replaced by a copy from the
 * first segment's pool, counted in lane->flattened; where there is no buffer, or the frame is longer
 * than one, it is dropped and counted in lane->unsendable. */
uint32_t port_tx_flat(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count,
		      uint32_t (*send)(struct port *, uint16_t, struct rte_mbuf **, uint32_t));

#endif
