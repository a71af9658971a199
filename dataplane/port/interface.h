/* A kernel interface that a port takes over: what the kernel says of it. */
#ifndef DATAPLANE_PORT_INTERFACE_H
#define DATAPLANE_PORT_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/settings.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct interface {
	unsigned index;
	uint8_t mac[6];
	uint16_t mtu_bytes;
	uint16_t rx_queues; /* real ones (ethtool -l); 1 where the driver doesn't tell */
};

/* settings->device, in the network namespace of this thread.  False when it is absent or down. */
MUST_USE bool interface_look(struct interface *out, const struct port_settings *settings,
			     struct why *why);

#define SOCKETS_MAX 256
/* The descriptors of this process that are sockets of one family (AF_PACKET, AF_XDP): drivers keep
 * theirs to themselves, and one that was not there before is theirs. */
struct socket_set {
	int fds[SOCKETS_MAX];
	uint32_t count;
};

void socket_set_look(struct socket_set *out, int domain);
/* One of domain that is not in `before`; -1 when there is none. */
int socket_set_newcomer(const struct socket_set *before, int domain);

#endif
