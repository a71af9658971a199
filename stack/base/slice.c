#include "stack/base/slice.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/planted.h"

bool slice_pool_create(struct slice_pool *pool, uint32_t capacity)
{
	/* Whole lines: the next thing in memory may be another worker's. */
	size_t bytes = (capacity * sizeof(struct slice_node) + CACHE_LINE_BYTES - 1) /
		       CACHE_LINE_BYTES * CACHE_LINE_BYTES;
	struct slice_node *nodes = aligned_alloc(CACHE_LINE_BYTES, bytes);

	if (!nodes)
		return false;
	memset(nodes, 0, bytes);
	*pool = (struct slice_pool){.available = capacity, .capacity = capacity, .nodes = nodes};
	for (uint32_t i = capacity; i > 0; i--) {
		nodes[i - 1].next = pool->free;
		pool->free = &nodes[i - 1];
	}
	return true;
}

void slice_pool_destroy(struct slice_pool *pool)
{
	INVARIANT(pool->available == pool->capacity);
	free(pool->nodes);
	*pool = (struct slice_pool){0};
}

static struct slice_node *take_node(struct slice_pool *pool)
{
	struct slice_node *node = pool->free;

	if (node) {
		pool->free = node->next;
		pool->available--;
	}
	return node;
}

static void give_node(struct slice_pool *pool, struct slice_node *node)
{
	INVARIANT(pool->available < pool->capacity);
	node->next = pool->free;
	pool->free = node;
	pool->available++;
}

void slice_release(struct slice *slice)
{
	rte_pktmbuf_free_seg(slice->mbuf);
	slice->mbuf = NULL;
}

struct slice slice_share(const struct slice *slice)
{
	rte_mbuf_refcnt_update(slice->mbuf, 1);
	return *slice;
}

static void account(struct slice_queue *queue, const struct slice *slice)
{
	queue->bytes += slice->length_bytes;
	queue->charge_bytes += slice_charge_bytes(slice);
}

bool slice_queue_push(struct slice_pool *pool, struct slice_queue *queue, struct slice slice)
{
	struct slice_node *node = take_node(pool);

	if (!node)
		return false;
	node->slice = slice;
	node->next = NULL;
	if (queue->tail)
		queue->tail->next = node;
	else
		queue->head = node;
	queue->tail = node;
	account(queue, &slice);
	return true;
}

bool slice_queue_unshift(struct slice_pool *pool, struct slice_queue *queue, struct slice slice)
{
	struct slice_node *node = take_node(pool);

	if (!node)
		return false;
	node->slice = slice;
	node->next = queue->head;
	queue->head = node;
	if (!queue->tail)
		queue->tail = node;
	account(queue, &slice);
	return true;
}

/* Unlinks the first node; the queue must not be empty. */
static struct slice_node *unlink_head(struct slice_queue *queue)
{
	struct slice_node *node = queue->head;

	queue->head = node->next;
	if (!queue->head)
		queue->tail = NULL;
	queue->bytes -= node->slice.length_bytes;
	queue->charge_bytes -= slice_charge_bytes(&node->slice);
	return node;
}

bool slice_queue_pop(struct slice_pool *pool, struct slice_queue *queue, struct slice *out)
{
	if (!queue->head)
		return false;
	struct slice_node *node = unlink_head(queue);

	*out = node->slice;
	give_node(pool, node);
	return true;
}

static void link_tail(struct slice_queue *queue, struct slice_node *node)
{
	node->next = NULL;
	if (queue->tail)
		queue->tail->next = node;
	else
		queue->head = node;
	queue->tail = node;
	account(queue, &node->slice);
}

void slice_queue_append(struct slice_queue *to, struct slice_queue *from)
{
	if (!from->head)
		return;
	if (to->tail)
		to->tail->next = from->head;
	else
		to->head = from->head;
	to->tail = from->tail;
	to->bytes += from->bytes;
	to->charge_bytes += from->charge_bytes;
	*from = (struct slice_queue){0};
}

uint32_t slice_queue_move(struct slice_pool *pool, struct slice_queue *to, struct slice_queue *from,
			  uint32_t max_bytes)
{
	uint32_t moved = 0;

	while (from->head && moved + from->head->slice.length_bytes <= max_bytes) {
		struct slice_node *node = unlink_head(from);

		moved += node->slice.length_bytes;
		link_tail(to, node);
	}
	if (from->head && moved < max_bytes) {
		uint32_t part_bytes = max_bytes - moved;
		struct slice *rest = &from->head->slice;
		struct slice part = *rest;

		part.length_bytes = part_bytes;
		if (slice_queue_push(pool, to, part)) {
			rte_mbuf_refcnt_update(part.mbuf, !PLANTED(SPLIT_NOT_HELD));
			rest->offset_bytes += part_bytes;
			rest->length_bytes -= part_bytes;
			from->bytes -= part_bytes;
			moved += part_bytes;
		}
	}
	return moved;
}

uint32_t slice_queue_skip(struct slice_pool *pool, struct slice_queue *queue, uint32_t max_bytes)
{
	uint32_t skipped = 0;

	while (queue->head && skipped + queue->head->slice.length_bytes <= max_bytes) {
		struct slice_node *node = unlink_head(queue);

		skipped += node->slice.length_bytes;
		slice_release(&node->slice);
		give_node(pool, node);
	}
	if (queue->head && skipped < max_bytes) {
		uint32_t part_bytes = max_bytes - skipped;

		queue->head->slice.offset_bytes += part_bytes;
		queue->head->slice.length_bytes -= part_bytes;
		queue->bytes -= part_bytes;
		skipped += part_bytes;
	}
	return skipped;
}

void slice_queue_clear(struct slice_pool *pool, struct slice_queue *queue)
{
	while (queue->head) {
		struct slice_node *node = unlink_head(queue);

		if (!PLANTED(CLEAR_LEAKS))
			slice_release(&node->slice);
		give_node(pool, node);
	}
}

void slice_queue_copy(const struct slice_queue *queue, uint32_t offset_bytes, void *to,
		      uint32_t length_bytes)
{
	uint8_t *out = to;

	INVARIANT((uint64_t)offset_bytes + length_bytes <= queue->bytes);
	for (const struct slice_node *node = queue->head; length_bytes > 0; node = node->next) {
		uint32_t here_bytes = node->slice.length_bytes;

		if (offset_bytes >= here_bytes) {
			offset_bytes -= here_bytes;
			continue;
		}
		here_bytes -= offset_bytes;
		if (here_bytes > length_bytes)
			here_bytes = length_bytes;
		memcpy(out, slice_data(&node->slice) + offset_bytes, here_bytes);
		out += here_bytes;
		length_bytes -= here_bytes;
		offset_bytes = 0;
	}
}
