#include "stack/ip/ip_layer.h"

#include <stdlib.h>

#include "stack/ip/resolver.h"

#define ERRORS_PER_SECOND 100
#define ERRORS_BURST 20
#define ECHOES_PER_SECOND 10000
#define ECHOES_BURST 1000

bool ip_layer_create(struct ip_layer *ip, const struct ip_layer_params *params)
{
	*ip = (struct ip_layer){.netifs = params->netifs,
				.netif_count = params->netif_count,
				.generation = 1,
				.header_pool = params->header_pool,
				.drops = params->drops,
				.path_error = params->path_error,
				.path_error_context = params->path_error_context,
				.neighbour_news = params->neighbour_news,
				.neighbour_news_context = params->neighbour_news_context,
				.address_heard = params->address_heard,
				.address_heard_context = params->address_heard_context,
				.exception = params->exception,
				.exception_context = params->exception_context};
	token_bucket_init(&ip->error_limit, ERRORS_PER_SECOND, ERRORS_BURST);
	token_bucket_init(&ip->echo_limit, ECHOES_PER_SECOND, ECHOES_BURST);
	ip->tx = calloc(params->netif_count, sizeof(*ip->tx));
	struct neighbour_params neighbours = {.netifs = params->netifs,
					      .entries_max = params->neighbours_max,
					      .hash_seed = params->hash_seed,
					      .ops = &resolver_neighbour_ops,
					      .context = ip,
					      .drops = params->drops,
					      .now_ns = params->now_ns};

	if (ip->tx && dad_create(&ip->dad, params->netif_count, params->hash_seed)) {
		if (neighbour_table_create(&ip->neighbours, &neighbours))
			return true;
		dad_destroy(&ip->dad);
	}
	free(ip->tx);
	return false;
}

void ip_layer_destroy(struct ip_layer *ip)
{
	struct rte_mbuf *frame;

	neighbour_table_destroy(&ip->neighbours);
	dad_destroy(&ip->dad);
	for (unsigned i = 0; i < ip->netif_count; i++)
		while (tx_queue_take(&ip->tx[i], &frame, 1) == 1)
			rte_pktmbuf_free(frame);
	free(ip->tx);
}

unsigned netif_find(const struct netif *netif, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < netif->address_count; i++)
		if (ip_addr_equal(&netif->addresses[i].addr, addr))
			return i;
	return NETIF_NO_ADDRESS;
}

bool netif_owns(const struct netif *netif, const struct ip_addr *addr)
{
	unsigned index = netif_find(netif, addr);

	return index != NETIF_NO_ADDRESS && netif_address_is_usable(netif, index);
}

/* Neither nobody nor everybody, nor what stays on a link or in a host (RFC 6890, RFC 4291 2.5). */
bool ip_could_be_a_host(const struct ip_addr *addr)
{
	static const struct ip_addr loopback = {.bytes = {[15] = 1}};

	if (!ip_addr_is_v4(addr))
		return !ip_addr_is_any(addr) && !ip_addr_is_multicast(addr) &&
		       !ip_addr_is_link_local(addr) && !ip_addr_equal(addr, &loopback);
	unsigned first = addr->bytes[12];

	return first != 0 && first != 127 && first < 224;
}

bool ip_accepts(const struct ip_layer *ip, uint16_t netif, const struct ip_addr *addr)
{
	const struct netif *in = &ip->netifs[netif];

	return ip_is_ours(ip, in->vrf, addr) || (in->inside && ip_could_be_a_host(addr));
}

bool ip_is_ours(const struct ip_layer *ip, uint16_t vrf, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < ip->netif_count; i++)
		if (ip->netifs[i].vrf == vrf && netif_owns(&ip->netifs[i], addr))
			return true;
	return false;
}

enum drop_reason ip_drop(struct ip_layer *ip, struct rte_mbuf *mbuf, enum drop_reason reason)
{
	drop_count(ip->drops, reason);
	drop_watch_tell(ip->drop_watch, mbuf, reason);
	rte_pktmbuf_free(mbuf);
	return reason;
}

enum drop_reason ip_send_control(struct ip_layer *ip, uint16_t netif, struct rte_mbuf *frame)
{
	if (!tx_queue_push_control(&ip->tx[netif], frame))
		return ip_drop(ip, frame, DROP_TX_QUEUE_FULL);
	return DROP_NONE;
}
