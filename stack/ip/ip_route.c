#include "stack/ip/ip_route.h"

#include "stack/ip/ip_prefix.h"
#include "stack/ip/ip_source.h"

/* How well a way leads to an address: 0 not at all, else by the length of the prefix that covers it,
 * and among equals the link before a next hop. */
#define SCORE_NONE 0u
#define SCORE_OF(prefix_bits, on_link) (1 + 2 * (unsigned)(prefix_bits) + (on_link))

struct way {
	unsigned score;
	const struct ip_addr *next_hop; /* NULL: the destination itself */
};

static void offer(struct way *best, unsigned score, const struct ip_addr *next_hop)
{
	if (score > best->score)
		*best = (struct way){score, next_hop};
}

/* A next hop is on the link even where no prefix says so. */
static bool is_next_hop(const struct netif *netif, const struct ip_addr *addr)
{
	if (netif->has_gateway_v4 && ip_addr_equal(&netif->gateway_v4, addr))
		return true;
	if (netif->has_gateway_v6 && ip_addr_equal(&netif->gateway_v6, addr))
		return true;
	for (unsigned i = 0; i < netif->route_count; i++)
		if (!netif->routes[i].on_link && ip_addr_equal(&netif->routes[i].next_hop, addr))
			return true;
	return false;
}

/* RFC 1812 5.2.4.3: the longest match. */
static struct way way_on(const struct netif *netif, const struct ip_addr *addr)
{
	struct way best = {SCORE_NONE, NULL};
	bool is_v4 = ip_addr_is_v4(addr);

	if (is_v4 && netif->has_gateway_v4)
		offer(&best, SCORE_OF(0, false), &netif->gateway_v4);
	if (!is_v4 && netif->has_gateway_v6)
		offer(&best, SCORE_OF(0, false), &netif->gateway_v6);
	for (unsigned i = 0; i < netif->address_count; i++)
		if (ip_prefix_covers(&netif->addresses[i].addr, netif->addresses[i].prefix_bits, addr))
			offer(&best, SCORE_OF(netif->addresses[i].prefix_bits, true), NULL);
	for (unsigned i = 0; i < netif->route_count; i++) {
		const struct netif_route *route = &netif->routes[i];

		if (ip_prefix_covers(&route->prefix, route->prefix_bits, addr))
			offer(&best, SCORE_OF(route->prefix_bits, route->on_link),
			      route->on_link ? NULL : &route->next_hop);
	}
	if ((best.score == SCORE_NONE || best.next_hop) && is_next_hop(netif, addr))
		best = (struct way){SCORE_OF(is_v4 ? 32 : 128, true), NULL};
	return best;
}

bool netif_reaches(const struct netif *netif, const struct ip_addr *addr)
{
	struct way way;

	if (ip_addr_is_link_local(addr))
		return true;
	way = way_on(netif, addr);
	return way.score != SCORE_NONE && !way.next_hop;
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

static bool finds_no_way(const struct ip_layer *ip, uint16_t vrf, const struct ip_addr *destination)
{
	return ip_addr_is_any(destination) || ip_addr_is_multicast(destination) ||
	       ip_is_ours(ip, vrf, destination);
}

enum drop_reason ip_route_resolve(struct ip_layer *ip, uint16_t vrf,
				  const struct ip_addr *destination, struct ip_addr *source,
				  struct ip_route *route)
{
	bool choose_source = ip_addr_is_any(source);
	struct way best = {SCORE_NONE, NULL};
	uint16_t best_netif = 0;

	if (finds_no_way(ip, vrf, destination))
		return DROP_IP_NO_ROUTE;
	for (uint16_t i = 0; i < ip->netif_count; i++) {
		const struct netif *netif = &ip->netifs[i];
		struct way way = {SCORE_NONE, NULL};

		if (netif->vrf == vrf)
			way = way_on(netif, destination);
		if (way.score == SCORE_NONE)
			continue;
		/* Among equals the one that owns the source (RFC 1122 3.3.4.2). */
		way.score = way.score * 2 + (!choose_source && netif_owns(netif, source));
		if (way.score > best.score) {
			best = way;
			best_netif = i;
		}
	}
	if (best.score == SCORE_NONE)
		return DROP_IP_NO_ROUTE;
	if (choose_source) {
		const struct ip_addr *own = netif_source_for(&ip->netifs[best_netif], destination);

		if (!own)
			return DROP_IP_NO_ROUTE;
		*source = *own;
	}
	fill(ip, best_netif, best.next_hop ? best.next_hop : destination, route);
	return DROP_NONE;
}

unsigned ip_route_sources(const struct ip_layer *ip, const struct ip_route *route,
			  const struct ip_addr *destination, const struct ip_addr *first,
			  struct ip_addr *out)
{
	return netif_sources_like(&ip->netifs[route->netif], destination, first, out);
}

enum drop_reason ip_route_reply(struct ip_layer *ip, uint16_t netif_index,
				const struct ip_addr *destination, struct ip_route *route)
{
	const struct netif *netif = &ip->netifs[netif_index];
	struct ip_addr source = *destination;

	if (ip_addr_is_link_local(destination)) {
		fill(ip, netif_index, destination, route);
		return DROP_NONE;
	}
	struct way way = way_on(netif, destination);

	if (way.score != SCORE_NONE) {
		fill(ip, netif_index, way.next_hop ? way.next_hop : destination, route);
		return DROP_NONE;
	}
	return ip_route_resolve(ip, netif->vrf, destination, &source, route);
}
