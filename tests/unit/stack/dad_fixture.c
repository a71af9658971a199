#include "tests/unit/stack/dad_fixture.h"

#include <string.h>

#include "stack/base/time.h"
#include "stack/ip/ip_show.h"
#include "tests/lib/eal.h"
#include "tests/lib/fake_tcp.h"
#include "tests/lib/unit.h"

const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
const uint8_t a6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xa};
const uint8_t b6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xb};
const uint8_t nobody6[16];
const uint8_t all_nodes6[16] = {0xff, 2, [15] = 1};
const uint8_t group_a6[16] = {0xff, 2, [11] = 1, 0xff, [15] = 0xa};

struct rte_mempool *mbufs;
struct netif netif;
struct drop_counters drops;
static struct tcp_counters counters;
static struct slice_pool slices;
struct stack *stack;
uint64_t now_ns;

bool listens;
struct dad_news heard;
unsigned heard_count;

static void hear(void *context, const struct dad_news *news)
{
	heard = *news;
	heard_count++;
}

void start(enum netif_probing probing, bool v6, uint64_t seed)
{
	test_eal_start(64);
	if (!mbufs)
		mbufs = test_mbuf_pool("dad", 1023);
	netif = (struct netif){.mtu_bytes = 1500, .probing = (uint8_t)probing, .address_count = 1};
	memcpy(netif.mac, mac_a, 6);
	netif.addresses[0] = v6 ? (struct netif_address){ip_addr_from_v6(a6), 64}
				: (struct netif_address){ip_addr_from_v4(A4), 24};
	memset(&drops, 0, sizeof(drops));
	fake_tcp_reset();
	CU_ASSERT_FATAL(slice_pool_create(&slices, 16));
	now_ns = 100 * NS_PER_SECOND;
	struct stack_params params = {.netifs = &netif, .netif_count = 1, .header_pool = mbufs,
				      .indirect_pool = mbufs, .slices = &slices,
				      .tcp_counters = &counters, .drops = &drops, .seed = seed,
				      .neighbours_max = 8, .now_ns = now_ns};

	if (listens)
		params.address_heard = hear;
	stack = stack_create(&params);
	CU_ASSERT_FATAL(stack != NULL);
	heard_count = 0;
	if (listens)
		stack_follow_addresses(stack);
	else
		stack_announce(stack, now_ns);
}

void stop(void)
{
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

uint32_t take(uint8_t out[2048])
{
	struct rte_mbuf *frame;

	if (stack_output(stack, 0, &frame, 1, now_ns) == 0)
		return 0;
	uint32_t length = frame->pkt_len;

	memcpy(out, rte_pktmbuf_mtod(frame, const void *), length);
	rte_pktmbuf_free(frame);
	return length;
}

uint32_t give(const struct packet *packet, uint8_t out[2048])
{
	struct rte_mbuf *frame = packet_mbuf(packet, mbufs, 0);

	stack_input(stack, 0, &frame, 1, now_ns);
	return take(out);
}

void put_arp(struct packet *packet, unsigned op, const uint8_t mac[6], uint32_t sender,
		    uint32_t target)
{
	packet->length = 0;
	packet_eth(packet, broadcast, mac, 0x0806);
	packet_put32(packet, 0x00010800);
	packet_put32(packet, 0x06040000 | op);
	packet_put(packet, mac, 6);
	packet_put32(packet, sender);
	packet_fill(packet, 0, 6);
	packet_put32(packet, target);
}

void put_nd(struct packet *packet, bool probe, const uint8_t mac[6], const uint8_t target[16])
{
	static const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 0xa};
	static const uint8_t all_mac[6] = {0x33, 0x33, 0, 0, 0, 1};

	packet->length = 0;
	packet_eth(packet, probe ? group_mac : all_mac, mac, 0x86dd);
	packet_ip6(packet, probe ? nobody6 : b6, probe ? group_a6 : all_nodes6, 58, probe ? 24 : 32, 255);
	packet_put32(packet, probe ? 0x87000000 : 0x88000000);
	packet_put32(packet, probe ? 0 : 0x20000000);
	packet_put(packet, target, 16);
	if (!probe) {
		packet_put16(packet, 0x0201);
		packet_put(packet, mac, 6);
	}
	packet_fix_l4_ip6(packet, 14, 54, 56, 58);
}

void put_claim(struct packet *packet, bool v6)
{
	if (v6)
		put_nd(packet, false, mac_b, a6);
	else
		put_arp(packet, 1, mac_b, A4, A4);
}

void put_question(struct packet *packet, bool v6)
{
	if (v6)
		put_nd(packet, true, mac_b, a6);
	else
		put_arp(packet, 1, mac_b, B4, A4);
}

enum netif_address_state state(void)
{
	struct ip_show_address shown;
	uint32_t cursor = 0;

	CU_ASSERT_EQUAL_FATAL(ip_show_addresses(stack_ip(stack), &cursor, &shown, 1), 1);
	CU_ASSERT_EQUAL(shown.state, netif.address_states[0]);
	return shown.state;
}

uint32_t next(uint8_t frame[2048], uint64_t *waited_ns)
{
	uint64_t deadline_ns = stack_deadline_ns(stack);

	CU_ASSERT_FATAL(deadline_ns != DEADLINE_NEVER_NS && deadline_ns >= now_ns);
	*waited_ns = deadline_ns - now_ns;
	now_ns = deadline_ns;
	CU_ASSERT_EQUAL(stack_expire(stack, now_ns), 1);
	return take(frame);
}

bool is_announcement(const uint8_t *frame, uint32_t length, bool v6, bool override)
{
	if (v6)
		return length == 86 && frame[54] == 136 && frame[58] == (override ? 0x20 : 0) &&
		       memcmp(frame + 62, a6, 16) == 0 && memcmp(frame + 38, all_nodes6, 16) == 0;
	return length == 42 && memcmp(frame + 28, "\12\0\0\1", 4) == 0 &&
	       memcmp(frame + 38, "\12\0\0\1", 4) == 0;
}

bool is_probe(const uint8_t *frame, uint32_t length, bool v6)
{
	if (v6) /* RFC 4862 5.4.2: from nobody, to the group, without a MAC */
		return length == 78 && frame[54] == 135 && memcmp(frame + 22, nobody6, 16) == 0 &&
		       memcmp(frame + 38, group_a6, 16) == 0 && memcmp(frame + 62, a6, 16) == 0 &&
		       frame[21] == 255 &&
		       packet_sum(frame + 54, 24, packet_sum(frame + 22, 32, 24 + 58)) == 0xffff;
	return length == 42 && frame[21] == 1 && memcmp(frame + 28, "\0\0\0\0", 4) == 0 &&
	       memcmp(frame, broadcast, 6) == 0 && memcmp(frame + 32, "\0\0\0\0\0\0", 6) == 0 &&
	       memcmp(frame + 38, "\12\0\0\1", 4) == 0;
}
