/* TCP over the real IP layer: two whole stacks, frame by frame, in both families and with both kinds
 * of ports. */
#include "stack/stack.h"

#include <string.h>

#include "stack/base/prng.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define MBUFS 4095
#define PORT 80
#define TOTAL_BYTES 300000u
#define DELAY_NS (50 * NS_PER_US)

static struct rte_mempool *headers, *received, *indirect;

struct host {
	struct netif netif;
	struct drop_counters drops;
	struct tcp_counters counters;
	struct slice_pool slices;
	struct stack *stack;
};

static struct {
	struct host hosts[2];
	struct prng prng;
	uint64_t now_ns;
	uint32_t loss_percent;
	uint32_t written;
	uint32_t echoed;      /* that came back and were right */
	uint32_t questions;   /* ARP frames on the wire */
	bool ended, wrong;
	struct stream *client, *server;
} world;

static uint8_t pattern(uint32_t at)
{
	return (uint8_t)(at * 13 + (at >> 8) * 5 + (at >> 16));
}

/* Gives back what it is given, without a copy. */
static void server_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct slice_queue queue = {0};

	stream_take(stream, &world.hosts[1].slices, &queue, UINT32_MAX, now_ns);
	if (queue.bytes > 0)
		stream_write(stream, &queue, now_ns);
	if (events & (STREAM_ENDED | STREAM_RESET)) {
		CU_ASSERT(!(events & STREAM_RESET));
		world.server = NULL;
		stream_release(stream, now_ns);
	}
}

static const struct stream_owner_ops server_ops = {.ready = server_ready};

static bool accept_stream(void *context, struct stream *stream, uint64_t now_ns)
{
	stream->owner_ops = &server_ops;
	world.server = stream;
	return true;
}

static void write_some(struct stream *stream, uint64_t now_ns)
{
	while (world.written < TOTAL_BYTES && stream_room(stream) > 0) {
		uint32_t left = TOTAL_BYTES - world.written;
		uint32_t bytes = 1 + prng_below(&world.prng, 1900);
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(headers);
		struct slice_queue queue = {0};

		bytes = bytes < left ? bytes : left;
		CU_ASSERT_FATAL(mbuf != NULL);
		uint8_t *to = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)bytes);

		for (uint32_t i = 0; i < bytes; i++)
			to[i] = pattern(world.written + i);
		CU_ASSERT_FATAL(slice_queue_push(&world.hosts[0].slices, &queue,
						 (struct slice){mbuf, mbuf->data_off, bytes}));
		stream_write(stream, &queue, now_ns);
		world.written += bytes;
	}
	if (world.written == TOTAL_BYTES)
		stream_shutdown(stream, now_ns);
}

static void client_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	for (struct slice_node *node = stream->rx.head; node; node = node->next)
		for (uint32_t i = 0; i < node->slice.length_bytes; i++)
			world.wrong |= slice_data(&node->slice)[i] != pattern(world.echoed++);
	stream_skip(stream, &world.hosts[0].slices, stream->rx.bytes, now_ns);
	write_some(stream, now_ns);
	if (events & (STREAM_ENDED | STREAM_RESET)) {
		world.ended = events & STREAM_ENDED;
		world.client = NULL;
		stream_release(stream, now_ns);
	}
}

static const struct stream_owner_ops client_ops = {.ready = client_ready};

static void host_start(unsigned side, bool multi_segment)
{
	struct host *host = &world.hosts[side];
	struct netif *netif = &host->netif;

	*netif = (struct netif){.mac = {2, 0, 0, 0, 0, (uint8_t)(10 + side)},
				.mtu_bytes = 1500,
				.tx_multi_segment = multi_segment,
				.address_count = 2};
	netif->addresses[0] = (struct netif_address){ip_addr_from_v4(0x0a000001 + side), 24};
	CU_ASSERT_FATAL(ip_addr_parse(side ? "2001:db8::b" : "2001:db8::a", &netif->addresses[1].addr));
	netif->addresses[1].prefix_bits = 64;
	CU_ASSERT_FATAL(netif_add_link_local(netif));
	CU_ASSERT_FATAL(slice_pool_create(&host->slices, 4096));
	struct stack_params params = {.netifs = netif, .netif_count = 1, .header_pool = headers,
				      .indirect_pool = indirect, .slices = &host->slices,
				      .tcp_counters = &host->counters, .drops = &host->drops,
				      .seed = 7 + side, .neighbours_max = 8, .connections_max = 8,
				      .timewait_max = 8, .rx_budget_bytes = 262144,
				      .tx_budget_bytes = 131072};

	host->stack = stack_create(&params);
	CU_ASSERT_FATAL(host->stack != NULL);
}

static void world_start(bool multi_segment, uint32_t loss_percent)
{
	test_eal_start(64);
	if (!headers) {
		headers = test_mbuf_pool("headers", MBUFS);
		received = test_mbuf_pool("received", MBUFS);
		indirect = test_indirect_pool("indirect", MBUFS);
	}
	memset(&world, 0, sizeof(world));
	prng_seed(&world.prng, 11 + loss_percent);
	world.loss_percent = loss_percent;
	host_start(0, multi_segment);
	host_start(1, multi_segment);
	struct tcp_listen_params listen = {.local = ip_addr_from_v4(0), .any_family = true,
					   .local_port = PORT, .backlog = 4,
					   .accept = accept_stream};

	CU_ASSERT_FATAL(tcp_listen(stack_tcp(world.hosts[1].stack), &listen) != NULL);
}

/* One burst over the wire, as fresh frames of one or two segments; returns how many were sent. */
static uint32_t carry(unsigned from)
{
	struct host *sender = &world.hosts[from];
	struct rte_mbuf *frames[32], *arrived[32];
	uint32_t count = stack_output(sender->stack, 0, frames, 32, world.now_ns), kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		CU_ASSERT(frames[i]->pkt_len <= 1514);
		world.questions += rte_pktmbuf_mtod(frames[i], uint8_t *)[13] == 0x06;
		CU_ASSERT(sender->netif.tx_multi_segment || frames[i]->nb_segs == 1);
		if (prng_below(&world.prng, 100) >= world.loss_percent) {
			arrived[kept] = rte_pktmbuf_copy(frames[i], received, 0, UINT32_MAX);
			CU_ASSERT_FATAL(arrived[kept] != NULL);
			kept++;
		}
	}
	rte_pktmbuf_free_bulk(frames, count);
	stack_input(world.hosts[!from].stack, 0, arrived, kept, world.now_ns);
	return count;
}

static void run_until(uint64_t until_ns)
{
	while (world.now_ns < until_ns) {
		uint32_t moved = carry(0) + carry(1);
		uint64_t next_ns = world.now_ns + DELAY_NS;

		for (unsigned side = 0; side < 2; side++) {
			struct stack *stack = world.hosts[side].stack;

			stack_deliver(stack, world.now_ns);
			moved += stack_has_work(stack);
		}
		if (!moved)
			next_ns = deadline_earlier_ns(stack_deadline_ns(world.hosts[0].stack),
						      stack_deadline_ns(world.hosts[1].stack));
		world.now_ns = next_ns < until_ns ? next_ns : until_ns;
		for (unsigned side = 0; side < 2; side++)
			stack_expire(world.hosts[side].stack, world.now_ns);
	}
}

static void world_stop(void)
{
	for (unsigned side = 0; side < 2; side++) {
		CU_ASSERT_EQUAL(world.hosts[side].counters.connections, 0);
		CU_ASSERT_EQUAL(world.hosts[side].drops.count[DROP_TCP_CHECKSUM], 0);
		stack_destroy(world.hosts[side].stack);
		slice_pool_destroy(&world.hosts[side].slices);
	}
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(headers), 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(received), 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(indirect), 0);
}

static void echo_everything(const struct ip_addr *to, bool multi_segment, uint32_t loss_percent)
{
	world_start(multi_segment, loss_percent);
	struct stream_opener *opener = tcp_opener(stack_tcp(world.hosts[0].stack));
	struct stream_target target = {.remote = *to, .remote_port = PORT};
	enum stream_failure why = STREAM_FAILURE_NONE;

	world.client = opener->open(opener, &target, &why, 0);
	CU_ASSERT_FATAL(world.client != NULL);
	world.client->owner_ops = &client_ops;
	run_until(300 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(world.echoed, TOTAL_BYTES);
	CU_ASSERT(world.ended && !world.wrong && !world.client && !world.server);
	CU_ASSERT(loss_percent > 0 || world.hosts[0].counters.retransmitted_segments == 0);
	CU_ASSERT(!multi_segment || world.hosts[0].counters.payload_bytes_copied < TOTAL_BYTES / 2);
	world_stop();
}

static void every_byte_comes_back_in_both_families(void)
{
	for (unsigned i = 0; i < 12; i++) {
		static const char *const peers[] = {"10.0.0.2", "2001:db8::b", "fe80::ff:fe00:b"};
		struct ip_addr to;

		CU_ASSERT_FATAL(ip_addr_parse(peers[i % 3], &to));
		echo_everything(&to, (i / 3) & 1, i / 6 ? 3 : 0);
	}
}

/* A SYN to a port that nobody listens on is refused; an address that nobody has is not reached. */
static void an_open_that_cannot_work_ends(void)
{
	struct stream_target target = {.remote = ip_addr_from_v4(0x0a000002), .remote_port = 81};
	enum stream_failure why = STREAM_FAILURE_NONE;

	world_start(true, 0);
	for (unsigned i = 0; i < 2; i++) {
		struct stream_opener *opener = tcp_opener(stack_tcp(world.hosts[0].stack));

		world.written = TOTAL_BYTES;
		world.client = opener->open(opener, &target, &why, world.now_ns);
		CU_ASSERT_FATAL(world.client != NULL);
		world.client->owner_ops = &client_ops;
		run_until(world.now_ns + (i ? 100 : 1) * NS_PER_SECOND);
		CU_ASSERT(!world.client && !world.ended);
		target.remote = ip_addr_from_v4(0x0a000009);
	}
	CU_ASSERT_EQUAL(world.hosts[0].counters.attempt_fails, 2);
	CU_ASSERT(world.hosts[0].drops.count[DROP_NEIGHBOUR_UNRESOLVED] > 0);
	world_stop();
}

/* Takes no notice of what comes. */
static void quiet_ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	CU_ASSERT(!(events & STREAM_RESET));
	stream_skip(stream, &world.hosts[0].slices, stream->rx.bytes, now_ns);
}

static const struct stream_owner_ops quiet_ops = {.ready = quiet_ready};

/* A neighbour that TCP talks to all the time is never asked again (RFC 4861 7.3.1). */
static void a_busy_neighbour_is_not_probed(void)
{
	struct stream_target target = {.remote = ip_addr_from_v4(0x0a000002), .remote_port = PORT};
	enum stream_failure why = STREAM_FAILURE_NONE;

	world_start(true, 0);
	struct stream_opener *opener = tcp_opener(stack_tcp(world.hosts[0].stack));

	world.client = opener->open(opener, &target, &why, 0);
	CU_ASSERT_FATAL(world.client != NULL);
	world.client->owner_ops = &quiet_ops;
	run_until(NS_PER_SECOND);
	CU_ASSERT_EQUAL(world.questions, 2); /* one ARP exchange; the other side learns from it */
	for (unsigned second = 0; second < 120; second++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(headers);
		struct slice_queue queue = {0};

		*(uint8_t *)rte_pktmbuf_append(mbuf, 1) = 'x';
		CU_ASSERT_FATAL(slice_queue_push(&world.hosts[0].slices, &queue,
						 (struct slice){mbuf, mbuf->data_off, 1}));
		stream_write(world.client, &queue, world.now_ns);
		run_until(world.now_ns + NS_PER_SECOND);
	}
	CU_ASSERT_EQUAL(world.questions, 2);
	stream_shutdown(world.client, world.now_ns);
	run_until(world.now_ns + NS_PER_SECOND);
	stream_release(world.client, world.now_ns);
	run_until(world.now_ns + 100 * NS_PER_SECOND);
	world_stop();
}

UNIT_TESTS(UNIT_TEST(every_byte_comes_back_in_both_families),
	   UNIT_TEST(an_open_that_cannot_work_ends), UNIT_TEST(a_busy_neighbour_is_not_probed))
