/* Who serves an address: a port, the kernel, both, or nobody.
 *
 *     127/8, ::1, Unix sockets                        the kernel
 *     an address of a port, any of an inside port     the port
 *     any-address                                     the ports; the kernel as well with
 *                                                     hydrofoil.kernel.any_address
 *     everything, where there is no port              the kernel
 *     an endpoint anywhere else                       the ports, by their routes
 *     a listener anywhere else, any- and multicast    nobody: refused
 *     addresses of endpoints */
#ifndef XDS_BOOTSTRAP_PLACEMENT_H
#define XDS_BOOTSTRAP_PLACEMENT_H

#include "xds/protos.h"

#include "stack/base/addr.h"
#include "xds/reflect/document.h"

enum placement {
	PLACED_NOWHERE = 0,
	PLACED_ON_PORT = 1,
	PLACED_IN_KERNEL = 2,
	PLACED_ON_BOTH = 3,
};

/* section: may be NULL, which is one without ports.  vrf: of the listener. */
enum placement placement_of_listener(const Hydrofoil__Hydrofoil *section, const struct ip_addr *addr,
				     uint16_t vrf, const char *pipe);
enum placement placement_of_endpoint(const Hydrofoil__Hydrofoil *section, const struct ip_addr *addr,
				     const char *pipe);

/* A fault for every listener and static endpoint that nobody serves, at its own place in the file, and
 * for every vrf that no port is in. */
void placement_check(struct document *document, const Hydrofoil__Hydrofoil *section,
		     const Bootstrap__Bootstrap__StaticResources *resources);

#endif
