#include "dataplane/worker/worker_tx.h"

/* Offers what is staged; returns how many were taken. */
static uint32_t offer(struct worker_tx *tx, struct port *port, uint16_t queue,
		      struct port_counters *counters)
{
	uint64_t bytes[WORKER_TX_BURST], sum = 0;

	/* A taken frame is no longer ours to look at. */
	for (uint32_t i = 0; i < tx->count; i++) {
		sum += tx->frames[tx->first + i]->pkt_len;
		bytes[i] = sum;
	}
	uint32_t taken = port->ops->tx(port, queue, tx->frames + tx->first, tx->count);

	counter_inc(&counters->tx_bursts);
	if (taken < tx->count)
		counter_inc(&counters->tx_full);
	if (taken > 0) {
		counter_add(&counters->tx_frames, taken);
		counter_add(&counters->tx_bytes, bytes[taken - 1]);
	}
	tx->first += taken;
	tx->count -= taken;
	return taken;
}

uint32_t worker_tx_run(struct worker_tx *tx, struct stack *stack, struct capture_tap *tap,
		       struct trace_tap *tracing, uint16_t netif, struct port *port, uint16_t queue,
		       struct port_counters *counters, uint64_t now_ns)
{
	uint32_t sent = 0;

	for (int round = 0; round < WORKER_TX_ROUNDS; round++) {
		if (tx->count == 0) {
			tx->first = 0;
			tx->count = stack_output(stack, netif, tx->frames, WORKER_TX_BURST, now_ns);
			if (tx->count == 0)
				return sent;
			capture_see(tap, netif, CAPTURE_TX, tx->frames, tx->count, now_ns);
			capture_seen(tap);
			if (unlikely_true(tracing != NULL))
				trace_tap_tx(tracing, netif, tx->frames, tx->count);
		}
		sent += offer(tx, port, queue, counters);
		if (tx->count > 0)
			return sent;
	}
	return sent;
}

void worker_tx_clear(struct worker_tx *tx, struct drop_counters *drops)
{
	for (uint32_t i = 0; i < tx->count; i++) {
		rte_pktmbuf_free(tx->frames[tx->first + i]);
		drop_count(drops, DROP_TX_RING_FULL);
	}
	tx->count = 0;
}
