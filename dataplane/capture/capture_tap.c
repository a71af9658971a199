#include "dataplane/capture/capture_tap.h"

#include <string.h>

#include "stack/base/counter.h"
#include "stack/base/time.h"

/* As many as this may come at once, whatever the rate. */
#define BURST_FRAMES 64

static void on_drop(struct drop_watch *watch, const struct rte_mbuf *frame, enum drop_reason reason)
{
	struct capture_tap *tap = (struct capture_tap *)watch; /* its first member */

	for (uint32_t i = 0; i < tap->pending_count; i++)
		if (tap->pending[i].frame == frame)
			tap->pending[i].record->drop_reason = (uint16_t)reason;
}

void capture_tap_init(struct capture_tap *tap, const struct capture_filter *filter,
		      uint32_t snap_bytes, uint64_t rate_per_second, uint8_t *ring_data,
		      uint64_t ring_bytes)
{
	memset(tap, 0, sizeof(*tap));
	tap->watch.dropped = on_drop;
	tap->filter = *filter;
	tap->snap_bytes = snap_bytes;
	tap->rate_per_second = rate_per_second;
	capture_ring_init(&tap->ring, ring_data, ring_bytes);
}

/* A bucket of time: a frame costs 1 / rate seconds. */
static bool within_rate(struct capture_tap *tap, uint64_t now_ns)
{
	if (tap->rate_per_second == 0)
		return true;
	uint64_t price_ns = NS_PER_SECOND / tap->rate_per_second;
	uint64_t most_ns = price_ns * BURST_FRAMES;

	tap->tokens_ns += tap->filled_ns ? now_ns - tap->filled_ns : most_ns;
	tap->filled_ns = now_ns;
	if (tap->tokens_ns > most_ns)
		tap->tokens_ns = most_ns;
	if (tap->tokens_ns < price_ns)
		return false;
	tap->tokens_ns -= price_ns;
	return true;
}

static void copy_frame(uint8_t *to, const struct rte_mbuf *frame, uint32_t bytes)
{
	for (; bytes > 0 && frame; frame = frame->next) {
		uint32_t here = frame->data_len < bytes ? frame->data_len : bytes;

		memcpy(to, rte_pktmbuf_mtod(frame, const uint8_t *), here);
		to += here;
		bytes -= here;
	}
}

/* The headers lie in the first segment of what we send and receive. */
static bool is_wanted(const struct capture_tap *tap, const struct rte_mbuf *frame)
{
	return capture_filter_match(&tap->filter, rte_pktmbuf_mtod(frame, const uint8_t *),
				    frame->data_len);
}

static void take(struct capture_tap *tap, uint16_t port, enum capture_direction direction,
		 const struct rte_mbuf *frame, uint64_t now_ns)
{
	uint32_t bytes = frame->pkt_len < tap->snap_bytes ? frame->pkt_len : tap->snap_bytes;

	if (!within_rate(tap, now_ns)) {
		counter_inc(&tap->limited);
		return;
	}
	struct capture_record *record =
		capture_ring_reserve(&tap->ring, (uint32_t)sizeof(*record) + bytes);

	if (!record) {
		counter_inc(&tap->missed);
		return;
	}
	*record = (struct capture_record){.at_ns = now_ns, .frame_bytes = frame->pkt_len,
					  .captured_bytes = bytes, .port = port,
					  .drop_reason = DROP_NONE, .direction = (uint8_t)direction};
	copy_frame((uint8_t *)(record + 1), frame, bytes);
	counter_inc(&tap->captured);
	if (direction == CAPTURE_RX && tap->pending_count < CAPTURE_PENDING_MAX) {
		tap->pending[tap->pending_count].frame = frame;
		tap->pending[tap->pending_count++].record = record;
	}
}

void capture_tap_frames(struct capture_tap *tap, uint16_t port, enum capture_direction direction,
			struct rte_mbuf *const *frames, uint32_t count, uint64_t now_ns)
{
	const struct capture_filter *filter = &tap->filter;
	bool unwanted = direction == CAPTURE_RX ? filter->rx_unwanted
						: filter->tx_unwanted || filter->dropped_only;

	if (unwanted || (filter->port_mask && !(filter->port_mask & (1u << port))))
		return;
	for (uint32_t i = 0; i < count; i++)
		if (is_wanted(tap, frames[i]))
			take(tap, port, direction, frames[i], now_ns);
}

void capture_tap_publish(struct capture_tap *tap)
{
	tap->pending_count = 0;
	capture_ring_publish(&tap->ring);
}
