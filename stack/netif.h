/* An interface as the stack sees it: what the port can do, and which addresses are ours on it.
 * Filled by the composition root before the worker starts.  Each worker has a copy of its own, and
 * writes nothing in it but the states of addresses. */
#ifndef STACK_NETIF_H
#define STACK_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"

#define NETIF_ADDRESSES_MAX 16
#define NETIF_ROUTES_MAX 64

/* RFC 4862 5.4, RFC 4429, RFC 5227 */
enum netif_address_state {
	NETIF_ADDRESS_PREFERRED,  /* ours */
	NETIF_ADDRESS_OPTIMISTIC, /* in use, while others are asked whether they have it too */
	NETIF_ADDRESS_TENTATIVE,  /* not in use, while others are asked */
	NETIF_ADDRESS_DUPLICATE,  /* not in use: another host has it */
};

/* How a port finds out whether its addresses are its own. */
enum netif_probing {
	NETIF_PROBES_NOT,
	NETIF_PROBES_MEANWHILE, /* uses them from the start */
	NETIF_PROBES_FIRST,
};

struct netif_address {
	struct ip_addr addr;
	uint8_t prefix_bits; /* 0..32 for IPv4, 0..128 for IPv6 */
};

/* RFC 4291 2.3: what the prefix covers goes to the next hop, or is on the link itself. */
struct netif_route {
	struct ip_addr prefix;
	uint8_t prefix_bits;
	bool on_link;
	struct ip_addr next_hop; /* of the prefix's family */
};

struct netif {
	char name[32];
	uint8_t mac[6];
	uint16_t vrf;
	uint16_t mtu_bytes;          /* of the IP packet */
	uint16_t vlan;               /* 802.1Q id of all its frames, 1..4094; 0 = they have no tag */
	uint8_t probing;             /* enum netif_probing */
	bool inside;                 /* takes every destination, and answers ARP and ND for them */
	bool has_exception;          /* what is nobody's here goes to the kernel (ip/exception.h) */
	bool tx_multi_segment;       /* else frames are linearised before they leave */
	bool tx_checksum_ip4;        /* the port fills in the IPv4 header checksum */
	bool tx_checksum_tcp;        /* and the TCP one */
	bool rx_checksum_known;      /* ol_flags tell whether checksums were right */
	uint8_t address_count;
	struct netif_address addresses[NETIF_ADDRESSES_MAX];
	uint8_t address_states[NETIF_ADDRESSES_MAX]; /* enum netif_address_state */
	bool has_gateway_v4;
	bool has_gateway_v6;
	struct ip_addr gateway_v4;
	struct ip_addr gateway_v6;
	uint8_t route_count;
	struct netif_route routes[NETIF_ROUTES_MAX];
};

static inline bool netif_address_is_usable(const struct netif *netif, unsigned index)
{
	return netif->address_states[index] <= NETIF_ADDRESS_OPTIMISTIC;
}

/* An interface that speaks IPv6 needs a link-local address (RFC 4862 5.3): neighbours ask from theirs,
 * and may be asked from ours.  Adds the one of its MAC (RFC 4291 appendix A) where there are IPv6
 * addresses, but none of that scope; false when there is no place left for it. */
MUST_USE bool netif_add_link_local(struct netif *netif);

#endif
