/* A kernel for the subject: its sockets are connections of a virtual host, so that whole worlds run
 * over kernel streams and nobody in them can tell.  It gives less than was asked, or nothing at all
 * for now, whenever chance wants it. */
#ifndef TESTS_SIM_KERNEL_H
#define TESTS_SIM_KERNEL_H

#include "dataplane/kernel_stream/kernel_io.h"
#include "stack/base/prng.h"
#include "tests/sim/host.h"

#define KERNEL_SOCKETS 512

struct kernel;

struct kernel_socket_state {
	struct kernel *kernel;
	struct stream *stream;         /* NULL: free, or a listener */
	struct tcp_listener *listener;
	int accepted_by;               /* waits in this listener's backlog; -1 = not */
	uint64_t token;
	uint32_t ready;                /* bits of enum kernel_ready, not yet told */
	uint32_t later;                /* the same, for when time has gone on */
	bool used;
	bool ended;
	int error;                     /* errno that waits */
	bool gone;                     /* the stream has been reset */
};

struct kernel {
	struct kernel_io io;
	struct host host;
	struct prng prng;
	uint64_t now_ns;
	struct kernel_socket_state sockets[KERNEL_SOCKETS];
};

void kernel_boot(struct kernel *kernel, struct wire *wire, const struct host_memory *memory,
		 unsigned number, uint32_t budget_bytes, uint64_t seed, uint64_t now_ns);
/* All handles must have been closed. */
void kernel_halt(struct kernel *kernel);
/* Time has gone on. */
void kernel_tick(struct kernel *kernel, uint64_t now_ns);
bool kernel_has_events(const struct kernel *kernel);

#endif
