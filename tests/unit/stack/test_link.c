/* Ethernet, ARP and ND messages, frame shapes: parsers against guard pages at every length. */
#include <string.h>

#include "stack/base/prng.h"
#include "stack/link/arp.h"
#include "stack/link/eth.h"
#include "stack/link/frame.h"
#include "stack/link/nd.h"
#include "tests/lib/eal.h"
#include "tests/lib/guard.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};

static struct netif a_netif(void)
{
	struct netif netif = {.address_count = 2};

	memcpy(netif.mac, mac_a, 6);
	netif.addresses[0] = (struct netif_address){ip_addr_from_v4(0x0a000001), 24};
	CU_ASSERT_FATAL(ip_addr_parse("2001:db8::12:3456", &netif.addresses[1].addr));
	return netif;
}

static void ethernet_destinations(void)
{
	static const struct {
		uint8_t mac[6];
		enum drop_reason reason;
		bool group;
	} cases[] = {
		{{2, 0, 0, 0, 0, 0xa}, DROP_NONE, false},
		{{2, 0, 0, 0, 0, 0xb}, DROP_LINK_NOT_FOR_US, false},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, DROP_NONE, true},
		{{1, 0, 0x5e, 0, 0, 1}, DROP_NONE, true},
		{{1, 0, 0x5e, 0, 0, 2}, DROP_LINK_NOT_FOR_US, true},
		{{0x33, 0x33, 0, 0, 0, 1}, DROP_NONE, true},
		{{0x33, 0x33, 0, 0, 0, 2}, DROP_LINK_NOT_FOR_US, true},
		{{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}, DROP_NONE, true},
		{{0x33, 0x33, 0xff, 0x12, 0x34, 0x57}, DROP_LINK_NOT_FOR_US, true},
	};
	struct netif netif = a_netif();

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct packet packet = {.length = 0};
		struct eth_frame frame;

		packet_eth(&packet, cases[i].mac, mac_b, 0x86dd);
		CU_ASSERT_EQUAL(eth_parse(&netif, packet.bytes, 14, ETH_NO_TAG, &frame), cases[i].reason);
		CU_ASSERT_EQUAL(frame.is_group, cases[i].group);
		if (cases[i].reason == DROP_NONE)
			CU_ASSERT(frame.type == ETH_TYPE_IP6 && frame.payload_bytes == 14);
		for (uint32_t length = 0; length < 14; length++) {
			char *copy = guard_copy(packet.bytes, length, 1);

			CU_ASSERT_EQUAL(eth_parse(&netif, (uint8_t *)copy, length, ETH_NO_TAG, &frame),
					DROP_LINK_RUNT);
			guard_free(copy, length, 1);
		}
	}
}

static void put_arp(struct packet *packet)
{
	packet->length = 0;
	packet_put32(packet, 0x00010800);
	packet_put32(packet, 0x06040002);
	packet_put(packet, mac_b, 6);
	packet_put32(packet, 0x0a000002);
	packet_put(packet, mac_a, 6);
	packet_put32(packet, 0x0a000001);
}

static void arp_reads_what_it_writes_and_refuses_the_rest(void)
{
	struct arp_message message;
	struct packet packet;
	uint8_t written[ARP_BYTES];

	put_arp(&packet);
	CU_ASSERT_EQUAL(arp_parse(packet.bytes, packet.length, &message), DROP_NONE);
	CU_ASSERT(message.op == ARP_REPLY && ip_addr_v4(&message.sender) == 0x0a000002);
	CU_ASSERT(memcmp(message.sender_mac, mac_b, 6) == 0);
	arp_write(written, &message);
	CU_ASSERT(memcmp(written, packet.bytes, ARP_BYTES) == 0);
	for (uint32_t length = 0; length < ARP_BYTES; length++) {
		char *copy = guard_copy(packet.bytes, length, 1);

		CU_ASSERT_EQUAL(arp_parse((uint8_t *)copy, length, &message), DROP_ARP_MALFORMED);
		guard_free(copy, length, 1);
	}
	/* Every bit of the fixed part matters, but for request and reply. */
	for (unsigned bit = 0; bit < 64; bit++) {
		put_arp(&packet);
		packet.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_EQUAL(arp_parse(packet.bytes, packet.length, &message), DROP_ARP_MALFORMED);
	}
	put_arp(&packet);
	packet.bytes[8] |= 1; /* a group as sender */
	CU_ASSERT_EQUAL(arp_parse(packet.bytes, packet.length, &message), DROP_ARP_MALFORMED);
	put_arp(&packet);
	packet.bytes[14] = 224;
	CU_ASSERT_EQUAL(arp_parse(packet.bytes, packet.length, &message), DROP_ARP_MALFORMED);
}

static struct ip_packet nd_packet(uint16_t bytes)
{
	struct ip_packet packet = {.l4_bytes = bytes, .hop_limit = 255, .is_v6 = 1};

	CU_ASSERT_FATAL(ip_addr_parse("2001:db8::1", &packet.source));
	CU_ASSERT_FATAL(ip_addr_parse("2001:db8::2", &packet.destination));
	return packet;
}

static void nd_reads_what_it_writes(void)
{
	struct nd_message out = {.type = ND_NEIGHBOUR_ADVERTISEMENT, .solicited = true, .has_mac = true,
				 .mac = {2, 3, 4, 5, 6, 7}};
	struct ip_packet packet = nd_packet(ND_MESSAGE_BYTES);
	struct nd_message in;
	uint8_t bytes[ND_MESSAGE_BYTES];

	for (int type = 0; type < 2; type++) {
		out.target = packet.source;
		nd_write(bytes, &out);
		CU_ASSERT_EQUAL(nd_parse(&packet, bytes, &in), DROP_NONE);
		CU_ASSERT(in.type == out.type && in.solicited == out.solicited && !in.override);
		CU_ASSERT(in.has_mac && memcmp(in.mac, out.mac, 6) == 0);
		CU_ASSERT(ip_addr_equal(&in.target, &out.target));
		out.type = ND_NEIGHBOUR_SOLICITATION;
		out.solicited = false;
	}
}

static void nd_refuses_what_rfc_4861_7_1_refuses(void)
{
	struct nd_message out = {.type = ND_NEIGHBOUR_SOLICITATION, .has_mac = true};
	struct ip_packet good = nd_packet(ND_MESSAGE_BYTES), bad;
	struct nd_message in;
	uint8_t bytes[ND_MESSAGE_BYTES + 8] = {0};

	CU_ASSERT_FATAL(ip_addr_parse("2001:db8::2", &out.target));
	nd_write(bytes, &out);
	for (uint16_t length = 0; length < ND_MESSAGE_BYTES; length++) {
		char *copy = guard_copy(bytes, length, 1);

		bad = good;
		bad.l4_bytes = length;
		/* 24 bytes are a whole message without options. */
		CU_ASSERT_EQUAL(nd_parse(&bad, (uint8_t *)copy, &in),
				length == 24 ? DROP_NONE : DROP_ND_MALFORMED);
		guard_free(copy, length, 1);
	}
	bad = good;
	bad.hop_limit = 254;
	CU_ASSERT_EQUAL(nd_parse(&bad, bytes, &in), DROP_ND_MALFORMED);
	bad = good;
	memset(bad.source.bytes, 0, 16); /* a probe with a MAC, and not to the group */
	CU_ASSERT_EQUAL(nd_parse(&bad, bytes, &in), DROP_ND_MALFORMED);
	bad.l4_bytes = 24;
	CU_ASSERT_EQUAL(nd_parse(&bad, bytes, &in), DROP_ND_MALFORMED);
	bad.destination = ip6_solicited_node(&out.target);
	CU_ASSERT_EQUAL(nd_parse(&bad, bytes, &in), DROP_NONE);
	bytes[25] = 0; /* an option without length */
	CU_ASSERT_EQUAL(nd_parse(&good, bytes, &in), DROP_ND_MALFORMED);
	bytes[25] = 2; /* longer than the message */
	CU_ASSERT_EQUAL(nd_parse(&good, bytes, &in), DROP_ND_MALFORMED);
	bytes[25] = 1;
	bytes[24] = 99; /* unknown: skipped */
	CU_ASSERT_EQUAL(nd_parse(&good, bytes, &in), DROP_NONE);
	CU_ASSERT(!in.has_mac);
	bytes[1] = 1;
	CU_ASSERT_EQUAL(nd_parse(&good, bytes, &in), DROP_ND_MALFORMED);
	bytes[1] = 0;
	bytes[8] = 0xff; /* the target is a group */
	CU_ASSERT_EQUAL(nd_parse(&good, bytes, &in), DROP_ND_MALFORMED);
	out = (struct nd_message){.type = ND_NEIGHBOUR_ADVERTISEMENT, .solicited = true,
				  .target = out.target};
	nd_write(bytes, &out);
	good.destination = ip6_solicited_node(&out.target);
	CU_ASSERT_EQUAL(nd_parse(&good, bytes, &in), DROP_ND_MALFORMED);
}

static void frames_are_pulled_up_and_linearised_byte_for_byte(void)
{
	struct rte_mempool *pool;
	struct packet packet = {.length = 0};
	struct prng prng;

	test_eal_start(32);
	pool = test_mbuf_pool("frames", 511);
	prng_seed(&prng, 8);
	for (int i = 0; i < 400; i++)
		packet_fill(&packet, (uint8_t)prng_next(&prng), 1);
	for (uint32_t segment = 1; segment <= 400; segment += 13) {
		uint8_t copy[400];
		struct rte_mbuf *frame = packet_mbuf(&packet, pool, segment), *whole;

		CU_ASSERT(frame_pull_up(frame, 256));
		CU_ASSERT(frame->data_len >= 256 && frame->pkt_len == 400);
		CU_ASSERT_EQUAL(rte_mbuf_check(frame, 1, &(const char *){NULL}), 0);
		CU_ASSERT(memcmp(rte_pktmbuf_read(frame, 0, 400, copy), packet.bytes, 400) == 0);
		frame->ol_flags |= RTE_MBUF_F_TX_IPV4;
		frame->l2_len = 14;
		whole = frame_linearise(frame, pool);
		CU_ASSERT_FATAL(whole && whole->nb_segs == 1 && whole->pkt_len == 400);
		CU_ASSERT(memcmp(rte_pktmbuf_mtod(whole, void *), packet.bytes, 400) == 0);
		CU_ASSERT(whole->l2_len == 14 && (whole->ol_flags & RTE_MBUF_F_TX_IPV4));
		rte_pktmbuf_free(whole);
		/* What somebody else holds too is not written to. */
		frame = packet_mbuf(&packet, pool, segment);
		rte_mbuf_refcnt_update(frame, 1);
		CU_ASSERT_EQUAL(frame_pull_up(frame, 256), segment >= 256);
		rte_mbuf_refcnt_update(frame, -1);
		rte_pktmbuf_free(frame);
	}
	struct rte_mbuf *all[512];
	unsigned taken = 0;
	struct rte_mbuf *frame = packet_mbuf(&packet, pool, 100);

	while ((all[taken] = rte_pktmbuf_alloc(pool)))
		taken++;
	CU_ASSERT_PTR_NULL(frame_linearise(frame, pool));
	CU_ASSERT_PTR_NULL(frame_new(pool, 10));
	rte_pktmbuf_free(frame);
	CU_ASSERT_PTR_NULL(frame_new(pool, 4000));
	rte_pktmbuf_free_bulk(all, taken);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

UNIT_TESTS(UNIT_TEST(ethernet_destinations),
	   UNIT_TEST(arp_reads_what_it_writes_and_refuses_the_rest), UNIT_TEST(nd_reads_what_it_writes),
	   UNIT_TEST(nd_refuses_what_rfc_4861_7_1_refuses),
	   UNIT_TEST(frames_are_pulled_up_and_linearised_byte_for_byte))
