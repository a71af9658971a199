/* Bursts of a device that may be taken away for a moment: stopped and started again by the control
 * thread (ethdev_watch.h), or unmapped by its driver (burst_guard.h). */
#include "dataplane/port/port_ethdev.h"

static uint32_t gated_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	if (!ethdev_gate_enter(&port->watch, queue))
		return 0;
	uint32_t count = port_ethdev_ops.rx(port, queue, frames, max);

	ethdev_gate_leave(queue);
	return count;
}

static uint32_t gated_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	if (!ethdev_gate_enter(&port->watch, queue))
		return 0;
	const struct port_ops *ops = port->caps.tx_multi_segment ? &port_ethdev_ops :
								   &port_ethdev_flat_ops;
	uint32_t taken = ops->tx(port, queue, frames, count);

	ethdev_gate_leave(queue);
	return taken;
}

const struct port_ops port_gated_ops = {.rx = gated_rx, .tx = gated_tx};
