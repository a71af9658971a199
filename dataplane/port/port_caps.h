/* What a device says that it can do, read once when its port opens; where it can't, software does it.
 *
 *     multi-segment tx   else port_tx_flat.c copies a chain into one buffer
 *     checksums          told, not used: the stack computes and verifies them itself, because
 *                        drivers claim what they do only for some frames (tap, af_packet)
 *     scatter            else no frame longer than one buffer is received, which bounds the MTU
 *     RSS                used where the self-test passes (port_rss.h), else dispatch by software
 *     VLAN               else the stack reads and writes the tag
 *
 * Pure. */
#ifndef DATAPLANE_PORT_PORT_CAPS_H
#define DATAPLANE_PORT_PORT_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_eth_dev_info;

struct port_caps {
	char driver[24];
	bool tx_multi_segment;
	bool tx_checksum; /* of IPv4, TCP and UDP, all of them */
	bool rx_checksum;
	bool rx_scatter;
	bool vlan_strip;
	bool vlan_insert;
	uint16_t mtu_most_bytes; /* UINT16_MAX = the device sets no limit */
	uint16_t rx_queues;      /* at most */
	uint16_t tx_queues;
	uint16_t rss_key_bytes;  /* 0 = no RSS */
	uint16_t reta_size;      /* 0 = no RSS, or a table that can't be set */
	uint64_t rss_types;      /* RTE_ETH_RSS_… */
};

void port_caps_read(struct port_caps *out, const struct rte_eth_dev_info *info);
/* "net_tap: multi-segment tx, checksums tx rx, …"; returns text. */
const char *port_caps_format(const struct port_caps *caps, char *text, size_t bytes);

#endif
