#include "dataplane/worker/steer.h"

#include <rte_ethdev.h>
#include <string.h>
#include <sys/mman.h>

#include "stack/ip/ip_header.h"
#include "stack/link/eth.h"
#include "tests/lib/eal.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

#define GUARD_BYTES 4096
#define PEER UINT32_C(0x0a000009)
#define OURS UINT32_C(0x0a000001)

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 1}, mac_b[6] = {2, 0, 0, 0, 0, 9};
static const uint8_t peer6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};
static const uint8_t ours6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
static struct toeplitz toeplitz;
static struct rte_mempool *pool;
static struct packet packet;

static void setup(void)
{
	test_eal_start(32);
	if (!pool)
		pool = test_mbuf_pool("steer", 63);
	CU_ASSERT_FATAL(toeplitz_set_key(&toeplitz, toeplitz_default_key, TOEPLITZ_KEY_BYTES));
	memset(&packet, 0, sizeof(packet));
}

static void ports(unsigned from, unsigned to)
{
	packet_put16(&packet, from);
	packet_put16(&packet, to);
	packet_fill(&packet, 0, 16);
}

/* The first `length` bytes, flush against a page that nobody may read. */
static void *guarded(uint32_t length)
{
	static uint8_t *pages;

	if (!pages) {
		pages = mmap(NULL, 2 * GUARD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		CU_ASSERT_FATAL(pages != MAP_FAILED &&
				mprotect(pages + GUARD_BYTES, GUARD_BYTES, PROT_NONE) == 0);
	}
	return memcpy(pages + GUARD_BYTES - length, packet.bytes, length);
}

/* Whole, in small pieces, and cut at every byte: never another answer than the right one or none. */
static struct steering steer(void)
{
	struct steering whole, out;
	struct rte_mbuf *mbuf = packet_mbuf(&packet, pool, 0);

	steer_frame(&toeplitz, mbuf, &whole);
	rte_pktmbuf_free(mbuf);
	for (unsigned piece = 1; piece < 40; piece += 7) {
		mbuf = packet_mbuf(&packet, pool, packet.length / 20 + piece);
		steer_frame(&toeplitz, mbuf, &out);
		CU_ASSERT(out.kind == whole.kind && out.hash == whole.hash);
		rte_pktmbuf_free(mbuf);
	}
	for (uint32_t cut = 0; cut <= packet.length; cut++) {
		struct rte_mbuf flush = {.buf_addr = guarded(cut), .nb_segs = 1,
					 .data_len = (uint16_t)cut, .pkt_len = cut};

		steer_frame(&toeplitz, &flush, &out);
		CU_ASSERT(out.kind == STEER_HERE || (out.kind == whole.kind && out.hash == whole.hash));
	}
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
	return whole;
}

static void check_flow(struct steering got, bool v6)
{
	struct ip_addr peer = v6 ? ip_addr_from_v6(peer6) : ip_addr_from_v4(PEER);
	struct ip_addr ours = v6 ? ip_addr_from_v6(ours6) : ip_addr_from_v4(OURS);

	CU_ASSERT_EQUAL(got.kind, STEER_FLOW);
	CU_ASSERT_EQUAL(got.hash, toeplitz_flow(&toeplitz, &peer, &ours, 40000, 80));
	CU_ASSERT(ip_addr_equal(&got.key.local, &ours) && ip_addr_equal(&got.key.remote, &peer));
	CU_ASSERT(got.key.local_port == 80 && got.key.remote_port == 40000);
	CU_ASSERT_EQUAL(got.hash, steer_flow_hash(&toeplitz, &got.key));
}

static void flows_are_hashed_as_they_arrive(void)
{
	for (unsigned options = 0; options <= 8; options += 4) {
		setup();
		packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP4);
		packet_ip4(&packet, PEER, OURS, options ? IP_PROTOCOL_UDP : IP_PROTOCOL_TCP, 20, options);
		ports(40000, 80);
		struct steering got = steer();

		check_flow(got, false);
		CU_ASSERT_EQUAL(got.rss_type, options ? RTE_ETH_RSS_NONFRAG_IPV4_UDP :
							RTE_ETH_RSS_NONFRAG_IPV4_TCP);
	}
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP6);
	packet_ip6(&packet, peer6, ours6, IP_PROTOCOL_TCP, 20, 64);
	ports(40000, 80);
	check_flow(steer(), true);
	CU_ASSERT_EQUAL(steer().rss_type, RTE_ETH_RSS_NONFRAG_IPV6_TCP);
}

/* What a device may hash otherwise than we do, or not at all. */
static void doubtful_frames_are_hashed_by_software(void)
{
	for (unsigned payload = 19; payload <= 21; payload++) {
		setup();
		packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP4);
		packet_ip4(&packet, PEER, OURS, IP_PROTOCOL_TCP, payload, 0);
		ports(40000, 80);
		/* A cut header, a right one, a frame shorter than its packet. */
		CU_ASSERT_EQUAL(steer().rss_type, payload == 20 ? RTE_ETH_RSS_NONFRAG_IPV4_TCP : 0);
	}
	for (unsigned tags = 1; tags <= 2; tags++) {
		setup();
		packet_eth(&packet, mac_a, mac_b, 0x8100);
		for (unsigned i = 1; i <= tags; i++) {
			packet_put16(&packet, 7);
			packet_put16(&packet, i == tags ? ETH_TYPE_IP4 : 0x8100);
		}
		packet_ip4(&packet, PEER, OURS, IP_PROTOCOL_TCP, 20, 0);
		ports(40000, 80);
		CU_ASSERT_EQUAL(steer().rss_type, tags == 1 ? RTE_ETH_RSS_NONFRAG_IPV4_TCP : 0);
	}
}

static void tags_and_extensions_are_stepped_over(void)
{
	static const uint8_t hop[] = {IP6_DESTINATION_OPTIONS, 0, 1, 4, 0, 0, 0, 0,
				      IP_PROTOCOL_TCP, 1, 1, 12};

	setup();
	packet_eth(&packet, mac_a, mac_b, 0x88a8);
	packet_put16(&packet, 7);
	packet_put16(&packet, 0x8100);
	packet_put16(&packet, 9);
	packet_put16(&packet, ETH_TYPE_IP6);
	packet_ip6(&packet, peer6, ours6, IP6_HOP_BY_HOP, 20 + 24, 64);
	packet_put(&packet, hop, sizeof(hop));
	packet_fill(&packet, 0, 12);
	ports(40000, 80);
	check_flow(steer(), true);
	CU_ASSERT_EQUAL(steer().rss_type, 0);
}

static void fragments_meet_by_their_addresses(void)
{
	struct ip_addr peer = ip_addr_from_v4(PEER), ours = ip_addr_from_v4(OURS);
	uint32_t hash[2];

	for (unsigned i = 0; i < 2; i++) {
		setup();
		packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP4);
		packet_ip4(&packet, PEER, OURS, IP_PROTOCOL_TCP, 20, 0);
		/* More fragments of the first, an offset in the last. */
		packet.bytes[20] = i ? 0x00 : 0x20;
		packet.bytes[21] = i ? 0x03 : 0x00;
		ports(i ? 17 : 40000, 80);
		struct steering got = steer();

		CU_ASSERT(got.kind == STEER_FRAGMENT && got.rss_type == 0);
		hash[i] = got.hash;
	}
	CU_ASSERT(hash[0] == hash[1] && hash[0] == toeplitz_addresses(&toeplitz, &peer, &ours));
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP6);
	packet_ip6(&packet, peer6, ours6, IP6_FRAGMENT, 28, 64);
	packet_put16(&packet, IP_PROTOCOL_TCP << 8);
	packet_put16(&packet, 1);
	packet_put32(&packet, 77);
	ports(40000, 80);
	CU_ASSERT_EQUAL(steer().kind, STEER_FRAGMENT);
}

/* The quoted packet left from us. */
static void errors_go_where_the_flow_lives(void)
{
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP4);
	packet_ip4(&packet, 0x0a0000fe, OURS, IP_PROTOCOL_ICMP4, 8 + 28, 0);
	packet_put32(&packet, 0x03040000);
	packet_put32(&packet, 1300);
	packet_ip4(&packet, OURS, PEER, IP_PROTOCOL_TCP, 20, 0);
	ports(80, 40000);
	check_flow(steer(), false);
	CU_ASSERT_EQUAL(steer().rss_type, 0);
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP6);
	packet_ip6(&packet, peer6, ours6, IP_PROTOCOL_ICMP6, 8 + 60, 64);
	packet_put32(&packet, 0x02000000);
	packet_put32(&packet, 1300);
	packet_ip6(&packet, ours6, peer6, IP_PROTOCOL_TCP, 20, 64);
	ports(80, 40000);
	check_flow(steer(), true);
}

static void what_any_core_can_do_stays(void)
{
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_ARP);
	packet_fill(&packet, 1, 46);
	CU_ASSERT_EQUAL(steer().kind, STEER_HERE);
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP4);
	packet_ip4(&packet, PEER, OURS, IP_PROTOCOL_ICMP4, 30, 0);
	packet_put32(&packet, 0x08000000);
	packet_fill(&packet, 0x45, 26);
	CU_ASSERT_EQUAL(steer().kind, STEER_HERE);
	/* Neighbour solicitation. */
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP6);
	packet_ip6(&packet, peer6, ours6, IP_PROTOCOL_ICMP6, 32, 255);
	packet_put32(&packet, 0x87000000);
	packet_fill(&packet, 0x60, 28);
	CU_ASSERT_EQUAL(steer().kind, STEER_HERE);
	/* A protocol without ports, and a header that says that it is shorter than one. */
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP4);
	packet_ip4(&packet, PEER, OURS, 47, 20, 0);
	ports(40000, 80);
	CU_ASSERT_EQUAL(steer().kind, STEER_HERE);
	setup();
	packet_eth(&packet, mac_a, mac_b, ETH_TYPE_IP4);
	packet_ip4(&packet, PEER, OURS, IP_PROTOCOL_TCP, 20, 0);
	packet.bytes[14] = 0x44;
	ports(40000, 80);
	CU_ASSERT_EQUAL(steer().kind, STEER_HERE);
}

UNIT_TESTS(UNIT_TEST(flows_are_hashed_as_they_arrive), UNIT_TEST(doubtful_frames_are_hashed_by_software),
	   UNIT_TEST(tags_and_extensions_are_stepped_over),
	   UNIT_TEST(fragments_meet_by_their_addresses), UNIT_TEST(errors_go_where_the_flow_lives),
	   UNIT_TEST(what_any_core_can_do_stays))
