/* The few rte_eth_* calls of the control path, as a table, so that tests put a device of their own
 * under it: one without RSS, with a wrong table, with a link that flaps. */
#ifndef DATAPLANE_PORT_ETHDEV_CALLS_H
#define DATAPLANE_PORT_ETHDEV_CALLS_H

#include <rte_ethdev.h>
#include <stdint.h>

/* What flows are spread by: addresses, and ports of TCP and UDP. */
#define ETHDEV_RSS_TYPES \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | \
	 RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)

/* Each as rte_eth_NAME: 0 or a negative errno. */
struct ethdev_calls {
	int (*info)(uint16_t id, struct rte_eth_dev_info *info);
	int (*socket_id)(uint16_t id); /* memory node, -1 = any */
	int (*configure)(uint16_t id, uint16_t rx_queues, uint16_t tx_queues,
			 const struct rte_eth_conf *conf);
	int (*rx_queue_setup)(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
			      const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
	int (*tx_queue_setup)(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
			      const struct rte_eth_txconf *conf);
	int (*start)(uint16_t id);
	int (*stop)(uint16_t id);
	int (*reset)(uint16_t id);
	int (*link_get)(uint16_t id, struct rte_eth_link *link);
	int (*stats)(uint16_t id, struct rte_eth_stats *stats);
	int (*on_event)(uint16_t id, enum rte_eth_event_type type,
			int (*call)(uint16_t id, enum rte_eth_event_type type, void *context,
				    void *result),
			void *context);
	int (*rss_update)(uint16_t id, struct rte_eth_rss_conf *conf);
	int (*rss_get)(uint16_t id, struct rte_eth_rss_conf *conf);
	int (*reta_update)(uint16_t id, struct rte_eth_rss_reta_entry64 *table, uint16_t size);
	int (*reta_query)(uint16_t id, struct rte_eth_rss_reta_entry64 *table, uint16_t size);
};

extern const struct ethdev_calls ethdev_calls; /* DPDK's */

#endif
