/* A worker's side of a capture: frames that match are copied, as far as the snap length goes, into a
 * ring that a control thread reads.
 *
 *     rx burst --capture_tap_frames--> reserved --stack_input--> dropped? its reason --publish--> ring
 *     tx burst --capture_tap_frames--> reserved ----------------------------publish--> ring
 *
 * The frames go their way untouched.  What finds no room, or comes faster than the rate, is counted
 * and forgotten.  Memory is taken by the control thread before the worker sees the tap, and freed
 * after the worker has let go of it. */
#ifndef DATAPLANE_CAPTURE_CAPTURE_TAP_H
#define DATAPLANE_CAPTURE_CAPTURE_TAP_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/capture/capture_filter.h"
#include "dataplane/capture/capture_ring.h"
#include "stack/base/drop_watch.h"

#define CAPTURE_SNAP_MAX 65535
#define CAPTURE_PENDING_MAX 64 /* frames of one burst */

enum capture_direction { CAPTURE_RX, CAPTURE_TX };

/* In the ring, then captured_bytes of the frame. */
struct capture_record {
	uint64_t at_ns;          /* of the worker's clock */
	uint32_t frame_bytes;
	uint32_t captured_bytes;
	uint16_t port;
	uint16_t drop_reason;    /* enum drop_reason; DROP_NONE = not dropped within this poll */
	uint8_t direction;       /* enum capture_direction */
	uint8_t reserved[3];
};

struct capture_tap {
	struct drop_watch watch; /* the stack tells it what it drops */
	struct capture_filter filter;
	uint32_t snap_bytes;
	uint64_t rate_per_second; /* of this worker's frames; 0 = no limit */
	uint64_t tokens_ns;       /* saved up, in units of time */
	uint64_t filled_ns;
	struct capture_ring ring;
	uint32_t pending_count;
	struct {
		const struct rte_mbuf *frame;
		struct capture_record *record;
	} pending[CAPTURE_PENDING_MAX];
	/* Written by the worker, read by others. */
	uint64_t captured CACHE_ALIGNED;
	uint64_t missed;          /* no room in the ring */
	uint64_t limited;         /* faster than the rate */
};

/* ring_data[ring_bytes] (a power of two) stays the caller's. */
void capture_tap_init(struct capture_tap *tap, const struct capture_filter *filter,
		      uint32_t snap_bytes, uint64_t rate_per_second, uint8_t *ring_data,
		      uint64_t ring_bytes);
/* The worker: a burst, at most CAPTURE_PENDING_MAX frames, before it goes on its way. */
void capture_tap_frames(struct capture_tap *tap, uint16_t port, enum capture_direction direction,
			struct rte_mbuf *const *frames, uint32_t count, uint64_t now_ns);
/* The worker: the burst has been dealt with; its records may be read. */
void capture_tap_publish(struct capture_tap *tap);

/* The same where perhaps no capture runs (NULL): one branch a burst. */
static inline void capture_see(struct capture_tap *tap, uint16_t port,
			       enum capture_direction direction, struct rte_mbuf *const *frames,
			       uint32_t count, uint64_t now_ns)
{
	if (unlikely_true(tap != NULL))
		capture_tap_frames(tap, port, direction, frames, count, now_ns);
}

static inline void capture_seen(struct capture_tap *tap)
{
	if (unlikely_true(tap != NULL))
		capture_tap_publish(tap);
}

#endif
