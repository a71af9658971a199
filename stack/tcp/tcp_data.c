#include "stack/tcp/tcp_data.h"

#include <string.h>

#include "stack/base/planted.h"
#include "stack/tcp/tcp_path.h"
#include "stack/tcp/tcp_pressure.h"
#include "stack/tcp/tcp_reassembly.h"
#include "stack/tcp/tcp_timer.h"

uint32_t tcp_data_window_edge(const struct tcp *tcp, const struct tcp_conn *conn)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t used = cold->stream.rx.charge_bytes + cold->ooo_charge_bytes;
	uint32_t budget = tcp_rx_budget(tcp);
	/* A full segment fills a good half of its buffer; buffers filled less are packed. */
	uint32_t window = used < budget ? (budget - used) / 2 : 0;
	uint32_t window_max = UINT32_C(65535) << conn->rcv_wscale;
	uint32_t step = budget / 4;

	if (window > window_max)
		window = window_max;
	window &= ~((UINT32_C(1) << conn->rcv_wscale) - 1);
	if (step > conn->mss_bytes)
		step = conn->mss_bytes;
	/* Never shrunk; moved only in worthwhile steps. */
	uint32_t edge = conn->rcv_nxt + window;

	if (seq_lt(edge, conn->rcv_edge + step))
		return conn->rcv_edge;
	return edge;
}

/* Appends the bytes to the private buffer at the tail of rx, or starts one. */
static bool append_copy(struct tcp *tcp, struct tcp_cold *cold, const struct slice *slice)
{
	struct slice_queue *rx = &cold->stream.rx;
	struct rte_mbuf *packed = cold->rx_packed;

	if (rx->tail && rx->tail->slice.mbuf == packed && rte_mbuf_refcnt_read(packed) == 1 &&
	    rte_pktmbuf_tailroom(packed) >= slice->length_bytes) {
		char *to = rte_pktmbuf_append(packed, (uint16_t)slice->length_bytes);

		memcpy(to, slice_data(slice), slice->length_bytes);
		rx->tail->slice.length_bytes += slice->length_bytes;
		rx->bytes += slice->length_bytes;
		return true;
	}
	packed = rte_pktmbuf_alloc(tcp->params.header_pool);
	if (!packed)
		return false;
	rte_pktmbuf_reset_headroom(packed);
	char *to = rte_pktmbuf_append(packed, (uint16_t)slice->length_bytes);
	struct slice copy = {packed, packed->data_off, slice->length_bytes};

	if (!to || !slice_queue_push(tcp->params.slices, rx, copy)) {
		rte_pktmbuf_free(packed);
		return false;
	}
	memcpy(to, slice_data(slice), slice->length_bytes);
	cold->rx_packed = packed;
	return true;
}

bool tcp_data_append(struct tcp *tcp, struct tcp_conn *conn, struct slice slice)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	struct slice_queue *rx = &cold->stream.rx;
	uint32_t length_bytes = slice.length_bytes;
	/* The first small payload pins one buffer either way; from the second on packing pays.  A peer
	 * whose segments leave most of their buffers empty gets over the budget within its window: then
	 * everything that would waste half of its buffer is packed. */
	bool small = length_bytes <= TCP_COPY_BYTES_MAX ||
		     (rx->charge_bytes > tcp_rx_budget(tcp) &&
		      length_bytes < slice_charge_bytes(&slice) / 2);

	if (rx->head && small && append_copy(tcp, cold, &slice)) {
		tcp_count_copied(tcp, length_bytes);
		slice_release(&slice);
	} else {
		if (!tcp_may_pin(tcp, rx->charge_bytes, slice_charge_bytes(&slice)) ||
		    !slice_queue_push(tcp->params.slices, rx, slice)) {
			slice_release(&slice);
			return false;
		}
		cold->rx_packed = NULL;
	}
	conn->rcv_nxt += length_bytes;
	cold->rx_bytes += length_bytes;
	counter_add(&tcp->params.counters->bytes_in, length_bytes);
	return true;
}

/* One slice of the payload, in order or not. */
static enum drop_reason place(struct tcp *tcp, struct tcp_conn *conn, uint32_t seq,
			      struct slice slice)
{
	uint32_t behind_bytes = conn->rcv_nxt - seq;

	if (seq_gt(seq, conn->rcv_nxt))
		return tcp_reassembly_add(tcp, conn, seq, slice);
	if (behind_bytes >= slice.length_bytes) {
		slice_release(&slice);
		return DROP_TCP_DUPLICATE;
	}
	slice.offset_bytes += behind_bytes;
	slice.length_bytes -= behind_bytes;
	return tcp_data_append(tcp, conn, slice) ? DROP_NONE : DROP_TCP_RCV_BUFFER_FULL;
}

static void owe_ack(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	/* RFC 5681 4.2: at least every second full-sized segment.  What is full-sized is the sender's
	 * to know, so every segment counts. */
	if (++conn->unacked_segments >= 2) {
		tcp_conn_ack_now(tcp, conn);
	} else if (!conn->ack_deadline_ns && !PLANTED(DELAYED_ACK_LOST)) {
		conn->ack_deadline_ns = now_ns + TCP_ACK_DELAY_NS;
		tcp_timer_update(tcp, conn);
	}
}

/* Splits a chain: every segment becomes a slice of its own, because slices have one segment. */
static enum drop_reason place_chain(struct tcp *tcp, struct tcp_conn *conn,
				    const struct tcp_segment *segment)
{
	struct rte_mbuf *mbuf = segment->packet->mbuf;
	uint32_t skip_bytes = segment->payload_offset;
	uint32_t left_bytes = segment->payload_bytes;
	uint32_t seq = segment->seq;
	enum drop_reason reason = DROP_NONE;

	while (mbuf) {
		struct rte_mbuf *next = mbuf->next;
		uint32_t here_bytes = mbuf->data_len > skip_bytes ? mbuf->data_len - skip_bytes : 0;

		if (here_bytes > left_bytes)
			here_bytes = left_bytes;
		mbuf->next = NULL;
		mbuf->nb_segs = 1;
		mbuf->pkt_len = mbuf->data_len;
		if (here_bytes == 0) {
			rte_pktmbuf_free_seg(mbuf);
		} else {
			struct slice slice = {mbuf, mbuf->data_off + skip_bytes, here_bytes};
			enum drop_reason one = place(tcp, conn, seq, slice);

			if (one != DROP_NONE)
				reason = one;
		}
		skip_bytes -= skip_bytes < mbuf->data_len ? skip_bytes : mbuf->data_len;
		seq += here_bytes;
		left_bytes -= here_bytes;
		mbuf = next;
	}
	return reason;
}

enum drop_reason tcp_data_input(struct tcp *tcp, struct tcp_conn *conn,
				const struct tcp_segment *segment, bool *owned, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t before = conn->rcv_nxt;

	*owned = false;
	enum drop_reason reason = place_chain(tcp, conn, segment);
	bool filled_gap = cold->ooo_head != POOL_NO_INDEX && conn->rcv_nxt != before;

	if (filled_gap)
		tcp_reassembly_drain(tcp, conn);
	if (conn->rcv_nxt != before) {
		tcp_conn_event(tcp, conn, STREAM_READABLE);
		tcp_path_progress(tcp, cold, now_ns);
		if (filled_gap)
			tcp_conn_ack_now(tcp, conn);
		else
			owe_ack(tcp, conn, now_ns);
		return DROP_NONE;
	}
	/* RFC 5681 4.2: a segment ahead of a gap (or nothing new) is answered at once, each. */
	if (reason == DROP_NONE)
		counter_inc(&tcp->params.counters->out_of_order_segments);
	if (conn->acks_owed < UINT8_MAX)
		conn->acks_owed++;
	tcp_conn_ack_now(tcp, conn);
	return reason;
}
