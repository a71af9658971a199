/* Link-local addresses: made from the MAC, answered for, and spoken from where they belong. */
#include "stack/netif.h"

#include <string.h>

#include "stack/base/time.h"
#include "stack/ip/ip_route.h"
#include "stack/ip/ip_source.h"
#include "stack/stack.h"
#include "tests/lib/eal.h"
#include "tests/lib/fake_tcp.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

static const uint8_t mac_a[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t local_a[16] = {0xfe, 0x80, [8] = 0x50, 0x54, 0, 0xff, 0xfe, 0x12, 0x34, 0x56};
static const uint8_t local_b[16] = {0xfe, 0x80, [8] = 0, 0, 0, 0xff, 0xfe, 0, 0, 0xb};
static const uint8_t global_a[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xa};
static const uint8_t global_b[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xb};

static struct rte_mempool *mbufs;
static struct netif netif;
static struct drop_counters drops;
static struct tcp_counters counters;
static struct slice_pool slices;
static struct stack *stack;

static struct ip_addr addr(const char *text)
{
	struct ip_addr out;

	CU_ASSERT_FATAL(ip_addr_parse(text, &out));
	return out;
}

static void own(const char *text, uint8_t bits)
{
	netif.addresses[netif.address_count++] = (struct netif_address){addr(text), bits};
}

static void start(void)
{
	test_eal_start(64);
	if (!mbufs)
		mbufs = test_mbuf_pool("netif", 1023);
	netif = (struct netif){.mtu_bytes = 1500};
	memset(&drops, 0, sizeof(drops));
	memcpy(netif.mac, mac_a, 6);
	own("2001:db8::a", 64);
	CU_ASSERT_FATAL(netif_add_link_local(&netif));
	CU_ASSERT_FATAL(slice_pool_create(&slices, 16));
	struct stack_params params = {.netifs = &netif, .netif_count = 1, .header_pool = mbufs,
				      .indirect_pool = mbufs, .slices = &slices,
				      .tcp_counters = &counters, .drops = &drops,
				      .neighbours_max = 8};

	fake_tcp_reset();
	stack = stack_create(&params);
	CU_ASSERT_FATAL(stack != NULL);
}

static void stop(void)
{
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

static void adds_one_where_ipv6_is_spoken(void)
{
	struct ip_addr want = ip_addr_from_v6(local_a);

	netif = (struct netif){.mtu_bytes = 1500};
	memcpy(netif.mac, mac_a, 6);
	own("10.0.0.1", 24);
	CU_ASSERT(netif_add_link_local(&netif));
	CU_ASSERT_EQUAL(netif.address_count, 1);
	own("2001:db8::a", 64);
	CU_ASSERT(netif_add_link_local(&netif));
	CU_ASSERT_EQUAL_FATAL(netif.address_count, 3);
	CU_ASSERT(ip_addr_equal(&netif.addresses[2].addr, &want));
	CU_ASSERT_EQUAL(netif.addresses[2].prefix_bits, 64);
	/* It has one now: a second call adds none. */
	CU_ASSERT(netif_add_link_local(&netif));
	CU_ASSERT_EQUAL(netif.address_count, 3);
	netif.address_count = 0;
	while (netif.address_count < NETIF_ADDRESSES_MAX)
		own("2001:db8::1", 64);
	CU_ASSERT(!netif_add_link_local(&netif));
	CU_ASSERT_EQUAL(netif.address_count, NETIF_ADDRESSES_MAX);
}

/* RFC 6724 5, rules 2 and 8 */
static void the_source_is_of_the_scope_of_the_destination(void)
{
	static const struct {
		const char *to, *from;
	} cases[] = {
		{"fe80::1", "fe80::5054:ff:fe12:3456"},
		{"2001:db8::7", "2001:db8::a"},
		/* Shares more bits with fe80:: than with 2001:: */
		{"fd00::1", "2001:db8::a"},
		{"fc00:1::1", "fc00::a"},
		{"10.0.0.9", "10.0.0.1"},
	};

	netif = (struct netif){.mtu_bytes = 1500};
	memcpy(netif.mac, mac_a, 6);
	own("2001:db8::a", 64);
	CU_ASSERT_FATAL(netif_add_link_local(&netif));
	own("10.0.0.1", 24);
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_addr to = addr(cases[i].to), want = addr(cases[i].from);

		if (i == 3)
			own("fc00::a", 64);
		const struct ip_addr *got = netif_source_for(&netif, &to);

		CU_ASSERT_FATAL(got != NULL);
		CU_ASSERT(ip_addr_equal(got, &want));
	}
	/* Better than nothing. */
	struct ip_addr to = addr("2001:db8::7");

	netif.addresses[0] = netif.addresses[1];
	netif.address_count = 1;
	CU_ASSERT(netif_source_for(&netif, &to) == &netif.addresses[0].addr);
}

static void put_solicitation(struct packet *packet, const uint8_t from[16], const uint8_t to[16],
			     const uint8_t target[16], bool has_mac)
{
	const uint8_t group_mac[6] = {0x33, 0x33, 0xff, target[13], target[14], target[15]};
	uint8_t group[16] = {0xff, 2, [11] = 1, [12] = 0xff};

	memcpy(group + 13, target + 13, 3);
	packet->length = 0;
	packet_eth(packet, to ? mac_a : group_mac, mac_b, 0x86dd);
	packet_ip6(packet, from, to ? to : group, 58, has_mac ? 32 : 24, 255);
	packet_put32(packet, 0x87000000);
	packet_put32(packet, 0);
	packet_put(packet, target, 16);
	if (has_mac) {
		packet_put16(packet, 0x0101);
		packet_put(packet, mac_b, 6);
	}
	packet_fix_l4_ip6(packet, 14, 54, 56, 58);
}

static struct rte_mbuf *ask(const struct packet *packet)
{
	struct rte_mbuf *frame = packet_mbuf(packet, mbufs, 0);

	stack_input(stack, 0, &frame, 1, 0);
	frame = NULL;
	CU_ASSERT_EQUAL(stack_output(stack, 0, &frame, 1, 0), 1);
	CU_ASSERT_FATAL(frame != NULL);
	return frame;
}

/* What a Linux peer does: it asks from fe80::, by group, then (NUD) by unicast. */
static void answers_solicitations_from_and_for_link_local_addresses(void)
{
	const uint8_t *targets[] = {global_a, local_a};

	start();
	for (unsigned i = 0; i < 8; i++) {
		const uint8_t *target = targets[i & 1];
		bool unicast = i & 2, has_mac = (i & 4) || !unicast;
		struct packet packet;

		put_solicitation(&packet, local_b, unicast ? target : NULL, target, has_mac);
		struct rte_mbuf *frame = ask(&packet);
		const uint8_t *bytes = rte_pktmbuf_mtod(frame, const uint8_t *);

		CU_ASSERT_EQUAL(frame->pkt_len, 86);
		CU_ASSERT(memcmp(bytes, mac_b, 6) == 0 && memcmp(bytes + 6, mac_a, 6) == 0);
		CU_ASSERT_EQUAL(bytes[21], 255);
		/* From the target to who asked: solicited and override. */
		CU_ASSERT(memcmp(bytes + 22, target, 16) == 0 && memcmp(bytes + 38, local_b, 16) == 0);
		CU_ASSERT(bytes[54] == 136 && bytes[58] == 0x60 && memcmp(bytes + 62, target, 16) == 0);
		CU_ASSERT(bytes[78] == 2 && bytes[79] == 1 && memcmp(bytes + 80, mac_a, 6) == 0);
		CU_ASSERT_EQUAL(packet_sum(bytes + 54, 32, packet_sum(bytes + 22, 32, 32 + 58)), 0xffff);
		rte_pktmbuf_free(frame);
	}
	stop();
}

/* A ping to our link-local address comes back from there, to a peer that we have heard of. */
static void speaks_from_its_link_local_address(void)
{
	struct packet packet;

	start();
	put_solicitation(&packet, local_b, NULL, local_a, true);
	rte_pktmbuf_free(ask(&packet));
	packet.length = 0;
	packet_eth(&packet, mac_a, mac_b, 0x86dd);
	packet_ip6(&packet, local_b, local_a, 58, 8, 64);
	packet_put32(&packet, 0x80000000);
	packet_put32(&packet, 0x00010002);
	packet_fix_l4_ip6(&packet, 14, 54, 56, 58);
	struct rte_mbuf *frame = ask(&packet);
	const uint8_t *bytes = rte_pktmbuf_mtod(frame, const uint8_t *);

	CU_ASSERT(memcmp(bytes, mac_b, 6) == 0 && bytes[54] == 129);
	CU_ASSERT(memcmp(bytes + 22, local_a, 16) == 0 && memcmp(bytes + 38, local_b, 16) == 0);
	rte_pktmbuf_free(frame);
	/* What we ask for ourselves is asked from the scope of the target. */
	const uint8_t *peers[] = {global_b, local_b};
	const uint8_t *sources[] = {global_a, local_a};

	for (unsigned i = 0; i < 2; i++) {
		fake_tcp.send_to = ip_addr_from_v6(peers[i]);
		fake_tcp.send_to.bytes[14] = 7;
		fake_tcp.to_send = 1;
		struct rte_mbuf *out = NULL;

		stack_output(stack, 0, &out, 1, 0);
		if (!out)
			stack_output(stack, 0, &out, 1, 0);
		CU_ASSERT_FATAL(out != NULL);
		bytes = rte_pktmbuf_mtod(out, const uint8_t *);
		CU_ASSERT_EQUAL(bytes[54], 135);
		CU_ASSERT(memcmp(bytes + 22, sources[i], 16) == 0);
		rte_pktmbuf_free(out);
	}
	stop();
}

UNIT_TESTS(UNIT_TEST(adds_one_where_ipv6_is_spoken),
	   UNIT_TEST(the_source_is_of_the_scope_of_the_destination),
	   UNIT_TEST(answers_solicitations_from_and_for_link_local_addresses),
	   UNIT_TEST(speaks_from_its_link_local_address))
