#include "stack/ip/ip_source.h"

#include "stack/base/compiler.h"
#include "stack/ip/ip_prefix.h"

/* RFC 4007 5, by the values of multicast scopes (RFC 4291 2.7). */
enum scope {
	SCOPE_LINK = 2,
	SCOPE_SITE = 5,
	SCOPE_GLOBAL = 14,
};

/* RFC 6724 2.1; precedences serve the choice of destinations only, which is the gateway's. */
static const struct {
	struct ip_addr prefix;
	uint8_t prefix_bits;
	uint8_t label;
} policies[] = {
	{{.bytes = {[15] = 1}}, 128, 0},
	{{.bytes = {[10] = 0xff, 0xff}}, 96, 4},
	{{.bytes = {0}}, 96, 3},
	{{.bytes = {0x20, 0x01}}, 32, 5},
	{{.bytes = {0x20, 0x02}}, 16, 2},
	{{.bytes = {0x3f, 0xfe}}, 16, 12},
	{{.bytes = {0xfe, 0xc0}}, 10, 11},
	{{.bytes = {0xfc}}, 7, 13},
};
#define LABEL_OF_ALL 1

/* The first that matches is the longest: none of them lies within one that follows. */
static unsigned label_of(const struct ip_addr *addr)
{
	for (unsigned i = 0; i < ARRAY_LEN(policies); i++)
		if (ip_common_bits(&policies[i].prefix, addr) >= policies[i].prefix_bits)
			return policies[i].label;
	return LABEL_OF_ALL;
}

/* RFC 6724 3.1 and 3.2 */
static enum scope scope_of(const struct ip_addr *addr)
{
	if (ip_addr_is_v4(addr))
		return (addr->bytes[12] == 169 && addr->bytes[13] == 254) || addr->bytes[12] == 127
			       ? SCOPE_LINK
			       : SCOPE_GLOBAL;
	if (ip_addr_is_multicast(addr))
		return (enum scope)(addr->bytes[1] & 15);
	if (ip_addr_is_link_local(addr))
		return SCOPE_LINK;
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0xc0 ? SCOPE_SITE : SCOPE_GLOBAL;
}

static unsigned matching_bits(const struct netif_address *source, const struct ip_addr *to)
{
	unsigned prefix_bits = source->prefix_bits + (ip_addr_is_v4(&source->addr) ? 96u : 0u);
	unsigned common = ip_common_bits(&source->addr, to);

	return common < prefix_bits ? common : prefix_bits;
}

static bool is_near(const struct netif_address *source, const struct ip_addr *to)
{
	return ip_prefix_covers(&source->addr, source->prefix_bits, to);
}

/* Whether address a is to be preferred to b; the order of the rules is that of RFC 6724 5.  Rules 4, 5
 * and 7 do not apply: no home addresses, one interface, no temporary addresses. */
static bool is_better(const struct netif *netif, unsigned a, unsigned b, const struct ip_addr *to)
{
	const struct ip_addr *addr_a = &netif->addresses[a].addr, *addr_b = &netif->addresses[b].addr;
	enum scope scope_a = scope_of(addr_a), scope_b = scope_of(addr_b), scope = scope_of(to);
	bool same_a = ip_addr_equal(addr_a, to), same_b = ip_addr_equal(addr_b, to);

	if (same_a != same_b) /* rule 1 */
		return same_a;
	if (scope_a != scope_b) /* rule 2 */
		return scope_a < scope_b ? scope_a >= scope : scope_b < scope;
	/* Rule 3; an optimistic address counts as deprecated (RFC 4429 3.1). */
	if (netif->address_states[a] != netif->address_states[b])
		return netif->address_states[a] == NETIF_ADDRESS_PREFERRED;
	bool label_a = label_of(addr_a) == label_of(to), label_b = label_of(addr_b) == label_of(to);

	if (label_a != label_b) /* rule 6 */
		return label_a;
	/* Rule 8, superseded as it may be: the address whose own link the destination is on. */
	bool near_a = is_near(&netif->addresses[a], to), near_b = is_near(&netif->addresses[b], to);

	if (near_a != near_b)
		return near_a;
	return matching_bits(&netif->addresses[a], to) > matching_bits(&netif->addresses[b], to);
}

const struct ip_addr *netif_source_for(const struct netif *netif, const struct ip_addr *to)
{
	unsigned best = NETIF_ADDRESSES_MAX;

	for (unsigned i = 0; i < netif->address_count; i++) {
		if (!netif_address_is_usable(netif, i) ||
		    ip_addr_is_v4(&netif->addresses[i].addr) != ip_addr_is_v4(to))
			continue;
		if (best == NETIF_ADDRESSES_MAX || is_better(netif, i, best, to))
			best = i;
	}
	return best < NETIF_ADDRESSES_MAX ? &netif->addresses[best].addr : NULL;
}

unsigned netif_sources_like(const struct netif *netif, const struct ip_addr *to,
			    const struct ip_addr *first, struct ip_addr *out)
{
	struct netif_address link = {.addr = *first};
	unsigned count = 0;

	for (unsigned i = 0; i < netif->address_count; i++)
		if (ip_addr_equal(&netif->addresses[i].addr, first))
			link = netif->addresses[i];
	out[count++] = *first;
	for (unsigned i = 0; i < netif->address_count && count < NETIF_ADDRESSES_MAX; i++) {
		const struct netif_address *other = &netif->addresses[i];

		if (netif_address_is_usable(netif, i) && !ip_addr_equal(&other->addr, first) &&
		    ip_addr_is_v4(&other->addr) == ip_addr_is_v4(first) &&
		    scope_of(&other->addr) == scope_of(first) &&
		    label_of(&other->addr) == label_of(first) &&
		    is_near(other, to) == is_near(&link, to))
			out[count++] = other->addr;
	}
	return count;
}
