#include "stack/ip/ip_show.h"

#include <string.h>

/* Places of a port's routes under the cursor: addresses, routes, two gateways. */
#define ROUTE_PLACES (NETIF_ADDRESSES_MAX + NETIF_ROUTES_MAX + 2)

uint32_t ip_show_neighbours(const struct ip_layer *ip, uint32_t *cursor, struct ip_show_neighbour *out,
			    uint32_t max)
{
	uint32_t count = 0;

	for (; *cursor < ip->neighbours.slots && count < max; (*cursor)++) {
		const struct neighbour *entry = &ip->neighbours.entries[*cursor];

		if (entry->state == NEIGHBOUR_FREE)
			continue;
		out[count] = (struct ip_show_neighbour){.addr = entry->addr, .netif = entry->netif,
							.has_mac = neighbour_is_resolved(entry),
							.waiting = entry->waiting_count,
							.state = (enum neighbour_state)entry->state};
		memcpy(out[count].mac, entry->eth_header, sizeof(out[count].mac));
		count++;
	}
	return count;
}

/* The network part alone. */
static struct ip_addr masked(const struct ip_addr *addr, unsigned prefix_bits)
{
	unsigned bits = prefix_bits + (ip_addr_is_v4(addr) ? 96u : 0u);
	struct ip_addr out = *addr;

	for (unsigned bit = bits; bit < 128; bit++)
		out.bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return out;
}

static void put_gateway(struct ip_show_route *out, const struct ip_addr *gateway)
{
	out->prefix = masked(gateway, 0);
	out->prefix_bits = 0;
	out->on_link = false;
	out->next_hop = *gateway;
}

/* Whether there is one at this place of the port. */
static bool route_at(const struct netif *netif, uint32_t place, struct ip_show_route *out)
{
	if (place < NETIF_ADDRESSES_MAX) {
		if (place >= netif->address_count)
			return false;
		out->prefix_bits = netif->addresses[place].prefix_bits;
		out->prefix = masked(&netif->addresses[place].addr, out->prefix_bits);
		out->on_link = true;
		out->has_source = true;
		out->source = netif->addresses[place].addr;
		return true;
	}
	place -= NETIF_ADDRESSES_MAX;
	if (place < NETIF_ROUTES_MAX) {
		if (place >= netif->route_count)
			return false;
		out->prefix = netif->routes[place].prefix;
		out->prefix_bits = netif->routes[place].prefix_bits;
		out->on_link = netif->routes[place].on_link;
		out->next_hop = netif->routes[place].next_hop;
		return true;
	}
	bool is_v4 = place == NETIF_ROUTES_MAX;

	if (is_v4 ? !netif->has_gateway_v4 : !netif->has_gateway_v6)
		return false;
	put_gateway(out, is_v4 ? &netif->gateway_v4 : &netif->gateway_v6);
	return true;
}

uint32_t ip_show_routes(const struct ip_layer *ip, uint32_t *cursor, struct ip_show_route *out,
			uint32_t max)
{
	uint32_t count = 0;

	for (; *cursor < ip->netif_count * (uint32_t)ROUTE_PLACES && count < max; (*cursor)++) {
		uint16_t index = (uint16_t)(*cursor / ROUTE_PLACES);
		const struct netif *netif = &ip->netifs[index];
		struct ip_show_route route = {.netif = index, .vrf = netif->vrf,
					      .mtu_bytes = netif->mtu_bytes};

		if (route_at(netif, *cursor % ROUTE_PLACES, &route))
			out[count++] = route;
	}
	return count;
}

uint32_t ip_show_addresses(const struct ip_layer *ip, uint32_t *cursor, struct ip_show_address *out,
			   uint32_t max)
{
	uint32_t count = 0;

	for (; *cursor < ip->dad.count && count < max; (*cursor)++) {
		uint16_t index = (uint16_t)(*cursor / NETIF_ADDRESSES_MAX);
		uint32_t place = *cursor % NETIF_ADDRESSES_MAX;
		const struct netif *netif = &ip->netifs[index];
		const struct dad_entry *entry = &ip->dad.entries[*cursor];

		if (place >= netif->address_count)
			continue;
		uint64_t mac = __atomic_load_n(&entry->other_mac, __ATOMIC_RELAXED);
		struct ip_show_address *to = &out[count++];

		*to = (struct ip_show_address){
			.addr = netif->addresses[place].addr,
			.prefix_bits = netif->addresses[place].prefix_bits,
			.netif = index,
			.vrf = netif->vrf,
			.state = (enum netif_address_state)__atomic_load_n(
				&netif->address_states[place], __ATOMIC_ACQUIRE),
			.conflicts = __atomic_load_n(&entry->conflicts, __ATOMIC_RELAXED),
			.has_other = mac != 0,
		};
		for (unsigned i = 0; i < 6; i++)
			to->other_mac[i] = (uint8_t)(mac >> (40 - 8 * i));
	}
	return count;
}

const char *netif_address_state_name(enum netif_address_state state)
{
	static const char *const names[] = {
		[NETIF_ADDRESS_PREFERRED] = "PREFERRED",
		[NETIF_ADDRESS_OPTIMISTIC] = "OPTIMISTIC",
		[NETIF_ADDRESS_TENTATIVE] = "TENTATIVE",
		[NETIF_ADDRESS_DUPLICATE] = "DUPLICATE",
	};

	return (unsigned)state < ARRAY_LEN(names) ? names[state] : "?";
}
