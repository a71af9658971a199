#include "dataplane/port/port_caps.h"

#include <rte_ethdev.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stack/base/compiler.h"

#define TX_CHECKSUM \
	(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM)

static bool has(uint64_t offered, uint64_t wanted)
{
	return (offered & wanted) == wanted;
}

void port_caps_read(struct port_caps *out, const struct rte_eth_dev_info *info)
{
	*out = (struct port_caps){
		.tx_multi_segment = has(info->tx_offload_capa, RTE_ETH_TX_OFFLOAD_MULTI_SEGS),
		.tx_checksum = has(info->tx_offload_capa, TX_CHECKSUM),
		.rx_checksum = has(info->rx_offload_capa, RTE_ETH_RX_OFFLOAD_CHECKSUM),
		.rx_scatter = has(info->rx_offload_capa, RTE_ETH_RX_OFFLOAD_SCATTER),
		.vlan_strip = has(info->rx_offload_capa, RTE_ETH_RX_OFFLOAD_VLAN_STRIP),
		.vlan_insert = has(info->tx_offload_capa, RTE_ETH_TX_OFFLOAD_VLAN_INSERT),
		.mtu_most_bytes = info->max_mtu ? info->max_mtu : UINT16_MAX,
		.rx_queues = info->max_rx_queues,
		.tx_queues = info->max_tx_queues,
		.rss_types = info->flow_type_rss_offloads,
	};
	snprintf(out->driver, sizeof(out->driver), "%s", info->driver_name ? info->driver_name : "?");
	/* A driver without hash types has no RSS, whatever else it says. */
	if (out->rss_types) {
		out->rss_key_bytes = info->hash_key_size;
		out->reta_size = info->reta_size;
	}
}

static size_t add(char *text, size_t bytes, size_t n, const char *format, ...) PRINTF_LIKE(4, 5);
static size_t add(char *text, size_t bytes, size_t n, const char *format, ...)
{
	va_list args;

	if (n >= bytes)
		return n;
	va_start(args, format);
	n += (size_t)vsnprintf(text + n, bytes - n, format, args);
	va_end(args);
	return n;
}

const char *port_caps_format(const struct port_caps *caps, char *text, size_t bytes)
{
	size_t n = add(text, bytes, 0, "%s: %s", caps->driver,
		       caps->tx_multi_segment ? "multi-segment tx" : "one segment tx");

	if (caps->tx_checksum || caps->rx_checksum)
		n = add(text, bytes, n, ", checksums%s%s (done by software)",
			caps->tx_checksum ? " tx" : "", caps->rx_checksum ? " rx" : "");
	if (caps->rx_scatter)
		n = add(text, bytes, n, ", scatter");
	if (caps->vlan_strip || caps->vlan_insert)
		n = add(text, bytes, n, ", VLAN%s%s", caps->vlan_strip ? " strip" : "",
			caps->vlan_insert ? " insert" : "");
	if (caps->mtu_most_bytes != UINT16_MAX)
		n = add(text, bytes, n, ", MTU up to %u", caps->mtu_most_bytes);
	n = add(text, bytes, n, ", %u rx and %u tx queue%s", caps->rx_queues, caps->tx_queues,
		caps->tx_queues == 1 ? "" : "s");
	if (caps->rss_types)
		add(text, bytes, n, ", RSS with a key of %u bytes and a table of %u",
		    caps->rss_key_bytes, caps->reta_size);
	else
		add(text, bytes, n, ", no RSS");
	return text;
}
