/* A port as the worker sees it: bursts in and out, and what the device can do.
 *
 * One file a kind makes the ethdev (port_af_packet.c, port_memif.c, port_ring.c); the simulator
 * brings its own.  Several workers use one port by queue number. */
#ifndef DATAPLANE_PORT_PORT_H
#define DATAPLANE_PORT_PORT_H

#include <rte_mbuf.h>
#include <stdint.h>

#include "stack/netif.h"

struct port {
	const struct port_ops *ops;
	struct netif netif;
	uint16_t ethdev_id; /* of DPDK ports */
	int wait_fd;        /* becomes readable when frames arrive; -1 where there is none */
};

struct port_ops {
	/* Takes at most max frames off queue; the caller owns them. */
	uint32_t (*rx)(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max);
	/* Sends frames in order; returns how many were taken, the rest stays the caller's. */
	uint32_t (*tx)(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count);
};

#endif
