#include "stack/ip/ip_route.h"

#include <string.h>

/* Order of preference of a way; 1 + prefix bits for an on-link prefix. */
#define SCORE_NONE 0u
#define SCORE_GATEWAY 1u
#define SCORE_PREFIX 2u

static unsigned common_bits(const struct ip_addr *a, const struct ip_addr *b)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned difference = a->bytes[i] ^ b->bytes[i];

		if (difference)
			return i * 8 + (unsigned)__builtin_clz(difference) - 24;
	}
	return 128;
}

bool ip_prefix_contains(const struct netif_address *prefix, const struct ip_addr *addr)
{
	bool is_v4 = ip_addr_is_v4(addr);

	if (ip_addr_is_v4(&prefix->addr) != is_v4)
		return false;
	return common_bits(&prefix->addr, addr) >= prefix->prefix_bits + (is_v4 ? 96u : 0u);
}

static const struct ip_addr *gateway_for(const struct netif *netif, const struct ip_addr *addr)
{
	if (ip_addr_is_v4(addr))
		return netif->has_gateway_v4 ? &netif->gateway_v4 : NULL;
	return netif->has_gateway_v6 ? &netif->gateway_v6 : NULL;
}

/* RFC 6724 5: the scope decides (rule 2), then the longest common prefix (rule 8). */
const struct ip_addr *netif_source_for(const struct netif *netif, const struct ip_addr *to)
{
	const struct ip_addr *best = NULL;
	unsigned best_points = 0;

	for (unsigned i = 0; i < netif->address_count; i++) {
		const struct ip_addr *addr = &netif->addresses[i].addr;
		bool same_scope = ip_addr_is_link_local(addr) == ip_addr_is_link_local(to);
		unsigned points = common_bits(addr, to) + (same_scope ? 256 : 0);

		if (ip_addr_is_v4(addr) != ip_addr_is_v4(to) || (best && points <= best_points))
			continue;
		best = addr;
		best_points = points;
	}
	return best;
}

/* How well this interface leads to addr; sets *next_hop where it does. */
static unsigned score_on(const struct netif *netif, const struct ip_addr *addr,
			 struct ip_addr *next_hop)
{
	const struct ip_addr *gateway = gateway_for(netif, addr);
	unsigned best = SCORE_NONE;

	for (unsigned i = 0; i < netif->address_count; i++) {
		const struct netif_address *prefix = &netif->addresses[i];

		if (ip_prefix_contains(prefix, addr) && best < SCORE_PREFIX + prefix->prefix_bits)
			best = SCORE_PREFIX + prefix->prefix_bits;
	}
	if (best == SCORE_NONE && gateway && ip_addr_equal(gateway, addr))
		best = SCORE_PREFIX;
	if (best != SCORE_NONE) {
		*next_hop = *addr;
	} else if (gateway) {
		*next_hop = *gateway;
		best = SCORE_GATEWAY;
	}
	return best;
}

bool netif_reaches(const struct netif *netif, const struct ip_addr *addr)
{
	struct ip_addr next_hop;

	return ip_addr_is_link_local(addr) || score_on(netif, addr, &next_hop) >= SCORE_PREFIX;
}

static void fill(const struct ip_layer *ip, uint16_t netif, const struct ip_addr *next_hop,
		 struct ip_route *route)
{
	*route = (struct ip_route){.next_hop = *next_hop,
				   .neighbour = neighbour_find(&ip->neighbours, netif, next_hop),
				   .generation = ip->generation,
				   .netif = netif,
				   .mtu_bytes = ip->netifs[netif].mtu_bytes};
}

enum drop_reason ip_route_resolve(struct ip_layer *ip, uint16_t vrf,
				  const struct ip_addr *destination, struct ip_addr *source,
				  struct ip_route *route)
{
	bool choose_source = ip_addr_is_any(source);
	struct ip_addr next_hop = {0};
	unsigned best = SCORE_NONE;
	uint16_t best_netif = 0;

	if (ip_addr_is_any(destination) || ip_addr_is_multicast(destination) ||
	    ip_is_ours(ip, vrf, destination))
		return DROP_IP_NO_ROUTE;
	for (uint16_t i = 0; i < ip->netif_count; i++) {
		const struct netif *netif = &ip->netifs[i];
		struct ip_addr hop;
		unsigned score = netif->vrf == vrf ? score_on(netif, destination, &hop) : SCORE_NONE;

		if (score == SCORE_NONE)
			continue;
		/* Among equals the one that owns the source (RFC 1122 3.3.4.2). */
		score = score * 2 + (!choose_source && netif_owns(netif, source));
		if (score > best) {
			best = score;
			best_netif = i;
			next_hop = hop;
		}
	}
	if (best == SCORE_NONE)
		return DROP_IP_NO_ROUTE;
	if (choose_source) {
		const struct ip_addr *own = netif_source_for(&ip->netifs[best_netif], destination);

		if (!own)
			return DROP_IP_NO_ROUTE;
		*source = *own;
	}
	fill(ip, best_netif, &next_hop, route);
	return DROP_NONE;
}

enum drop_reason ip_route_reply(struct ip_layer *ip, uint16_t netif_index,
				const struct ip_addr *destination, struct ip_route *route)
{
	const struct netif *netif = &ip->netifs[netif_index];
	struct ip_addr next_hop, source = *destination;

	if (ip_addr_is_link_local(destination)) {
		fill(ip, netif_index, destination, route);
		return DROP_NONE;
	}
	if (score_on(netif, destination, &next_hop) != SCORE_NONE) {
		fill(ip, netif_index, &next_hop, route);
		return DROP_NONE;
	}
	return ip_route_resolve(ip, netif->vrf, destination, &source, route);
}
