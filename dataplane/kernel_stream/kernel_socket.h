/* struct kernel_io over epoll and non-blocking sockets: one a worker. */
#ifndef DATAPLANE_KERNEL_STREAM_KERNEL_SOCKET_H
#define DATAPLANE_KERNEL_STREAM_KERNEL_SOCKET_H

#include "dataplane/kernel_stream/kernel_io.h"
#include "stack/base/why.h"

struct kernel_socket {
	struct kernel_io io;
	/* Given up for a moment where descriptors have run out, so that who knocks can be turned away
	 * instead of knocking for ever; -1 = it could not be had again. */
	int spare;
};

MUST_USE bool kernel_socket_open(struct kernel_socket *socket, struct why *why);
void kernel_socket_close(struct kernel_socket *socket);

/* A sockaddr for an address, or for the path of a Unix socket ("@name": an abstract one). */
struct kernel_name {
	uint32_t bytes;
	union {
		uint64_t aligned[14];
		uint8_t raw[112];
	};
};

/* False: the path is too long. */
MUST_USE bool kernel_name_make(struct kernel_name *name, const struct ip_addr *addr, uint16_t port,
			       const char *pipe);

#endif
