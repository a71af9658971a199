/* Fragments into a whole stack: what is put together goes up like any other datagram, and what cannot
 * be is told to its sender where the RFCs say so. */
#include <string.h>

#include "stack/base/time.h"
#include "stack/ip/reassembly.h"
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

static void give(const struct packet *packet, uint64_t now_ns)
{
	struct rte_mbuf *frame = packet_mbuf(packet, mbufs, 0);

	stack_input(stack, 0, &frame, 1, now_ns);
}

static uint32_t take(uint8_t out[2048])
{
	struct rte_mbuf *frame;

	if (stack_output(stack, 0, &frame, 1, 0) == 0)
		return 0;
	uint32_t length = frame->pkt_len;
	const void *data = rte_pktmbuf_read(frame, 0, length, out);

	if (data != out)
		memcpy(out, data, length);
	rte_pktmbuf_free(frame);
	return length;
}

static void put_solicitation(struct packet *packet)
{
	packet->length = 0;
	packet_eth(packet, mac_a, mac_b, 0x86dd);
	packet_ip6(packet, b6, a6, 58, 32, 255);
	packet_put32(packet, 0x87000000);
	packet_put32(packet, 0);
	packet_put(packet, a6, 16);
	packet_put16(packet, 0x0101);
	packet_put(packet, mac_b, 6);
	packet_fix_l4_ip6(packet, L3, 54, 56, 58);
}

static void start(void)
{
	struct packet hello = {.length = 0};
	uint8_t frame[2048];

	test_eal_start(64);
	if (!mbufs)
		mbufs = test_mbuf_pool("fragments", 1023);
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
	packet_eth(&hello, mac_a, mac_b, 0x0806);
	packet_put32(&hello, 0x00010800);
	packet_put32(&hello, 0x06040001);
	packet_put(&hello, mac_b, 6);
	packet_put32(&hello, B4);
	packet_fill(&hello, 0, 6);
	packet_put32(&hello, A4);
	give(&hello, 0);
	CU_ASSERT_EQUAL(take(frame), 42);
	put_solicitation(&hello);
	give(&hello, 0);
	CU_ASSERT_EQUAL(take(frame), 86);
}

static void stop(void)
{
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

/* An echo request of 60 bytes after its header, with the right checksum, without link or IP header. */
static void put_echo(struct packet *whole, bool v6)
{
	struct packet pseudo = {.length = 0};

	whole->length = 0;
	packet_put32(whole, v6 ? 0x80000000 : 0x08000000);
	packet_put32(whole, 0x12345678);
	for (unsigned i = 0; i < 60; i++)
		packet_fill(whole, (uint8_t)(i * 3), 1);
	if (!v6) {
		packet_fix_icmp4(whole, 0);
		return;
	}
	packet_ip6(&pseudo, b6, a6, 58, whole->length, 64);
	packet_put(&pseudo, whole->bytes, whole->length);
	packet_fix_l4_ip6(&pseudo, 0, 40, 42, 58);
	memcpy(whole->bytes, pseudo.bytes + 40, whole->length);
}

/* Bytes [from, to) of an L4 packet as a fragment from B to A. */
static struct packet cut(const struct packet *whole, bool v6, unsigned protocol, uint32_t from,
			 uint32_t to)
{
	struct packet packet = {.length = 0};
	bool more = to < whole->length;

	packet_eth(&packet, mac_a, mac_b, v6 ? 0x86dd : 0x0800);
	if (v6) {
		packet_ip6(&packet, b6, a6, 44, 8 + to - from, 64);
		packet_put16(&packet, protocol << 8);
		packet_put16(&packet, from | more);
		packet_put32(&packet, 0xfeedbeef);
	} else {
		packet_ip4(&packet, B4, A4, protocol, to - from, 0);
		packet.bytes[L3 + 6] = (uint8_t)(more ? 0x20 : 0);
		packet.bytes[L3 + 7] = (uint8_t)(from / 8);
		packet_fix_ip4(&packet, L3);
	}
	packet_put(&packet, whole->bytes + from, to - from);
	return packet;
}

static void a_ping_in_pieces_is_answered_whole(void)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		uint32_t l4 = L3 + (v6 ? 40 : 20);
		unsigned protocol = v6 ? 58 : 1;
		struct packet echo, tail, middle, head;
		uint8_t frame[2048];

		start();
		put_echo(&echo, v6);
		tail = cut(&echo, v6, protocol, 48, 68);
		middle = cut(&echo, v6, protocol, 16, 48);
		head = cut(&echo, v6, protocol, 0, 16);
		give(&tail, 1);
		give(&head, 1);
		CU_ASSERT_EQUAL(take(frame), 0);
		give(&middle, 1);
		CU_ASSERT_EQUAL_FATAL(take(frame), l4 + 68);
		CU_ASSERT_EQUAL(frame[l4], v6 ? 129 : 0);
		CU_ASSERT(memcmp(frame + l4 + 4, echo.bytes + 4, 64) == 0);
		CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
		stop();
	}
}

static void tcp_gets_its_headers_in_one_piece(void)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct packet segment = {.length = 0}, part;

		start();
		for (unsigned i = 0; i < 100; i++)
			packet_fill(&segment, (uint8_t)i, 1);
		for (uint32_t at = 0; at < 100; at += 24) {
			part = cut(&segment, v6, 6, at, at + 24 < 100 ? at + 24 : 100);
			give(&part, 1);
		}
		CU_ASSERT_EQUAL(fake_tcp.packets, 1);
		CU_ASSERT_EQUAL(fake_tcp.last.l4_bytes, 100);
		CU_ASSERT(memcmp(fake_tcp.last_l4, segment.bytes, 60) == 0);
		stop();
	}
}

/* RFC 6946: next to fragments of the same identification, which it leaves alone. */
static void an_atomic_fragment_needs_no_others(void)
{
	struct packet echo, head, atomic = {.length = 0};
	uint8_t frame[2048];

	start();
	put_echo(&echo, true);
	head = cut(&echo, true, 58, 0, 16);
	give(&head, 1);
	packet_eth(&atomic, mac_a, mac_b, 0x86dd);
	packet_ip6(&atomic, b6, a6, 44, 8 + 68, 64);
	packet_put32(&atomic, 58u << 24);
	packet_put32(&atomic, 0xfeedbeef);
	packet_put(&atomic, echo.bytes, 68);
	give(&atomic, 1);
	CU_ASSERT_EQUAL(take(frame), L3 + 40 + 68);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 1);
	stop();
}

/* RFC 6980 5. */
static void neighbour_discovery_in_fragments_is_ignored(void)
{
	struct packet asks, bare = {.length = 0}, part;
	uint8_t frame[2048];

	start();
	put_solicitation(&asks);
	packet_put(&bare, asks.bytes + 54, 32);
	for (unsigned i = 0; i < 2; i++) {
		part = cut(&bare, true, 58, 16 * i, 16 * i + 16);
		part.bytes[L3 + 7] = 255;
		give(&part, 1);
	}
	part = cut(&bare, true, 58, 0, 32);
	part.bytes[L3 + 7] = 255;
	give(&part, 1); /* atomic */
	CU_ASSERT_EQUAL(take(frame), 0);
	CU_ASSERT_EQUAL(drops.count[DROP_ND_FRAGMENTED], 2);
	stop();
}

static void what_stays_incomplete_is_told_to_the_sender(void)
{
	struct packet echo, head, tail;
	uint8_t frame[2048];

	for (unsigned v6 = 0; v6 < 2; v6++) {
		uint32_t l4 = L3 + (v6 ? 40 : 20);

		start();
		put_echo(&echo, v6);
		head = cut(&echo, v6, v6 ? 58 : 1, 0, 16);
		tail = cut(&echo, v6, v6 ? 17 : 17, 48, 68);
		tail.bytes[l4 + (v6 ? 4 : 0)] ^= 1; /* another identification */
		give(&head, 5);
		give(&tail, 5);
		CU_ASSERT_EQUAL(stack_deadline_ns(stack), 5 + REASSEMBLY_TIMEOUT_NS);
		stack_expire(stack, 5 + REASSEMBLY_TIMEOUT_NS);
		CU_ASSERT_EQUAL_FATAL(take(frame), l4 + 8 + head.length - L3);
		CU_ASSERT(frame[l4] == (v6 ? 3 : 11) && frame[l4 + 1] == 1);
		CU_ASSERT(memcmp(frame + l4 + 8, head.bytes + L3, head.length - L3) == 0);
		CU_ASSERT_EQUAL(take(frame), 0);
		CU_ASSERT_EQUAL(drops.count[DROP_IP_REASSEMBLY_TIMEOUT], 2);
		stop();
	}
}

/* RFC 8200 4.5: parameter problem with a pointer to the field. */
static void bad_lengths_are_told_to_the_sender(void)
{
	struct packet echo, part;
	uint8_t frame[2048];

	start();
	put_echo(&echo, true);
	part = cut(&echo, true, 58, 0, 13);
	give(&part, 1);
	CU_ASSERT_EQUAL_FATAL(take(frame), L3 + 40 + 8 + part.length - L3);
	CU_ASSERT(frame[54] == 4 && frame[55] == 0 && frame[61] == 4);
	part = cut(&echo, true, 58, 48, 68);
	part.bytes[L3 + 42] = 0xff;
	part.bytes[L3 + 43] = 0xf8;
	give(&part, 1);
	CU_ASSERT_EQUAL_FATAL(take(frame), L3 + 40 + 8 + part.length - L3);
	CU_ASSERT(frame[54] == 4 && frame[55] == 0 && frame[61] == 42);
	put_echo(&echo, false);
	part = cut(&echo, false, 1, 0, 13);
	give(&part, 1);
	CU_ASSERT_EQUAL(take(frame), 0);
	CU_ASSERT_EQUAL(drops.count[DROP_IP_FRAGMENT_MALFORMED], 3);
	stop();
}

UNIT_TESTS(UNIT_TEST(a_ping_in_pieces_is_answered_whole),
	   UNIT_TEST(tcp_gets_its_headers_in_one_piece),
	   UNIT_TEST(an_atomic_fragment_needs_no_others),
	   UNIT_TEST(neighbour_discovery_in_fragments_is_ignored),
	   UNIT_TEST(what_stays_incomplete_is_told_to_the_sender),
	   UNIT_TEST(bad_lengths_are_told_to_the_sender))
