/* Which way a packet leaves: on-link prefixes first, then a gateway per family. */
#ifndef STACK_IP_IP_ROUTE_H
#define STACK_IP_IP_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ip/ip_layer.h"

/* Whether the first prefix_bits of the family's address agree. */
bool ip_prefix_contains(const struct netif_address *prefix, const struct ip_addr *addr);
/* Whether addr is a direct neighbour on this interface: in a prefix, link-local, or its gateway. */
bool netif_reaches(const struct netif *netif, const struct ip_addr *addr);
/* The own address to speak to `to` from: same family, same scope if there is one, longest common
 * prefix.  NULL: none. */
const struct ip_addr *netif_source_for(const struct netif *netif, const struct ip_addr *to);
/* As ip_route_resolve, for an answer: the interface on which the question came in is tried first. */
MUST_USE enum drop_reason ip_route_reply(struct ip_layer *ip, uint16_t netif,
					 const struct ip_addr *destination, struct ip_route *route);
/* Prepends the neighbour's Ethernet header and queues the frame as data; takes it. */
enum drop_reason ip_send_to_neighbour(struct ip_layer *ip, const struct neighbour *to,
				      struct rte_mbuf *mbuf);

#endif
