/* What one stack hears about addresses that another one defends. */
#include <string.h>

#include "stack/base/time.h"
#include "tests/lib/unit.h"
#include "tests/unit/stack/dad_fixture.h"

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

UNIT_TESTS(UNIT_TEST(who_only_listens_passes_on_what_it_hears),
	   UNIT_TEST(what_others_have_heard_counts_as_if_heard_here))
