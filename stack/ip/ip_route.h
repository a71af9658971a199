/* Which way a packet leaves: the longest prefix that covers its destination, over all ports of the vrf.
 * Prefixes are those of a port's addresses, of its routes, and 0 for its default gateways. */
#ifndef STACK_IP_IP_ROUTE_H
#define STACK_IP_IP_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ip/ip_layer.h"

/* Whether addr is a direct neighbour on this interface: in a prefix, link-local, or a next hop of it. */
bool netif_reaches(const struct netif *netif, const struct ip_addr *addr);
/* As ip_route_resolve, for an answer: the interface on which the question came in is tried first. */
MUST_USE enum drop_reason ip_route_reply(struct ip_layer *ip, uint16_t netif,
					 const struct ip_addr *destination, struct ip_route *route);
/* Prepends the neighbour's Ethernet header and queues the frame as data; takes it. */
enum drop_reason ip_send_to_neighbour(struct ip_layer *ip, const struct neighbour *to,
				      struct rte_mbuf *mbuf);

#endif
