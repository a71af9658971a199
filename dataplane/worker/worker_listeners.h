/* Which addresses a worker listens on: follows the listeners of its config.
 *
 * Loopback addresses and Unix sockets are the kernel's, all others are the stack's; without a port
 * all are the kernel's, and any-address may be of both.
 *
 * A listener is known by its id.  Same addresses: its connections-to-come use the new object from
 * now on.  Other addresses, or gone: the place is closed to new connections, what is established
 * lives on with the object that it holds. */
#ifndef DATAPLANE_WORKER_WORKER_LISTENERS_H
#define DATAPLANE_WORKER_WORKER_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/kernel_stream/kernel_streams.h"
#include "gateway/gateway.h"
#include "stack/tcp/tcp.h"

#define WORKER_LISTENERS_MAX 256
#define WORKER_LISTEN_ADDRESSES_MAX 16

struct worker_listener {
	struct worker_listeners *all;
	const struct config_listener *config; /* held; NULL = free */
	uint64_t seen_version;                /* of the config that last had it */
	bool closing;
	uint64_t closed_ns;                   /* accepts under way may still come for a while */
	uint32_t count;
	struct tcp_listener *places[WORKER_LISTEN_ADDRESSES_MAX];         /* NULL: not the stack's */
	struct kernel_listener *kernel_places[WORKER_LISTEN_ADDRESSES_MAX]; /* NULL: not the kernel's */
};

struct worker_listeners {
	struct tcp *tcp;
	struct kernel_streams *kernel; /* NULL: there are none */
	bool has_ports;
	struct gateway *gateway;
	struct config_holds *holds;
	uint32_t failures; /* places that could not be had, since start */
	bool draining;
	struct worker_listener table[WORKER_LISTENERS_MAX];
};

/* Afterwards all->kernel and all->has_ports may be set. */
void worker_listeners_init(struct worker_listeners *all, struct tcp *tcp, struct gateway *gateway,
			   struct config_holds *holds);
void worker_listeners_update(struct worker_listeners *all, const struct config *config,
			     uint64_t now_ns);
/* Closes every place; nothing is opened any more. */
void worker_listeners_drain(struct worker_listeners *all, uint64_t now_ns);
/* Gives every hold back. */
void worker_listeners_clear(struct worker_listeners *all, uint64_t now_ns);

#endif
