/* An inside port: it answers for every address and takes what is sent there; and a port with a VLAN. */
#include <string.h>

#include "stack/base/time.h"
#include "stack/ip/ip_layer.h"
#include "stack/link/eth.h"
#include "stack/stack.h"
#include "tests/lib/eal.h"
#include "tests/lib/fake_tcp.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

#define A4 0x0a000001u
#define B4 0x0a000002u
#define FAR4 0x08080808u

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t a6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xa};
static const uint8_t b6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xb};
static const uint8_t far6[16] = {0x20, 1, 0xd, 0xb8, 0, 9, [15] = 0xf};
static const uint8_t nobody6[16];

static struct rte_mempool *mbufs;
static struct netif netif;
static struct drop_counters drops;
static struct tcp_counters counters;
static struct slice_pool slices;
static struct stack *stack;

static void start(bool inside, uint16_t vlan)
{
	test_eal_start(64);
	if (!mbufs)
		mbufs = test_mbuf_pool("inside", 1023);
	netif = (struct netif){.mtu_bytes = 1500, .inside = inside, .vlan = vlan, .address_count = 2};
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
}

static void stop(void)
{
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

static uint32_t give_mbuf(struct rte_mbuf *frame, uint8_t out[2048])
{
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

static uint32_t give(const struct packet *packet, uint8_t out[2048])
{
	return give_mbuf(packet_mbuf(packet, mbufs, 0), out);
}

/* From now on every header carries a tag. */
static void put_eth(struct packet *packet, const uint8_t *to, unsigned type, int tag)
{
	packet->length = 0;
	packet_eth(packet, to, mac_b, tag < 0 ? type : 0x8100);
	if (tag < 0)
		return;
	packet_put16(packet, (unsigned)tag);
	packet_put16(packet, type);
}

static void put_arp(struct packet *packet, uint32_t sender, uint32_t target, int tag)
{
	put_eth(packet, broadcast, 0x0806, tag);
	packet_put32(packet, 0x00010800);
	packet_put32(packet, 0x06040001);
	packet_put(packet, mac_b, 6);
	packet_put32(packet, sender);
	packet_fill(packet, 0, 6);
	packet_put32(packet, target);
}

static void put_solicitation(struct packet *packet, const uint8_t from[16], const uint8_t target[16])
{
	const uint8_t group_mac[6] = {0x33, 0x33, 0xff, target[13], target[14], target[15]};
	bool has_mac = from != nobody6;
	uint8_t group[16] = {0xff, 2, [11] = 1, [12] = 0xff};

	memcpy(group + 13, target + 13, 3);
	packet->length = 0;
	packet_eth(packet, group_mac, mac_b, 0x86dd);
	packet_ip6(packet, from, group, 58, has_mac ? 32 : 24, 255);
	packet_put32(packet, 0x87000000);
	packet_put32(packet, 0);
	packet_put(packet, target, 16);
	if (has_mac) {
		packet_put16(packet, 0x0101);
		packet_put(packet, mac_b, 6);
	}
	packet_fix_l4_ip6(packet, 14, 54, 56, 58);
}

static void put_ping(struct packet *packet, uint32_t to, int tag)
{
	put_eth(packet, mac_a, 0x0800, tag);
	uint32_t l3 = packet->length;

	packet_ip4(packet, B4, to, 1, 16, 0);
	packet_put32(packet, 0x08000000);
	packet_fill(packet, 7, 12);
	packet_fix_icmp4(packet, l3 + 20);
}

/* RFC 1027 */
static void it_answers_arp_for_everybody_but_those_on_its_side(void)
{
	static const struct {
		uint32_t sender, target;
		bool answered;
	} cases[] = {
		{B4, FAR4, true},
		{B4, A4, true},
		{B4, 0x0a000063, true},   /* on the link, but nobody that we know of */
		{0, FAR4, false},         /* a probe: nobody may answer it but an owner (RFC 5227) */
		{FAR4, FAR4, false},      /* an announcement */
		{B4, 0xe0000001, false},
		{B4, 0x7f000001, false},
		{B4, 0, false},
		{B4, 0xffffffff, false},
		{0x0a000003, B4, false},  /* B itself is on this side */
	};
	struct packet packet;
	uint8_t frame[2048];

	for (unsigned inside = 0; inside < 2; inside++) {
		start(inside, 0);
		put_arp(&packet, B4, A4, -1);
		CU_ASSERT_EQUAL(give(&packet, frame), 42);
		put_ping(&packet, A4, -1); /* its entry is in use now */
		CU_ASSERT_EQUAL(give(&packet, frame), 50);
		for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
			bool answered = cases[i].answered && (inside || cases[i].target == A4);

			put_arp(&packet, cases[i].sender, cases[i].target, -1);
			CU_ASSERT_EQUAL(give(&packet, frame), answered ? 42 : 0);
			if (answered)
				CU_ASSERT(frame[21] == 2 && memcmp(frame + 22, mac_a, 6) == 0 &&
					  memcmp(frame + 28, packet.bytes + 38, 4) == 0);
		}
		stop();
	}
}

/* RFC 4861 7.2.8 */
static void it_answers_neighbour_solicitations_without_override(void)
{
	struct packet packet;
	uint8_t frame[2048];

	for (unsigned inside = 0; inside < 2; inside++) {
		start(inside, 0);
		put_solicitation(&packet, b6, far6);
		CU_ASSERT_EQUAL(give(&packet, frame), inside ? 86 : 0);
		if (inside) {
			CU_ASSERT(frame[54] == 136 && frame[58] == 0x40);
			CU_ASSERT(memcmp(frame + 22, far6, 16) == 0 && memcmp(frame + 62, far6, 16) == 0);
			CU_ASSERT(memcmp(frame + 80, mac_a, 6) == 0);
		}
		put_solicitation(&packet, b6, a6);
		CU_ASSERT(give(&packet, frame) == 86 && frame[58] == 0x60);
		put_solicitation(&packet, nobody6, far6); /* duplicate address detection of another */
		CU_ASSERT_EQUAL(give(&packet, frame), 0);
		stop();
	}
}

static void it_takes_every_destination(void)
{
	struct packet packet;
	uint8_t frame[2048];

	for (unsigned inside = 0; inside < 2; inside++) {
		start(inside, 0);
		put_arp(&packet, B4, A4, -1);
		CU_ASSERT_EQUAL(give(&packet, frame), 42);
		put_ping(&packet, FAR4, -1);
		CU_ASSERT_EQUAL(give(&packet, frame), inside ? 50 : 0);
		if (inside)
			CU_ASSERT(memcmp(frame + 26, "\10\10\10\10", 4) == 0 && frame[34] == 0);
		packet.bytes[14 + 9] = 6;
		packet_fix_ip4(&packet, 14);
		give(&packet, frame);
		CU_ASSERT_EQUAL(fake_tcp.packets, inside);
		if (inside)
			CU_ASSERT_EQUAL(ip_addr_v4(&fake_tcp.last.destination), FAR4);
		CU_ASSERT_EQUAL(drops.count[DROP_IP_NOT_FOR_US], inside ? 0 : 2);
		put_ping(&packet, 0x7f000001, -1);
		CU_ASSERT_EQUAL(give(&packet, frame), 0);
		stop();
	}
}

static void a_port_asks_without_an_address_of_its_own(void)
{
	uint8_t frame[2048];
	struct packet packet;

	start(true, 0);
	netif.address_count = 0;
	netif.routes[0] = (struct netif_route){.prefix = ip_addr_from_v4(B4), .prefix_bits = 32,
					       .on_link = true};
	netif.route_count = 1;
	put_ping(&packet, FAR4, -1);
	CU_ASSERT_EQUAL_FATAL(give(&packet, frame), 42);
	CU_ASSERT(frame[13] == 6 && frame[21] == 1 && memcmp(frame + 28, "\0\0\0\0", 4) == 0);
	CU_ASSERT(memcmp(frame + 38, "\12\0\0\2", 4) == 0);
	stop();
}

static void frames_carry_the_tag_of_the_port(void)
{
	struct packet packet;
	uint8_t frame[2048];

	start(false, 100);
	put_arp(&packet, B4, A4, 100);
	CU_ASSERT_EQUAL_FATAL(give(&packet, frame), 46);
	CU_ASSERT(memcmp(frame + 12, "\x81\0\0\x64\x8\x6", 6) == 0 && frame[25] == 2);
	put_ping(&packet, A4, 0xe000 | 100); /* whatever its priority */
	CU_ASSERT_EQUAL_FATAL(give(&packet, frame), 54);
	CU_ASSERT(memcmp(frame, mac_b, 6) == 0 && memcmp(frame + 12, "\x81\0\0\x64\x8\0\x45", 7) == 0);
	CU_ASSERT_EQUAL(frame[38], 0);
	/* A device may have taken the tag off. */
	put_ping(&packet, A4, -1);
	struct rte_mbuf *mbuf = packet_mbuf(&packet, mbufs, 0);

	mbuf->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	mbuf->vlan_tci = 0x2000 | 100;
	CU_ASSERT_EQUAL(give_mbuf(mbuf, frame), 54);
	stack_announce(stack, 0);
	CU_ASSERT_EQUAL(drops.count[DROP_LINK_VLAN], 0);
	stop();
}

static void wrong_tags_are_counted(void)
{
	static const struct {
		uint16_t vlan;
		int tag;
		bool taken;
	} cases[] = {
		{100, 100, true}, {100, 101, false}, {100, -1, false}, {100, 0, false},
		{0, -1, true},    {0, 0xe000, true}, {0, 100, false},  {4094, 4094, true},
	};
	struct packet packet;
	uint8_t frame[2048];

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		start(false, cases[i].vlan);
		put_arp(&packet, B4, A4, cases[i].tag);
		CU_ASSERT_EQUAL(give(&packet, frame) > 0, cases[i].taken);
		CU_ASSERT_EQUAL(drops.count[DROP_LINK_VLAN], !cases[i].taken);
		for (packet.length = 0; packet.length < 60; packet.length++) {
			struct packet cut = packet;

			CU_ASSERT_EQUAL(give(&cut, frame) > 0,
					cases[i].taken && cut.length >= 42u + 4 * (cases[i].tag >= 0));
		}
		/* A second tag is none of ours. */
		put_arp(&packet, B4, A4, cases[i].tag);
		memcpy(packet.bytes + (cases[i].tag < 0 ? 12 : 16), "\x81\0", 2);
		CU_ASSERT_EQUAL(give(&packet, frame), 0);
		stop();
	}
}

UNIT_TESTS(UNIT_TEST(it_answers_arp_for_everybody_but_those_on_its_side),
	   UNIT_TEST(it_answers_neighbour_solicitations_without_override),
	   UNIT_TEST(it_takes_every_destination), UNIT_TEST(a_port_asks_without_an_address_of_its_own),
	   UNIT_TEST(frames_carry_the_tag_of_the_port), UNIT_TEST(wrong_tags_are_counted))
