#include "tests/sim/host.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/invariant.h"

#define BURST 32
#define HOST_SLICES 8192

void host_netif(struct netif *netif, unsigned number)
{
	uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)number};

	memset(netif, 0, sizeof(*netif));
	snprintf(netif->name, sizeof(netif->name), "sim%u", number);
	netif->mac[0] = 0x02;
	netif->mac[5] = (uint8_t)number;
	netif->mtu_bytes = 1500;
	netif->tx_multi_segment = true;
	netif->address_count = 2;
	netif->addresses[0] = (struct netif_address){ip_addr_from_v4(0x0a000000 | number), 24};
	netif->addresses[1] = (struct netif_address){ip_addr_from_v6(v6), 64};
}

void host_open(struct host *host, struct wire *wire, const struct host_memory *memory,
	       unsigned number, uint32_t budget_bytes, uint64_t seed, uint64_t now_ns)
{
	memset(host, 0, sizeof(*host));
	host->wire = wire;
	host->memory = memory;
	host_netif(&host->netif, number);
	host->end = wire_attach(wire, host->netif.mac, memory->frames);
	INVARIANT(slice_pool_create(&host->slices, HOST_SLICES));
	struct stack_params params = {
		.netifs = &host->netif,
		.netif_count = 1,
		.header_pool = memory->headers,
		.indirect_pool = memory->indirect,
		.slices = &host->slices,
		.tcp_counters = &host->tcp_counters,
		.drops = &host->drops,
		.seed = seed,
		.neighbours_max = 16,
		.connections_max = 128,
		.timewait_max = 256,
		.rx_budget_bytes = budget_bytes,
		.tx_budget_bytes = budget_bytes,
		.now_ns = now_ns,
	};

	host->stack = stack_create(&params);
	INVARIANT(host->stack);
}

void host_close(struct host *host)
{
	stack_destroy(host->stack);
	slice_pool_destroy(&host->slices);
}

static uint32_t receive(struct host *host, uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST];
	uint32_t count = wire_receive(host->wire, host->end, frames, BURST);

	if (count > 0)
		stack_input(host->stack, 0, frames, count, now_ns);
	return count;
}

static uint32_t transmit(struct host *host, uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST];
	uint32_t count = stack_output(host->stack, 0, frames, BURST, now_ns);

	for (uint32_t i = 0; i < count; i++)
		wire_send(host->wire, host->end, frames[i], now_ns);
	return count;
}

void host_run(struct host *host, uint64_t now_ns)
{
	uint32_t moved = 1;

	for (unsigned turn = 0; moved > 0; turn++) {
		INVARIANT(turn < 100000);
		moved = receive(host, now_ns);
		moved += stack_expire(host->stack, now_ns);
		moved += stack_deliver(host->stack, now_ns);
		moved += transmit(host, now_ns);
	}
}

uint64_t host_deadline_ns(const struct host *host)
{
	if (wire_has_inbox(host->wire, host->end))
		return 0;
	return stack_deadline_ns(host->stack);
}
