/* RSS over a made-up device: set up, read back, found right, wrong or absent; tables of any size. */
#include "dataplane/port/port_rss.h"

#include <string.h>

#include "stack/base/prng.h"
#include "tests/lib/fake_ethdev.h"
#include "tests/lib/unit.h"

#define LANES 4

static struct port_rss rss;
static struct port_rss_seen seen[LANES];
static const struct port_rss_seen *const all[LANES] = {&seen[0], &seen[1], &seen[2], &seen[3]};
static struct port_caps caps;
static struct why why;
static struct toeplitz toeplitz;
static struct prng chance;

static bool set_up(void)
{
	port_caps_read(&caps, &fake_ethdev.info);
	memset(&rss, 0, sizeof(rss));
	memset(seen, 0, sizeof(seen));
	prng_seed(&chance, 7);
	CU_ASSERT_FATAL(toeplitz_set_key(&toeplitz, toeplitz_default_key, TOEPLITZ_KEY_BYTES));
	return port_rss_set_up(&rss, &fake_ethdev_calls, 0, &caps, toeplitz_default_key, LANES, &why);
}

static void fresh(uint16_t reta_size)
{
	fake_ethdev_init(LANES, reta_size);
}

/* Frames of random flows through the device and past the workers. */
static void receive(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct ip_addr src = ip_addr_from_v4((uint32_t)prng_next(&chance));
		struct ip_addr dst = ip_addr_from_v4(0x0a000001);
		struct rte_mbuf frame = {.ol_flags = 0};
		uint32_t hash = toeplitz_flow(&toeplitz, &src, &dst, (uint16_t)prng_next(&chance), 80);
		uint16_t queue = fake_ethdev_receive(&frame, hash);
		uint32_t told;

		bool known = port_rss_hash(&rss, &seen[queue], &frame, &told);

		CU_ASSERT(!known || told == frame.hash.rss);
		if (!known)
			port_rss_observe(&rss, &seen[queue], queue, &frame, hash);
	}
}

static bool judge(void)
{
	return port_rss_judge(&rss, all, LANES, &why);
}

static void a_good_device_becomes_trusted(void)
{
	static const uint16_t sizes[] = {64, 128, 512};

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		fresh(sizes[i]);
		CU_ASSERT_FATAL(set_up());
		CU_ASSERT(rss.state == PORT_RSS_TESTING && rss.reta_size == sizes[i]);
		CU_ASSERT(memcmp(fake_ethdev.key, toeplitz_default_key, TOEPLITZ_KEY_BYTES) == 0);
		/* The rest of a longer key is ours again. */
		CU_ASSERT(memcmp(fake_ethdev.key + TOEPLITZ_KEY_BYTES, toeplitz_default_key, 12) == 0);
		CU_ASSERT(fake_ethdev.table[0] == 0 && fake_ethdev.table[sizes[i] - 1] == 3);
		receive(RSS_TRUST_FRAMES - 1);
		CU_ASSERT(!judge() && rss.state == PORT_RSS_TESTING);
		receive(1);
		CU_ASSERT(judge() && rss.state == PORT_RSS_TRUSTED);
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "passed"));
		CU_ASSERT(!judge());
	}
}

static void without_a_table_software_serves(void)
{
	fresh(0);
	CU_ASSERT(!set_up() && rss.state == PORT_RSS_REFUSED);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "table of 0"));
	fresh(100);
	CU_ASSERT(!set_up() && rss.state == PORT_RSS_REFUSED);
	fresh(1024);
	CU_ASSERT(!set_up() && rss.state == PORT_RSS_REFUSED);
	receive(0);
	CU_ASSERT(!judge());
}

static void without_rss_there_is_nothing_to_complain_about(void)
{
	struct rte_mbuf frame = {.ol_flags = RTE_MBUF_F_RX_RSS_HASH};
	uint32_t hash;

	fresh(512);
	fake_ethdev.info.flow_type_rss_offloads = 0;
	CU_ASSERT(!set_up() && rss.state == PORT_RSS_NONE);
	port_rss_observe(&rss, &seen[0], 0, &frame, 1);
	CU_ASSERT(seen[0].hash_wrong == 0 && !port_rss_hash(&rss, &seen[0], &frame, &hash));
	CU_ASSERT(!judge());
}

static bool refused(const char *part)
{
	bool up = set_up();

	return !up && rss.state == PORT_RSS_REFUSED && strstr(why.text, part);
}

static void what_is_read_back_must_be_what_was_set(void)
{
	fresh(64);
	fake_ethdev.keeps_its_key = true;
	CU_ASSERT(refused("key and has another"));
	fresh(64);
	fake_ethdev.keeps_its_table = true;
	CU_ASSERT(refused("table and has another"));
	fresh(64);
	fake_ethdev.key_result = -ENOTSUP;
	CU_ASSERT(refused("refuses the key"));
	fresh(64);
	fake_ethdev.key_read_result = -ENOTSUP;
	CU_ASSERT(refused("key can't be read back"));
	fresh(64);
	fake_ethdev.table_result = -EPERM;
	CU_ASSERT(refused("refuses the table"));
	fresh(64);
	fake_ethdev.table_read_result = -ENOTSUP;
	CU_ASSERT(refused("table can't be read back"));
	fresh(64);
	fake_ethdev.info.hash_key_size = 16;
	CU_ASSERT(refused("key has 16 bytes"));
	fresh(64);
	fake_ethdev.info.flow_type_rss_offloads = RTE_ETH_RSS_IPV4;
	CU_ASSERT(refused("no TCP ports"));
}

static void a_wrong_hash_is_found_out(void)
{
	fresh(128);
	fake_ethdev.rss = FAKE_RSS_WRONG;
	CU_ASSERT_FATAL(set_up());
	receive(1);
	CU_ASSERT(judge() && rss.state == PORT_RSS_WRONG);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "another hash"));
	CU_ASSERT(!judge());
}

static void a_trusted_device_that_goes_wrong_is_found_out(void)
{
	fresh(128);
	CU_ASSERT_FATAL(set_up());
	receive(RSS_TRUST_FRAMES);
	CU_ASSERT_FATAL(judge() && rss.state == PORT_RSS_TRUSTED);
	fake_ethdev.rss = FAKE_RSS_WRONG;
	receive(LANES * 2 * RSS_SAMPLE_EVERY);
	CU_ASSERT(judge() && rss.state == PORT_RSS_WRONG);
}

static void without_a_hash_queues_prove_it(void)
{
	struct rte_mbuf frame = {.ol_flags = 0};
	uint32_t hash;

	fresh(128);
	fake_ethdev.rss = FAKE_RSS_ABSENT;
	CU_ASSERT_FATAL(set_up());
	receive(2 * RSS_TRUST_FRAMES);
	CU_ASSERT(judge() && rss.state == PORT_RSS_TRUSTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "without a hash"));
	CU_ASSERT(!port_rss_hash(&rss, &seen[0], &frame, &hash));
}

static void a_device_that_spreads_otherwise_is_found_out(void)
{
	fresh(128);
	fake_ethdev.spreads_otherwise = true;
	CU_ASSERT_FATAL(set_up());
	receive(4 * RSS_TRUST_FRAMES);
	CU_ASSERT(judge() && rss.state == PORT_RSS_WRONG);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "another queue"));
}

static void entries_move_and_stay_where_the_device_refuses(void)
{
	uint16_t queue_of[PORT_RETA_MAX] = {0};

	fresh(64);
	CU_ASSERT_FATAL(set_up());
	for (unsigned i = 0; i < 64; i++)
		queue_of[i] = i == 9 ? 3 : 2;
	CU_ASSERT(port_rss_move(&rss, &fake_ethdev_calls, 0, queue_of, &why));
	CU_ASSERT(port_rss_queue(&rss, 9) == 3 && port_rss_queue(&rss, 64 + 10) == 2);
	CU_ASSERT(fake_ethdev.table[9] == 3 && fake_ethdev.table[10] == 2);
	fake_ethdev.table_result = -EIO;
	queue_of[9] = 0;
	CU_ASSERT(!port_rss_move(&rss, &fake_ethdev_calls, 0, queue_of, &why));
	CU_ASSERT_EQUAL(port_rss_queue(&rss, 9), 3);
}

static bool follow(const uint16_t *queue_of)
{
	return port_rss_follow(&rss, &fake_ethdev_calls, 0, queue_of, &why);
}

/* What was on the wire, or in a queue, when the table changed. */
static void frames_by_the_old_queue_are_right_for_a_moment(void)
{
	struct rte_mbuf frame = {.ol_flags = 0};
	uint16_t queue_of[PORT_RETA_MAX];

	fresh(128);
	CU_ASSERT_FATAL(set_up());
	for (unsigned i = 0; i < 128; i++)
		queue_of[i] = 3;
	CU_ASSERT(!follow(queue_of));
	CU_ASSERT(fake_ethdev.table[4] == 3 && rss.table_writes == 2);
	port_rss_observe(&rss, &seen[0], 0, &frame, 4);
	port_rss_observe(&rss, &seen[3], 3, &frame, 4);
	port_rss_observe(&rss, &seen[1], 1, &frame, 4);
	CU_ASSERT(seen[0].queue_right == 1 && seen[3].queue_right == 1 && seen[1].queue_wrong == 1);
	for (unsigned i = 0; i < RSS_SETTLE_STEPS; i++)
		CU_ASSERT(!follow(queue_of));
	port_rss_observe(&rss, &seen[0], 0, &frame, 4);
	CU_ASSERT(seen[0].queue_right == 1 && seen[0].queue_wrong == 1);
	CU_ASSERT_EQUAL(rss.table_writes, 2);
}

static void one_change_waits_for_the_other(void)
{
	uint16_t queue_of[PORT_RETA_MAX] = {0};

	fresh(64);
	CU_ASSERT_FATAL(set_up());
	CU_ASSERT(!follow(queue_of) && port_rss_queue(&rss, 1) == 0);
	queue_of[1] = 2;
	for (unsigned i = 1; i < RSS_SETTLE_STEPS; i++) {
		CU_ASSERT(!follow(queue_of));
		CU_ASSERT_EQUAL(port_rss_queue(&rss, 1), 0);
	}
	CU_ASSERT(!follow(queue_of) && port_rss_queue(&rss, 1) == 2 && fake_ethdev.table[1] == 2);
}

static void a_refusal_is_told_once_and_tried_again(void)
{
	uint16_t queue_of[PORT_RETA_MAX] = {0};

	fresh(64);
	CU_ASSERT_FATAL(set_up());
	fake_ethdev.table_result = -EIO;
	CU_ASSERT(follow(queue_of));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "does not follow"));
	for (unsigned i = 0; i < 2 * RSS_REFUSED_STEPS; i++)
		CU_ASSERT(!follow(queue_of));
	CU_ASSERT(rss.table_writes == 1 && port_rss_queue(&rss, 1) == 1);
	fake_ethdev.table_result = 0;
	for (unsigned i = 0; i < RSS_REFUSED_STEPS; i++)
		CU_ASSERT(!follow(queue_of));
	CU_ASSERT(rss.table_writes == 2 && port_rss_queue(&rss, 1) == 0);
}

/* As it is when the device has been reset. */
static void set_up_again_it_has_the_table_that_it_had(void)
{
	uint16_t queue_of[PORT_RETA_MAX];

	fresh(512);
	CU_ASSERT_FATAL(set_up());
	for (unsigned i = 0; i < 512; i++)
		queue_of[i] = (uint16_t)(3 - i % 4);
	CU_ASSERT(!follow(queue_of));
	fake_ethdev_calls.reset(0);
	seen[1].hash_wrong = 5;
	port_rss_forget(&rss, all, LANES);
	CU_ASSERT(port_rss_set_up(&rss, &fake_ethdev_calls, 0, &caps, toeplitz_default_key, LANES, &why));
	CU_ASSERT(memcmp(fake_ethdev.table, queue_of, sizeof(queue_of)) == 0);
	CU_ASSERT_EQUAL(rss.state, PORT_RSS_TESTING);
	/* What had been seen before counts no more. */
	receive(RSS_TRUST_FRAMES);
	CU_ASSERT(judge() && rss.state == PORT_RSS_TRUSTED);
}

static void only_what_the_device_hashes_is_of_interest(void)
{
	fresh(64);
	CU_ASSERT_FATAL(set_up());
	CU_ASSERT(port_rss_covers(&rss, RTE_ETH_RSS_NONFRAG_IPV4_TCP));
	CU_ASSERT(port_rss_covers(&rss, RTE_ETH_RSS_NONFRAG_IPV6_TCP));
	CU_ASSERT(!port_rss_covers(&rss, RTE_ETH_RSS_NONFRAG_IPV4_UDP) && !port_rss_covers(&rss, 0));
	rss.state = PORT_RSS_WRONG;
	CU_ASSERT(!port_rss_covers(&rss, RTE_ETH_RSS_NONFRAG_IPV4_TCP));
}

UNIT_TESTS(UNIT_TEST(a_good_device_becomes_trusted), UNIT_TEST(without_a_table_software_serves),
	   UNIT_TEST(without_rss_there_is_nothing_to_complain_about),
	   UNIT_TEST(what_is_read_back_must_be_what_was_set), UNIT_TEST(a_wrong_hash_is_found_out),
	   UNIT_TEST(a_trusted_device_that_goes_wrong_is_found_out),
	   UNIT_TEST(without_a_hash_queues_prove_it),
	   UNIT_TEST(a_device_that_spreads_otherwise_is_found_out),
	   UNIT_TEST(entries_move_and_stay_where_the_device_refuses),
	   UNIT_TEST(frames_by_the_old_queue_are_right_for_a_moment),
	   UNIT_TEST(one_change_waits_for_the_other), UNIT_TEST(a_refusal_is_told_once_and_tried_again),
	   UNIT_TEST(set_up_again_it_has_the_table_that_it_had),
	   UNIT_TEST(only_what_the_device_hashes_is_of_interest))
