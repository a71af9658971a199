/* The exception port of a port: an interface of the kernel that gets what is nobody's here, and whose
 * frames leave by the port.
 *
 *     wire ═ port ─ stack ── what is nobody's here (stack/ip/exception.h) ──> interface ── kernel: SSH, BGP
 *               ^                                                                │
 *               └──────────────────── as they are ───────────────────────────────┘
 *
 * The interface is made at start and goes with the process.  It has the port's MAC, MTU and addresses;
 * routes beyond the addresses' prefixes are the operator's.  One queue, one user: worker 0. */
#ifndef DATAPLANE_PORT_EXCEPTION_PORT_H
#define DATAPLANE_PORT_EXCEPTION_PORT_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port/port.h"
#include "dataplane/settings.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"
#include "stack/netif.h"

struct exception_port {
	struct port port;            /* its ops, its descriptor; no netif of its own */
	struct rte_mempool *pool;    /* for frames that the kernel sends */
	uint32_t packets_per_second; /* at most, towards the kernel */
	uint32_t burst;
	unsigned interface_index;
	char interface[16];
};

/* settings: of the port it belongs to, netif: what that has become.  False with a sentence and nothing
 * left behind. */
MUST_USE bool exception_port_open(struct exception_port *out, const struct port_settings *settings,
				  const struct netif *netif, uint32_t index, struct rte_mempool *pool,
				  struct why *why);
/* No worker may use it any more. */
void exception_port_close(struct exception_port *exception);
/* An address of the port begins or ends to be in use (stack/ip/dad.h).  False when the kernel refuses. */
MUST_USE bool exception_port_set_address(const struct exception_port *exception,
					 const struct netif_address *address, bool present,
					 struct why *why);

/* The local ports that the kernel opens connections from (net.ipv4.ip_local_port_range), which are not to
 * be ours as well.  False, with a sentence, when that leaves too few to us. */
MUST_USE bool exception_port_kernel_range(uint16_t *first, uint16_t *last, struct why *why);

/* Each makes the interface settings->exception.interface; its frames are port->ops' from then on. */
MUST_USE bool exception_tap_create(struct exception_port *out, const struct port_settings *settings,
				   struct why *why);
MUST_USE bool exception_virtio_user_create(struct exception_port *out,
					   const struct port_settings *settings, uint16_t mtu_bytes,
					   uint32_t index, struct why *why);

#endif
