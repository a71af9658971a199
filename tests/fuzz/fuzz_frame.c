/* Frames into a whole stack: nothing may crash, and every mbuf must come back.
 *
 * input: one byte = bytes a segment (0 = one segment), then frames, each behind two bytes of
 * length; between frames time passes and what the stack sends is taken. */
#include <stdlib.h>
#include <string.h>

#include "stack/base/time.h"
#include "stack/stack.h"
#include "tests/lib/eal.h"
#include "tests/lib/packet.h"

#define FRAMES_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *mbufs, *indirect;
static struct netif netif = {.mac = {2, 0, 0, 0, 0, 0xa}, .mtu_bytes = 1500, .address_count = 2};

static void boot(void)
{
	test_eal_start(64);
	mbufs = test_mbuf_pool("fuzz", 2047);
	indirect = test_indirect_pool("fuzz-indirect", 255);
	netif.addresses[0] = (struct netif_address){ip_addr_from_v4(0x0a000001), 24};
	if (!ip_addr_parse("2001:db8::a", &netif.addresses[1].addr))
		abort();
	netif.addresses[1].prefix_bits = 64;
}

static void drain(struct stack *stack, uint64_t now_ns)
{
	struct rte_mbuf *frames[32];
	uint32_t count = stack_output(stack, 0, frames, 32, now_ns);

	for (uint32_t i = 0; i < count; i++)
		if (frames[i]->nb_segs != 1 || frames[i]->pkt_len > 1514u)
			abort();
	rte_pktmbuf_free_bulk(frames, count);
}

static void feed(struct stack *stack, const uint8_t *data, size_t size)
{
	uint32_t segment = data[0];
	uint64_t now_ns = 0;

	data++;
	size--;
	for (unsigned i = 0; i < FRAMES_MAX && size > 2; i++) {
		size_t length = (size_t)data[0] << 8 | data[1];
		struct packet packet = {.length = 0};

		data += 2;
		size -= 2;
		length = length < size ? length : size;
		length = length < sizeof(packet.bytes) ? length : sizeof(packet.bytes);
		packet_put(&packet, data, (uint32_t)length);
		struct rte_mbuf *frame = packet_mbuf(&packet, mbufs, segment > 0 && segment < 8 ? 8 : segment);

		stack_input(stack, 0, &frame, 1, now_ns);
		stack_deliver(stack, now_ns);
		drain(stack, now_ns);
		now_ns += NS_PER_SECOND;
		stack_expire(stack, now_ns);
		data += length;
		size -= length;
	}
	drain(stack, now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct drop_counters drops;
	static struct tcp_counters counters;
	struct slice_pool slices;

	if (!mbufs)
		boot();
	if (size < 1 || !slice_pool_create(&slices, 256))
		return 0;
	struct stack_params params = {.netifs = &netif, .netif_count = 1, .header_pool = mbufs,
				      .indirect_pool = indirect, .slices = &slices,
				      .tcp_counters = &counters, .drops = &drops, .seed = 1,
				      .neighbours_max = 8, .connections_max = 16, .timewait_max = 16,
				      .rx_budget_bytes = 65536, .tx_budget_bytes = 65536};
	struct stack *stack = stack_create(&params);

	if (!stack)
		abort();
	feed(stack, data, size);
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	if (rte_mempool_in_use_count(mbufs) != 0)
		abort();
	return 0;
}
