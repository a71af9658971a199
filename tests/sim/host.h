/* A virtual host: one whole stack on an end of the wire, for clients and origins. */
#ifndef TESTS_SIM_HOST_H
#define TESTS_SIM_HOST_H

#include <stdint.h>

#include "stack/stack.h"
#include "tests/sim/wire.h"

/* Packet memory of one machine in the world; shared by worlds that run one after another. */
struct host_memory {
	struct rte_mempool *frames;   /* received */
	struct rte_mempool *headers;
	struct rte_mempool *indirect;
};

struct host {
	struct wire *wire;
	unsigned end;
	struct netif netif;
	struct stack *stack;
	struct slice_pool slices;
	struct tcp_counters tcp_counters;
	struct drop_counters drops;
	const struct host_memory *memory;
};

/* number makes the addresses: 10.0.0.N, 2001:db8::N and the MAC 02:00:00:00:00:N. */
void host_netif(struct netif *netif, unsigned number);
/* budget_bytes: what a connection may buffer each way. */
void host_open(struct host *host, struct wire *wire, const struct host_memory *memory,
	       unsigned number, uint32_t budget_bytes, uint64_t seed, uint64_t now_ns);
/* All streams must have been released. */
void host_close(struct host *host);
/* Runs until nothing moves any more at this moment. */
void host_run(struct host *host, uint64_t now_ns);
uint64_t host_deadline_ns(const struct host *host);

#endif
