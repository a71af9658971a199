#include "dataplane/worker/steer.h"

#include <rte_ethdev.h>

#include "stack/base/compiler.h"
#include "stack/ip/ip_header.h"
#include "stack/link/eth.h"

/* As much as is looked at: link, tags, IP with options or extensions, ICMP, a quoted header. */
#define LOOK_BYTES 256
#define VLAN_TAGS_MAX 2
#define VLAN_TAG_BYTES 4
#define ETH_TYPE_VLAN 0x8100
#define ETH_TYPE_QINQ 0x88a8
#define EXTENSIONS_MAX 8
#define PORTS_BYTES 4
#define ICMP_HEADER_BYTES 8
#define TCP_HEADER_BYTES 20
#define UDP_HEADER_BYTES 8

struct view {
	const uint8_t *bytes;
	uint32_t length_bytes;
};

/* An IP header, told apart: `l4` is where what it carries begins. */
struct located {
	struct ip_addr source;
	struct ip_addr destination;
	uint32_t l4;
	uint32_t end; /* of the packet, by its own length */
	uint8_t protocol;
	bool is_v6;
	bool is_fragment;
	bool has_extensions;
};

static uint32_t get16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t get32(const uint8_t *bytes)
{
	return get16(bytes) << 16 | get16(bytes + 2);
}

static bool locate4(const struct view *view, uint32_t at, struct located *out)
{
	const uint8_t *ip = view->bytes + at;

	if (at + IP4_HEADER_BYTES > view->length_bytes)
		return false;
	out->source = ip_addr_from_v4(get32(ip + 12));
	out->destination = ip_addr_from_v4(get32(ip + 16));
	out->protocol = ip[9];
	out->is_v6 = false;
	out->is_fragment = (get16(ip + 6) & 0x3fff) != 0;
	out->has_extensions = false;
	out->l4 = at + (ip[0] & 0x0f) * 4u;
	out->end = at + get16(ip + 2);
	return ip[0] >> 4 == 4 && (ip[0] & 0x0f) >= 5;
}

static bool is_extension(uint8_t header)
{
	return header == IP6_HOP_BY_HOP || header == IP6_ROUTING || header == IP6_DESTINATION_OPTIONS;
}

static bool locate6(const struct view *view, uint32_t at, struct located *out)
{
	const uint8_t *ip = view->bytes + at;

	if (at + IP6_HEADER_BYTES > view->length_bytes || ip[0] >> 4 != 6)
		return false;
	out->source = ip_addr_from_v6(ip + 8);
	out->destination = ip_addr_from_v6(ip + 24);
	out->is_v6 = true;
	out->is_fragment = false;
	out->protocol = ip[6];
	out->l4 = at + IP6_HEADER_BYTES;
	for (unsigned i = 0; i < EXTENSIONS_MAX && is_extension(out->protocol); i++) {
		if (out->l4 + 2 > view->length_bytes)
			return false;
		out->protocol = view->bytes[out->l4];
		out->l4 += (view->bytes[out->l4 + 1] + 1u) * 8;
	}
	out->is_fragment = out->protocol == IP6_FRAGMENT;
	out->has_extensions = out->protocol != ip[6];
	out->end = at + IP6_HEADER_BYTES + (uint32_t)get16(ip + 4);
	return true;
}

static bool locate(const struct view *view, uint32_t at, bool is_v6, struct located *out)
{
	return is_v6 ? locate6(view, at, out) : locate4(view, at, out);
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IP_PROTOCOL_TCP || protocol == IP_PROTOCOL_UDP;
}

/* The messages that quote a packet of ours (RFC 792, RFC 4443 3). */
static bool is_icmp_error(const struct located *ip, uint8_t type)
{
	if (ip->is_v6)
		return ip->protocol == IP_PROTOCOL_ICMP6 && type >= 1 && type <= 4;
	return ip->protocol == IP_PROTOCOL_ICMP4 && (type == 3 || type == 11 || type == 12);
}

/* As what a device hashes a whole packet of a flow, where there can be no doubt. */
static uint64_t rss_type_of(const struct rte_mbuf *frame, const struct located *ip)
{
	bool is_tcp = ip->protocol == IP_PROTOCOL_TCP;

	if (ip->has_extensions || ip->end > frame->pkt_len ||
	    ip->l4 + (is_tcp ? TCP_HEADER_BYTES : UDP_HEADER_BYTES) > ip->end)
		return 0;
	if (is_tcp)
		return ip->is_v6 ? RTE_ETH_RSS_NONFRAG_IPV6_TCP : RTE_ETH_RSS_NONFRAG_IPV4_TCP;
	return ip->is_v6 ? RTE_ETH_RSS_NONFRAG_IPV6_UDP : RTE_ETH_RSS_NONFRAG_IPV4_UDP;
}

static void set_flow(struct steering *out, const struct located *ip, const uint8_t *ports, bool ours)
{
	uint16_t source_port = (uint16_t)get16(ports), destination_port = (uint16_t)get16(ports + 2);

	out->kind = STEER_FLOW;
	out->key = ours ? (struct flow_key){.local = ip->source, .remote = ip->destination,
					    .local_port = source_port, .remote_port = destination_port}
			: (struct flow_key){.local = ip->destination, .remote = ip->source,
					    .local_port = destination_port, .remote_port = source_port};
}

static void find_flow(const struct rte_mbuf *frame, const struct view *view, uint32_t at, bool is_v6,
		      struct steering *out)
{
	struct located ip, quoted;

	if (!locate(view, at, is_v6, &ip))
		return;
	if (ip.is_fragment) {
		out->kind = STEER_FRAGMENT;
		out->key = (struct flow_key){.local = ip.destination, .remote = ip.source};
		return;
	}
	if (ip.l4 + PORTS_BYTES > view->length_bytes)
		return;
	if (likely_true(has_ports(ip.protocol))) {
		set_flow(out, &ip, view->bytes + ip.l4, false);
		out->rss_type = rss_type_of(frame, &ip);
		return;
	}
	if (!is_icmp_error(&ip, view->bytes[ip.l4]) ||
	    !locate(view, ip.l4 + ICMP_HEADER_BYTES, is_v6, &quoted) || quoted.is_fragment ||
	    !has_ports(quoted.protocol) || quoted.l4 + PORTS_BYTES > view->length_bytes)
		return;
	set_flow(out, &quoted, view->bytes + quoted.l4, true);
}

void steer_look(const struct rte_mbuf *frame, struct steering *out)
{
	struct view view = {rte_pktmbuf_mtod(frame, const uint8_t *), frame->data_len};
	uint8_t joined[LOOK_BYTES];
	uint32_t at = 12;

	out->kind = STEER_HERE;
	out->hash = 0;
	out->rss_type = 0;
	if (unlikely_true(frame->nb_segs > 1 && frame->data_len < LOOK_BYTES)) {
		view.length_bytes = frame->pkt_len < LOOK_BYTES ? frame->pkt_len : LOOK_BYTES;
		view.bytes = rte_pktmbuf_read(frame, 0, view.length_bytes, joined);
	}
	for (unsigned tags = 0; at + 2 <= view.length_bytes; tags++, at += VLAN_TAG_BYTES) {
		uint32_t type = get16(view.bytes + at);

		if (type == ETH_TYPE_IP4 || type == ETH_TYPE_IP6) {
			find_flow(frame, &view, at + 2, type == ETH_TYPE_IP6, out);
			if (tags > 1)
				out->rss_type = 0;
			break;
		}
		if ((type != ETH_TYPE_VLAN && type != ETH_TYPE_QINQ) || tags == VLAN_TAGS_MAX)
			break;
	}
}

uint32_t steer_hash(const struct toeplitz *toeplitz, const struct steering *steering)
{
	if (steering->kind == STEER_FLOW)
		return steer_flow_hash(toeplitz, &steering->key);
	return steering->kind == STEER_FRAGMENT
		       ? toeplitz_addresses(toeplitz, &steering->key.remote, &steering->key.local)
		       : 0;
}

void steer_frame(const struct toeplitz *toeplitz, const struct rte_mbuf *frame,
		 struct steering *out)
{
	steer_look(frame, out);
	out->hash = steer_hash(toeplitz, out);
}

uint32_t steer_flow_hash(const struct toeplitz *toeplitz, const struct flow_key *key)
{
	return toeplitz_flow(toeplitz, &key->remote, &key->local, key->remote_port, key->local_port);
}
