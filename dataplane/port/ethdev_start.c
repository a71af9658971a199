#include "dataplane/port/ethdev_start.h"

#include <rte_errno.h>

#include "dataplane/port/ethdev_calls.h"
#include "dataplane/eal.h"

#define DESCRIPTORS 1024

const struct ethdev_calls ethdev_calls = {
	.info = rte_eth_dev_info_get,
	.socket_id = rte_eth_dev_socket_id,
	.configure = rte_eth_dev_configure,
	.rx_queue_setup = rte_eth_rx_queue_setup,
	.tx_queue_setup = rte_eth_tx_queue_setup,
	.start = rte_eth_dev_start,
	.stop = rte_eth_dev_stop,
	.reset = rte_eth_dev_reset,
	.link_get = rte_eth_link_get_nowait,
	.stats = rte_eth_stats_get,
	.on_event = rte_eth_dev_callback_register,
	.rss_update = rte_eth_dev_rss_hash_update,
	.rss_get = rte_eth_dev_rss_hash_conf_get,
	.reta_update = rte_eth_dev_rss_reta_update,
	.reta_query = rte_eth_dev_rss_reta_query,
};

static uint16_t clamp_descriptors(const struct rte_eth_desc_lim *limit)
{
	uint16_t n = DESCRIPTORS;

	if (limit->nb_max && n > limit->nb_max)
		n = limit->nb_max;
	return n < limit->nb_min ? limit->nb_min : n;
}

static int set_up(const struct ethdev_calls *calls, uint16_t id, const struct ethdev_plan *plan)
{
	struct rte_eth_conf conf = {.intr_conf.rxq = plan->rx_interrupts};
	struct rte_eth_dev_info info;
	int result = calls->info(id, &info);

	if (result != 0)
		return result;
	/* Checksums stay in software: port_caps.h says why. */
	conf.rxmode.mtu = plan->mtu_bytes;
	/* Several queues are spread over by the device; with which key and table comes later. */
	if (plan->queues > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & ETHDEV_RSS_TYPES;
		if (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH)
			conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
	}
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	result = calls->configure(id, plan->queues, plan->queues, &conf);
	for (uint16_t q = 0; result == 0 && q < plan->queues; q++) {
		int socket = calls->socket_id(id);

		result = calls->rx_queue_setup(id, q, clamp_descriptors(&info.rx_desc_lim),
					       (unsigned)socket, NULL, plan->rx_pool);
		if (result == 0)
			result = calls->tx_queue_setup(id, q, clamp_descriptors(&info.tx_desc_lim),
						       (unsigned)socket, NULL);
	}
	return result == 0 ? calls->start(id) : result;
}

bool ethdev_start(const struct ethdev_calls *calls, uint16_t id, const struct ethdev_plan *plan,
		  struct why *why)
{
	struct why cause;

	eal_messages_clear();
	int result = set_up(calls, id, plan);

	if (result == 0)
		return true;
	eal_explain(eal_messages(), &cause);
	return why_set(why, "port %s: %s does not start (%s): %.300s", plan->name, plan->device,
		       rte_strerror(-result), cause.text);
}
