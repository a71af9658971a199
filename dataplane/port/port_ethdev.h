/* DPDK ports: made from settings, opened, looked at, closed.
 *
 *     settings --> port_open --> port_af_packet_create | port_memif_create | port_ring_create
 *                                    | makes the ethdev, says its id, wait_fd and MAC
 *                                    v
 *                                capabilities, MTU, ethdev_start: queues, start
 *
 * Control thread only, but for the ops.  The rx pool is also what sizes received frames: a device
 * without scatter cuts or drops what does not fit one buffer, so the MTU is held against it. */
#ifndef DATAPLANE_PORT_PORT_ETHDEV_H
#define DATAPLANE_PORT_PORT_ETHDEV_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port/port.h"
#include "dataplane/settings.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

/* What a kind's file has made.  Of what it made before it failed, ethdev_count are closed by the caller. */
struct port_device {
	uint16_t queues_wanted; /* in */
	uint16_t ethdev_count;  /* 1, or one for each queue */
	uint16_t ethdev_ids[PORT_LANES_MAX];
	uint16_t queues_most;   /* 0 = what the device says */
	int wait_fd;
	uint16_t mtu_bytes; /* of the device, 0 = not known */
	uint8_t mac[6];
	bool rx_interrupts; /* to be asked for */
	bool sets_mtu;      /* the device is told its MTU */
	bool is_watched;    /* it may be reset, and it has RSS: port_watch */
	bool (*step)(struct port *port, struct why *out); /* of its own instead, or NULL */
	uint64_t (*missed)(int wait_fd); /* struct port; NULL where the driver counts them */
	const struct port_ops *ops;
	/* Both NULL where wait_fd is known already: around the start of each lane. */
	void (*before_start)(void);
	bool (*after_start)(const struct port_settings *settings, uint16_t ethdev_id, uint16_t queue,
			    int *wait_fd, struct why *why);
};

MUST_USE bool port_af_packet_create(const struct port_settings *settings, uint32_t index,
				    struct port_device *out, struct why *why);
MUST_USE bool port_af_xdp_create(const struct port_settings *settings, uint32_t index,
				 struct port_device *out, struct why *why);
MUST_USE bool port_pci_create(const struct port_settings *settings, uint32_t index,
			      struct port_device *out, struct why *why);
MUST_USE bool port_memif_create(const struct port_settings *settings, uint32_t index,
				struct port_device *out, struct why *why);
MUST_USE bool port_tap_create(const struct port_settings *settings, uint32_t index,
			      struct port_device *out, struct why *why);
/* Two ports that name the same device are the two ends of one cable. */
MUST_USE bool port_ring_create(const struct port_settings *settings, uint32_t index,
			       struct port_device *out, struct why *why);

/* What fits into the smallest buffer: more only where `mtu` says so. */
#define PORT_MTU_UNASKED_BYTES 1920
/* The room that a received frame of a port with this MTU needs, with what some drivers put around it;
 * 2,048 for Ethernet's own MTU and for 0. */
uint16_t port_buffer_bytes(uint16_t mtu_bytes);
/* Makes and starts one port with `queues` queue pairs, or as many as the device has (out->queues).  On
 * false nothing is left of it. */
MUST_USE bool port_open(struct port *out, const struct port_settings *settings, uint32_t index,
			uint16_t queues, struct rte_mempool *rx_pool, struct why *why);
/* No worker may use it any more. */
void port_close(struct port *port);

struct ethdev_calls;
/* Begins to look after a running port: sets RSS up, listens for resets. */
void port_watch(struct port *port, const struct ethdev_calls *calls);
/* Called now and then by the control thread: link, resets, the verdict on RSS, one thing at a time.
 * True when there is something to say, which is in *out. */
MUST_USE bool port_step(struct port *port, struct why *out);
/* Beside it, for ports with port_rss_has_table: the device's table is to become queue_of[reta_size]. */
MUST_USE bool port_follow(struct port *port, const uint16_t *queue_of, struct why *out);

struct port_state {
	bool link_up;
	uint64_t speed_bits_per_second;
	uint64_t rx_missed;
	uint64_t rx_errors;
	uint64_t rx_nombuf;
	uint64_t tx_errors;
	uint64_t tx_flattened;
	uint64_t tx_unsendable;
	uint64_t link_downs;
	uint64_t resets;
	uint64_t rss_table_writes;
	uint32_t rss_state; /* enum port_rss_state */
};
/* What the device says of itself now. */
void port_look(struct port *port, struct port_state *out);

/* rte_eth_rx_burst and rte_eth_tx_burst; flat: through port_tx_flat. */
extern const struct port_ops port_ethdev_ops;
extern const struct port_ops port_ethdev_flat_ops;
/* Those of both, behind the gate of port->watch. */
extern const struct port_ops port_gated_ops;
/* Makes a virtual device ("net_af_packet0", its arguments) and finds its id. */
MUST_USE bool port_vdev_create(const char *port_name, const char *device, const char *arguments,
			       uint16_t *ethdev_id, struct why *why);
/* A MAC of our own for a device that is not ours: locally administered, the same at every start. */
void port_mac_derive(const uint8_t seed_mac[6], const char *name, uint8_t out[6]);

#endif
