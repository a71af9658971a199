/* Ethernet II frames (RFC 894, RFC 2464).
 *
 *     +------------------+-------------+-----------+----------
 *     | destination (6)  | source (6)  | type (2)  | payload
 *     +------------------+-------------+-----------+----------
 *
 * A VLAN tag will be taken off here, before the type is looked at. */
#ifndef STACK_LINK_ETH_H
#define STACK_LINK_ETH_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/netif.h"

#define ETH_HEADER_BYTES 14
#define ETH_TYPE_IP4 0x0800
#define ETH_TYPE_ARP 0x0806
#define ETH_TYPE_IP6 0x86dd

struct eth_frame {
	uint16_t type;         /* host order */
	bool is_group;         /* sent to broadcast or to a multicast group */
	uint8_t payload_bytes; /* offset of what follows the header */
};

/* Accepts frames to our MAC, to broadcast, to 224.0.0.1 and ff02::1, and to the solicited-node
 * groups of our IPv6 addresses (RFC 4291 2.7.1). */
MUST_USE enum drop_reason eth_parse(const struct netif *netif, const uint8_t *bytes,
				    uint32_t length_bytes, struct eth_frame *out);
/* Writes ETH_HEADER_BYTES. */
void eth_write(uint8_t *to, const uint8_t destination[6], const uint8_t source[6], uint16_t type);
/* 33:33 and the last four bytes of the group (RFC 2464 7). */
void eth_group_of_ip6(const struct ip_addr *group, uint8_t mac[6]);
/* ff02::1:ffxx:xxxx (RFC 4291 2.7.1). */
struct ip_addr ip6_solicited_node(const struct ip_addr *addr);

extern const uint8_t eth_broadcast[6];

#endif
