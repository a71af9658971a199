/* Workers of a port with a queue each: they test the device's hash, use it once it is trusted, and its
 * table follows the buckets. */
#include <string.h>

#include "dataplane/port/port_ethdev.h"
#include "dataplane/worker/reta_plan.h"
#include "stack/base/time.h"
#include "tests/lib/fake_ethdev.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/peers_fixture.h"

static struct why why;

/* As the made-up device does it: TCP by ports, what has none by addresses. */
static uint16_t spread(struct rte_mbuf *frame)
{
	struct steering steering;

	steer_look(frame, &steering);
	if (steering.kind == STEER_HERE)
		return 0;
	uint32_t hash = steering.rss_type ? steer_hash(&fabric->toeplitz, &steering) :
					    toeplitz_addresses(&fabric->toeplitz, &steering.key.remote,
							       &steering.key.local);

	return fake_ethdev_receive(frame, hash);
}

/* As the control thread does it at every tick. */
static bool step(void)
{
	uint16_t queue_of[PORT_RETA_MAX];
	bool said = port_step(&wire.port, &why);

	if (!port_rss_has_table(&wire.port.rss))
		return said;
	reta_plan_make(&fabric->buckets, wire.port.rss.reta_size, wire.port.queues, wire.port.rss.table,
		       queue_of);
	return port_follow(&wire.port, queue_of, &why) || said;
}

static void start_device(uint16_t reta_size, enum fake_rss rss)
{
	fake_ethdev_init(WORKERS, reta_size);
	fake_ethdev.rss = rss;
	start_with_queues(WORKERS);
	port_caps_read(&wire.port.caps, &fake_ethdev.info);
	wire.port.watch.link_up = true;
	wire.port.plan = (struct ethdev_plan){.name = "w", .device = "0000:00:00.0", .queues = WORKERS};
	for (uint16_t i = 0; i < WORKERS; i++)
		wire.port.lanes[i].queue = i;
	port_watch(&wire.port, &fake_ethdev_calls);
	wire.spread = reta_size ? spread : NULL;
	settle();
	hear_arp(1);
	settle();
}

static void hear_syns(uint16_t first, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		hear_syn((uint16_t)(first + i));
		settle();
	}
}

static uint64_t sum_handed_over(void)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < WORKERS; i++)
		sum += ones[i].counters.handed_over_packets;
	return sum;
}

static uint64_t sum_device_hashes(void)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < WORKERS; i++)
		sum += ones[i].counters.device_hashes;
	return sum;
}

static void check_homes(uint16_t first, uint16_t count)
{
	uint64_t expected[WORKERS] = {0};

	for (uint16_t i = 0; i < count; i++) {
		struct flow_key key = {.local = ip_addr_from_v4(OURS), .remote = ip_addr_from_v4(PEER),
				       .local_port = 80, .remote_port = (uint16_t)(first + i)};

		expected[bucket_home(bucket_stops(&fabric->buckets,
						  bucket_of(steer_flow_hash(&fabric->toeplitz,
									    &key))))]++;
	}
	for (uint16_t i = 0; i < WORKERS; i++)
		CU_ASSERT_EQUAL(ones[i].tcp.connections, expected[i]);
}

static void a_device_that_is_right_saves_hashes_and_handing_over(void)
{
	static const uint16_t sizes[] = {64, 512};

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		start_device(sizes[i], FAKE_RSS_RIGHT);
		CU_ASSERT(!step());
		hear_syns(1000, RSS_TRUST_FRAMES);
		CU_ASSERT(sum_device_hashes() == 0 && wire.port.rss.state == PORT_RSS_TESTING);
		CU_ASSERT(step() && wire.port.rss.state == PORT_RSS_TRUSTED);
		hear_syns(1000 + RSS_TRUST_FRAMES, 200);
		CU_ASSERT_EQUAL(sum_device_hashes(), 200);
		CU_ASSERT_EQUAL(sum_handed_over(), 0);
		check_homes(1000, RSS_TRUST_FRAMES + 200);
		finish();
	}
}

static void a_trusted_device_is_still_looked_at(void)
{
	start_device(512, FAKE_RSS_RIGHT);
	CU_ASSERT(!step());
	hear_syns(1000, RSS_TRUST_FRAMES);
	CU_ASSERT(step());
	fake_ethdev.rss = FAKE_RSS_WRONG;
	for (unsigned i = 0; i < WORKERS * RSS_SAMPLE_EVERY; i++) {
		hear_segment((uint16_t)(1000 + i % RSS_TRUST_FRAMES), 4, 9);
		settle();
	}
	CU_ASSERT(step() && wire.port.rss.state == PORT_RSS_WRONG);
	uint64_t before = sum_device_hashes();

	hear_syns(5000, 20);
	CU_ASSERT_EQUAL(sum_device_hashes(), before);
	finish();
}

static void wrong_and_absent_hashes_are_done_by_software(void)
{
	for (enum fake_rss rss = FAKE_RSS_WRONG; rss <= FAKE_RSS_ABSENT; rss++) {
		start_device(512, rss);
		CU_ASSERT(!step());
		hear_syns(1000, RSS_TRUST_FRAMES);
		CU_ASSERT(step());
		CU_ASSERT_EQUAL(wire.port.rss.state,
				rss == FAKE_RSS_WRONG ? PORT_RSS_WRONG : PORT_RSS_TRUSTED);
		hear_syns(1000 + RSS_TRUST_FRAMES, 100);
		CU_ASSERT_EQUAL(sum_device_hashes(), 0);
		check_homes(1000, RSS_TRUST_FRAMES + 100);
		finish();
	}
}

static void without_a_table_everything_is_dispatched_by_software(void)
{
	start_device(0, FAKE_RSS_RIGHT);
	CU_ASSERT(step());
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "dispatched by software"));
	hear_syns(1000, 100);
	CU_ASSERT(sum_device_hashes() == 0 && sum_handed_over() > 40);
	check_homes(1000, 100);
	CU_ASSERT(!step());
	finish();
}

/* Every bucket of worker 1 goes to worker 2: its queue gets no new flow any more. */
static void a_table_follows_buckets_and_outlives_a_reset(void)
{
	struct mail mail = {.kind = MAIL_BUCKETS};

	start_device(128, FAKE_RSS_RIGHT);
	CU_ASSERT(!step());
	hear_syns(1000, RSS_TRUST_FRAMES);
	CU_ASSERT(step());
	uint64_t at_1 = ones[1].tcp.connections;

	for (uint32_t i = 0; i < BUCKETS; i++)
		if (bucket_home(bucket_stops(&fabric->buckets, i)) == 1)
			CU_ASSERT(bucket_move(&fabric->buckets, i, 2));
	for (uint16_t i = 0; i < WORKERS; i++)
		CU_ASSERT(mailbox_post(worker_mailbox(ones[i].worker), &mail));
	/* The device does not know it yet: what comes in at 1 is handed over. */
	hear_syns(2000, 40);
	CU_ASSERT(sum_handed_over() > 0 && ones[1].tcp.connections == at_1);
	for (unsigned i = 0; i < 2 * RSS_SETTLE_STEPS; i++)
		CU_ASSERT(!step());
	for (uint32_t i = 0; i < 128; i++)
		CU_ASSERT(fake_ethdev.table[i] != 1);
	uint64_t rx_1 = ones[1].counters.rx_frames;

	hear_syns(3000, 100);
	CU_ASSERT_EQUAL(ones[1].counters.rx_frames, rx_1);
	/* Those of before still live at 1, and hear what is said to them. */
	hear_segment(1000, 4, 2);
	settle();
	fake_ethdev.event(0, RTE_ETH_EVENT_INTR_RESET, fake_ethdev.event_context, NULL);
	CU_ASSERT(step());
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "reset by its PF"));
	for (uint32_t i = 0; i < 128; i++)
		CU_ASSERT(fake_ethdev.table[i] != 1);
	CU_ASSERT_EQUAL(wire.port.rss.state, PORT_RSS_TESTING);
	hear_syns(4000, RSS_TRUST_FRAMES);
	CU_ASSERT_EQUAL(ones[1].counters.rx_frames, rx_1);
	CU_ASSERT(step() && wire.port.rss.state == PORT_RSS_TRUSTED);
	finish();
}

/* An ICMP error quotes a flow of ours, and a device hashes it by its addresses. */
static void what_a_device_hashes_otherwise_is_left_to_software(void)
{
	uint8_t error[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0,
			   0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1,
			   3, 1, 0, 0, 0, 0, 0, 0,
			   0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
			   0, 80, 4, 0, 0, 0, 0, 1};

	start_device(512, FAKE_RSS_RIGHT);
	CU_ASSERT(!step());
	hear_syns(1000, RSS_TRUST_FRAMES);
	CU_ASSERT(step());
	for (unsigned i = 0; i < 100; i++) {
		error[sizeof(error) - 5]++;
		hear_frame(error, sizeof(error));
		settle();
	}
	CU_ASSERT(sum_device_hashes() == 0 && sum_handed_over() > 20);
	CU_ASSERT(!step() && wire.port.rss.state == PORT_RSS_TRUSTED);
	finish();
}

UNIT_TESTS(UNIT_TEST(a_device_that_is_right_saves_hashes_and_handing_over),
	   UNIT_TEST(a_trusted_device_is_still_looked_at),
	   UNIT_TEST(wrong_and_absent_hashes_are_done_by_software),
	   UNIT_TEST(without_a_table_everything_is_dispatched_by_software),
	   UNIT_TEST(a_table_follows_buckets_and_outlives_a_reset),
	   UNIT_TEST(what_a_device_hashes_otherwise_is_left_to_software))
