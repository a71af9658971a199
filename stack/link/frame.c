#include "stack/link/frame.h"

#include <string.h>

bool frame_is_ours_alone(const struct rte_mbuf *segment)
{
	return RTE_MBUF_DIRECT(segment) && rte_mbuf_refcnt_read(segment) == 1;
}

bool frame_pull_up(struct rte_mbuf *frame, uint32_t bytes)
{
	uint32_t wanted_bytes = bytes < frame->pkt_len ? bytes : frame->pkt_len;

	if (frame->data_len >= wanted_bytes)
		return true;
	uint32_t missing_bytes = wanted_bytes - frame->data_len;

	if (!frame_is_ours_alone(frame) || rte_pktmbuf_tailroom(frame) < missing_bytes)
		return false;
	while (missing_bytes > 0) {
		struct rte_mbuf *next = frame->next;
		uint32_t part_bytes = next->data_len < missing_bytes ? next->data_len : missing_bytes;

		memcpy(rte_pktmbuf_mtod_offset(frame, uint8_t *, frame->data_len),
		       rte_pktmbuf_mtod(next, const uint8_t *), part_bytes);
		frame->data_len = (uint16_t)(frame->data_len + part_bytes);
		next->data_off = (uint16_t)(next->data_off + part_bytes);
		next->data_len = (uint16_t)(next->data_len - part_bytes);
		missing_bytes -= part_bytes;
		if (next->data_len == 0) {
			frame->next = next->next;
			frame->nb_segs--;
			rte_pktmbuf_free_seg(next);
		}
	}
	return true;
}

static struct rte_mbuf *drop_first(struct rte_mbuf *frame)
{
	struct rte_mbuf *next = frame->next;

	next->pkt_len = frame->pkt_len - frame->data_len;
	next->nb_segs = (uint16_t)(frame->nb_segs - 1);
	rte_pktmbuf_free_seg(frame);
	return next;
}

struct rte_mbuf *frame_cut(struct rte_mbuf *frame, uint32_t from, uint32_t bytes)
{
	uint16_t segments = 1;

	while (from >= frame->data_len) {
		from -= frame->data_len;
		frame = drop_first(frame);
	}
	frame->data_off = (uint16_t)(frame->data_off + from);
	frame->data_len = (uint16_t)(frame->data_len - from);
	struct rte_mbuf *last = frame;
	uint32_t left_bytes = bytes;

	for (; left_bytes > last->data_len; last = last->next, segments++)
		left_bytes -= last->data_len;
	last->data_len = (uint16_t)left_bytes;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	frame->nb_segs = segments;
	frame->pkt_len = bytes;
	return frame;
}

struct rte_mbuf *frame_linearise(struct rte_mbuf *frame, struct rte_mempool *pool)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(pool);

	if (!copy)
		return NULL;
	uint8_t *to = (uint8_t *)rte_pktmbuf_append(
		copy, frame->pkt_len <= rte_pktmbuf_tailroom(copy) ? (uint16_t)frame->pkt_len : 0);

	if (frame->pkt_len > copy->data_len) {
		rte_pktmbuf_free(copy);
		return NULL;
	}
	for (const struct rte_mbuf *from = frame; from; from = from->next) {
		memcpy(to, rte_pktmbuf_mtod(from, const uint8_t *), from->data_len);
		to += from->data_len;
	}
	copy->ol_flags |= frame->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK;
	copy->tx_offload = frame->tx_offload;
	rte_pktmbuf_free(frame);
	return copy;
}

struct rte_mbuf *frame_new(struct rte_mempool *pool, uint16_t length_bytes)
{
	struct rte_mbuf *frame = rte_pktmbuf_alloc(pool);
	char *data = frame ? rte_pktmbuf_append(frame, length_bytes) : NULL;

	if (frame && !data) {
		rte_pktmbuf_free(frame);
		return NULL;
	}
	if (data)
		memset(data, 0, length_bytes);
	return frame;
}
