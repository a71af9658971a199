/* One ethdev from made to running: configured, its queues set up, started.
 *
 * The few rte_eth_* calls of the control path go through a table, so that tests put a device of
 * their own under it: one without RSS, with a wrong table, with a link that flaps. */
#ifndef DATAPLANE_PORT_ETHDEV_START_H
#define DATAPLANE_PORT_ETHDEV_START_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct rte_eth_conf;
struct rte_eth_dev_info;
struct rte_eth_rxconf;
struct rte_eth_txconf;

/* Each as rte_eth_NAME: 0 or a negative errno. */
struct ethdev_calls {
	int (*info)(uint16_t id, struct rte_eth_dev_info *info);
	int (*configure)(uint16_t id, uint16_t rx_queues, uint16_t tx_queues,
			 const struct rte_eth_conf *conf);
	int (*rx_queue_setup)(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
			      const struct rte_eth_rxconf *conf, struct rte_mempool *pool);
	int (*tx_queue_setup)(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
			      const struct rte_eth_txconf *conf);
	int (*start)(uint16_t id);
};

extern const struct ethdev_calls ethdev_calls; /* DPDK's */

struct ethdev_plan {
	const char *name;   /* of the port and its device, for complaints */
	const char *device;
	uint16_t queues;    /* pairs */
	bool rx_interrupts;
	struct rte_mempool *rx_pool;
};

/* False with a sentence: the device is not running then, but still open. */
MUST_USE bool ethdev_start(const struct ethdev_calls *calls, uint16_t id,
			   const struct ethdev_plan *plan, struct why *why);

#endif
