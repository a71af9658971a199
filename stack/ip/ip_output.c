#include "stack/ip/ip_output.h"

#include <string.h>

#include "stack/ip/ip_header.h"
#include "stack/ip/ip_layer.h"
#include "stack/ip/ip_route.h"
#include "stack/link/frame.h"

/* Puts the IP header in front; false when there is no headroom. */
static bool prepend_ip(const struct netif *netif, const struct ip_output_meta *meta,
		       struct rte_mbuf *mbuf)
{
	uint16_t payload_bytes = (uint16_t)mbuf->pkt_len;

	if (ip_addr_is_v4(&meta->destination)) {
		uint8_t *header = (uint8_t *)rte_pktmbuf_prepend(mbuf, IP4_HEADER_BYTES);

		if (!header)
			return false;
		ip4_header_write(header, meta, payload_bytes, !netif->tx_checksum_ip4);
		if (netif->tx_checksum_ip4)
			mbuf->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
		mbuf->ol_flags |= RTE_MBUF_F_TX_IPV4;
		mbuf->l3_len = IP4_HEADER_BYTES;
	} else {
		uint8_t *header = (uint8_t *)rte_pktmbuf_prepend(mbuf, IP6_HEADER_BYTES);

		if (!header)
			return false;
		ip6_header_write(header, meta, payload_bytes);
		mbuf->ol_flags |= RTE_MBUF_F_TX_IPV6;
		mbuf->l3_len = IP6_HEADER_BYTES;
	}
	mbuf->l2_len = eth_header_bytes(netif);
	return true;
}

enum drop_reason ip_send_to_neighbour(struct ip_layer *ip, const struct neighbour *to,
				      struct rte_mbuf *mbuf)
{
	uint8_t *header = (uint8_t *)rte_pktmbuf_prepend(mbuf, to->eth_header_bytes);

	if (unlikely_true(!header))
		return ip_drop(ip, mbuf, DROP_MBUF_EMPTY);
	memcpy(header, to->eth_header, ETH_HEADER_BYTES);
	if (unlikely_true(to->eth_header_bytes > ETH_HEADER_BYTES))
		memcpy(header + ETH_HEADER_BYTES, to->eth_header + ETH_HEADER_BYTES, ETH_TAG_BYTES);
	if (unlikely_true(mbuf->nb_segs > 1 && !ip->netifs[to->netif].tx_multi_segment)) {
		struct rte_mbuf *whole = frame_linearise(mbuf, ip->header_pool);

		if (!whole)
			return ip_drop(ip, mbuf, DROP_MBUF_EMPTY);
		mbuf = whole;
	}
	if (unlikely_true(!tx_queue_push_data(&ip->tx[to->netif], mbuf)))
		return ip_drop(ip, mbuf, DROP_TX_QUEUE_FULL);
	return DROP_NONE;
}

enum drop_reason ip_output(struct ip_layer *ip, struct ip_route *route,
			   const struct ip_output_meta *meta, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	if (unlikely_true(route->generation != ip->generation)) {
		struct ip_addr source = meta->source;
		uint16_t vrf = ip->netifs[route->netif].vrf;

		if (ip_route_resolve(ip, vrf, &meta->destination, &source, route) != DROP_NONE)
			return ip_drop(ip, mbuf, DROP_IP_NO_ROUTE);
	}
	const struct netif *netif = &ip->netifs[route->netif];
	uint32_t header_bytes = ip_addr_is_v4(&meta->destination) ? IP4_HEADER_BYTES
								  : IP6_HEADER_BYTES;

	if (unlikely_true(mbuf->pkt_len + header_bytes > netif->mtu_bytes))
		return ip_drop(ip, mbuf, DROP_IP_TOO_BIG);
	if (unlikely_true(!prepend_ip(netif, meta, mbuf)))
		return ip_drop(ip, mbuf, DROP_MBUF_EMPTY);
	const struct neighbour *to =
		neighbour_ready(&ip->neighbours, route->neighbour, route->netif, &route->next_hop);

	if (unlikely_true(!to)) {
		enum drop_reason verdict;

		if (!neighbour_resolve(&ip->neighbours, route->netif, &route->next_hop,
				       &route->neighbour, mbuf, &verdict, now_ns))
			return verdict;
		to = &ip->neighbours.entries[route->neighbour];
	}
	return ip_send_to_neighbour(ip, to, mbuf);
}

void ip_route_confirm(struct ip_layer *ip, const struct ip_route *route, uint64_t now_ns)
{
	neighbour_confirm(&ip->neighbours, route->neighbour, route->netif, &route->next_hop, now_ns);
}
