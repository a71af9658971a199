/* What waits for one port: control frames (ARP, ND, ICMP) leave before data frames.
 * Two bounded rings of mbufs that the queue owns; one writer, the worker. */
#ifndef STACK_LINK_TX_QUEUE_H
#define STACK_LINK_TX_QUEUE_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

#define TX_QUEUE_CONTROL_MAX 64
#define TX_QUEUE_DATA_MAX 512

struct tx_queue {
	uint32_t control_head; /* counts frames taken; head and tail run freely */
	uint32_t control_tail;
	uint32_t data_head;
	uint32_t data_tail;
	struct rte_mbuf *control[TX_QUEUE_CONTROL_MAX];
	struct rte_mbuf *data[TX_QUEUE_DATA_MAX];
};
_Static_assert((TX_QUEUE_CONTROL_MAX & (TX_QUEUE_CONTROL_MAX - 1)) == 0, "indices are masked");
_Static_assert((TX_QUEUE_DATA_MAX & (TX_QUEUE_DATA_MAX - 1)) == 0, "indices are masked");

static inline uint32_t tx_queue_data_room(const struct tx_queue *queue)
{
	return TX_QUEUE_DATA_MAX - (queue->data_tail - queue->data_head);
}

static inline bool tx_queue_is_empty(const struct tx_queue *queue)
{
	return queue->control_tail == queue->control_head && queue->data_tail == queue->data_head;
}

/* False when full: the caller keeps the frame. */
MUST_USE static inline bool tx_queue_push_data(struct tx_queue *queue, struct rte_mbuf *frame)
{
	if (unlikely_true(tx_queue_data_room(queue) == 0))
		return false;
	queue->data[queue->data_tail++ & (TX_QUEUE_DATA_MAX - 1)] = frame;
	return true;
}

MUST_USE bool tx_queue_push_control(struct tx_queue *queue, struct rte_mbuf *frame);
/* Takes at most max frames, control first; the caller owns them. */
uint32_t tx_queue_take(struct tx_queue *queue, struct rte_mbuf **frames, uint32_t max);

#endif
