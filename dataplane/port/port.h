/* A port as the worker sees it: bursts in and out, and what the device can do.
 *
 * One file a kind makes the ethdev (port_af_packet.c, port_memif.c, port_ring.c …); the simulator
 * brings its own.  Several workers use one port by queue number; a queue has one user.
 *
 *     queue 0 .. queues-1 --> lane: which ethdev, which of its queues, its descriptor, its counts */
#ifndef DATAPLANE_PORT_PORT_H
#define DATAPLANE_PORT_PORT_H

#include <rte_mbuf.h>
#include <stdint.h>

#include "dataplane/port/ethdev_watch.h"
#include "dataplane/port/port_caps.h"
#include "dataplane/port/port_rss.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"
#include "stack/netif.h"

#define PORT_LANES_MAX 64

/* One queue pair.  Written by its worker alone, read by others (relaxed). */
struct port_lane {
	uint16_t ethdev_id; /* of DPDK ports; the same for all lanes, but for af_xdp */
	uint16_t queue;     /* number at that device */
	int wait_fd;        /* becomes readable when frames arrive; -1 where there is none */
	uint64_t flattened; /* chains copied into one segment, because the device takes no chains */
	struct port_rss_seen rss_seen;
	uint64_t unsendable; /* dropped: could be neither sent as it was nor copied */
} CACHE_ALIGNED;

struct port {
	const struct port_ops *ops;
	struct netif netif;
	struct port_caps caps;
	uint16_t queues;    /* opened; 0 stands for one, for ports that are not DPDK's */
	uint16_t ethdev_id; /* of DPDK ports: the first */
	int wait_fd;        /* of queue 0 */
	struct port_rss rss;
	/* Of ports whose driver does not count them: frames that the kernel dropped since the last call,
	 * because the ring behind wait_fd was full; and their sum, the control thread's. */
	uint64_t (*missed)(int wait_fd);
	uint64_t missed_frames;
	/* Looked at now and then by the control thread (port_step); NULL = there is nothing to see. */
	bool (*step)(struct port *port, struct why *out);
	/* Of ports that are watched: port_step.c for PCI, memif clients. */
	const struct ethdev_calls *calls;
	struct ethdev_watch watch;
	struct ethdev_plan plan; /* as it was started */
	bool has_note;
	bool spoof_check_told;
	uint64_t tx_errors_before;
	struct why note; /* to be said by the next port_step */
	struct port_lane lanes[PORT_LANES_MAX];
};

struct port_ops {
	/* Takes at most max frames off queue; the caller owns them. */
	uint32_t (*rx)(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max);
	/* Sends frames in order; returns how many were taken, the rest stays the caller's: those in
	 * frames[] now, which may be others than before (a chain that was copied). */
	uint32_t (*tx)(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count);
};

#endif
