/* Probing for duplicate addresses, their defence, and what is shown of them. */
#include <string.h>

#include "stack/base/time.h"
#include "stack/ip/ip_show.h"
#include "tests/lib/unit.h"
#include "tests/unit/stack/dad_fixture.h"

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
	   UNIT_TEST(an_optimistic_address_asks_with_its_mac), UNIT_TEST(what_is_shown))
