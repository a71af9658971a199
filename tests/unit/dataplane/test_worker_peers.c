/* Who gets what, and nothing is lost on the way. */
#include "stack/base/time.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/peers_fixture.h"

static bool poll_all(void)
{
	bool worked = false;

	for (uint16_t i = 0; i < WORKERS; i++)
		worked |= worker_poll(ones[i].worker, now_ns).worked;
	return worked;
}

static uint16_t home_of(uint16_t source_port)
{
	struct flow_key key = {.local = ip_addr_from_v4(OURS), .remote = ip_addr_from_v4(PEER),
			       .local_port = 80, .remote_port = source_port};

	return bucket_home(bucket_stops(&fabric->buckets,
					bucket_of(steer_flow_hash(&fabric->toeplitz, &key))));
}

static uint32_t syn_acks(uint32_t from)
{
	uint32_t count = 0;

	for (uint32_t i = from; i < wire.out_count; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(wire.out[i], const uint8_t *);

		count += data[12] == 8 && data[13] == 0 && data[23] == 6 && data[47] == 0x12;
	}
	return count;
}

static void each_flow_is_served_at_home(void)
{
	uint32_t expected[WORKERS] = {0};

	start();
	settle();
	hear_arp(1);
	settle();
	for (uint16_t port = 1000; port < 1600; port++) {
		hear_syn(port);
		expected[home_of(port)]++;
		settle();
	}
	for (uint16_t i = 0; i < WORKERS; i++) {
		CU_ASSERT(expected[i] > 120);
		CU_ASSERT_EQUAL(ones[i].tcp.connections, expected[i]);
		/* What was told about the peer is known here: nobody had to ask. */
		CU_ASSERT_EQUAL(ones[i].port_counters.tx_frames, expected[i] + (i == 0) * 2);
	}
	CU_ASSERT_EQUAL(syn_acks(0), 600);
	CU_ASSERT_EQUAL(ones[0].counters.handed_over_packets, expected[1] + expected[2]);
	CU_ASSERT_EQUAL(ones[1].counters.taken_over_packets, expected[1]);
	CU_ASSERT_EQUAL(ones[2].counters.taken_over_packets, expected[2]);
	CU_ASSERT_EQUAL(ones[0].drops.count[DROP_HANDOVER_FULL], 0);
	finish();
}

static uint16_t port_of_worker(uint16_t worker, uint16_t after)
{
	while (home_of(++after) != worker)
		;
	return after;
}

/* A worker asks for a neighbour; the answer comes in on another one. */
static void answers_reach_whoever_asked(void)
{
	start();
	settle();
	uint32_t before = wire.out_count;

	hear_syn(port_of_worker(1, 1000));
	settle();
	/* Its question for 10.0.0.2 went out, the SYN-ACK waits. */
	CU_ASSERT_EQUAL_FATAL(wire.out_count, before + 1);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(wire.out[before], const uint8_t *)[13], 6);
	hear_arp(2);
	settle();
	CU_ASSERT_EQUAL(syn_acks(before), 1);
	finish();
}

static void a_full_ring_drops_and_counts(void)
{
	start();
	settle();
	uint16_t port = 1000;

	for (unsigned i = 0; i < FABRIC_FRAMES + 10; i++) {
		port = port_of_worker(2, port);
		hear_syn(port);
		/* Worker 2 does not get its turn. */
		worker_poll(ones[0].worker, now_ns);
	}
	uint32_t lost = FABRIC_FRAMES + 10 - (FABRIC_FRAMES - 1);

	CU_ASSERT_EQUAL(ones[0].drops.count[DROP_HANDOVER_FULL], lost);
	CU_ASSERT_EQUAL(ones[0].counters.handed_over_packets, FABRIC_FRAMES - 1);
	CU_ASSERT(worker_has_input(ones[2].worker) && !worker_has_input(ones[1].worker));
	settle();
	CU_ASSERT(!worker_has_input(ones[2].worker));
	CU_ASSERT_EQUAL(ones[2].counters.taken_over_packets, FABRIC_FRAMES - 1);
	/* The others are full of what did not leave yet: the end frees it. */
	finish();
}

/* The device takes nothing: senders keep their frames, and nobody spins. */
static void a_device_that_takes_nothing_holds_back_everybody(void)
{
	start();
	settle();
	hear_arp(1);
	settle();
	uint32_t before = wire.out_count;

	wire.takes = 0;
	uint16_t port = 1000;

	for (unsigned i = 0; i < FABRIC_OUT_FRAMES + 200; i++) {
		port = port_of_worker(1, port);
		hear_syn(port);
		settle();
	}
	CU_ASSERT_EQUAL(wire.out_count, before);
	CU_ASSERT_EQUAL(ones[1].tcp.connections, FABRIC_OUT_FRAMES + 200);
	for (uint16_t i = 0; i < 2; i++) {
		struct worker_result result = worker_poll(ones[i].worker, now_ns);

		CU_ASSERT(!result.worked && result.deadline_ns > now_ns);
		CU_ASSERT(!worker_has_input(ones[i].worker));
	}
	wire.takes = UINT32_MAX;
	for (unsigned i = 0; i < 100; i++) {
		now_ns += NS_PER_MS / 100;
		poll_all();
	}
	CU_ASSERT_EQUAL(syn_acks(before), FABRIC_OUT_FRAMES + 200);
	/* In the order in which they came. */
	uint16_t last = 0;

	for (uint32_t i = before; i < wire.out_count; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(wire.out[i], const uint8_t *);
		uint16_t to = (uint16_t)(data[36] << 8 | data[37]);

		CU_ASSERT(to > last);
		last = to;
	}
	finish();
}

/* A connection stays where it lives when its bucket moves; new ones begin at the new home. */
static void a_bucket_moves_while_a_connection_lives(void)
{
	struct mail mail = {.kind = MAIL_BUCKETS};
	uint16_t port;

	start();
	settle();
	hear_arp(1);
	port = port_of_worker(1, 1000);
	hear_syn(port);
	settle();
	struct flow_key key = {.local = ip_addr_from_v4(OURS), .remote = ip_addr_from_v4(PEER),
			       .local_port = 80, .remote_port = port};
	uint32_t bucket = bucket_of(steer_flow_hash(&fabric->toeplitz, &key));

	CU_ASSERT(bucket_move(&fabric->buckets, bucket, 2));
	for (uint16_t i = 0; i < WORKERS; i++)
		CU_ASSERT(mailbox_post(worker_mailbox(ones[i].worker), &mail));
	settle();
	CU_ASSERT(bucket_has(bucket_stops(&fabric->buckets, bucket), 1));
	/* A new flow of the same bucket. */
	uint16_t other = port;

	do {
		key.remote_port = ++other;
	} while (bucket_of(steer_flow_hash(&fabric->toeplitz, &key)) != bucket);
	uint64_t at_2 = ones[2].tcp.connections;

	hear_syn(other);
	settle();
	CU_ASSERT_EQUAL(ones[2].tcp.connections, at_2 + 1);
	CU_ASSERT_EQUAL(ones[1].tcp.connections, 1);
	/* The peer of the old one resets it: it is heard where it lives, and then the bucket has moved. */
	hear_segment(port, 4, 2);
	settle();
	CU_ASSERT_EQUAL(ones[1].tcp.connections, 0);
	CU_ASSERT(bucket_is_only(bucket_stops(&fabric->buckets, bucket), 2));
	hear_segment(other, 4, 2);
	settle();
	CU_ASSERT_EQUAL(ones[2].tcp.connections, at_2);
	finish();
}

static bool opened(struct tcp *tcp, uint16_t *local_port)
{
	struct stream_target target = {.remote = ip_addr_from_v4(PEER), .remote_port = 8080};
	enum stream_failure why;
	struct stream_info info;
	struct stream *stream = tcp_opener(tcp)->open(tcp_opener(tcp), &target, &why, now_ns);

	if (!stream)
		return false;
	stream_info(stream, &info);
	*local_port = info.key.local_port;
	struct steering steering = {.key = info.key};
	uint32_t hash = steer_flow_hash(&fabric->toeplitz, &steering.key);

	CU_ASSERT_EQUAL(bucket_home(bucket_stops(&fabric->buckets, bucket_of(hash))), 1);
	stream_reset(stream, now_ns);
	stream_release(stream, now_ns);
	return true;
}

static void active_opens_choose_ports_whose_replies_come_home(void)
{
	uint16_t port = 0, last = 0;

	start();
	settle();
	hear_arp(1);
	settle();
	struct tcp *tcp = stack_tcp(worker_stack(ones[1].worker));

	for (unsigned i = 0; i < 1000; i++) {
		CU_ASSERT_FATAL(opened(tcp, &port));
		CU_ASSERT(port != last);
		last = port;
		settle();
	}
	finish();
}

static bool opened_alone(struct tcp *tcp)
{
	uint16_t port = 0;

	CU_ASSERT_FATAL(opened(tcp, &port));
	struct flow_key key = {.local = ip_addr_from_v4(OURS), .remote = ip_addr_from_v4(PEER),
			       .local_port = port, .remote_port = 8080};
	uint32_t bucket = bucket_of(steer_flow_hash(&fabric->toeplitz, &key));

	settle();
	return fabric->flows[2][bucket] == 0;
}

/* In a bucket that has moved the old home may have a connection of the same four. */
static void active_opens_keep_out_of_buckets_where_others_have_flows(void)
{
	start();
	settle();
	hear_arp(1);
	settle();
	struct tcp *tcp = stack_tcp(worker_stack(ones[1].worker));

	for (uint16_t port = 1000; port < 1600; port++) {
		hear_syn(port);
		settle();
	}
	for (uint32_t b = 0; b < BUCKETS; b++)
		if (fabric->flows[2][b] > 0)
			CU_ASSERT_FATAL(bucket_move(&fabric->buckets, b, 1));
	for (unsigned i = 0; i < 200; i++)
		CU_ASSERT(opened_alone(tcp));
	/* Where there is no other, one of those will do. */
	for (uint32_t b = 0; b < BUCKETS; b++)
		if (fabric->flows[2][b] == 0 && bucket_home(bucket_stops(&fabric->buckets, b)) == 1)
			CU_ASSERT_FATAL(bucket_move(&fabric->buckets, b, 0));
	for (unsigned i = 0; i < 20; i++)
		CU_ASSERT(!opened_alone(tcp));
	finish();
}

/* A worker with one bucket has 126 ports of each address to a destination. */
static void replies_to_other_addresses_come_home_as_well(void)
{
	static const char *const peers[] = {"10.0.0.2", "2001:db8::99"};
	static struct stream *streams[160];

	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct mail mail = {.kind = MAIL_BUCKETS};
		struct stream_target target = {.remote_port = 8080};
		struct stream_info info;
		unsigned count = 0, from_first = 0;

		add_address("10.0.0.3", 24);
		add_address("2001:db8::1", 64);
		add_address("2001:db8::2", 64);
		start();
		for (uint32_t i = 0; i < BUCKETS; i++)
			CU_ASSERT(bucket_move(&fabric->buckets, i, i == 77 ? 1 : 2));
		for (uint16_t i = 0; i < WORKERS; i++)
			CU_ASSERT(mailbox_post(worker_mailbox(ones[i].worker), &mail));
		settle();
		CU_ASSERT_FATAL(ip_addr_parse(peers[v6], &target.remote));
		struct tcp *tcp = stack_tcp(worker_stack(ones[1].worker));
		struct ip_addr first = {0};

		while (count < ARRAY_LEN(streams)) {
			enum stream_failure why;

			streams[count] = tcp_opener(tcp)->open(tcp_opener(tcp), &target, &why, now_ns);
			CU_ASSERT_PTR_NOT_NULL_FATAL(streams[count]);
			stream_info(streams[count++], &info);
			if (count == 1)
				first = info.key.local;
			from_first += ip_addr_equal(&info.key.local, &first);
			CU_ASSERT_EQUAL(bucket_of(steer_flow_hash(&fabric->toeplitz, &info.key)), 77);
		}
		CU_ASSERT(from_first > 30 && from_first <= 126);
		CU_ASSERT_EQUAL(ones[1].tcp.opens_from_other_addresses, count - from_first);
		while (count > 0) {
			stream_reset(streams[--count], now_ns);
			stream_release(streams[count], now_ns);
		}
		settle();
		finish();
	}
}

static uint16_t by_the_second(struct rte_mbuf *frame)
{
	return 1;
}

/* 10.0.0.1 at 02:00:00:00:00:09, asked by nobody. */
static void hear_claim(void)
{
	static const uint8_t claim[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6,
					  0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9, 10, 0, 0, 1,
					  2, 0, 0, 0, 0, 9, 10, 0, 0, 1};

	hear_frame(claim, sizeof(claim));
}

/* Gratuitous ARP for 10.0.0.1 with our MAC. */
static uint32_t announcements(uint32_t from)
{
	uint32_t count = 0;

	for (uint32_t i = from; i < wire.out_count; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(wire.out[i], const uint8_t *);

		count += data[0] == 0xff && data[13] == 6 && data[27] == 1 && data[31] == 1 &&
			 data[41] == 1;
	}
	return count;
}

/* By whatever queue it came in, worker 0 defends the address, once in ten seconds. */
static void a_claim_on_our_address_reaches_who_defends_it(void)
{
	start_with_queues(WORKERS);
	wire.spread = by_the_second;
	settle();
	uint32_t before = wire.out_count;

	for (unsigned i = 0; i < 5; i++) {
		hear_claim();
		settle();
	}
	CU_ASSERT_EQUAL(announcements(before), 1);
	CU_ASSERT_EQUAL(ones[0].port_counters.rx_frames, 0);
	CU_ASSERT_EQUAL(ones[1].drops.count[DROP_ARP_CONFLICT], 5);
	CU_ASSERT_EQUAL(ones[1].port_counters.tx_frames, 0);
	/* The second announcement of the start, and of what is claimed again the defence. */
	now_ns += 10 * NS_PER_SECOND;
	settle();
	before = wire.out_count;
	hear_claim();
	settle();
	CU_ASSERT_EQUAL(announcements(before), 1);
	finish();
}

UNIT_TESTS(UNIT_TEST(each_flow_is_served_at_home), UNIT_TEST(answers_reach_whoever_asked),
	   UNIT_TEST(a_full_ring_drops_and_counts),
	   UNIT_TEST(a_device_that_takes_nothing_holds_back_everybody),
	   UNIT_TEST(a_bucket_moves_while_a_connection_lives),
	   UNIT_TEST(active_opens_choose_ports_whose_replies_come_home),
	   UNIT_TEST(active_opens_keep_out_of_buckets_where_others_have_flows),
	   UNIT_TEST(replies_to_other_addresses_come_home_as_well),
	   UNIT_TEST(a_claim_on_our_address_reaches_who_defends_it))
