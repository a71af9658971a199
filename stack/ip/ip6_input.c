#include <string.h>

#include "stack/ip/ip_header.h"
#include "stack/ip/ip_input.h"
#include "stack/link/eth.h"

#define EXTENSION_HEADERS_MAX 8
#define OPTION_PAD1 0
#define ROUTING_TYPE_0 0

static const struct ip_addr all_nodes = {.bytes = {0xff, 0x02, [15] = 0x01}};
static const struct ip_addr loopback = {.bytes = {[15] = 0x01}};

/* RFC 8200 4.2: an unknown option may be skipped if its two highest bits are 0. */
static bool options_are_skippable(const uint8_t *bytes, unsigned length_bytes)
{
	for (unsigned at = 0; at < length_bytes;) {
		if (bytes[at] == OPTION_PAD1) {
			at++;
			continue;
		}
		if ((bytes[at] & 0xc0) != 0 || at + 2 > length_bytes ||
		    bytes[at + 1] > length_bytes - at - 2)
			return false;
		at += 2u + bytes[at + 1];
	}
	return true;
}

static enum drop_reason check_extension(uint8_t type, const uint8_t *header, unsigned header_bytes,
					bool is_first)
{
	switch (type) {
	case IP6_HOP_BY_HOP:
		if (!is_first) /* RFC 8200 4.1 */
			return DROP_IP6_EXTENSION;
		/* fall through */
	case IP6_DESTINATION_OPTIONS:
		return options_are_skippable(header + 2, header_bytes - 2) ? DROP_NONE
									   : DROP_IP6_EXTENSION;
	default:
		/* Type 0 is refused in any case (RFC 5095), others while segments are left. */
		return header[2] == ROUTING_TYPE_0 || header[3] != 0 ? DROP_IP6_EXTENSION : DROP_NONE;
	}
}

/* Walks to the upper layer: out->l4_offset, l4_bytes and protocol are where it starts. */
static enum drop_reason walk_extensions(const uint8_t *header, uint32_t linear_bytes,
					struct ip_packet *out)
{
	uint8_t next = header[6];
	uint32_t at = IP6_HEADER_BYTES;
	uint32_t end = IP6_HEADER_BYTES + (uint32_t)out->l4_bytes;

	for (unsigned i = 0; next == IP6_HOP_BY_HOP || next == IP6_ROUTING || next == IP6_FRAGMENT ||
			     next == IP6_DESTINATION_OPTIONS;
	     i++) {
		if (i == EXTENSION_HEADERS_MAX)
			return DROP_IP6_EXTENSION;
		if (next == IP6_FRAGMENT)
			return DROP_IP_FRAGMENT;
		if (at + 8 > end)
			return DROP_IP6_MALFORMED;
		if (at + 8 > linear_bytes)
			return DROP_LINK_SPLIT_HEADER;
		unsigned header_bytes = (header[at + 1] + 1u) * 8;

		if (at + header_bytes > end)
			return DROP_IP6_MALFORMED;
		if (at + header_bytes > linear_bytes)
			return DROP_LINK_SPLIT_HEADER;
		enum drop_reason reason = check_extension(next, header + at, header_bytes, i == 0);

		if (reason != DROP_NONE)
			return reason;
		next = header[at];
		at += header_bytes;
	}
	out->protocol = next;
	out->l4_offset = (uint16_t)(out->l3_offset + at);
	out->l4_bytes = (uint16_t)(end - at);
	return DROP_NONE;
}

/* A group of ours: all nodes, or a solicited-node group (RFC 4291 2.8). */
static bool is_joined_group(const struct netif *netif, const struct ip_addr *group)
{
	if (ip_addr_equal(group, &all_nodes))
		return true;
	for (unsigned i = 0; i < netif->address_count; i++) {
		struct ip_addr ours = ip6_solicited_node(&netif->addresses[i].addr);

		if (!ip_addr_is_v4(&netif->addresses[i].addr) && ip_addr_equal(group, &ours))
			return true;
	}
	return false;
}

static enum drop_reason check_addresses(const struct ip_layer *ip, const struct netif *netif,
					bool link_group, struct ip_packet *packet)
{
	const struct ip_addr *source = &packet->source;

	/* Mapped addresses would be taken for IPv4 (RFC 4038 4.2): never on the wire. */
	if (ip_addr_is_v4(&packet->destination))
		return DROP_IP_NOT_FOR_US;
	packet->is_group = ip_addr_is_multicast(&packet->destination);
	if (packet->is_group ? !is_joined_group(netif, &packet->destination)
			     : link_group || !ip_is_ours(ip, netif->vrf, &packet->destination))
		return DROP_IP_NOT_FOR_US;
	if (ip_addr_is_v4(source) || ip_addr_is_multicast(source) ||
	    ip_addr_equal(source, &loopback) || ip_is_ours(ip, netif->vrf, source))
		return DROP_IP_BAD_SOURCE;
	return DROP_NONE;
}

enum drop_reason ip6_input(const struct ip_layer *ip, const struct ip_input_from *from,
			   struct ip_packet *out)
{
	const struct rte_mbuf *mbuf = from->mbuf;
	const struct netif *netif = &ip->netifs[from->netif];
	const uint8_t *header = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, from->l3_offset);
	uint32_t linear_bytes = mbuf->data_len - from->l3_offset;

	if (linear_bytes < IP6_HEADER_BYTES || header[0] >> 4 != 6)
		return DROP_IP6_MALFORMED;
	uint32_t payload_bytes = (uint32_t)header[4] << 8 | header[5];

	if (payload_bytes > mbuf->pkt_len - from->l3_offset - IP6_HEADER_BYTES)
		return DROP_IP6_MALFORMED;
	*out = (struct ip_packet){
		.mbuf = from->mbuf,
		.source = ip_addr_from_v6(header + 8),
		.destination = ip_addr_from_v6(header + 24),
		.l3_offset = from->l3_offset,
		.l4_bytes = (uint16_t)payload_bytes,
		.netif = from->netif,
		.vrf = netif->vrf,
		.hop_limit = header[7],
		.traffic_class = (uint8_t)(header[0] << 4 | header[1] >> 4),
		.is_v6 = 1,
	};
	enum drop_reason reason = check_addresses(ip, netif, from->link_group, out);

	if (reason == DROP_NONE)
		reason = walk_extensions(header, linear_bytes, out);
	if (reason != DROP_NONE)
		return reason;
	/* Only duplicate address detection speaks in the name of nobody (RFC 4291 2.5.2), and only
	 * ICMPv6 is received by groups. */
	if (out->protocol != IP_PROTOCOL_ICMP6 && ip_addr_is_any(&out->source))
		return DROP_IP_BAD_SOURCE;
	if (out->protocol != IP_PROTOCOL_ICMP6 && out->is_group)
		return DROP_IP_NOT_FOR_US;
	return DROP_NONE;
}
