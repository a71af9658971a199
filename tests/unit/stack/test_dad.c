/* Probing for duplicate addresses, their defence, and what is shown of them. */
#include "stack/ip/dad.h"

#include <string.h>

#include "stack/base/time.h"
#include "stack/ip/ip_show.h"
#include "stack/stack.h"
#include "tests/lib/eal.h"
#include "tests/lib/fake_tcp.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

#define A4 0x0a000001u
#define B4 0x0a000002u

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t a6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xa};
static const uint8_t b6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xb};
static const uint8_t nobody6[16];
static const uint8_t all_nodes6[16] = {0xff, 2, [15] = 1};
static const uint8_t group_a6[16] = {0xff, 2, [11] = 1, 0xff, [15] = 0xa};

static struct rte_mempool *mbufs;
static struct netif netif;
static struct drop_counters drops;
static struct tcp_counters counters;
static struct slice_pool slices;
static struct stack *stack;
static uint64_t now_ns;

/* Of a stack that only listens, for another one that announces. */
static bool listens;
static struct dad_news heard;
static unsigned heard_count;

static void hear(void *context, const struct dad_news *news)
{
	heard = *news;
	heard_count++;
}

/* One address, of one family. */
static void start(enum netif_probing probing, bool v6, uint64_t seed)
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

static void stop(void)
{
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

static uint32_t take(uint8_t out[2048])
{
	struct rte_mbuf *frame;

	if (stack_output(stack, 0, &frame, 1, now_ns) == 0)
		return 0;
	uint32_t length = frame->pkt_len;

	memcpy(out, rte_pktmbuf_mtod(frame, const void *), length);
	rte_pktmbuf_free(frame);
	return length;
}

static uint32_t give(const struct packet *packet, uint8_t out[2048])
{
	struct rte_mbuf *frame = packet_mbuf(packet, mbufs, 0);

	stack_input(stack, 0, &frame, 1, now_ns);
	return take(out);
}

static void put_arp(struct packet *packet, unsigned op, const uint8_t mac[6], uint32_t sender,
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

/* A solicitation from nobody (a probe), or an advertisement to all. */
static void put_nd(struct packet *packet, bool probe, const uint8_t mac[6], const uint8_t target[16])
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

static void put_claim(struct packet *packet, bool v6)
{
	if (v6)
		put_nd(packet, false, mac_b, a6);
	else
		put_arp(packet, 1, mac_b, A4, A4);
}

static void put_question(struct packet *packet, bool v6)
{
	if (v6)
		put_nd(packet, true, mac_b, a6);
	else
		put_arp(packet, 1, mac_b, B4, A4);
}

static enum netif_address_state state(void)
{
	struct ip_show_address shown;
	uint32_t cursor = 0;

	CU_ASSERT_EQUAL_FATAL(ip_show_addresses(stack_ip(stack), &cursor, &shown, 1), 1);
	CU_ASSERT_EQUAL(shown.state, netif.address_states[0]);
	return shown.state;
}

/* Jumps to the next deadline and returns what was sent there. */
static uint32_t next(uint8_t frame[2048], uint64_t *waited_ns)
{
	uint64_t deadline_ns = stack_deadline_ns(stack);

	CU_ASSERT_FATAL(deadline_ns != DEADLINE_NEVER_NS && deadline_ns >= now_ns);
	*waited_ns = deadline_ns - now_ns;
	now_ns = deadline_ns;
	CU_ASSERT_EQUAL(stack_expire(stack, now_ns), 1);
	return take(frame);
}

static bool is_announcement(const uint8_t *frame, uint32_t length, bool v6, bool override)
{
	if (v6)
		return length == 86 && frame[54] == 136 && frame[58] == (override ? 0x20 : 0) &&
		       memcmp(frame + 62, a6, 16) == 0 && memcmp(frame + 38, all_nodes6, 16) == 0;
	return length == 42 && memcmp(frame + 28, "\12\0\0\1", 4) == 0 &&
	       memcmp(frame + 38, "\12\0\0\1", 4) == 0;
}

static bool is_probe(const uint8_t *frame, uint32_t length, bool v6)
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

static void a_port_that_does_not_probe_announces_twice(void)
{
	uint8_t frame[2048];
	uint64_t waited_ns;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		start(NETIF_PROBES_NOT, v6, 1);
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_PREFERRED);
		CU_ASSERT(is_announcement(frame, take(frame), v6, true));
		CU_ASSERT_EQUAL(take(frame), 0);
		CU_ASSERT(is_announcement(frame, next(frame, &waited_ns), v6, true));
		CU_ASSERT_EQUAL(waited_ns, 2 * NS_PER_SECOND);
		CU_ASSERT_EQUAL(stack_deadline_ns(stack), DEADLINE_NEVER_NS);
		stop();
	}
}

static void probes_come_first_and_then_announcements(void)
{
	struct packet question;
	uint8_t frame[2048];
	uint64_t waited_ns;

	for (unsigned i = 0; i < 40; i++) {
		bool v6 = i & 1, optimistic = i & 2;
		unsigned probes = v6 ? 1 : 3;

		start(optimistic ? NETIF_PROBES_MEANWHILE : NETIF_PROBES_FIRST, v6, i);
		enum netif_address_state before = optimistic ? NETIF_ADDRESS_OPTIMISTIC
							     : NETIF_ADDRESS_TENTATIVE;

		CU_ASSERT_EQUAL(is_announcement(frame, take(frame), v6, false), optimistic);
		for (unsigned k = 0; k < probes; k++) {
			CU_ASSERT_EQUAL(state(), before);
			CU_ASSERT(is_probe(frame, next(frame, &waited_ns), v6));
			uint64_t least_ns = k ? NS_PER_SECOND : 0;

			CU_ASSERT(waited_ns >= least_ns && waited_ns <= least_ns + NS_PER_SECOND);
			/* What is tentative is not answered for. */
			put_question(&question, v6);
			if (!v6)
				CU_ASSERT_EQUAL(give(&question, frame) > 0, optimistic);
		}
		CU_ASSERT(is_announcement(frame, next(frame, &waited_ns), v6, true));
		CU_ASSERT_EQUAL(waited_ns, v6 ? NS_PER_SECOND : 2 * NS_PER_SECOND);
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_PREFERRED);
		CU_ASSERT(is_announcement(frame, next(frame, &waited_ns), v6, true));
		CU_ASSERT_EQUAL(stack_deadline_ns(stack), DEADLINE_NEVER_NS);
		CU_ASSERT(give(&question, frame) > 0);
		stop();
	}
}

static void another_owner_makes_it_a_duplicate_until_it_is_gone(void)
{
	struct packet claim, question;
	uint8_t frame[2048];
	uint64_t waited_ns;

	for (unsigned i = 0; i < 8; i++) {
		bool v6 = i & 1, optimistic = i & 2, before_probe = i & 4;

		start(optimistic ? NETIF_PROBES_MEANWHILE : NETIF_PROBES_FIRST, v6, i);
		take(frame);
		if (!before_probe)
			CU_ASSERT(is_probe(frame, next(frame, &waited_ns), v6));
		put_claim(&claim, v6);
		CU_ASSERT_EQUAL(give(&claim, frame), 0);
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_DUPLICATE);
		CU_ASSERT_EQUAL(drops.count[DROP_ARP_CONFLICT], 1);
		put_question(&question, v6);
		CU_ASSERT_EQUAL(give(&question, frame), 0);
		struct ip_show_address shown;
		uint32_t cursor = 0;

		CU_ASSERT_EQUAL(ip_show_addresses(stack_ip(stack), &cursor, &shown, 9), 1);
		CU_ASSERT(shown.conflicts == 1 && shown.has_other &&
			  memcmp(shown.other_mac, mac_b, 6) == 0);
		/* After a minute it is tried again, and now nobody minds. */
		CU_ASSERT_EQUAL(next(frame, &waited_ns), 0);
		CU_ASSERT_EQUAL(waited_ns, DAD_RETRY_NS);
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_TENTATIVE);
		for (unsigned k = 0; k < (v6 ? 1 : 3); k++)
			CU_ASSERT(is_probe(frame, next(frame, &waited_ns), v6));
		CU_ASSERT(is_announcement(frame, next(frame, &waited_ns), v6, true));
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_PREFERRED);
		stop();
	}
}

/* RFC 5227 2.1.1, RFC 4862 5.4.3: two that probe at the same time both give up. */
static void another_prober_counts_while_we_probe(void)
{
	struct packet probe;
	uint8_t frame[2048];

	for (unsigned i = 0; i < 4; i++) {
		bool v6 = i & 1, optimistic = i & 2;

		start(optimistic ? NETIF_PROBES_MEANWHILE : NETIF_PROBES_FIRST, v6, i);
		take(frame);
		if (v6)
			put_nd(&probe, true, mac_b, a6);
		else
			put_arp(&probe, 1, mac_b, 0, A4);
		/* What is in use is answered for instead. */
		CU_ASSERT_EQUAL(give(&probe, frame) > 0, optimistic);
		CU_ASSERT_EQUAL(state(), optimistic ? NETIF_ADDRESS_OPTIMISTIC : NETIF_ADDRESS_DUPLICATE);
		stop();
	}
}

static void our_own_messages_come_back_and_mean_nothing(void)
{
	struct packet own;
	uint8_t frame[2048];

	for (unsigned i = 0; i < 4; i++) {
		bool v6 = i & 1, probe = i & 2;

		start(NETIF_PROBES_FIRST, v6, i);
		if (v6)
			put_nd(&own, probe, mac_a, a6);
		else
			put_arp(&own, 1, mac_a, probe ? 0 : A4, A4);
		CU_ASSERT_EQUAL(give(&own, frame), 0);
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_TENTATIVE);
		CU_ASSERT_EQUAL(drops.count[DROP_ARP_LOOPED], 1);
		stop();
	}
}

static void who_only_listens_passes_on_what_it_hears(void)
{
	static const enum netif_address_state first[] = {
		[NETIF_PROBES_NOT] = NETIF_ADDRESS_PREFERRED,
		[NETIF_PROBES_MEANWHILE] = NETIF_ADDRESS_OPTIMISTIC,
		[NETIF_PROBES_FIRST] = NETIF_ADDRESS_TENTATIVE,
	};
	struct packet claim, probe;
	uint8_t frame[2048];

	listens = true;
	for (unsigned i = 0; i < 6; i++) {
		bool v6 = i & 1;
		enum netif_probing probing = i / 2;

		start(probing, v6, i);
		CU_ASSERT(state() == first[probing] && take(frame) == 0);
		CU_ASSERT_EQUAL(stack_deadline_ns(stack), DEADLINE_NEVER_NS);
		put_claim(&claim, v6);
		CU_ASSERT_EQUAL(give(&claim, frame), 0);
		CU_ASSERT(heard_count == 1 && heard.netif == 0 && heard.index == 0 &&
			  heard.word == DAD_CLAIMED && memcmp(heard.mac, mac_b, 6) == 0);
		CU_ASSERT_EQUAL(drops.count[DROP_ARP_CONFLICT], 1);
		/* A probe is another word. */
		if (v6)
			put_nd(&probe, true, mac_b, a6);
		else
			put_arp(&probe, 1, mac_b, 0, A4);
		give(&probe, frame);
		CU_ASSERT(heard_count == 2 && heard.word == DAD_PROBED);
		/* A flood of either is passed on once a second. */
		for (unsigned k = 0; k < 10; k++) {
			give(&claim, frame);
			give(&probe, frame);
		}
		CU_ASSERT_EQUAL(heard_count, 2);
		now_ns += DAD_TELL_NS;
		give(&claim, frame);
		CU_ASSERT_EQUAL(heard_count, 3);
		CU_ASSERT_EQUAL(state(), first[probing]);
		stop();
	}
	listens = false;
}

static void what_others_have_heard_counts_as_if_heard_here(void)
{
	struct dad_news claim = {.word = DAD_CLAIMED}, probe = {.word = DAD_PROBED};
	uint8_t frame[2048];

	memcpy(claim.mac, mac_b, 6);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		start(NETIF_PROBES_FIRST, v6, v6);
		stack_hear_of_address(stack, v6 ? &probe : &claim, now_ns);
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_DUPLICATE);
		stop();
		start(NETIF_PROBES_NOT, v6, v6);
		take(frame);
		stack_hear_of_address(stack, &probe, now_ns);
		CU_ASSERT_EQUAL(take(frame), 0);
		stack_hear_of_address(stack, &claim, now_ns);
		CU_ASSERT(is_announcement(frame, take(frame), v6, true));
		stack_hear_of_address(stack, &claim, now_ns);
		CU_ASSERT_EQUAL(take(frame), 0);
		stop();
	}
}

/* RFC 5227 2.4 (c) */
static void what_is_ours_is_defended_once_in_a_while(void)
{
	struct packet claim, question;
	uint8_t frame[2048];

	for (unsigned v6 = 0; v6 < 2; v6++) {
		start(NETIF_PROBES_NOT, v6, 1);
		take(frame);
		put_claim(&claim, v6);
		CU_ASSERT(is_announcement(frame, give(&claim, frame), v6, true));
		CU_ASSERT_EQUAL(give(&claim, frame), 0);
		now_ns += DAD_DEFEND_NS - 1;
		CU_ASSERT_EQUAL(give(&claim, frame), 0);
		now_ns += 1;
		CU_ASSERT(is_announcement(frame, give(&claim, frame), v6, true));
		CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_PREFERRED);
		CU_ASSERT_EQUAL(drops.count[DROP_ARP_CONFLICT], 4);
		put_question(&question, v6);
		CU_ASSERT(give(&question, frame) > 0);
		stop();
	}
}

/* Linux answers no question to a group that does not say whom to answer. */
static void an_optimistic_address_asks_with_its_mac(void)
{
	struct packet packet = {0};
	uint8_t frame[2048];
	uint32_t length;

	start(NETIF_PROBES_MEANWHILE, true, 3);
	while (take(frame))
		;
	CU_ASSERT_EQUAL(state(), NETIF_ADDRESS_OPTIMISTIC);
	packet_eth(&packet, mac_a, mac_b, 0x86dd);
	packet_ip6(&packet, b6, a6, 58, 8, 64);
	packet_put32(&packet, 0x80000000);
	packet_put32(&packet, 1);
	packet_fix_l4_ip6(&packet, 14, 54, 56, 58);
	length = give(&packet, frame);
	CU_ASSERT_EQUAL_FATAL(length, 86);
	CU_ASSERT_EQUAL(frame[54], 135);
	CU_ASSERT_EQUAL(memcmp(frame + 22, a6, 16), 0);
	CU_ASSERT_EQUAL(memcmp(frame + 62, b6, 16), 0);
	CU_ASSERT_EQUAL(memcmp(frame + 78, "\1\1", 2), 0);
	CU_ASSERT_EQUAL(memcmp(frame + 80, mac_a, 6), 0);
	stop();
}

static void what_is_shown(void)
{
	struct ip_show_neighbour neighbours[4];
	struct ip_show_route routes[8];
	struct packet question;
	uint8_t frame[2048];
	uint32_t cursor = 0;

	start(NETIF_PROBES_NOT, false, 1);
	take(frame);
	CU_ASSERT_EQUAL(ip_show_neighbours(stack_ip(stack), &cursor, neighbours, 4), 0);
	put_question(&question, false);
	give(&question, frame);
	cursor = 0;
	CU_ASSERT_EQUAL_FATAL(ip_show_neighbours(stack_ip(stack), &cursor, neighbours, 4), 1);
	CU_ASSERT(neighbours[0].has_mac && memcmp(neighbours[0].mac, mac_b, 6) == 0);
	CU_ASSERT(neighbours[0].state == NEIGHBOUR_STALE && ip_addr_v4(&neighbours[0].addr) == B4);
	CU_ASSERT_EQUAL(ip_show_neighbours(stack_ip(stack), &cursor, neighbours, 4), 0);
	netif.vrf = 3;
	netif.has_gateway_v4 = true;
	netif.gateway_v4 = ip_addr_from_v4(B4);
	netif.routes[netif.route_count++] = (struct netif_route){
		.prefix = ip_addr_from_v4(0x0a090000), .prefix_bits = 16, .next_hop = ip_addr_from_v4(B4)};
	/* In pieces, as a reader with a small buffer asks. */
	cursor = 0;
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(ip_show_routes(stack_ip(stack), &cursor, &routes[i], 1), 1);
	CU_ASSERT_EQUAL(ip_show_routes(stack_ip(stack), &cursor, routes + 3, 1), 0);
	CU_ASSERT(ip_addr_v4(&routes[0].prefix) == 0x0a000000 && routes[0].prefix_bits == 24 &&
		  routes[0].on_link && routes[0].vrf == 3 && routes[0].mtu_bytes == 1500);
	CU_ASSERT(routes[1].prefix_bits == 16 && !routes[1].on_link &&
		  ip_addr_v4(&routes[1].next_hop) == B4);
	CU_ASSERT(routes[2].prefix_bits == 0 && ip_addr_v4(&routes[2].prefix) == 0 &&
		  ip_addr_is_v4(&routes[2].prefix) && ip_addr_v4(&routes[2].next_hop) == B4);
	CU_ASSERT_STRING_EQUAL(netif_address_state_name(NETIF_ADDRESS_TENTATIVE), "TENTATIVE");
	stop();
}

UNIT_TESTS(UNIT_TEST(a_port_that_does_not_probe_announces_twice),
	   UNIT_TEST(probes_come_first_and_then_announcements),
	   UNIT_TEST(another_owner_makes_it_a_duplicate_until_it_is_gone),
	   UNIT_TEST(another_prober_counts_while_we_probe),
	   UNIT_TEST(our_own_messages_come_back_and_mean_nothing),
	   UNIT_TEST(what_is_ours_is_defended_once_in_a_while),
	   UNIT_TEST(an_optimistic_address_asks_with_its_mac), UNIT_TEST(what_is_shown),
	   UNIT_TEST(who_only_listens_passes_on_what_it_hears),
	   UNIT_TEST(what_others_have_heard_counts_as_if_heard_here))
