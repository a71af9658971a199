/* From a layer above IP to a frame in the interface's tx queue. */
#ifndef STACK_IP_IP_OUTPUT_H
#define STACK_IP_IP_OUTPUT_H

#include <rte_mbuf.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/drops.h"

struct ip_layer;

/* Where packets of one flow leave; a connection resolves it once and keeps it.  When the routing
 * generation of the layer has changed, ip_output resolves it again by itself. */
struct ip_route {
	struct ip_addr next_hop;
	uint32_t neighbour;      /* index of the neighbour entry, a hint */
	uint32_t generation;
	uint16_t netif;
	uint16_t mtu_bytes;      /* path MTU as far as known */
};

struct ip_output_meta {
	struct ip_addr source;
	struct ip_addr destination;
	uint8_t protocol;
	uint8_t traffic_class;
	uint8_t hop_limit;       /* 0 = default */
};

/* Headroom that a packet handed to ip_output must have in its first segment: Ethernet, one VLAN
 * tag, IPv6. */
#define IP_OUTPUT_HEADROOM_BYTES (14 + 4 + 40)

/* Chooses interface, next hop and, where *source is any, the source address.
 * DROP_IP_NO_ROUTE when there is none. */
MUST_USE enum drop_reason ip_route_resolve(struct ip_layer *ip, uint16_t vrf,
					   const struct ip_addr *destination,
					   struct ip_addr *source, struct ip_route *route);

/* Addresses to speak from on the route: `first`, which ip_route_resolve has chosen, and those of the same
 * port that do as well.  out[NETIF_ADDRESSES_MAX]; returns how many. */
unsigned ip_route_sources(const struct ip_layer *ip, const struct ip_route *route,
			  const struct ip_addr *destination, const struct ip_addr *first,
			  struct ip_addr *out);

/* The layer above has seen forward progress on the route: its next hop hears us (RFC 4861 7.3.1). */
void ip_route_confirm(struct ip_layer *ip, const struct ip_route *route, uint64_t now_ns);

/* Prepends IP and link headers and queues the frame on the interface; a packet whose next hop is
 * not resolved yet waits in the neighbour entry.  mbuf's data starts with the L4 header (its
 * checksum done, or left to the port where netif says so).  Takes the mbuf in every case; drops
 * are counted inside, the result is for those who care. */
enum drop_reason ip_output(struct ip_layer *ip, struct ip_route *route,
			   const struct ip_output_meta *meta, struct rte_mbuf *mbuf, uint64_t now_ns);

#endif
