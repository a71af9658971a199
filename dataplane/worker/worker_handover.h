/* Received frames to the core they belong on.
 *
 *     rx burst --sort--> own: on to the stack
 *                   \--> staged per worker --flush--> ring, doorbell --> take --> the stack there
 *
 * A frame's home is the first stop of its bucket (buckets.h), found by its hash: the device's where RSS
 * has passed its test (port_rss.h), else the software's, by which the device is tested.  The port's
 * index among the worker's ports travels in mbuf->port, the hash in mbuf->hash.rss.  One owner, the
 * worker. */
#ifndef DATAPLANE_WORKER_WORKER_HANDOVER_H
#define DATAPLANE_WORKER_WORKER_HANDOVER_H

#include <stdint.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/port/port.h"
#include "dataplane/trace/trace_tap.h"
#include "dataplane/worker/fabric.h"
#include "stack/base/drops.h"
#include "stack/tcp/tcp.h"

/* In mbuf->port: mbuf->tx_offload holds a bit for each worker that was asked and knows no such flow, and
 * mbuf->hash.fdir.hi the bucket's travels at that time: with more of them the answers are out of date. */
#define HANDOVER_UNDER_WAY 0x8000u
/* At most so many frames are sorted between two flushes, and taken from one ring in a poll. */
#define HANDOVER_BURST 64

struct worker_handover {
	struct fabric *fabric;
	uint16_t self;
	const struct netif *netifs; /* by port */
	struct tcp *tcp;
	struct worker_counters *counters;
	struct drop_counters *drops;
	struct trace_tap *tracing;  /* NULL = nobody traces */
	/* Connections that are on their way to another worker, and who holds back what comes for them: true
	 * when it has taken the frame. */
	uint32_t away;
	bool (*hold_back)(void *context, const struct flow_key *key, struct rte_mbuf *frame);
	void *hold_back_context;
	uint64_t staged_for;        /* a bit for each worker with staged frames */
	uint8_t counts[FABRIC_WORKERS_MAX];
	struct rte_mbuf *staged[FABRIC_WORKERS_MAX][HANDOVER_BURST];
};

/* Keeps in frames[], in their order, those that are worked on here, and returns how many; the others
 * are staged.  count <= HANDOVER_BURST; flush before the next burst.  device: whose queue `self` they
 * came by just now; NULL for frames that were put together here. */
uint32_t worker_handover_sort(struct worker_handover *handover, uint16_t port, struct port *device,
			      struct rte_mbuf **frames, uint32_t count);
/* Puts what is staged into the rings and wakes who sleeps. */
void worker_handover_flush(struct worker_handover *handover);
/* Frames that worker `from` handed over and that are worked on here; at most HANDOVER_BURST.  *looked:
 * how many were taken from the ring, with those that went on to another worker. */
uint32_t worker_handover_take(struct worker_handover *handover, uint16_t from,
			      struct rte_mbuf **frames, uint32_t *looked);
/* Frames that were held back: as above, for frames that are no longer in a ring.  At most HANDOVER_BURST. */
uint32_t worker_handover_again(struct worker_handover *handover, struct rte_mbuf **frames,
			       uint32_t count);

#endif
