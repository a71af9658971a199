#include "dataplane/port/port_tx_flat.h"

#include "stack/base/counter.h"
#include "stack/link/frame.h"

/* Whether the frame can be sent now; copies a chain. */
static bool flatten(struct port_lane *lane, struct rte_mbuf **frame)
{
	struct rte_mbuf *copy;

	if (likely_true((*frame)->nb_segs == 1))
		return true;
	copy = frame_linearise(*frame, (*frame)->pool);
	if (!copy)
		return false;
	counter_inc(&lane->flattened);
	*frame = copy;
	return true;
}

uint32_t port_tx_flat(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count,
		      uint32_t (*send)(struct port *, uint16_t, struct rte_mbuf **, uint32_t))
{
	struct port_lane *lane = &port->lanes[queue];
	uint32_t done = 0, ready = 0;

	while (ready < count) {
		if (flatten(lane, &frames[ready])) {
			ready++;
			continue;
		}
		/* What is before it keeps its place. */
		if (ready > done)
			done += send(port, queue, frames + done, ready - done);
		if (done < ready)
			return done;
		rte_pktmbuf_free(frames[ready]);
		counter_inc(&lane->unsendable);
		done = ++ready;
	}
	return done < count ? done + send(port, queue, frames + done, count - done) : done;
}
