#include "stack/link/tx_queue.h"

bool tx_queue_push_control(struct tx_queue *queue, struct rte_mbuf *frame)
{
	if (queue->control_tail - queue->control_head == TX_QUEUE_CONTROL_MAX)
		return false;
	queue->control[queue->control_tail++ & (TX_QUEUE_CONTROL_MAX - 1)] = frame;
	return true;
}

uint32_t tx_queue_take(struct tx_queue *queue, struct rte_mbuf **frames, uint32_t max)
{
	uint32_t count = 0;

	while (count < max && queue->control_head != queue->control_tail)
		frames[count++] = queue->control[queue->control_head++ & (TX_QUEUE_CONTROL_MAX - 1)];
	while (count < max && queue->data_head != queue->data_tail)
		frames[count++] = queue->data[queue->data_head++ & (TX_QUEUE_DATA_MAX - 1)];
	return count;
}
