/* One ethdev from made to running: configured, its queues set up, started. */
#ifndef DATAPLANE_PORT_ETHDEV_START_H
#define DATAPLANE_PORT_ETHDEV_START_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct ethdev_calls;

struct ethdev_plan {
	const char *name;   /* of the port and its device, for complaints */
	const char *device;
	uint16_t queues;    /* pairs */
	uint16_t mtu_bytes; /* 0 = leave it to the device */
	bool rx_interrupts;
	struct rte_mempool *rx_pool;
};

/* False with a sentence: the device is not running then, but still open. */
MUST_USE bool ethdev_start(const struct ethdev_calls *calls, uint16_t id,
			   const struct ethdev_plan *plan, struct why *why);

#endif
