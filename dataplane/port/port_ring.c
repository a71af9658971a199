/* A cable inside the process: two rings, crossed.  For tests and for programs that bring both ends
 * (perf/); no frame is copied. */
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/port/port_ethdev.h"

#define RING_FRAMES 1024

static struct rte_ring *ring_of(const char *device, char end)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "foil-%.16s-%c", device, end);
	struct rte_ring *ring = rte_ring_lookup(name);

	return ring ? ring : rte_ring_create(name, RING_FRAMES, SOCKET_ID_ANY,
					     RING_F_SP_ENQ | RING_F_SC_DEQ);
}

bool port_ring_create(const struct port_settings *settings, uint32_t index, struct port_device *out,
		      struct why *why)
{
	static const uint8_t no_mac[6];
	char device[32], first[RTE_RING_NAMESIZE];

	snprintf(first, sizeof(first), "foil-%.16s-a", settings->device);
	bool second_end = rte_ring_lookup(first) != NULL;
	struct rte_ring *rx = ring_of(settings->device, second_end ? 'b' : 'a');
	struct rte_ring *tx = ring_of(settings->device, second_end ? 'a' : 'b');

	if (!rx || !tx)
		return why_set(why, "port %s: no memory for its rings; raise memory_mib",
			       settings->name);
	snprintf(device, sizeof(device), "foil_ring%u", index);
	int id = rte_eth_from_rings(device, &rx, 1, &tx, 1, 0);

	if (id < 0)
		return why_set(why, "port %s: DPDK cannot make a ring port; raise memory_mib",
			       settings->name);
	out->ethdev_ids[0] = (uint16_t)id;
	out->ethdev_count = 1;
	port_mac_derive(no_mac, settings->name, out->mac);
	return true;
}
