#include "dataplane/port/port_ethdev.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/eal.h"
#include "stack/base/siphash.h"

#define DESCRIPTORS 1024
#define ETHERNET_BYTES (14 + 4)

static uint32_t ethdev_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	return rte_eth_rx_burst(port->ethdev_id, queue, frames, (uint16_t)max);
}

static uint32_t ethdev_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames,
			  uint32_t count)
{
	return rte_eth_tx_burst(port->ethdev_id, queue, frames, (uint16_t)count);
}

const struct port_ops port_ethdev_ops = {.rx = ethdev_rx, .tx = ethdev_tx};

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
	case PORT_KIND_MEMIF:
		return port_memif_create(settings, index, device, why);
	case PORT_KIND_RING:
		return port_ring_create(settings, index, device, why);
	}
	return why_set(why, "port %s: unknown kind", settings->name);
}

static uint16_t clamp_descriptors(const struct rte_eth_desc_lim *limit)
{
	uint16_t n = DESCRIPTORS;

	if (limit->nb_max && n > limit->nb_max)
		n = limit->nb_max;
	return n < limit->nb_min ? limit->nb_min : n;
}

static bool start(uint16_t id, const struct port_settings *settings,
		  const struct rte_eth_dev_info *info, uint16_t queues, struct rte_mempool *rx_pool,
		  struct why *why)
{
	struct rte_eth_conf conf = {0};
	int result;

	/* Checksums stay in software unless the device can do all that netif says it does. */
	conf.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	eal_messages_clear();
	result = rte_eth_dev_configure(id, queues, queues, &conf);
	for (uint16_t q = 0; result == 0 && q < queues; q++) {
		int socket = rte_eth_dev_socket_id(id);

		result = rte_eth_rx_queue_setup(id, q, clamp_descriptors(&info->rx_desc_lim),
						(unsigned)socket, NULL, rx_pool);
		if (result == 0)
			result = rte_eth_tx_queue_setup(id, q, clamp_descriptors(&info->tx_desc_lim),
							(unsigned)socket, NULL);
	}
	if (result == 0)
		result = rte_eth_dev_start(id);
	if (result == 0)
		return true;
	struct why cause;

	eal_explain(eal_messages(), &cause);
	return why_set(why, "port %s: %s does not start (%s): %.300s", settings->name,
		       settings->device, rte_strerror(-result), cause.text);
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
		       const struct port_device *device, const struct rte_eth_dev_info *info)
{
	snprintf(netif->name, sizeof(netif->name), "%s", settings->name);
	memcpy(netif->mac, settings->has_mac ? settings->mac : device->mac, 6);
	netif->vrf = settings->vrf;
	netif->tx_multi_segment = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	netif->address_count = settings->address_count;
	memcpy(netif->addresses, settings->addresses, sizeof(netif->addresses));
	netif->has_gateway_v4 = settings->has_gateway_v4;
	netif->has_gateway_v6 = settings->has_gateway_v6;
	netif->gateway_v4 = settings->gateway_v4;
	netif->gateway_v6 = settings->gateway_v6;
}

bool port_open(struct port *out, const struct port_settings *settings, uint32_t index,
	       uint16_t queues, struct rte_mempool *rx_pool, struct why *why)
{
	struct port_device device = {.wait_fd = -1, .ops = &port_ethdev_ops};
	struct rte_eth_dev_info info;

	memset(out, 0, sizeof(*out));
	if (!create(settings, index, &device, why))
		return false;
	out->ethdev_id = device.ethdev_id;
	out->wait_fd = device.wait_fd;
	out->ops = device.ops;
	if (rte_eth_dev_info_get(device.ethdev_id, &info) != 0) {
		why_set(why, "port %s: the device does not describe itself", settings->name);
		goto failed;
	}
	if (queues > info.max_rx_queues || queues > info.max_tx_queues) {
		why_set(why, "port %s: %u queues asked for, the device has %u", settings->name, queues,
			info.max_rx_queues < info.max_tx_queues ? info.max_rx_queues :
								  info.max_tx_queues);
		goto failed;
	}
	fill_netif(&out->netif, settings, &device, &info);
	if (!netif_add_link_local(&out->netif)) {
		why_set(why, "port %s: of %u addresses one must be link-local, or leave it a place",
			settings->name, NETIF_ADDRESSES_MAX);
		goto failed;
	}
	if (!choose_mtu(settings, &device, rx_pool, &out->netif.mtu_bytes, why) ||
	    !start(device.ethdev_id, settings, &info, queues, rx_pool, why))
		goto failed;
	return true;
failed:
	rte_eth_dev_close(device.ethdev_id);
	return false;
}

void port_close(struct port *port)
{
	rte_eth_dev_stop(port->ethdev_id);
	rte_eth_dev_close(port->ethdev_id);
}

void port_look(const struct port *port, struct port_state *out)
{
	struct rte_eth_link link = {0};
	struct rte_eth_stats stats;

	memset(out, 0, sizeof(*out));
	if (rte_eth_link_get_nowait(port->ethdev_id, &link) == 0) {
		out->link_up = link.link_status == RTE_ETH_LINK_UP;
		if (link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
			out->speed_bits_per_second = (uint64_t)link.link_speed * 1000000;
	}
	if (rte_eth_stats_get(port->ethdev_id, &stats) == 0) {
		out->rx_missed = stats.imissed;
		out->rx_errors = stats.ierrors;
		out->rx_nombuf = stats.rx_nombuf;
		out->tx_errors = stats.oerrors;
	}
}
