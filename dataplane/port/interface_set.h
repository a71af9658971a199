/* An interface of the kernel that we have made, set up by rtnetlink (rtnetlink(7)).  Each returns 0, or
 * the errno with which the kernel refuses. */
#ifndef DATAPLANE_PORT_INTERFACE_SET_H
#define DATAPLANE_PORT_INTERFACE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/netif.h"

/* While it is down. */
MUST_USE int interface_set_link(unsigned index, const uint8_t mac[6], uint32_t mtu_bytes);
MUST_USE int interface_set_up(unsigned index);
/* Adds it, without asking others whether they have it (that is done elsewhere), or takes it away; 0 when
 * it is so already. */
MUST_USE int interface_set_address(unsigned index, const struct netif_address *address, bool present);

#endif
