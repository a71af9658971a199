/* Which of our addresses to speak from: RFC 6724 5, for a port whose turn it is (the route has chosen
 * it).  IPv4 takes part as RFC 6724 3.2 says, by its mapped form. */
#ifndef STACK_IP_IP_SOURCE_H
#define STACK_IP_IP_SOURCE_H

#include "stack/base/addr.h"
#include "stack/netif.h"

/* NULL: the port has no address of the family that may be used. */
const struct ip_addr *netif_source_for(const struct netif *netif, const struct ip_addr *to);

/* `first`, and those that do as well where `first` cannot be used: of its scope and label, on the link of
 * the destination if it is, whatever their prefix has in common with the destination (rule 8).  Returns
 * how many, at most NETIF_ADDRESSES_MAX. */
unsigned netif_sources_like(const struct netif *netif, const struct ip_addr *to,
			    const struct ip_addr *first, struct ip_addr *out);

#endif
