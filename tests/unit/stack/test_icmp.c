/* ICMP errors that leave, byte for byte, and the cases in which none may leave. */
#include "stack/ip/icmp.h"

#include <string.h>

#include "stack/base/time.h"
#include "stack/stack.h"
#include "tests/lib/eal.h"
#include "tests/lib/fake_tcp.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

#define A4 0x0a000001u
#define B4 0x0a000002u
#define L3 14u

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t a6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xa};
static const uint8_t b6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xb};

static struct rte_mempool *mbufs;
static struct netif netif;
static struct drop_counters drops;
static struct tcp_counters counters;
static struct slice_pool slices;
static struct stack *stack;

static uint32_t give(const struct packet *packet, uint32_t segment_bytes, uint8_t out[2048])
{
	struct rte_mbuf *frame = packet_mbuf(packet, mbufs, segment_bytes);

	stack_input(stack, 0, &frame, 1, 0);
	if (stack_output(stack, 0, &frame, 1, 0) == 0)
		return 0;
	uint32_t length = frame->pkt_len;
	const void *data = rte_pktmbuf_read(frame, 0, length, out);

	if (data != out)
		memcpy(out, data, length);
	rte_pktmbuf_free(frame);
	return length;
}

static void start(void)
{
	struct packet hello = {.length = 0};
	uint8_t frame[2048];

	test_eal_start(64);
	if (!mbufs)
		mbufs = test_mbuf_pool("icmp", 1023);
	netif = (struct netif){.mtu_bytes = 1500, .address_count = 2};
	memcpy(netif.mac, mac_a, 6);
	netif.addresses[0] = (struct netif_address){ip_addr_from_v4(A4), 24};
	netif.addresses[1] = (struct netif_address){ip_addr_from_v6(a6), 64};
	memset(&drops, 0, sizeof(drops));
	fake_tcp_reset();
	CU_ASSERT_FATAL(slice_pool_create(&slices, 16));
	struct stack_params params = {.netifs = &netif, .netif_count = 1, .header_pool = mbufs,
				      .indirect_pool = mbufs, .slices = &slices,
				      .tcp_counters = &counters, .drops = &drops,
				      .neighbours_max = 8};

	stack = stack_create(&params);
	CU_ASSERT_FATAL(stack != NULL);
	/* B makes itself known in both families. */
	packet_eth(&hello, mac_a, mac_b, 0x0806);
	packet_put32(&hello, 0x00010800);
	packet_put32(&hello, 0x06040001);
	packet_put(&hello, mac_b, 6);
	packet_put32(&hello, B4);
	packet_fill(&hello, 0, 6);
	packet_put32(&hello, A4);
	CU_ASSERT_EQUAL(give(&hello, 0, frame), 42);
	hello.length = 0;
	packet_eth(&hello, mac_a, mac_b, 0x86dd);
	packet_ip6(&hello, b6, a6, 58, 32, 255);
	packet_put32(&hello, 0x87000000);
	packet_put32(&hello, 0);
	packet_put(&hello, a6, 16);
	packet_put16(&hello, 0x0101);
	packet_put(&hello, mac_b, 6);
	packet_fix_l4_ip6(&hello, L3, 54, 56, 58);
	CU_ASSERT_EQUAL(give(&hello, 0, frame), 86);
}

static void stop(void)
{
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

/* Some L4 packet to us from B; UDP gets a right header. */
static void put(struct packet *packet, bool v6, unsigned protocol, uint32_t payload)
{
	uint32_t l4 = L3 + (v6 ? 40 : 20);

	packet->length = 0;
	packet_eth(packet, mac_a, mac_b, v6 ? 0x86dd : 0x0800);
	if (v6)
		packet_ip6(packet, b6, a6, protocol, 8 + payload, 64);
	else
		packet_ip4(packet, B4, A4, protocol, 8 + payload, 0);
	packet_put32(packet, 0x30390035);
	packet_put32(packet, (8 + payload) << 16);
	for (uint32_t i = 0; i < payload; i++)
		packet_fill(packet, (uint8_t)(i * 7), 1);
	if (v6 && protocol == 17)
		packet_fix_l4_ip6(packet, L3, l4, l4 + 6, 17);
}

static void check4(const uint8_t *frame, uint32_t length, const struct packet *about, unsigned code)
{
	uint32_t quoted = about->length - L3 < 548 ? about->length - L3 : 548;

	CU_ASSERT_EQUAL_FATAL(length, L3 + 20 + 8 + quoted);
	CU_ASSERT(memcmp(frame, mac_b, 6) == 0 && memcmp(frame + 6, mac_a, 6) == 0);
	CU_ASSERT(frame[12] == 8 && frame[13] == 0);
	CU_ASSERT(frame[14] == 0x45 && frame[16] == (28 + quoted) >> 8 &&
		  frame[17] == ((28 + quoted) & 255));
	CU_ASSERT_EQUAL(frame[23], 1);
	CU_ASSERT(memcmp(frame + 26, about->bytes + 30, 4) == 0); /* from us … */
	CU_ASSERT(memcmp(frame + 30, about->bytes + 26, 4) == 0); /* … to who asked */
	CU_ASSERT_EQUAL(packet_sum(frame + 14, 20, 0), 0xffff);
	CU_ASSERT(frame[34] == 3 && frame[35] == code);
	CU_ASSERT(frame[38] == 0 && frame[39] == 0 && frame[40] == 0 && frame[41] == 0);
	CU_ASSERT_EQUAL(packet_sum(frame + 34, 8 + quoted, 0), 0xffff);
	CU_ASSERT(memcmp(frame + 42, about->bytes + L3, quoted) == 0);
}

static void check6(const uint8_t *frame, uint32_t length, const struct packet *about, unsigned type,
		   unsigned code, unsigned pointer)
{
	uint32_t quoted = about->length - L3 < 1232 ? about->length - L3 : 1232;
	const uint8_t rest[4] = {0, 0, 0, (uint8_t)pointer};

	CU_ASSERT_EQUAL_FATAL(length, L3 + 40 + 8 + quoted);
	CU_ASSERT(memcmp(frame, mac_b, 6) == 0 && memcmp(frame + 6, mac_a, 6) == 0);
	CU_ASSERT(frame[12] == 0x86 && frame[13] == 0xdd && frame[14] >> 4 == 6);
	CU_ASSERT(frame[18] == (8 + quoted) >> 8 && frame[19] == ((8 + quoted) & 255));
	CU_ASSERT(frame[20] == 58 && memcmp(frame + 22, a6, 16) == 0 &&
		  memcmp(frame + 38, b6, 16) == 0);
	CU_ASSERT(frame[54] == type && frame[55] == code && memcmp(frame + 58, rest, 4) == 0);
	CU_ASSERT_EQUAL(packet_sum(frame + 54, 8 + quoted,
				   packet_sum(frame + 22, 32, 8 + quoted + 58)), 0xffff);
	CU_ASSERT(memcmp(frame + 62, about->bytes + L3, quoted) == 0);
}

/* RFC 1122 4.1.3.1, RFC 1812 4.3.2.3, RFC 4443 3.1 and 2.4 (c): as much as fits is quoted. */
static void a_closed_udp_port_is_unreachable(void)
{
	static const uint32_t sizes[] = {0, 1, 511, 519, 520, 521, 1183, 1184, 1185, 1400};
	uint8_t frame[2048];
	struct packet packet;

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		start();
		put(&packet, false, 17, sizes[i]);
		check4(frame, give(&packet, 0, frame), &packet, 3);
		check4(frame, give(&packet, 77, frame), &packet, 3);
		put(&packet, true, 17, sizes[i]);
		check6(frame, give(&packet, 0, frame), &packet, 1, 4, 0);
		check6(frame, give(&packet, 77, frame), &packet, 1, 4, 0);
		CU_ASSERT_EQUAL(drops.count[DROP_UDP_NO_PORT], 4);
		stop();
	}
}

/* RFC 1122 3.2.2.1; RFC 4443 3.4: the pointer is at Next Header. */
static void an_unknown_protocol_is_unreachable(void)
{
	uint8_t frame[2048];
	struct packet packet;

	start();
	put(&packet, false, 132, 100);
	check4(frame, give(&packet, 0, frame), &packet, 2);
	put(&packet, true, 132, 100);
	check6(frame, give(&packet, 0, frame), &packet, 4, 1, 6);
	CU_ASSERT_EQUAL(drops.count[DROP_IP_PROTOCOL], 2);
	stop();
}

/* RFC 1122 3.2.2, RFC 4443 2.4 (e). */
static void says_nothing_where_nothing_may_be_said(void)
{
	static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	uint8_t frame[2048];
	struct packet packet;

	start();
	/* To a group, on the link or above it. */
	put(&packet, false, 17, 20);
	memset(packet.bytes, 255, 6);
	CU_ASSERT_EQUAL(give(&packet, 0, frame), 0);
	put(&packet, true, 17, 20);
	memcpy(packet.bytes, all_nodes_mac, 6);
	memcpy(packet.bytes + 38, all_nodes, 16);
	packet_fix_l4_ip6(&packet, L3, 54, 60, 17);
	CU_ASSERT_EQUAL(give(&packet, 0, frame), 0);
	/* From a group, or from nobody. */
	for (unsigned i = 0; i < 2; i++) {
		put(&packet, false, 17, 20);
		memset(packet.bytes + 26, i ? 0 : 255, 4);
		packet_fix_ip4(&packet, L3);
		CU_ASSERT_EQUAL(give(&packet, 0, frame), 0);
		put(&packet, true, 17, 20);
		memset(packet.bytes + 22, i ? 0 : 255, 16);
		packet_fix_l4_ip6(&packet, L3, 54, 60, 17);
		CU_ASSERT_EQUAL(give(&packet, 0, frame), 0);
	}
	/* With a wrong checksum, and about an ICMP error. */
	put(&packet, true, 17, 20);
	packet.bytes[60] ^= 1;
	CU_ASSERT_EQUAL(give(&packet, 0, frame), 0);
	put(&packet, false, 1, 60);
	memcpy(packet.bytes + 34, "\3\3\0\0\0\0\0\0", 8);
	packet_fix_icmp4(&packet, 34);
	CU_ASSERT_EQUAL(give(&packet, 0, frame), 0);
	stop();
}

static void errors_out_are_limited(void)
{
	uint8_t frame[2048];
	struct packet packet;
	unsigned answered = 0;

	start();
	put(&packet, false, 17, 20);
	for (unsigned i = 0; i < 100; i++)
		answered += give(&packet, 0, frame) > 0;
	CU_ASSERT_EQUAL(answered, 20);
	CU_ASSERT_EQUAL(drops.count[DROP_ICMP_RATE], 80);
	stop();
}

/* RFC 792, RFC 4443 3: whatever kept a segment from arriving is told to TCP. */
static void errors_in_reach_tcp(void)
{
	static const struct {
		bool v6;
		uint8_t type, code;
	} cases[] = {{false, 3, 0}, {false, 3, 3}, {false, 11, 0}, {false, 12, 0},
		     {true, 1, 0},  {true, 1, 4},  {true, 3, 0},   {true, 4, 1}};
	uint8_t frame[2048];
	struct packet packet;

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		bool v6 = cases[i].v6;
		uint32_t l4 = L3 + (v6 ? 40 : 20);

		start();
		packet.length = 0;
		packet_eth(&packet, mac_a, mac_b, v6 ? 0x86dd : 0x0800);
		if (v6)
			packet_ip6(&packet, b6, a6, 58, 8 + 40 + 8, 64);
		else
			packet_ip4(&packet, B4, A4, 1, 8 + 20 + 8, 0);
		packet_put16(&packet, cases[i].type << 8 | cases[i].code);
		packet_fill(&packet, 0, 6);
		if (v6)
			packet_ip6(&packet, a6, b6, 6, 20, 1);
		else
			packet_ip4(&packet, A4, B4, 6, 20, 0);
		packet_put32(&packet, 0x04d20050);
		packet_put32(&packet, 0xcafebabe);
		if (v6)
			packet_fix_l4_ip6(&packet, L3, l4, l4 + 2, 58);
		else
			packet_fix_icmp4(&packet, l4);
		CU_ASSERT_EQUAL(give(&packet, 0, frame), 0);
		CU_ASSERT_EQUAL(fake_tcp.path_errors, 1);
		CU_ASSERT_EQUAL(fake_tcp.error_sequence, 0xcafebabe);
		CU_ASSERT(fake_tcp.error_key.local_port == 1234 && fake_tcp.error_key.remote_port == 80);
		CU_ASSERT_EQUAL(fake_tcp.error_mtu_bytes, 0);
		stop();
	}
}

UNIT_TESTS(UNIT_TEST(a_closed_udp_port_is_unreachable), UNIT_TEST(an_unknown_protocol_is_unreachable),
	   UNIT_TEST(says_nothing_where_nothing_may_be_said), UNIT_TEST(errors_out_are_limited),
	   UNIT_TEST(errors_in_reach_tcp))
