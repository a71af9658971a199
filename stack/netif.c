#include "stack/netif.h"

#define LINK_LOCAL_PREFIX_BITS 64
#define UNIVERSAL_BIT 0x02

static struct ip_addr link_local_of(const uint8_t mac[6])
{
	return (struct ip_addr){.bytes = {0xfe, 0x80, [8] = mac[0] ^ UNIVERSAL_BIT, mac[1], mac[2],
					  0xff, 0xfe, mac[3], mac[4], mac[5]}};
}

bool netif_add_link_local(struct netif *netif)
{
	bool speaks_v6 = false;

	for (unsigned i = 0; i < netif->address_count; i++) {
		const struct ip_addr *addr = &netif->addresses[i].addr;

		if (ip_addr_is_link_local(addr))
			return true;
		speaks_v6 = speaks_v6 || !ip_addr_is_v4(addr);
	}
	if (!speaks_v6)
		return true;
	if (netif->address_count == NETIF_ADDRESSES_MAX)
		return false;
	netif->addresses[netif->address_count++] =
		(struct netif_address){link_local_of(netif->mac), LINK_LOCAL_PREFIX_BITS};
	return true;
}
