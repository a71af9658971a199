#include "stack/ip/exception.h"

#include <string.h>

#include "stack/base/planted.h"
#include "stack/ip/ip_layer.h"
#include "stack/ip/ip_packet.h"
#include "stack/link/arp.h"

#define SOURCE_MAC_OFFSET 6

bool exception_give(const struct ip_layer *ip, uint16_t netif, struct rte_mbuf *frame,
		    enum exception_rank rank, uint64_t now_ns)
{
	const struct netif *in = &ip->netifs[netif];
	const uint8_t *source = rte_pktmbuf_mtod_offset(frame, const uint8_t *, SOURCE_MAC_OFFSET);

	if (likely_true(!in->has_exception))
		return false;
	/* A wire that sends back what it is given must not make the kernel answer itself. */
	if (memcmp(source, in->mac, sizeof(in->mac)) == 0)
		return false;
	ip->exception(ip->exception_context, netif, frame, rank, now_ns);
	return true;
}

/* An address that is being probed, or that another host has, is not the kernel's either. */
static bool is_free(const struct netif *netif, const struct ip_addr *addr)
{
	return netif_find(netif, addr) == NETIF_NO_ADDRESS;
}

bool exception_give_foreign(const struct ip_layer *ip, const struct ip_packet *packet, uint64_t now_ns)
{
	return is_free(&ip->netifs[packet->netif], &packet->destination) &&
	       exception_give(ip, packet->netif, packet->mbuf, EXCEPTION_FAVOURED, now_ns);
}

bool exception_answers_for(const struct ip_layer *ip, uint16_t netif, const struct ip_addr *target)
{
	const struct netif *in = &ip->netifs[netif];

	return in->has_exception && !in->inside && is_free(in, target);
}

bool exception_wants_arp(const struct ip_layer *ip, uint16_t netif, const uint8_t *bytes,
			 uint32_t length_bytes)
{
	struct arp_message message;

	if (arp_parse(bytes, length_bytes, &message) != DROP_NONE || PLANTED(EXCEPTION_ARP_KEPT))
		return false;
	return message.op == ARP_REPLY || exception_answers_for(ip, netif, &message.target);
}
