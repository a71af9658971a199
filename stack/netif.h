/* An interface as the stack sees it: what the port can do, and which addresses are ours on it.
 * Filled by the composition root before the worker starts; read-only and shared afterwards. */
#ifndef STACK_NETIF_H
#define STACK_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"

#define NETIF_ADDRESSES_MAX 16

struct netif_address {
	struct ip_addr addr;
	uint8_t prefix_bits; /* 0..32 for IPv4, 0..128 for IPv6 */
};

struct netif {
	char name[32];
	uint8_t mac[6];
	uint16_t vrf;
	uint16_t mtu_bytes;          /* of the IP packet */
	bool tx_multi_segment;       /* else frames are linearised before they leave */
	bool tx_checksum_ip4;        /* the port fills in the IPv4 header checksum */
	bool tx_checksum_tcp;        /* and the TCP one */
	bool rx_checksum_known;      /* ol_flags tell whether checksums were right */
	uint8_t address_count;
	struct netif_address addresses[NETIF_ADDRESSES_MAX];
	bool has_gateway_v4;
	bool has_gateway_v6;
	struct ip_addr gateway_v4;
	struct ip_addr gateway_v6;
};

/* An interface that speaks IPv6 needs a link-local address (RFC 4862 5.3): neighbours ask from theirs,
 * and may be asked from ours.  Adds the one of its MAC (RFC 4291 appendix A) where there are IPv6
 * addresses, but none of that scope; false when there is no place left for it. */
MUST_USE bool netif_add_link_local(struct netif *netif);

#endif
