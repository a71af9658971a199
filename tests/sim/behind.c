#include "tests/sim/behind.h"

#include <string.h>

#include "stack/base/invariant.h"
#include "tests/lib/malloc_guard.h"

/* Enough for every world that is not hostile. */
#define RATE 1000000
#define BURST 100000
#define HOSTILE_RATE 2000
#define HOSTILE_BURST 64
#define BUDGET_BYTES (UINT32_C(1) << 16)

static uint32_t rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	struct behind *behind = container_of_member(port, struct behind, port.port);

	INVARIANT(queue == 0);
	return wire_receive(&behind->cable, behind->end, frames, max);
}

static uint32_t tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	struct behind *behind = container_of_member(port, struct behind, port.port);

	INVARIANT(queue == 0);
	behind->allocations += malloc_guard_end();
	for (uint32_t i = 0; i < count; i++)
		wire_send(&behind->cable, behind->end, frames[i], behind->now_ns);
	malloc_guard_begin();
	return count;
}

static const struct port_ops ops = {.rx = rx, .tx = tx};

void behind_open(struct behind *behind, unsigned number, const struct host_memory *worker,
		 const struct host_memory *kernel, struct prng *prng, bool hostile, uint32_t first_id,
		 uint64_t now_ns)
{
	static const struct wire_faults none;
	static const uint8_t no_mac[6];
	bool scarce = hostile && prng_below(prng, 2);

	memset(behind, 0, sizeof(*behind));
	behind->now_ns = now_ns;
	behind->port.port.ops = &ops;
	behind->port.port.wait_fd = -1;
	behind->port.packets_per_second = scarce ? HOSTILE_RATE : RATE;
	behind->port.burst = scarce ? HOSTILE_BURST : BURST;
	behind->ports[0] = &behind->port;
	wire_init(&behind->cable, &none, prng_next(prng), false);
	behind->end = wire_attach(&behind->cable, no_mac, worker->frames);
	behind->cable.ends[behind->end].takes_all = true;
	origin_open(&behind->kernel, &behind->cable, kernel, number, BUDGET_BYTES, 0, prng_next(prng),
		    now_ns);
	client_init(&behind->client, &behind->kernel.host, prng, first_id, hostile);
	/* Nobody holds its requests back from a server that closes. */
	if (behind->client.manner == CLIENT_PIPELINES)
		behind->client.manner = CLIENT_PLAIN;
}

bool behind_run(struct behind *behind, uint64_t now_ns)
{
	behind->now_ns = now_ns;
	wire_deliver(&behind->cable, now_ns);
	origin_run(&behind->kernel, now_ns);
	wire_deliver(&behind->cable, now_ns);
	return wire_has_inbox(&behind->cable, behind->end);
}

uint64_t behind_deadline_ns(const struct behind *behind)
{
	return origin_deadline_ns(&behind->kernel);
}

void behind_close(struct behind *behind, uint64_t now_ns)
{
	INVARIANT(!behind->client.stream);
	origin_close(&behind->kernel, now_ns);
	wire_close(&behind->cable);
}
