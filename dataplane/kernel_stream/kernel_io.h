/* The kernel's sockets as a worker sees them: a seam, like struct port_ops.
 *
 *     kernel_streams ──> kernel_io_ops ──> kernel_socket.c   (epoll and non-blocking sockets)
 *                                     \──> the simulator's   (a virtual host's connections)
 *
 * No call blocks.  Handles are small numbers that the implementation gives; -errno says what went
 * wrong.  Readiness is told by edges: once after it was asked for in vain (-EAGAIN, or less moved
 * than was asked), so that what is not looked at costs nothing. */
#ifndef DATAPLANE_KERNEL_STREAM_KERNEL_IO_H
#define DATAPLANE_KERNEL_STREAM_KERNEL_IO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "stack/base/addr.h"
#include "stack/base/stream.h"

enum kernel_ready {
	KERNEL_READABLE = 1u << 0,
	KERNEL_WRITABLE = 1u << 1,
	KERNEL_ENDING = 1u << 2, /* the peer has closed: read until it is told */
	KERNEL_BROKEN = 1u << 3, /* an error waits: ask failed() */
};

struct kernel_event {
	uint64_t token; /* as it was given with the handle */
	uint32_t ready; /* bits of enum kernel_ready */
};

/* What is known of both ends of a connection. */
struct kernel_ends {
	struct flow_key key;
	bool has_credentials; /* of the process at the other end of a Unix socket */
	uint32_t pid;
	uint32_t uid;
	uint32_t gid;
};

struct kernel_io {
	const struct kernel_io_ops *ops;
	int wait_fd; /* readable while events wait; -1 where there is none */
};

struct kernel_io_ops {
	/* `socket`: bound and listening, made by the control thread, which keeps it open meanwhile. */
	int (*listen)(struct kernel_io *io, int socket, uint64_t token);
	/* Nobody may connect to this listener any more, whoever shares its socket. */
	void (*refuse)(struct kernel_io *io, int listener);
	/* The next connection of a listener.  -EAGAIN: none waits.  -EMFILE, -ENFILE: one was turned
	 * away because descriptors have run out. */
	int (*accept)(struct kernel_io *io, int listener, uint64_t token, struct kernel_ends *ends);
	/* *done: it is open already, otherwise KERNEL_WRITABLE or KERNEL_BROKEN will tell.
	 * -EAGAIN: a Unix socket whose backlog is full. */
	int (*connect)(struct kernel_io *io, const struct stream_target *target, uint64_t token,
		       bool *done);
	/* 0, or the -errno that waits. */
	int (*failed)(struct kernel_io *io, int handle);
	/* Of a connection that has become open. */
	void (*ends)(struct kernel_io *io, int handle, struct kernel_ends *ends);
	/* 0: the peer has ended its side. */
	int64_t (*read)(struct kernel_io *io, int handle, const struct iovec *to, unsigned count);
	int64_t (*write)(struct kernel_io *io, int handle, const struct iovec *from, unsigned count);
	/* Half-close of our side. */
	void (*shutdown)(struct kernel_io *io, int handle);
	/* abort: the peer sees a reset, where the socket can say so. */
	void (*close)(struct kernel_io *io, int handle, bool abort);
	uint32_t (*wait)(struct kernel_io *io, struct kernel_event *events, uint32_t max);
};

#endif
