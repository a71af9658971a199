#include "stack/link/eth.h"

#include <string.h>

#define VLAN_ID_MASK 0xfff

const uint8_t eth_broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static const uint8_t all_hosts_v4[6] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01};
static const uint8_t all_nodes_v6[6] = {0x33, 0x33, 0x00, 0x00, 0x00, 0x01};
static const uint8_t solicited_node_prefix[3] = {0x33, 0x33, 0xff};

static bool is_our_solicited_node(const struct netif *netif, const uint8_t mac[6])
{
	if (memcmp(mac, solicited_node_prefix, sizeof(solicited_node_prefix)) != 0)
		return false;
	for (unsigned i = 0; i < netif->address_count; i++) {
		const struct ip_addr *addr = &netif->addresses[i].addr;

		if (!ip_addr_is_v4(addr) && memcmp(&addr->bytes[13], &mac[3], 3) == 0)
			return true;
	}
	return netif->inside;
}

static bool is_joined_group(const struct netif *netif, const uint8_t *mac)
{
	return memcmp(mac, eth_broadcast, 6) == 0 || memcmp(mac, all_hosts_v4, 6) == 0 ||
	       memcmp(mac, all_nodes_v6, 6) == 0 || is_our_solicited_node(netif, mac);
}

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

enum drop_reason eth_parse(const struct netif *netif, const uint8_t *bytes, uint32_t length_bytes,
			   uint32_t stripped_tag, struct eth_frame *out)
{
	uint32_t tag = stripped_tag;

	if (length_bytes < ETH_HEADER_BYTES)
		return DROP_LINK_RUNT;
	out->type = get16(bytes + 12);
	out->payload_bytes = ETH_HEADER_BYTES;
	if (unlikely_true(out->type == ETH_TYPE_VLAN && tag == ETH_NO_TAG)) {
		if (length_bytes < ETH_HEADER_BYTES_MAX)
			return DROP_LINK_RUNT;
		tag = get16(bytes + 14);
		out->type = get16(bytes + 16);
		out->payload_bytes = ETH_HEADER_BYTES_MAX;
	}
	out->is_group = bytes[0] & 1;
	out->is_of_vlan = (tag == ETH_NO_TAG ? 0 : tag & VLAN_ID_MASK) == netif->vlan;
	if (out->is_group ? !is_joined_group(netif, bytes) : memcmp(bytes, netif->mac, 6) != 0)
		return DROP_LINK_NOT_FOR_US;
	if (unlikely_true(!out->is_of_vlan))
		return DROP_LINK_VLAN;
	return DROP_NONE;
}

static void put16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

void eth_write(uint8_t *to, const struct netif *from, const uint8_t destination[6], uint16_t type)
{
	memcpy(to, destination, 6);
	memcpy(to + 6, from->mac, 6);
	to += 12;
	if (from->vlan) {
		put16(to, ETH_TYPE_VLAN);
		put16(to + 2, from->vlan);
		to += ETH_TAG_BYTES;
	}
	put16(to, type);
}

void eth_group_of_ip6(const struct ip_addr *group, uint8_t mac[6])
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(&mac[2], &group->bytes[12], 4);
}

struct ip_addr ip6_solicited_node(const struct ip_addr *addr)
{
	struct ip_addr group = {.bytes = {0xff, 0x02, [11] = 0x01, [12] = 0xff}};

	memcpy(&group.bytes[13], &addr->bytes[13], 3);
	return group;
}
