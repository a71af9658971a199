#include "dataplane/port/port_ethdev.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/eal.h"
#include "dataplane/port/ethdev_calls.h"
#include "dataplane/port/ethdev_start.h"
#include "dataplane/port/port_tx_flat.h"
#include "stack/base/counter.h"
#include "stack/base/siphash.h"

#define ETHERNET_BYTES (14 + 4)
#define BUFFER_LEAST_BYTES 2048u
#define BUFFER_STEP_BYTES 4096u /* frames of an AF_PACKET ring fill whole pages, or share one evenly */
/* Ethernet with a tag, and the header of an AF_PACKET ring's frame (TPACKET2_HDRLEN). */
#define AROUND_FRAME_BYTES 128u

static uint32_t ethdev_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	const struct port_lane *lane = &port->lanes[queue];

	return rte_eth_rx_burst(lane->ethdev_id, lane->queue, frames, (uint16_t)max);
}

static uint32_t ethdev_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames,
			  uint32_t count)
{
	const struct port_lane *lane = &port->lanes[queue];

	return rte_eth_tx_burst(lane->ethdev_id, lane->queue, frames, (uint16_t)count);
}

static uint32_t ethdev_tx_flat(struct port *port, uint16_t queue, struct rte_mbuf **frames,
			       uint32_t count)
{
	return port_tx_flat(port, queue, frames, count, ethdev_tx);
}

const struct port_ops port_ethdev_ops = {.rx = ethdev_rx, .tx = ethdev_tx};
const struct port_ops port_ethdev_flat_ops = {.rx = ethdev_rx, .tx = ethdev_tx_flat};

void port_mac_derive(const uint8_t seed_mac[6], const char *name, uint8_t out[6])
{
	static const struct siphash_key key = {UINT64_C(0x687964726f666f69), UINT64_C(0x6c206d6163206164)};
	uint8_t material[6 + 32] = {0};

	memcpy(material, seed_mac, 6);
	snprintf((char *)material + 6, sizeof(material) - 6, "%.31s", name);
	uint64_t hash = siphash24(&key, material, sizeof(material));

	memcpy(out, &hash, 6);
	out[0] = (uint8_t)((out[0] & ~1u) | 2u);
}

bool port_vdev_create(const char *port_name, const char *device, const char *arguments,
		      uint16_t *ethdev_id, struct why *why)
{
	struct why cause;

	eal_messages_clear();
	int result = rte_eal_hotplug_add("vdev", device, arguments);

	if (result != 0) {
		eal_explain(eal_messages(), &cause);
		if (result == -EPERM || result == -EACCES)
			return why_set(why, "port %s: no permission to open it; run as root or give "
					    "the program CAP_NET_RAW", port_name);
		return why_set(why, "port %s: DPDK cannot make %s: %.300s", port_name, device,
			       cause.text);
	}
	if (rte_eth_dev_get_port_by_name(device, ethdev_id) != 0) {
		rte_eal_hotplug_remove("vdev", device);
		return why_set(why, "port %s: DPDK made %s and does not find it", port_name, device);
	}
	return true;
}

static bool create(const struct port_settings *settings, uint32_t index, struct port_device *device,
		   struct why *why)
{
	switch (settings->kind) {
	case PORT_KIND_AF_PACKET:
		return port_af_packet_create(settings, index, device, why);
	case PORT_KIND_AF_XDP:
		return port_af_xdp_create(settings, index, device, why);
	case PORT_KIND_MEMIF:
		return port_memif_create(settings, index, device, why);
	case PORT_KIND_PCI:
		return port_pci_create(settings, index, device, why);
	case PORT_KIND_RING:
		return port_ring_create(settings, index, device, why);
	case PORT_KIND_TAP:
		return port_tap_create(settings, index, device, why);
	}
	return why_set(why, "port %s: unknown kind", settings->name);
}

uint16_t port_buffer_bytes(uint16_t mtu_bytes)
{
	uint32_t bytes = mtu_bytes + AROUND_FRAME_BYTES;

	if (bytes <= BUFFER_LEAST_BYTES)
		return BUFFER_LEAST_BYTES;
	return (uint16_t)((bytes + BUFFER_STEP_BYTES - 1) / BUFFER_STEP_BYTES * BUFFER_STEP_BYTES);
}

/* The MTU that was asked for, else the device's, else Ethernet's; held against one buffer. */
static bool choose_mtu(const struct port_settings *settings, const struct port_device *device,
		       struct rte_mempool *rx_pool, uint16_t *out, struct why *why)
{
	uint32_t room = (uint32_t)rte_pktmbuf_data_room_size(rx_pool) - RTE_PKTMBUF_HEADROOM;
	uint32_t mtu = settings->mtu_bytes;

	if (mtu == 0)
		mtu = device->mtu_bytes ? device->mtu_bytes : 1500;
	if (settings->mtu_bytes && device->mtu_bytes && settings->mtu_bytes > device->mtu_bytes)
		return why_set(why, "port %s: MTU %u is more than the %u of %s; lower it, or "
				    "ip link set dev %s mtu %u",
			       settings->name, mtu, device->mtu_bytes, settings->device,
			       settings->device, mtu);
	if (mtu + ETHERNET_BYTES > room) {
		if (settings->mtu_bytes)
			return why_set(why, "port %s: a frame of MTU %u does not fit a packet buffer "
					    "of %u bytes; lower mtu", settings->name, mtu, room);
		mtu = room - ETHERNET_BYTES;
	}
	*out = (uint16_t)mtu;
	return true;
}

static void fill_netif(struct netif *netif, const struct port_settings *settings,
		       const struct port_device *device, const struct port_caps *caps)
{
	snprintf(netif->name, sizeof(netif->name), "%s", settings->name);
	memcpy(netif->mac, settings->has_mac ? settings->mac : device->mac, 6);
	netif->vrf = settings->vrf;
	netif->vlan = settings->vlan;
	netif->inside = settings->inside;
	netif->probing = settings->probing;
	netif->route_count = settings->route_count;
	memcpy(netif->routes, settings->routes, sizeof(netif->routes));
	netif->tx_multi_segment = caps->tx_multi_segment;
	netif->address_count = settings->address_count;
	memcpy(netif->addresses, settings->addresses, sizeof(netif->addresses));
	netif->has_gateway_v4 = settings->has_gateway_v4;
	netif->has_gateway_v6 = settings->has_gateway_v6;
	netif->gateway_v4 = settings->gateway_v4;
	netif->gateway_v6 = settings->gateway_v6;
}

/* Lanes: queues of one device, or one device each. */
static bool start_lanes(struct port *out, const struct port_settings *settings,
			const struct port_device *device, const struct ethdev_plan *plan,
			uint16_t queues, struct why *why)
{
	struct ethdev_plan one = *plan;

	one.queues = device->ethdev_count > 1 ? 1 : queues;
	for (uint16_t i = 0; i < queues; i++) {
		struct port_lane *lane = &out->lanes[i];

		lane->ethdev_id = device->ethdev_ids[device->ethdev_count > 1 ? i : 0];
		lane->queue = device->ethdev_count > 1 ? 0 : i;
		lane->wait_fd = device->wait_fd;
		if (device->before_start)
			device->before_start();
		if (lane->queue == 0 && !ethdev_start(&ethdev_calls, lane->ethdev_id, &one, why))
			return false;
		if (device->after_start &&
		    !device->after_start(settings, lane->ethdev_id, lane->queue, &lane->wait_fd, why))
			return false;
	}
	out->queues = queues;
	out->wait_fd = out->lanes[0].wait_fd;
	out->missed = device->missed;
	return true;
}

/* As many as the device has, at most as many as asked for. */
static uint16_t choose_queues(const struct port_device *device, const struct port_caps *caps,
			      uint16_t wanted)
{
	uint16_t most = caps->rx_queues < caps->tx_queues ? caps->rx_queues : caps->tx_queues;

	if (device->ethdev_count > 1)
		most = device->ethdev_count;
	if (device->queues_most && most > device->queues_most)
		most = device->queues_most;
	if (most > PORT_LANES_MAX)
		most = PORT_LANES_MAX;
	return wanted < most ? wanted : most;
}

static bool open_device(struct port *out, const struct port_settings *settings,
			const struct port_device *device, uint16_t queues,
			struct rte_mempool *rx_pool, struct why *why)
{
	struct ethdev_plan plan = {.name = settings->name, .device = settings->device,
				   .rx_pool = rx_pool, .rx_interrupts = device->rx_interrupts};
	struct rte_eth_dev_info info;

	if (ethdev_calls.info(device->ethdev_ids[0], &info) != 0)
		return why_set(why, "port %s: the device does not describe itself", settings->name);
	port_caps_read(&out->caps, &info);
	fill_netif(&out->netif, settings, device, &out->caps);
	if (!netif_add_link_local(&out->netif))
		return why_set(why, "port %s: of %u addresses one must be link-local, or leave it a "
				    "place", settings->name, NETIF_ADDRESSES_MAX);
	if (!out->caps.tx_multi_segment && out->ops == &port_ethdev_ops)
		out->ops = &port_ethdev_flat_ops;
	if (!choose_mtu(settings, device, rx_pool, &out->netif.mtu_bytes, why))
		return false;
	plan.mtu_bytes = device->sets_mtu ? out->netif.mtu_bytes : 0;
	if (!start_lanes(out, settings, device, &plan,
			 choose_queues(device, &out->caps, queues), why))
		return false;
	out->plan = plan;
	out->plan.queues = out->queues;
	out->step = device->step;
	if (device->is_watched)
		port_watch(out, &ethdev_calls);
	return true;
}

static void close_device(uint16_t id)
{
	rte_eth_dev_stop(id);
	rte_eth_dev_close(id);
}

bool port_open(struct port *out, const struct port_settings *settings, uint32_t index,
	       uint16_t queues, struct rte_mempool *rx_pool, struct why *why)
{
	struct port_device device = {.wait_fd = -1, .ops = &port_ethdev_ops, .queues_wanted = queues};

	memset(out, 0, sizeof(*out));
	bool made = create(settings, index, &device, why);

	out->ethdev_id = device.ethdev_ids[0];
	out->ops = device.ops;
	if (made && open_device(out, settings, &device, queues, rx_pool, why))
		return true;
	for (uint16_t i = 0; i < device.ethdev_count; i++)
		close_device(device.ethdev_ids[i]);
	return false;
}

/* Whether a lane is the first of its device. */
static bool is_first(const struct port *port, uint16_t i)
{
	return port->lanes[i].queue == 0;
}

void port_close(struct port *port)
{
	for (uint16_t i = 0; i < port->queues; i++)
		if (is_first(port, i))
			close_device(port->lanes[i].ethdev_id);
}

void port_look(struct port *port, struct port_state *out)
{
	struct rte_eth_link link = {0};
	struct rte_eth_stats stats;

	memset(out, 0, sizeof(*out));
	if (rte_eth_link_get_nowait(port->ethdev_id, &link) == 0) {
		out->link_up = link.link_status == RTE_ETH_LINK_UP;
		if (link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
			out->speed_bits_per_second = (uint64_t)link.link_speed * 1000000;
	}
	out->link_downs = port->watch.link_downs;
	out->resets = port->watch.resets;
	out->rss_table_writes = port->rss.table_writes;
	out->rss_state = port->rss.state;
	if (port->missed)
		port->missed_frames += port->missed(port->wait_fd);
	out->rx_missed = port->missed_frames;
	for (uint16_t i = 0; i < port->queues; i++) {
		out->tx_flattened += counter_read(&port->lanes[i].flattened);
		out->tx_unsendable += counter_read(&port->lanes[i].unsendable);
		if (!is_first(port, i) || rte_eth_stats_get(port->lanes[i].ethdev_id, &stats) != 0)
			continue;
		out->rx_missed += stats.imissed;
		out->rx_errors += stats.ierrors;
		out->rx_nombuf += stats.rx_nombuf;
		out->tx_errors += stats.oerrors;
	}
}
