#include "stack/ip/ip_input.h"

#include <string.h>

#include "stack/ip/icmp_error.h"
#include "tests/lib/eal.h"
#include "tests/lib/guard.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

#define OURS 0x0a000001u
#define PEER 0x0a000002u

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t ours6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static const uint8_t peer6[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
static const uint8_t mapped6[16] = {[10] = 0xff, 0xff, 10, 0, 0, 2};
static const uint8_t all_nodes6[16] = {0xff, 2, [15] = 1};
static const uint8_t other_group6[16] = {0xff, 2, [15] = 2};
static const uint8_t loopback6[16] = {[15] = 1};
static const uint8_t any6[16];

static struct rte_mempool *mbufs;
static struct netif netif;
static struct ip_layer ip = {.netifs = &netif, .netif_count = 1};
static struct ip_packet out;

static void setup(void)
{
	test_eal_start(32);
	if (!mbufs)
		mbufs = test_mbuf_pool("ip", 63);
	netif = (struct netif){.mtu_bytes = 1500, .address_count = 2};
	netif.addresses[0] = (struct netif_address){ip_addr_from_v4(OURS), 24};
	netif.addresses[1] = (struct netif_address){ip_addr_from_v6(ours6), 64};
}

static enum drop_reason run(const struct packet *packet, bool link_group)
{
	struct ip_input_from from = {.mbuf = packet_mbuf(packet, mbufs, 0), .l3_offset = 14,
				     .link_group = link_group};
	bool v6 = packet->length >= 14 && packet->bytes[12] == 0x86;
	enum drop_reason reason = v6 ? ip6_input(&ip, &from, &out) : ip4_input(&ip, &from, &out);

	rte_pktmbuf_free(from.mbuf);
	return reason;
}

static struct packet v4(uint32_t from, uint32_t to, unsigned options)
{
	struct packet packet = {.length = 0};

	packet_eth(&packet, mac, mac, 0x0800);
	packet_ip4(&packet, from, to, 6, 20, options);
	packet_fill(&packet, 0x11, 20);
	return packet;
}

static void ip4_header_by_header(void)
{
	static const uint32_t bad_sources[] = {0, 0x7f000001, 0xe0000001, 0xffffffff, OURS, 0xf0000001};
	struct packet good = v4(PEER, OURS, 8), bad;

	setup();
	packet_fill(&good, 0, 6);
	CU_ASSERT_EQUAL(run(&good, false), DROP_NONE);
	CU_ASSERT(out.l4_offset == 42 && out.l4_bytes == 20 && out.protocol == 6 && !out.is_v6);
	CU_ASSERT(out.hop_limit == 64 && ip_addr_v4(&out.source) == PEER);
	CU_ASSERT_EQUAL(run(&good, true), DROP_IP_NOT_FOR_US);
	for (unsigned i = 0; i < ARRAY_LEN(bad_sources); i++) {
		bad = v4(bad_sources[i], OURS, 0);
		CU_ASSERT_EQUAL(run(&bad, false), DROP_IP_BAD_SOURCE);
	}
	bad = v4(PEER, OURS + 7, 0);
	CU_ASSERT_EQUAL(run(&bad, false), DROP_IP_NOT_FOR_US);
	bad = v4(PEER, 0xffffffff, 0);
	CU_ASSERT_EQUAL(run(&bad, false), DROP_IP_NOT_FOR_US);
	/* Every flipped bit of the header is found out. */
	for (unsigned bit = 0; bit < 28 * 8; bit++) {
		bad = good;
		bad.bytes[14 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(run(&bad, false), DROP_NONE);
	}
	for (uint32_t length = 14; length < 62; length++) {
		bad = good;
		bad.length = length;
		CU_ASSERT_EQUAL(run(&bad, false), DROP_IP4_MALFORMED);
	}
	/* A frame that is full and yet too short was a super-frame, cut by the port. */
	netif.mtu_bytes = 28;
	bad = good;
	bad.length = 14 + 28;
	CU_ASSERT_EQUAL(run(&bad, false), DROP_IP_CUT);
	bad.length--;
	CU_ASSERT_EQUAL(run(&bad, false), DROP_IP4_MALFORMED);
}

static void ip4_fragments_options_and_told_checksums(void)
{
	struct packet bad;

	setup();
	for (unsigned field = 1; field < 0x4000; field <<= 1) {
		bad = v4(PEER, OURS, 0);
		bad.bytes[20] = (uint8_t)(field >> 8);
		bad.bytes[21] = (uint8_t)field;
		packet_fix_ip4(&bad, 14);
		CU_ASSERT_EQUAL(run(&bad, false), DROP_NONE);
		CU_ASSERT(out.is_fragment && out.fragment_id == 0x1234);
		CU_ASSERT_EQUAL(out.more_fragments, field == 0x2000);
		CU_ASSERT_EQUAL(out.fragment_offset, (field & 0x1fff) * 8);
	}
	static const struct {
		uint8_t bytes[4];
		enum drop_reason reason;
	} options[] = {
		{{1, 1, 1, 1}, DROP_NONE},	      {{0, 9, 9, 9}, DROP_NONE},
		{{148, 4, 0, 0}, DROP_NONE},	      {{131, 3, 4, 0}, DROP_IP4_OPTIONS},
		{{137, 4, 4, 0}, DROP_IP4_OPTIONS},   {{1, 137, 3, 4}, DROP_IP4_OPTIONS},
		{{7, 0, 0, 0}, DROP_IP4_MALFORMED},   {{7, 1, 0, 0}, DROP_IP4_MALFORMED},
		{{7, 5, 0, 0}, DROP_IP4_MALFORMED},   {{1, 1, 1, 7}, DROP_IP4_MALFORMED},
	};

	for (unsigned i = 0; i < ARRAY_LEN(options); i++) {
		bad = v4(PEER, OURS, 4);
		memcpy(bad.bytes + 34, options[i].bytes, 4);
		packet_fix_ip4(&bad, 14);
		CU_ASSERT_EQUAL(run(&bad, false), options[i].reason);
	}
	bad = v4(PEER, OURS, 0);
	bad.bytes[24] ^= 1;
	CU_ASSERT_EQUAL(run(&bad, false), DROP_IP4_CHECKSUM);
	struct ip_input_from from = {.mbuf = packet_mbuf(&bad, mbufs, 0), .l3_offset = 14};

	netif.rx_checksum_known = true;
	CU_ASSERT_EQUAL(ip4_input(&ip, &from, &out), DROP_IP4_CHECKSUM);
	from.mbuf->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	CU_ASSERT_EQUAL(ip4_input(&ip, &from, &out), DROP_NONE);
	from.mbuf->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_BAD;
	CU_ASSERT_EQUAL(ip4_input(&ip, &from, &out), DROP_IP4_CHECKSUM);
	rte_pktmbuf_free(from.mbuf);
}

static struct packet v6(const uint8_t from[16], const uint8_t to[16], unsigned next,
			const void *extensions, unsigned extension_bytes)
{
	struct packet packet = {.length = 0};

	packet_eth(&packet, mac, mac, 0x86dd);
	packet_ip6(&packet, from, to, next, extension_bytes + 20, 63);
	packet_put(&packet, extensions, extension_bytes);
	packet_fill(&packet, 0x11, 20);
	return packet;
}

static void ip6_addresses(void)
{
	static const struct {
		const uint8_t *from, *to;
		unsigned protocol;
		bool link_group;
		enum drop_reason reason;
	} cases[] = {
		{peer6, ours6, 6, false, DROP_NONE},
		{peer6, ours6, 6, true, DROP_IP_NOT_FOR_US},
		{peer6, peer6, 6, false, DROP_IP_NOT_FOR_US},
		{peer6, mapped6, 6, false, DROP_IP_NOT_FOR_US},
		{mapped6, ours6, 6, false, DROP_IP_BAD_SOURCE},
		{ours6, ours6, 6, false, DROP_IP_BAD_SOURCE},
		{all_nodes6, ours6, 58, false, DROP_IP_BAD_SOURCE},
		{loopback6, ours6, 6, false, DROP_IP_BAD_SOURCE},
		{any6, ours6, 6, false, DROP_IP_BAD_SOURCE},
		{any6, ours6, 58, false, DROP_NONE},
		{peer6, all_nodes6, 58, true, DROP_NONE},
		{peer6, all_nodes6, 6, true, DROP_IP_NOT_FOR_US},
		{peer6, other_group6, 58, true, DROP_IP_NOT_FOR_US},
	};

	setup();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct packet packet = v6(cases[i].from, cases[i].to, cases[i].protocol, "", 0);

		CU_ASSERT_EQUAL(run(&packet, cases[i].link_group), cases[i].reason);
	}
	struct packet whole = v6(peer6, ours6, 6, "", 0);

	for (uint32_t length = 14; length < whole.length; length++) {
		struct packet cut = whole;

		cut.length = length;
		CU_ASSERT_EQUAL(run(&cut, false), DROP_IP6_MALFORMED);
	}
}

static void ip6_extension_headers(void)
{
	static const struct {
		unsigned first;
		uint8_t bytes[16];
		unsigned length;
		enum drop_reason reason;
	} cases[] = {
		{0, {6, 0, 1, 4}, 8, DROP_NONE},                            /* PadN */
		{0, {6, 0, 5, 2, 0, 0, 1, 0}, 8, DROP_NONE},                /* router alert */
		{60, {6, 0, 0, 0, 0, 0, 0, 0}, 8, DROP_NONE},               /* Pad1 */
		{0, {60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4}, 16, DROP_NONE},
		{60, {0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4}, 16, DROP_IP6_EXTENSION}, /* not first */
		{0, {6, 0, 0xc2, 4, 0, 1, 0, 0}, 8, DROP_IP6_EXTENSION},    /* jumbo payload */
		{60, {6, 0, 0x41, 4}, 8, DROP_IP6_EXTENSION},
		{60, {6, 0, 1, 5}, 8, DROP_IP6_EXTENSION},                  /* option too long */
		{60, {6, 0, 0, 0, 0, 0, 0, 1}, 8, DROP_IP6_EXTENSION},      /* no room for a length */
		{60, {6, 4}, 8, DROP_IP6_MALFORMED},                        /* header too long */
		{43, {6, 0, 0, 0}, 8, DROP_IP6_EXTENSION},                  /* routing type 0 */
		{43, {6, 0, 4, 0}, 8, DROP_NONE},                           /* nothing left to do */
		{43, {6, 0, 4, 1}, 8, DROP_IP6_EXTENSION},
		{44, {6, 0, 0, 0}, 8, DROP_NONE},                           /* RFC 6946 */
		{44, {44, 0, 0, 0, 0, 0, 0, 0, 6}, 16, DROP_IP6_EXTENSION},
		{44, {60, 0, 0, 1, 0, 0, 0, 0, 44, 0, 1, 4}, 16, DROP_IP6_EXTENSION},
		{44, {60, 0, 0, 1, 0, 0, 0, 0, 6, 4, 1, 4}, 16, DROP_IP_FRAGMENT_TINY},
		{44, {60, 0, 0, 1, 0, 0, 0, 0, 6, 1, 1, 12}, 16, DROP_IP_FRAGMENT_TINY}, /* 12 of TCP */
	};

	setup();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct packet packet = v6(peer6, ours6, cases[i].first, cases[i].bytes, cases[i].length);

		CU_ASSERT_EQUAL(run(&packet, false), cases[i].reason);
		if (cases[i].reason != DROP_NONE)
			continue;
		CU_ASSERT(out.protocol == 6 && out.l4_bytes == 20 &&
			  out.l4_offset == 54 + cases[i].length);
	}
	uint8_t chain[9 * 8] = {0};

	for (unsigned i = 0; i < 9; i++)
		memcpy(chain + 8 * i, "\x3c\0\1\4", 4);
	chain[7 * 8] = 6; /* eight are walked, a ninth is not */
	struct packet packet = v6(peer6, ours6, 60, chain, 64);

	CU_ASSERT_EQUAL(run(&packet, false), DROP_NONE);
	chain[7 * 8] = 60;
	chain[8 * 8] = 6;
	packet = v6(peer6, ours6, 60, chain, 72);
	CU_ASSERT_EQUAL(run(&packet, false), DROP_IP6_EXTENSION);
}

/* An ICMP message about a TCP segment that left from us. */
static struct packet error_about(bool is_v6, unsigned type, unsigned code, uint32_t rest)
{
	struct packet packet = {.length = 0};

	packet_put32(&packet, type << 24 | code << 16);
	packet_put32(&packet, rest);
	if (is_v6)
		packet_ip6(&packet, ours6, peer6, 6, 20, 60);
	else
		packet_ip4(&packet, OURS, PEER, 6, 20, 0);
	packet_put16(&packet, 1234);
	packet_put16(&packet, 80);
	packet_put32(&packet, 0xdeadbeef);
	return packet;
}

static void icmp_errors_name_their_flow(void)
{
	static const struct {
		bool is_v6;
		unsigned type, code;
		uint32_t rest;
		enum drop_reason reason;
		uint16_t mtu;
	} cases[] = {
		{false, 3, 1, 0, DROP_NONE, 0},		   {false, 3, 4, 1400, DROP_NONE, 1400},
		{false, 3, 4, 0, DROP_NONE, 576},	   {false, 3, 4, 10, DROP_NONE, 68},
		{false, 11, 4, 1400, DROP_NONE, 0},	   {false, 12, 0, 0, DROP_NONE, 0},
		{false, 4, 0, 0, DROP_ICMP_UNHANDLED, 0},  {false, 0, 0, 0, DROP_ICMP_UNHANDLED, 0},
		{true, 1, 4, 0, DROP_NONE, 0},		   {true, 2, 0, 1400, DROP_NONE, 1400},
		{true, 2, 0, 100, DROP_NONE, 1280},	   {true, 2, 0, 1 << 20, DROP_NONE, 65535},
		{true, 3, 0, 1400, DROP_NONE, 0},	   {true, 4, 1, 6, DROP_NONE, 0},
		{true, 5, 0, 0, DROP_ICMP_UNHANDLED, 0},
	};

	setup();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct packet message =
			error_about(cases[i].is_v6, cases[i].type, cases[i].code, cases[i].rest);
		struct ip_packet about = {.is_v6 = cases[i].is_v6, .vrf = 3,
					  .destination = cases[i].is_v6 ? ip_addr_from_v6(ours6)
									: ip_addr_from_v4(OURS)};
		struct icmp_error error;

		CU_ASSERT_EQUAL(icmp_error_parse(&about, message.bytes, message.length, &error),
				cases[i].reason);
		if (cases[i].reason != DROP_NONE)
			continue;
		CU_ASSERT(error.mtu_bytes == cases[i].mtu && error.sequence == 0xdeadbeef);
		CU_ASSERT(error.key.local_port == 1234 && error.key.remote_port == 80);
		CU_ASSERT(error.key.vrf == 3 && ip_addr_equal(&error.key.local, &about.destination));
		for (uint32_t length = 0; length < message.length; length++) {
			char *copy = guard_copy(message.bytes, length, 1);

			CU_ASSERT_EQUAL(icmp_error_parse(&about, (uint8_t *)copy, length, &error),
					DROP_ICMP_MALFORMED);
			guard_free(copy, length, 1);
		}
		about.destination.bytes[15] ^= 8; /* not what the quoted packet came from */
		CU_ASSERT_EQUAL(icmp_error_parse(&about, message.bytes, message.length, &error),
				DROP_ICMP_MALFORMED);
	}
}

UNIT_TESTS(UNIT_TEST(ip4_header_by_header), UNIT_TEST(ip4_fragments_options_and_told_checksums),
	   UNIT_TEST(ip6_addresses), UNIT_TEST(ip6_extension_headers),
	   UNIT_TEST(icmp_errors_name_their_flow))
