/* Shapes of frames: contiguous headers on the way in, one segment on the way out where the port
 * cannot gather. */
#ifndef STACK_LINK_FRAME_H
#define STACK_LINK_FRAME_H

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

/* As much of a chained frame as is pulled together for the parsers. */
#define FRAME_HEADERS_BYTES 256

/* Makes the first min(pkt_len, bytes) bytes contiguous by moving them into the first segment.
 * False when the segments are shared or the first one has no tailroom; nothing is changed then. */
MUST_USE bool frame_pull_up(struct rte_mbuf *frame, uint32_t bytes);
/* Whether the bytes of the first segment may be written: no other mbuf shows them. */
bool frame_is_ours_alone(const struct rte_mbuf *segment);
/* What is left when only the bytes [from, from + bytes) stay, which the frame must have (bytes > 0);
 * segments without any of them are freed.  Takes the frame; nobody else may hold its mbufs. */
MUST_USE struct rte_mbuf *frame_cut(struct rte_mbuf *frame, uint32_t from, uint32_t bytes);
/* A copy of the whole frame in one segment from pool, with its offload flags and lengths; frees
 * the original.  NULL (the original is left alone) when there is no mbuf or it is too small. */
MUST_USE struct rte_mbuf *frame_linearise(struct rte_mbuf *frame, struct rte_mempool *pool);
/* An empty mbuf from pool with length_bytes of zeroed data, room for more headers in front. */
struct rte_mbuf *frame_new(struct rte_mempool *pool, uint16_t length_bytes);

#endif
