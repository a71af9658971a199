/* Ethernet II frames (RFC 894, RFC 2464).
 *
 *     +------------------+-------------+-----------+----------
 *     | destination (6)  | source (6)  | type (2)  | payload
 *     +------------------+-------------+-----------+----------
 *
 * On a port with a VLAN an 802.1Q tag stands before the type, in frames that come (unless the device
 * has taken it off) and in those that leave:
 *
 *     | destination (6)  | source (6)  | 0x8100 (2) | priority (3 bits), 0, id (12 bits) | type (2) | */
#ifndef STACK_LINK_ETH_H
#define STACK_LINK_ETH_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/netif.h"

#define ETH_HEADER_BYTES 14
#define ETH_TAG_BYTES 4
#define ETH_HEADER_BYTES_MAX (ETH_HEADER_BYTES + ETH_TAG_BYTES)
#define ETH_TYPE_VLAN 0x8100
#define ETH_NO_TAG UINT32_MAX
#define ETH_TYPE_IP4 0x0800
#define ETH_TYPE_ARP 0x0806
#define ETH_TYPE_IP6 0x86dd

struct eth_frame {
	uint16_t type;         /* host order */
	bool is_group;         /* sent to broadcast or to a multicast group */
	bool is_of_vlan;       /* the port's */
	uint8_t payload_bytes; /* offset of what follows the header */
};

/* Accepts frames of the port's VLAN to our MAC, to broadcast, to 224.0.0.1 and ff02::1, and to the
 * solicited-node groups of our IPv6 addresses (RFC 4291 2.7.1), of all where the port is inside.  A
 * tag with id 0 tells a priority and no VLAN (802.1Q 6.9.1).  stripped_tag: the tag that the device
 * has taken off, or ETH_NO_TAG. */
MUST_USE enum drop_reason eth_parse(const struct netif *netif, const uint8_t *bytes,
				    uint32_t length_bytes, uint32_t stripped_tag,
				    struct eth_frame *out);
static inline uint8_t eth_header_bytes(const struct netif *netif)
{
	return netif->vlan ? ETH_HEADER_BYTES_MAX : ETH_HEADER_BYTES;
}
/* Writes the eth_header_bytes of a frame from this port. */
void eth_write(uint8_t *to, const struct netif *from, const uint8_t destination[6], uint16_t type);
/* 33:33 and the last four bytes of the group (RFC 2464 7). */
void eth_group_of_ip6(const struct ip_addr *group, uint8_t mac[6]);
/* ff02::1:ffxx:xxxx (RFC 4291 2.7.1). */
struct ip_addr ip6_solicited_node(const struct ip_addr *addr);

extern const uint8_t eth_broadcast[6];

#endif
