#include "stack/ip/resolver.h"

#include <string.h>

#include "stack/base/checksum.h"
#include "stack/ip/ip_header.h"
#include "stack/ip/ip_route.h"
#include "stack/ip/ip_source.h"
#include "stack/link/arp.h"
#include "stack/link/frame.h"
#include "stack/link/nd.h"

static const struct ip_addr nobody4 = {.bytes = {[10] = 0xff, 0xff}};
static const struct ip_addr nobody6;
static const struct ip_addr all_nodes = {.bytes = {0xff, 0x02, [15] = 0x01}};

static void send_arp(struct ip_layer *ip, uint16_t netif, const uint8_t destination[6],
		     const struct arp_message *message)
{
	const struct netif *from = &ip->netifs[netif];
	uint16_t link_bytes = eth_header_bytes(from);
	struct rte_mbuf *frame = frame_new(ip->header_pool, link_bytes + ARP_BYTES);

	if (!frame) {
		drop_count(ip->drops, DROP_MBUF_EMPTY);
		return;
	}
	uint8_t *bytes = rte_pktmbuf_mtod(frame, uint8_t *);

	eth_write(bytes, from, destination, ETH_TYPE_ARP);
	arp_write(bytes + link_bytes, message);
	ip_send_control(ip, netif, frame);
}

static void send_nd(struct ip_layer *ip, uint16_t netif, const uint8_t destination_mac[6],
		    const struct ip_output_meta *meta, const struct nd_message *message)
{
	const struct netif *from = &ip->netifs[netif];
	uint16_t link_bytes = eth_header_bytes(from);
	uint16_t message_bytes = nd_message_bytes(message);
	struct rte_mbuf *frame =
		frame_new(ip->header_pool, link_bytes + IP6_HEADER_BYTES + message_bytes);

	if (!frame) {
		drop_count(ip->drops, DROP_MBUF_EMPTY);
		return;
	}
	uint8_t *bytes = rte_pktmbuf_mtod(frame, uint8_t *);
	uint8_t *icmp = bytes + link_bytes + IP6_HEADER_BYTES;

	eth_write(bytes, from, destination_mac, ETH_TYPE_IP6);
	ip6_header_write(bytes + link_bytes, meta, message_bytes);
	nd_write(icmp, message);
	uint64_t sum = checksum_add_pseudo_header(0, &meta->source, &meta->destination,
						  IP_PROTOCOL_ICMP6, message_bytes);
	uint16_t checksum = checksum_finish(checksum_add(sum, icmp, message_bytes));

	memcpy(icmp + 2, &checksum, sizeof(checksum));
	ip_send_control(ip, netif, frame);
}

static bool is_preferred(const struct netif *netif, const struct ip_addr *addr)
{
	unsigned index = netif_find(netif, addr);

	return index != NETIF_NO_ADDRESS &&
	       netif->address_states[index] == NETIF_ADDRESS_PREFERRED;
}

static void ask_arp(struct ip_layer *ip, uint16_t netif, const struct ip_addr *source,
		    const struct ip_addr *target, const uint8_t *unicast_mac)
{
	struct arp_message question = {.op = ARP_REQUEST, .sender = *source, .target = *target};

	memcpy(question.sender_mac, ip->netifs[netif].mac, 6);
	send_arp(ip, netif, unicast_mac ? unicast_mac : eth_broadcast, &question);
}

static void ask_nd(struct ip_layer *ip, uint16_t netif, const struct ip_addr *source,
		   const struct ip_addr *target, const uint8_t *unicast_mac)
{
	/* With our MAC even while the address is optimistic, against RFC 4429 3.2: hosts don't answer a
	 * question to a group that lacks it, so that a port in use could open nothing for a second. */
	struct nd_message question = {.type = ND_NEIGHBOUR_SOLICITATION,
				      .has_mac = !ip_addr_is_any(source),
				      .target = *target};
	struct ip_output_meta meta = {.source = *source,
				      .destination = unicast_mac ? *target : ip6_solicited_node(target),
				      .protocol = IP_PROTOCOL_ICMP6,
				      .hop_limit = ND_HOP_LIMIT};
	uint8_t group_mac[6];

	eth_group_of_ip6(&meta.destination, group_mac);
	memcpy(question.mac, ip->netifs[netif].mac, 6);
	send_nd(ip, netif, unicast_mac ? unicast_mac : group_mac, &meta, &question);
}

static void solicit(void *context, uint16_t netif, const struct ip_addr *addr,
		    const uint8_t *unicast_mac)
{
	struct ip_layer *ip = context;
	const struct ip_addr *source = netif_source_for(&ip->netifs[netif], addr);

	/* A port without an address asks as nobody (RFC 5227 2.1.1), which hosts answer. */
	if (!source && ip_addr_is_v4(addr))
		source = &nobody4;
	if (!source)
		return;
	if (ip_addr_is_v4(addr))
		ask_arp(ip, netif, source, addr, unicast_mac);
	else
		ask_nd(ip, netif, source, addr, unicast_mac);
}

static void send_waiting(void *context, const struct neighbour *to, struct rte_mbuf *mbuf)
{
	ip_send_to_neighbour(context, to, mbuf);
}

static void learnt(void *context, const struct neighbour_news *news)
{
	struct ip_layer *ip = context;

	if (ip->neighbour_news)
		ip->neighbour_news(ip->neighbour_news_context, news);
}

const struct neighbour_ops resolver_neighbour_ops = {
	.solicit = solicit, .send = send_waiting, .learnt = learnt};

/* Whether the host at addr could be a next hop of ours; others get no entry. */
static bool worth_learning(const struct netif *netif, const struct ip_addr *addr)
{
	return !ip_addr_is_any(addr) && netif_reaches(netif, addr);
}

/* Whether an inside port answers for the target: it stands in front of every host but those that are
 * on its own side (RFC 1027, RFC 4861 7.2.8). */
static bool is_proxied(struct ip_layer *ip, uint16_t netif, const struct ip_addr *asker,
		       const struct ip_addr *target)
{
	if (!ip->netifs[netif].inside || !ip_could_be_a_host(target) || ip_addr_is_any(asker) ||
	    ip_addr_equal(asker, target) ||
	    netif_find(&ip->netifs[netif], target) != NETIF_NO_ADDRESS)
		return false;
	uint32_t index = neighbour_find(&ip->neighbours, netif, target);

	return index == NEIGHBOUR_NONE || !neighbour_is_resolved(&ip->neighbours.entries[index]);
}

static bool is_own_mac(const struct ip_layer *ip, uint16_t netif, const uint8_t *mac)
{
	return memcmp(mac, ip->netifs[netif].mac, 6) == 0;
}

/* RFC 5227 2.1.1 and 2.4: does another host use or want an address of ours? */
static enum drop_reason arp_conflict(struct ip_layer *ip, uint16_t netif, const struct arp_message *in,
				     uint64_t now_ns)
{
	bool is_probe = ip_addr_equal(&in->sender, &nobody4) && in->op == ARP_REQUEST;
	unsigned index = netif_find(&ip->netifs[netif], is_probe ? &in->target : &in->sender);

	if (index == NETIF_NO_ADDRESS)
		return DROP_NONE;
	if (is_own_mac(ip, netif, in->sender_mac))
		return DROP_ARP_LOOPED;
	dad_heard(ip, netif, index, in->sender_mac, is_probe ? DAD_PROBED : DAD_CLAIMED, now_ns);
	return is_probe ? DROP_NONE : DROP_ARP_CONFLICT;
}

/* RFC 826, "Packet Reception". */
enum drop_reason resolver_arp_input(struct ip_layer *ip, uint16_t netif_index, const uint8_t *bytes,
				    uint32_t length_bytes, uint64_t now_ns)
{
	const struct netif *netif = &ip->netifs[netif_index];
	struct arp_message in;
	enum drop_reason reason = arp_parse(bytes, length_bytes, &in);

	if (reason != DROP_NONE)
		return reason;
	reason = arp_conflict(ip, netif_index, &in, now_ns);
	if (reason != DROP_NONE)
		return reason;
	bool for_us = netif_owns(netif, &in.target) ||
		      (in.op == ARP_REQUEST && is_proxied(ip, netif_index, &in.sender, &in.target));
	bool answers_us = in.op == ARP_REPLY && for_us && memcmp(in.target_mac, netif->mac, 6) == 0;
	struct neighbour_learning learning = {
		.word = answers_us ? NEIGHBOUR_ANSWERED : NEIGHBOUR_MENTIONED,
		.may_create = for_us && in.op == ARP_REQUEST,
		.may_override = true,
	};

	if (worth_learning(netif, &in.sender))
		neighbour_learn(&ip->neighbours, netif_index, &in.sender, in.sender_mac, &learning,
				now_ns);
	if (for_us && in.op == ARP_REQUEST) {
		struct arp_message answer = {.op = ARP_REPLY, .sender = in.target,
					     .target = in.sender};

		memcpy(answer.sender_mac, netif->mac, 6);
		memcpy(answer.target_mac, in.sender_mac, 6);
		send_arp(ip, netif_index, in.sender_mac, &answer);
	}
	return DROP_NONE;
}

/* RFC 4861 7.2.3 and 7.2.4. */
static enum drop_reason solicitation(struct ip_layer *ip, const struct ip_packet *packet,
				     const struct nd_message *in, uint64_t now_ns)
{
	const struct netif *netif = &ip->netifs[packet->netif];
	const uint8_t *frame_mac = rte_pktmbuf_mtod_offset(packet->mbuf, const uint8_t *, 6);
	bool is_probe = ip_addr_is_any(&packet->source);
	unsigned index = netif_find(netif, &in->target);
	uint8_t to_mac[6];

	if (is_probe && index != NETIF_NO_ADDRESS) {
		if (is_own_mac(ip, packet->netif, frame_mac))
			return DROP_ARP_LOOPED;
		dad_heard(ip, packet->netif, index, frame_mac, DAD_PROBED, now_ns);
	}

	bool proxied = is_proxied(ip, packet->netif, &packet->source, &in->target);

	if (!proxied && !netif_owns(netif, &in->target))
		return DROP_IP_NOT_FOR_US;
	if (!is_probe && in->has_mac && worth_learning(netif, &packet->source)) {
		struct neighbour_learning learning = {.word = NEIGHBOUR_MENTIONED, .may_create = true,
						      .may_override = true};

		neighbour_learn(&ip->neighbours, packet->netif, &packet->source, in->mac, &learning,
				now_ns);
	}
	struct nd_message answer = {.type = ND_NEIGHBOUR_ADVERTISEMENT, .solicited = !is_probe,
				    .override = is_preferred(netif, &in->target), .has_mac = true,
				    .target = in->target};
	struct ip_output_meta meta = {.source = in->target,
				      .destination = is_probe ? all_nodes : packet->source,
				      .protocol = IP_PROTOCOL_ICMP6,
				      .hop_limit = ND_HOP_LIMIT};

	/* Back to where the frame came from, unless it asks in the name of nobody. */
	if (is_probe)
		eth_group_of_ip6(&all_nodes, to_mac);
	else if (in->has_mac)
		memcpy(to_mac, in->mac, 6);
	else
		memcpy(to_mac, frame_mac, 6);
	memcpy(answer.mac, netif->mac, 6);
	send_nd(ip, packet->netif, to_mac, &meta, &answer);
	return DROP_NONE;
}

/* RFC 4861 7.2.5. */
static enum drop_reason advertisement(struct ip_layer *ip, const struct ip_packet *packet,
				      const struct nd_message *in, uint64_t now_ns)
{
	const uint8_t *from = in->has_mac ? in->mac
					  : rte_pktmbuf_mtod_offset(packet->mbuf, const uint8_t *, 6);
	unsigned index = netif_find(&ip->netifs[packet->netif], &in->target);

	if (index != NETIF_NO_ADDRESS) {
		if (is_own_mac(ip, packet->netif, from))
			return DROP_ARP_LOOPED;
		dad_heard(ip, packet->netif, index, from, DAD_CLAIMED, now_ns);
		return DROP_ARP_CONFLICT;
	}
	if (!in->has_mac)
		return DROP_NONE;
	struct neighbour_learning learning = {
		.word = in->solicited ? NEIGHBOUR_ANSWERED : NEIGHBOUR_MENTIONED,
		.may_create = false,
		.may_override = in->override,
	};

	neighbour_learn(&ip->neighbours, packet->netif, &in->target, in->mac, &learning, now_ns);
	return DROP_NONE;
}

enum drop_reason resolver_nd_input(struct ip_layer *ip, const struct ip_packet *packet,
				   const uint8_t *message, uint64_t now_ns)
{
	struct nd_message in;
	enum drop_reason reason = nd_parse(packet, message, &in);

	if (reason != DROP_NONE)
		return reason;
	return in.type == ND_NEIGHBOUR_SOLICITATION ? solicitation(ip, packet, &in, now_ns)
						    : advertisement(ip, packet, &in, now_ns);
}

void resolver_probe(struct ip_layer *ip, uint16_t netif, const struct ip_addr *addr)
{
	if (ip_addr_is_v4(addr))
		ask_arp(ip, netif, &nobody4, addr, NULL);
	else
		ask_nd(ip, netif, &nobody6, addr, NULL);
}

void resolver_announce(struct ip_layer *ip, uint16_t netif, const struct ip_addr *addr)
{
	if (ip_addr_is_v4(addr)) {
		ask_arp(ip, netif, addr, addr, NULL);
		return;
	}
	struct nd_message news = {.type = ND_NEIGHBOUR_ADVERTISEMENT,
				  .override = is_preferred(&ip->netifs[netif], addr),
				  .has_mac = true, .target = *addr};
	struct ip_output_meta meta = {.source = *addr, .destination = all_nodes,
				      .protocol = IP_PROTOCOL_ICMP6, .hop_limit = ND_HOP_LIMIT};
	uint8_t group_mac[6];

	memcpy(news.mac, ip->netifs[netif].mac, 6);
	eth_group_of_ip6(&all_nodes, group_mac);
	send_nd(ip, netif, group_mac, &meta, &news);
}
