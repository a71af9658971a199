#include "stack/link/neighbour.h"

#include <string.h>

#include "stack/base/prng.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define ENTRIES 32

static struct rte_mempool *mbufs;
static struct neighbour_table table;
static struct netif netifs[2] = {{.mac = {2, 0, 0, 0, 0, 1}}, {.mac = {2, 0, 0, 0, 0, 2}}};
static struct drop_counters drops;
static const uint8_t mac1[6] = {2, 1, 1, 1, 1, 1};
static const uint8_t mac2[6] = {2, 2, 2, 2, 2, 2};
static const struct neighbour_learning answered = {NEIGHBOUR_ANSWERED, false, true};
static const struct neighbour_learning mentioned = {NEIGHBOUR_MENTIONED, true, true};

static struct {
	unsigned asked, asked_unicast, sent;
	uint8_t header[ETH_HEADER_BYTES];
	uint32_t order[64]; /* pkt_len of what was sent */
	unsigned told;
	struct neighbour_news news;
} seen;

static void solicit(void *context, uint16_t netif, const struct ip_addr *addr, const uint8_t *mac)
{
	seen.asked++;
	seen.asked_unicast += mac != NULL;
}

static void send(void *context, const struct neighbour *to, struct rte_mbuf *mbuf)
{
	memcpy(seen.header, to->eth_header, sizeof(seen.header));
	seen.order[seen.sent++ % 64] = mbuf->pkt_len;
	rte_pktmbuf_free(mbuf);
}

static void learnt(void *context, const struct neighbour_news *news)
{
	seen.news = *news;
	seen.told++;
}

static const struct neighbour_ops ops = {solicit, send, learnt};

static void setup(void)
{
	struct neighbour_params params = {.netifs = netifs, .entries_max = ENTRIES, .hash_seed = 3,
					  .ops = &ops, .drops = &drops};

	test_eal_start(32);
	if (!mbufs)
		mbufs = test_mbuf_pool("neighbour", 511);
	memset(&seen, 0, sizeof(seen));
	memset(&drops, 0, sizeof(drops));
	CU_ASSERT_FATAL(neighbour_table_create(&table, &params));
}

static void teardown(void)
{
	neighbour_table_destroy(&table);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

static struct ip_addr host(uint32_t number)
{
	return ip_addr_from_v4(0x0a000000 + number);
}

/* A packet of `length` bytes to the host; true when it could go at once (and it is freed). */
static bool offer(uint32_t number, uint16_t length, uint64_t now_ns)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mbufs);
	struct ip_addr addr = host(number);
	enum drop_reason verdict;
	uint32_t hint = NEIGHBOUR_NONE;

	CU_ASSERT_FATAL(mbuf && rte_pktmbuf_append(mbuf, length));
	bool ready = neighbour_resolve(&table, 0, &addr, &hint, mbuf, &verdict, now_ns);

	if (ready)
		rte_pktmbuf_free(mbuf);
	return ready;
}

static void learn(uint32_t number, const uint8_t mac[6], const struct neighbour_learning *learning,
		  uint64_t now_ns)
{
	struct ip_addr addr = host(number);

	neighbour_learn(&table, 0, &addr, mac, learning, now_ns);
}

static int state_of(uint32_t number)
{
	struct ip_addr addr = host(number);
	uint32_t index = neighbour_find(&table, 0, &addr);

	return index == NEIGHBOUR_NONE ? NEIGHBOUR_FREE : table.entries[index].state;
}

static void expire(uint64_t now_ns)
{
	while (wheel_expire(&table.wheel, now_ns, 8) == 8)
		;
}

static void what_is_new_is_told_and_can_be_taken_in_elsewhere(void)
{
	setup();
	learn(1, mac1, &mentioned, 1);
	CU_ASSERT(seen.told == 1 && memcmp(seen.news.mac, mac1, 6) == 0);
	CU_ASSERT(seen.news.learning.word == NEIGHBOUR_MENTIONED && seen.news.learning.may_create);
	/* Known, and no proof of anything. */
	learn(1, mac1, &mentioned, 2);
	CU_ASSERT_EQUAL(seen.told, 1);
	learn(1, mac2, &mentioned, 3);
	CU_ASSERT_EQUAL(seen.told, 2);
	/* An answer is for whoever asked, and that may be somebody else. */
	learn(7, mac1, &answered, 4);
	CU_ASSERT_EQUAL(state_of(7), NEIGHBOUR_FREE);
	CU_ASSERT(seen.told == 3 && seen.news.learning.word == NEIGHBOUR_ANSWERED);
	struct neighbour_news answer = seen.news;

	CU_ASSERT(!offer(7, 100, 5));
	neighbour_import(&table, &answer, 6);
	CU_ASSERT(state_of(7) == NEIGHBOUR_REACHABLE && seen.sent == 1);
	CU_ASSERT_EQUAL(seen.told, 3);
	teardown();
}

static void the_whole_life_of_an_entry(void)
{
	uint64_t now_ns = NS_PER_SECOND;

	setup();
	CU_ASSERT(!offer(1, 100, now_ns));
	CU_ASSERT(state_of(1) == NEIGHBOUR_INCOMPLETE && seen.asked == 1);
	learn(1, mac1, &answered, now_ns);
	CU_ASSERT(state_of(1) == NEIGHBOUR_REACHABLE && seen.sent == 1);
	CU_ASSERT(memcmp(seen.header, mac1, 6) == 0 && memcmp(seen.header + 6, netifs[0].mac, 6) == 0);
	CU_ASSERT(seen.header[12] == 8 && seen.header[13] == 0);
	CU_ASSERT(offer(1, 100, now_ns));
	expire(now_ns + NEIGHBOUR_REACHABLE_NS - NS_PER_MS);
	CU_ASSERT_EQUAL(state_of(1), NEIGHBOUR_REACHABLE);
	now_ns += NEIGHBOUR_REACHABLE_NS + NS_PER_MS;
	expire(now_ns);
	CU_ASSERT_EQUAL(state_of(1), NEIGHBOUR_STALE);
	CU_ASSERT_EQUAL(wheel_deadline_ns(&table.wheel), DEADLINE_NEVER_NS);
	CU_ASSERT(offer(1, 100, now_ns));
	CU_ASSERT_EQUAL(state_of(1), NEIGHBOUR_DELAY);
	now_ns += NEIGHBOUR_DELAY_NS + NS_PER_MS;
	expire(now_ns);
	CU_ASSERT(state_of(1) == NEIGHBOUR_PROBE && seen.asked == 2 && seen.asked_unicast == 1);
	CU_ASSERT(offer(1, 100, now_ns));
	learn(1, mac1, &answered, now_ns);
	CU_ASSERT_EQUAL(state_of(1), NEIGHBOUR_REACHABLE);
	teardown();
}

static void a_silent_neighbour_fails_and_is_forgotten(void)
{
	uint64_t now_ns = 0;

	setup();
	learn(1, mac1, &mentioned, now_ns);
	CU_ASSERT(offer(1, 100, now_ns));
	now_ns += NEIGHBOUR_DELAY_NS + NS_PER_MS;
	expire(now_ns);
	for (int i = 0; i < NEIGHBOUR_SOLICIT_MAX; i++) {
		CU_ASSERT_EQUAL(state_of(1), NEIGHBOUR_PROBE);
		/* To hear of it is not to be heard by it. */
		learn(1, mac1, &mentioned, now_ns);
		now_ns += NEIGHBOUR_RETRANS_NS + NS_PER_MS;
		expire(now_ns);
	}
	CU_ASSERT(state_of(1) == NEIGHBOUR_FAILED && seen.asked_unicast == NEIGHBOUR_SOLICIT_MAX);
	CU_ASSERT(!offer(1, 100, now_ns));
	CU_ASSERT_EQUAL(drops.count[DROP_NEIGHBOUR_UNRESOLVED], 1);
	expire(now_ns + NEIGHBOUR_FAILED_NS + NS_PER_MS);
	CU_ASSERT(state_of(1) == NEIGHBOUR_FREE && table.count == 0);
	teardown();
}

static void waiting_packets_are_bounded_and_leave_in_order(void)
{
	setup();
	for (uint16_t i = 1; i <= NEIGHBOUR_WAITING_MAX + 3; i++)
		CU_ASSERT(!offer(1, i, 0));
	CU_ASSERT_EQUAL(drops.count[DROP_NEIGHBOUR_FULL], 3);
	learn(1, mac1, &answered, 0);
	CU_ASSERT_EQUAL(seen.sent, NEIGHBOUR_WAITING_MAX);
	for (unsigned i = 0; i < NEIGHBOUR_WAITING_MAX; i++)
		CU_ASSERT_EQUAL(seen.order[i], i + 4);
	/* All of them together, too: the rest goes with the table. */
	memset(&drops, 0, sizeof(drops));
	for (uint32_t n = 0; n < ENTRIES - 1; n++)
		for (int i = 0; i < NEIGHBOUR_WAITING_MAX; i++)
			offer(100 + n, 1, 0);
	CU_ASSERT((ENTRIES - 1) * NEIGHBOUR_WAITING_MAX > NEIGHBOUR_WAITING_TOTAL_MAX);
	CU_ASSERT_EQUAL(table.waiting_total, NEIGHBOUR_WAITING_TOTAL_MAX);
	teardown();
}

static void a_full_table_gives_up_what_nobody_needs(void)
{
	setup();
	for (uint32_t n = 0; n < ENTRIES; n++)
		offer(n, 1, 0);
	CU_ASSERT(!offer(500, 1, 0));
	CU_ASSERT_EQUAL(drops.count[DROP_NEIGHBOUR_FULL], 1);
	CU_ASSERT_EQUAL(state_of(500), NEIGHBOUR_FREE);
	learn(7, mac1, &answered, 0);
	expire(NEIGHBOUR_REACHABLE_NS / 30); /* one more question to each */
	learn(9, mac1, &mentioned, 0);
	CU_ASSERT_EQUAL(state_of(9), NEIGHBOUR_DELAY); /* something waited */
	learn(9, mac2, &(struct neighbour_learning){NEIGHBOUR_MENTIONED, false, true}, 0);
	CU_ASSERT_EQUAL(state_of(9), NEIGHBOUR_STALE);
	CU_ASSERT(!offer(500, 1, 0));
	CU_ASSERT_EQUAL(state_of(500), NEIGHBOUR_INCOMPLETE);
	CU_ASSERT_EQUAL(state_of(9), NEIGHBOUR_FREE);
	CU_ASSERT_EQUAL(state_of(7), NEIGHBOUR_REACHABLE);
	CU_ASSERT_EQUAL(table.count, ENTRIES);
	teardown();
}

static void another_mac_needs_the_override_flag(void)
{
	static const struct neighbour_learning meek = {NEIGHBOUR_ANSWERED, false, false};
	struct ip_addr addr = host(1);

	setup();
	offer(1, 1, 0);
	learn(1, mac1, &meek, 0);
	uint32_t generation = table.generation, index = neighbour_find(&table, 0, &addr);

	CU_ASSERT_EQUAL(state_of(1), NEIGHBOUR_REACHABLE);
	learn(1, mac2, &meek, 0);
	CU_ASSERT_EQUAL(state_of(1), NEIGHBOUR_STALE);
	CU_ASSERT(memcmp(table.entries[index].eth_header, mac1, 6) == 0);
	CU_ASSERT_EQUAL(table.generation, generation);
	learn(1, mac2, &answered, 0);
	CU_ASSERT(memcmp(table.entries[index].eth_header, mac2, 6) == 0);
	CU_ASSERT_EQUAL(table.generation, generation + 1);
	/* Nobody asked: no entry is made of an answer. */
	learn(2, mac1, &answered, 0);
	CU_ASSERT_EQUAL(state_of(2), NEIGHBOUR_FREE);
	teardown();
}

static void the_fast_path_serves_only_the_right_and_ready(void)
{
	struct ip_addr one = host(1), two = host(2);

	setup();
	CU_ASSERT_PTR_NULL(neighbour_ready(&table, NEIGHBOUR_NONE, 0, &one));
	offer(1, 1, 0);
	uint32_t hint = neighbour_find(&table, 0, &one);

	CU_ASSERT_PTR_NULL(neighbour_ready(&table, hint, 0, &one));
	learn(1, mac1, &answered, 0);
	CU_ASSERT_PTR_NOT_NULL(neighbour_ready(&table, hint, 0, &one));
	CU_ASSERT_PTR_NULL(neighbour_ready(&table, hint, 1, &one));
	CU_ASSERT_PTR_NULL(neighbour_ready(&table, hint, 0, &two));
	expire(NEIGHBOUR_REACHABLE_NS + NS_PER_MS);
	CU_ASSERT_PTR_NULL(neighbour_ready(&table, hint, 0, &one));
	teardown();
}

static void random_use_keeps_the_bounds(void)
{
	struct prng prng;
	uint64_t now_ns = 0;

	setup();
	prng_seed(&prng, 21);
	for (int step = 0; step < 20000; step++) {
		uint32_t number = prng_below(&prng, 3 * ENTRIES);

		switch (prng_below(&prng, 4)) {
		case 0:
			offer(number, 1, now_ns);
			break;
		case 1:
			learn(number, prng_below(&prng, 2) ? mac1 : mac2,
			      prng_below(&prng, 2) ? &answered : &mentioned, now_ns);
			break;
		default:
			now_ns += prng_below(&prng, NS_PER_SECOND / 20);
			expire(now_ns);
		}
		CU_ASSERT_FATAL(table.count <= ENTRIES);
		CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), table.waiting_total);
	}
	uint32_t used = 0;

	for (uint32_t i = 0; i < table.slots; i++)
		used += table.entries[i].state != NEIGHBOUR_FREE;
	CU_ASSERT_EQUAL(used, table.count);
	CU_ASSERT_STRING_EQUAL(neighbour_state_name(NEIGHBOUR_PROBE), "PROBE");
	teardown();
}

/* RFC 4861 7.3.1: a neighbour that the layer above talks to is not asked. */
static void progress_above_confirms_a_neighbour(void)
{
	struct ip_addr one = host(1), two = host(2);
	uint64_t now_ns = 0;

	setup();
	neighbour_learn(&table, 0, &one, mac1, &mentioned, now_ns);
	uint32_t index = neighbour_find(&table, 0, &one);

	CU_ASSERT_FATAL(index != NEIGHBOUR_NONE);
	/* For two minutes a packet and its confirmation each second. */
	for (unsigned i = 0; i < 120; i++) {
		CU_ASSERT(offer(1, 100, now_ns));
		neighbour_confirm(&table, index, 0, &one, now_ns);
		CU_ASSERT_EQUAL(table.entries[index].state, NEIGHBOUR_REACHABLE);
		now_ns += NS_PER_SECOND;
		wheel_expire(&table.wheel, now_ns, 64);
	}
	CU_ASSERT_EQUAL(seen.asked, 0);
	/* Another address, another interface, a hint out of range: nothing happens. */
	now_ns += NEIGHBOUR_REACHABLE_NS;
	wheel_expire(&table.wheel, now_ns, 64);
	neighbour_confirm(&table, index, 0, &two, now_ns);
	neighbour_confirm(&table, index, 1, &one, now_ns);
	neighbour_confirm(&table, NEIGHBOUR_NONE, 0, &one, now_ns);
	CU_ASSERT_EQUAL(table.entries[index].state, NEIGHBOUR_STALE);
	/* What is not resolved cannot be confirmed. */
	CU_ASSERT(!offer(2, 100, now_ns));
	uint32_t unresolved = neighbour_find(&table, 0, &two);

	neighbour_confirm(&table, unresolved, 0, &two, now_ns);
	CU_ASSERT_EQUAL(table.entries[unresolved].state, NEIGHBOUR_INCOMPLETE);
	teardown();
}

UNIT_TESTS(UNIT_TEST(progress_above_confirms_a_neighbour),
	   UNIT_TEST(what_is_new_is_told_and_can_be_taken_in_elsewhere),
	   UNIT_TEST(the_whole_life_of_an_entry),
	   UNIT_TEST(a_silent_neighbour_fails_and_is_forgotten),
	   UNIT_TEST(waiting_packets_are_bounded_and_leave_in_order),
	   UNIT_TEST(a_full_table_gives_up_what_nobody_needs),
	   UNIT_TEST(another_mac_needs_the_override_flag),
	   UNIT_TEST(the_fast_path_serves_only_the_right_and_ready),
	   UNIT_TEST(random_use_keeps_the_bounds))
