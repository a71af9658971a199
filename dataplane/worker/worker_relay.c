#include "dataplane/worker/worker_relay.h"

#include "stack/base/counter.h"

static uint32_t relay_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	(void)port, (void)queue, (void)frames, (void)max;
	return 0;
}

static uint32_t relay_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	(void)queue;
	struct worker_relay *relay = container_of_member(port, struct worker_relay, port);
	uint32_t taken =
		rte_ring_sp_enqueue_burst(relay->ring, (void **)frames, count, NULL);

	if (taken > 0)
		fabric_wake(relay->fabric, relay->owner);
	return taken;
}

static const struct port_ops relay_ops = {.rx = relay_rx, .tx = relay_tx};

void worker_relay_init(struct worker_relay *relay, struct fabric *fabric, uint16_t self,
		       uint16_t port, const struct port *real)
{
	relay->port = *real;
	relay->port.ops = &relay_ops;
	relay->port.wait_fd = -1;
	relay->fabric = fabric;
	relay->ring = fabric_out(fabric, self, port);
	relay->owner = fabric_owner(fabric, self, port);
}

/* False when the device is full. */
static bool offer(struct worker_tx *tx, struct port *port, uint16_t queue,
		  struct port_counters *counters)
{
	uint32_t taken = port->ops->tx(port, queue, tx->frames + tx->first, tx->count);

	counter_inc(&counters->tx_bursts);
	tx->first += taken;
	tx->count -= taken;
	if (tx->count > 0)
		counter_inc(&counters->tx_full);
	return tx->count == 0;
}

uint32_t worker_relay_forward(struct worker_tx *tx, struct fabric *fabric, uint16_t self,
			      uint16_t port_index, struct port *port,
			      struct port_counters *counters)
{
	uint32_t sent = tx->count;

	if (tx->count > 0 && !offer(tx, port, self, counters))
		return sent - tx->count;
	for (uint32_t from = (uint32_t)self + fabric->queues[port_index]; from < fabric->workers;
	     from += fabric->queues[port_index]) {
		tx->first = 0;
		tx->count = rte_ring_sc_dequeue_burst(fabric_out(fabric, (uint16_t)from, port_index),
						      (void **)tx->frames, WORKER_TX_BURST, NULL);
		sent += tx->count;
		if (tx->count > 0 && !offer(tx, port, self, counters))
			break;
	}
	return sent - tx->count;
}
