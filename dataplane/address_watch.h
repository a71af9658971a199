/* Watches what the first worker finds out about the ports' addresses (stack/ip/dad.h): logs it, and
 * tells the other workers.  Control thread. */
#ifndef DATAPLANE_ADDRESS_WATCH_H
#define DATAPLANE_ADDRESS_WATCH_H

#include <stdint.h>

#include "dataplane/assembly.h"

struct address_watch {
	struct {
		uint8_t state; /* as last seen */
		bool all_told; /* every worker knows it */
		uint64_t conflicts;
	} seen[SETTINGS_PORTS_MAX][NETIF_ADDRESSES_MAX];
	uint32_t tentative; /* addresses that wait for an objection */
};

/* All zero at first, which is what an address is that nobody probes for. */
void address_watch_look(struct address_watch *watch, struct assembly *a);

#endif
