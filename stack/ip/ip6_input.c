#include <string.h>

#include "stack/ip/ip_header.h"
#include "stack/ip/ip_input.h"
#include "stack/ip/ip_prefix.h"
#include "stack/link/eth.h"

#define EXTENSION_HEADERS_MAX 8
#define OPTION_PAD1 0
#define SOLICITED_NODE_BITS 104
#define ROUTING_TYPE_0 0

static const struct ip_addr all_nodes = {.bytes = {0xff, 0x02, [15] = 0x01}};
static const struct ip_addr solicited_nodes = {.bytes = {0xff, 0x02, [11] = 0x01, [12] = 0xff}};
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

/* A walk along the headers behind the IPv6 header. */
struct walk {
	const uint8_t *header; /* the IPv6 header */
	uint32_t linear_bytes;
	uint32_t at;           /* where the header `next` starts */
	uint32_t end;
	uint8_t next;
	unsigned steps;
};

static bool is_extension(uint8_t type)
{
	return type == IP6_HOP_BY_HOP || type == IP6_ROUTING || type == IP6_FRAGMENT ||
	       type == IP6_DESTINATION_OPTIONS;
}

/* Passes extension headers, up to a Fragment header or the upper layer. */
static enum drop_reason walk(struct walk *w)
{
	while (is_extension(w->next)) {
		if (w->steps == EXTENSION_HEADERS_MAX)
			return DROP_IP6_EXTENSION;
		if (w->at + 8 > w->end)
			return DROP_IP6_MALFORMED;
		if (w->at + 8 > w->linear_bytes)
			return DROP_LINK_SPLIT_HEADER;
		if (w->next == IP6_FRAGMENT)
			break;
		unsigned header_bytes = (w->header[w->at + 1] + 1u) * 8;

		if (w->at + header_bytes > w->end)
			return DROP_IP6_MALFORMED;
		if (w->at + header_bytes > w->linear_bytes)
			return DROP_LINK_SPLIT_HEADER;
		enum drop_reason reason = check_extension(w->next, w->header + w->at, header_bytes,
							  w->steps == 0);

		if (reason != DROP_NONE)
			return reason;
		w->next = w->header[w->at];
		w->at += header_bytes;
		w->steps++;
	}
	return DROP_NONE;
}

static uint32_t upper_header_bytes(uint8_t protocol)
{
	return protocol == IP_PROTOCOL_TCP ? 20 : protocol == IP_PROTOCOL_UDP ||
						  protocol == IP_PROTOCOL_ICMP6 ? 8 : 0;
}

/* RFC 8200 4.5.  At a Fragment header: passes that of an atomic fragment (RFC 6946), which needs no
 * reassembly, and describes any other in *out. */
static enum drop_reason take_fragment_header(struct walk *w, struct ip_packet *out)
{
	const uint8_t *header = w->header + w->at;
	unsigned field = (unsigned)header[2] << 8 | header[3];

	if (out->was_fragmented)
		return DROP_IP6_EXTENSION;
	out->was_fragmented = 1;
	w->next = header[0];
	w->at += 8;
	w->steps++;
	if ((field & 0xfff9) == 0)
		return DROP_NONE;
	out->is_fragment = 1;
	out->more_fragments = field & 1;
	out->fragment_offset = (uint16_t)(field & 0xfff8);
	out->fragment_id = (uint32_t)header[4] << 24 | (uint32_t)header[5] << 16 |
			   (uint32_t)header[6] << 8 | header[7];
	out->l4_offset = (uint16_t)(out->l3_offset + w->at);
	out->l4_bytes = (uint16_t)(w->end - w->at);
	out->protocol = w->next;
	if (out->fragment_offset > 0)
		return DROP_NONE;
	/* RFC 7112 5: the first one has all headers, so that filters see them. */
	enum drop_reason reason = walk(w);

	if (reason == DROP_IP6_MALFORMED ||
	    (reason == DROP_NONE && w->at + upper_header_bytes(w->next) > w->end))
		return DROP_IP_FRAGMENT_TINY;
	return w->next == IP6_FRAGMENT ? DROP_IP6_EXTENSION : reason;
}

/* Walks to the upper layer: out->l4_offset, l4_bytes and protocol are where it starts. */
static enum drop_reason walk_extensions(const uint8_t *header, uint32_t linear_bytes,
					struct ip_packet *out)
{
	struct walk w = {.header = header, .linear_bytes = linear_bytes, .at = IP6_HEADER_BYTES,
			 .end = IP6_HEADER_BYTES + (uint32_t)out->l4_bytes, .next = header[6]};
	enum drop_reason reason = walk(&w);

	if (reason == DROP_NONE && w.next == IP6_FRAGMENT) {
		reason = take_fragment_header(&w, out);
		if (reason != DROP_NONE || out->is_fragment)
			return reason;
		reason = walk(&w);
		if (w.next == IP6_FRAGMENT)
			return DROP_IP6_EXTENSION;
	}
	if (reason != DROP_NONE)
		return reason;
	out->protocol = w.next;
	out->l4_offset = (uint16_t)(out->l3_offset + w.at);
	out->l4_bytes = (uint16_t)(w.end - w.at);
	return DROP_NONE;
}

/* A group of ours: all nodes, or a solicited-node group (RFC 4291 2.8). */
static bool is_joined_group(const struct netif *netif, const struct ip_addr *group)
{
	if (ip_addr_equal(group, &all_nodes) ||
	    (netif->inside && ip_common_bits(group, &solicited_nodes) >= SOLICITED_NODE_BITS))
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
			     : link_group || !ip_accepts(ip, packet->netif, &packet->destination))
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

	uint32_t there_bytes = mbuf->pkt_len - from->l3_offset;

	if (payload_bytes > there_bytes - IP6_HEADER_BYTES)
		return there_bytes >= netif->mtu_bytes ? DROP_IP_CUT : DROP_IP6_MALFORMED;
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
		/* What was put together from fragments is no fragment again. */
		.was_fragmented = mbuf->packet_type == IP_PACKET_REASSEMBLED,
	};
	enum drop_reason reason = check_addresses(ip, netif, from->link_group, out);

	if (reason == DROP_NONE)
		reason = walk_extensions(header, linear_bytes, out);
	if (reason != DROP_NONE || out->is_fragment)
		return reason;
	/* Only duplicate address detection speaks in the name of nobody (RFC 4291 2.5.2), and only
	 * ICMPv6 is received by groups. */
	if (out->protocol != IP_PROTOCOL_ICMP6 && ip_addr_is_any(&out->source))
		return DROP_IP_BAD_SOURCE;
	if (out->protocol != IP_PROTOCOL_ICMP6 && out->is_group)
		return DROP_IP_NOT_FOR_US;
	return DROP_NONE;
}
