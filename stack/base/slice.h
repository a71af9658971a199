/* Slices: bytes inside a packet buffer, held by reference.
 *
 * An mbuf has one `next`, so it cannot be in an rx chain, a retransmit queue and a NIC ring at
 * once.  Received payload mbufs are therefore immutable, and every queue holds slices:
 *
 *      mbuf (one segment, next == NULL)
 *      +----------+--------------------------------------+----------+
 *      | headroom | eth | ip | tcp |  payload            | tailroom |
 *      +----------+--------------------------------------+----------+
 *                                  ^---- slice ----^
 *                                  offset      offset + length      (from buf_addr)
 *
 * A slice owns one reference on its mbuf.  Whoever takes a slice out of a queue owns it and must
 * put it into another queue or release it.  Nodes come from a worker's slice_pool, which is made
 * at boot; the queues of one worker share it, so that a slice moves between the stack and the
 * gateway without an allocation.  Nothing here is safe across threads. */
#ifndef STACK_BASE_SLICE_H
#define STACK_BASE_SLICE_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

struct slice {
	struct rte_mbuf *mbuf;
	uint32_t offset_bytes; /* from mbuf->buf_addr */
	uint32_t length_bytes;
};

struct slice_node {
	struct slice slice;
	struct slice_node *next;
};

struct slice_pool {
	struct slice_node *free;
	uint32_t available;
	uint32_t capacity;
	struct slice_node *nodes; /* capacity of them, owned */
};

/* A queue in order of bytes.  All zero is an empty queue. */
struct slice_queue {
	struct slice_node *head;
	struct slice_node *tail;
	uint32_t bytes;
	uint32_t charge_bytes; /* what its buffers really occupy: sum of slice_charge_bytes */
};

static inline uint8_t *slice_data(const struct slice *slice)
{
	return (uint8_t *)slice->mbuf->buf_addr + slice->offset_bytes;
}

/* The memory that a slice pins: its mbuf's whole buffer and header, whatever the payload. */
static inline uint32_t slice_charge_bytes(const struct slice *slice)
{
	return (uint32_t)slice->mbuf->buf_len + (uint32_t)sizeof(struct rte_mbuf);
}

/* Boot only.  False when memory is not to be had. */
MUST_USE bool slice_pool_create(struct slice_pool *pool, uint32_t capacity);
/* Every node must have come back. */
void slice_pool_destroy(struct slice_pool *pool);

/* Drops the reference on the mbuf. */
void slice_release(struct slice *slice);
/* Another reference to the same bytes. */
struct slice slice_share(const struct slice *slice);

/* Appends; takes the reference.  False when the pool is empty: the caller keeps the reference. */
MUST_USE bool slice_queue_push(struct slice_pool *pool, struct slice_queue *queue, struct slice slice);
/* Puts in front; the same rules. */
MUST_USE bool slice_queue_unshift(struct slice_pool *pool, struct slice_queue *queue, struct slice slice);
/* Takes the first slice; false when empty.  The caller owns the reference. */
MUST_USE bool slice_queue_pop(struct slice_pool *pool, struct slice_queue *queue, struct slice *out);
/* Moves everything from `from` to the end of `to`; no allocation. */
void slice_queue_append(struct slice_queue *to, struct slice_queue *from);
/* Moves at most max_bytes from the front of `from` to the end of `to`; returns how many.  Splitting
 * a slice needs one node: where the pool is empty less is moved. */
uint32_t slice_queue_move(struct slice_pool *pool, struct slice_queue *to, struct slice_queue *from,
			  uint32_t max_bytes);
/* Releases at most max_bytes from the front; returns how many.  Never allocates. */
uint32_t slice_queue_skip(struct slice_pool *pool, struct slice_queue *queue, uint32_t max_bytes);
/* Releases everything. */
void slice_queue_clear(struct slice_pool *pool, struct slice_queue *queue);
/* Copies length bytes from offset_bytes on; the queue must hold them. */
void slice_queue_copy(const struct slice_queue *queue, uint32_t offset_bytes, void *to,
		      uint32_t length_bytes);

#endif
