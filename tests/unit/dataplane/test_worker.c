#include "dataplane/worker/worker.h"

#include <rte_ip.h>
#include <rte_tcp.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/config/publish.h"
#include "dataplane/counters/worker_counters.h"
#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/worker_pressure.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/malloc_guard.h"
#include "tests/lib/unit.h"

/* A port whose far end is this test. */
static struct {
	struct port port;
	struct rte_mbuf *in[64], *out[256];
	uint32_t in_count, out_count, takes;
} wire;

static uint32_t wire_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	uint32_t count = wire.in_count < max ? wire.in_count : max;

	memcpy(frames, wire.in, count * sizeof(*frames));
	wire.in_count -= count;
	return count;
}

static uint32_t wire_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	count = count < wire.takes ? count : wire.takes;
	for (uint32_t i = 0; i < count; i++)
		wire.out[wire.out_count++] = frames[i];
	wire.takes -= count;
	return count;
}

static const struct port_ops wire_ops = {.rx = wire_rx, .tx = wire_tx};
static struct port *ports[] = {&wire.port};
#define RX_BUFFERS 511

static struct rte_mempool *pool, *indirect, *rx_pool;
static struct worker_counters counters;
static struct port_counters port_counters, *port_counter_list[] = {&port_counters};
static struct tcp_counters tcp_counters;
static struct drop_counters drops;
static struct listener_stats listener_stats[4];
static struct http_stats http_stats[4];
static struct cluster_stats cluster_stats[4];
static struct endpoint_stats endpoint_stats[4];
static struct route_stats route_stats[4];
static struct tcp_proxy_stats tcp_proxy_stats[4];
static uint32_t hold_counts[64];
static struct worker *worker;
static uint64_t now_ns;

static void no_line(struct log_sink *self, uint32_t sink, const char *text, uint32_t length)
{
}

static void no_record(struct gateway_stats *self, enum stat_histogram which, uint32_t slot,
		      uint64_t value_ns)
{
}

static struct log_sink sink = {.line = no_line};
static struct gateway_stats stats = {.listeners = listener_stats,
				     .https = http_stats,
				     .clusters = cluster_stats,
				     .endpoints = endpoint_stats,
				     .routes = route_stats,
				     .tcp_proxies = tcp_proxy_stats,
				     .record = no_record};

static void start(uint32_t takes)
{
	test_eal_start(64);
	if (!pool) {
		pool = test_mbuf_pool("worker", 1023);
		rx_pool = test_mbuf_pool("worker-rx", RX_BUFFERS);
		indirect = test_indirect_pool("worker-ref", 1023);
	}
	memset(&wire, 0, sizeof(wire));
	memset(&counters, 0, sizeof(counters));
	memset(&drops, 0, sizeof(drops));
	wire.takes = takes;
	wire.port = (struct port){.ops = &wire_ops,
				  .wait_fd = -1,
				  .netif = {.name = "w", .mac = {2, 0, 0, 0, 0, 1},
					    .mtu_bytes = 1500, .address_count = 1,
					    .addresses[0] = {ip_addr_from_v4(0x0a000001), 24}}};
	now_ns = NS_PER_SECOND;
	struct worker_params params = {
		.port_count = 1, .ports = ports, .rx_pool = rx_pool, .header_pool = pool, .indirect_pool = indirect,
		.counters = &counters, .port_counters = port_counter_list,
		.tcp_counters = &tcp_counters, .drops = &drops, .stats = &stats,
		.holds = {.counts = hold_counts, .capacity = 64}, .log = &sink, .seed = 1, .now_ns = now_ns,
		.connections_max = 64, .timewait_max = 64, .slices_max = 4096,
	};

	worker = worker_create(&params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(worker);
}

static void finish(void)
{
	worker_destroy(worker);
	rte_pktmbuf_free_bulk(wire.out, wire.out_count);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), 1023);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(indirect), 1023);
}

/* Who has 10.0.0.1?  Tell 10.0.0.2. */
static struct rte_mbuf *arp_request(uint8_t last)
{
	static const uint8_t head[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6,
				       0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 0, 0, 2,
				       0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	uint8_t *data = mbuf ? (uint8_t *)rte_pktmbuf_append(mbuf, 60) : NULL;

	if (!data)
		abort();
	memset(data, 0, 60);
	memcpy(data, head, sizeof(head));
	data[31] = last;
	return mbuf;
}

static void announces_itself_and_answers(void)
{
	start(UINT32_MAX);
	worker_poll(worker, now_ns);
	uint32_t announced = wire.out_count;

	CU_ASSERT(announced >= 1);
	wire.in[wire.in_count++] = arp_request(2);
	struct worker_result result = worker_poll(worker, now_ns);

	CU_ASSERT(result.worked);
	CU_ASSERT_EQUAL(wire.out_count, announced + 1);
	CU_ASSERT_EQUAL(counters.rx_frames, 1);
	CU_ASSERT_EQUAL(counters.tx_frames, wire.out_count);
	result = worker_poll(worker, now_ns);
	CU_ASSERT(!result.worked);
	CU_ASSERT(result.deadline_ns > now_ns);
	finish();
}

static void what_a_port_does_not_take_is_kept_in_order(void)
{
	start(0);
	struct worker_result result = worker_poll(worker, now_ns);

	CU_ASSERT_EQUAL(wire.out_count, 0);
	/* Not a reason to spin, and not one to sleep for long. */
	CU_ASSERT(result.deadline_ns > now_ns && result.deadline_ns <= now_ns + NS_PER_MS);
	/* The longer it takes nothing, the longer the wait, up to a bound. */
	for (int i = 0; i < 20; i++) {
		now_ns = result.deadline_ns;
		result = worker_poll(worker, now_ns);
	}
	CU_ASSERT_EQUAL(result.deadline_ns, now_ns + 5 * NS_PER_MS);
	for (uint8_t i = 2; i < 12; i++)
		wire.in[wire.in_count++] = arp_request(i);
	worker_poll(worker, now_ns);
	for (int i = 0; i < 100; i++) {
		wire.takes = 1;
		now_ns += NS_PER_US;
		worker_poll(worker, now_ns);
	}
	CU_ASSERT(wire.out_count >= 11);
	uint8_t last = 1;

	for (uint32_t i = wire.out_count - 10; i < wire.out_count; i++) {
		const uint8_t *data = rte_pktmbuf_mtod(wire.out[i], const uint8_t *);

		CU_ASSERT_EQUAL(data[41], last + 1);
		last = data[41];
	}
	finish();
}

static void config_is_taken_at_the_next_poll_and_reported_after_it(void)
{
	struct config_listen_address at = {.addr = ip_addr_from_v4(0x0a000001), .port = 80};
	struct config_listener listener = {.name = {"l", 1}, .addresses = &at, .address_count = 1,
					   .backlog = 8};
	struct config_listener *listeners[] = {&listener};
	struct config first = {.version = 4, .listeners = listeners, .listener_count = 1};
	struct config second = {.version = 5};
	struct mail mail = {.kind = MAIL_CONFIG, .config = &first};

	start(UINT32_MAX);
	CU_ASSERT_EQUAL(*worker_config_version(worker), 0);
	CU_ASSERT(mailbox_post(worker_mailbox(worker), &mail));
	CU_ASSERT_EQUAL(*worker_config_version(worker), 0);
	worker_poll(worker, now_ns);
	CU_ASSERT_EQUAL(*worker_config_version(worker), 4);
	CU_ASSERT_EQUAL(worker_listen_failures(worker), 0);
	CU_ASSERT_EQUAL(hold_counts[0], 1);
	mail.config = &second;
	CU_ASSERT(mailbox_post(worker_mailbox(worker), &mail));
	worker_poll(worker, now_ns);
	CU_ASSERT_EQUAL(*worker_config_version(worker), 5);
	mail = (struct mail){.kind = MAIL_DRAIN};
	CU_ASSERT(!worker_is_drained(worker));
	CU_ASSERT(mailbox_post(worker_mailbox(worker), &mail));
	worker_poll(worker, now_ns);
	CU_ASSERT(worker_is_drained(worker));
	finish();
	CU_ASSERT_EQUAL(hold_counts[0], 0);
}

/* A SYN from 10.0.0.2 to port 80 of 10.0.0.1. */
static struct rte_mbuf *syn(uint16_t source_port)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0,
				       0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2,
				       10, 0, 0, 1, 0, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0,
				       0x50, 2, 0x40, 0, 0, 0, 0, 0};
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rx_pool);
	uint8_t *data = mbuf ? (uint8_t *)rte_pktmbuf_append(mbuf, sizeof(head)) : NULL;

	if (!data)
		abort();
	memcpy(data, head, sizeof(head));
	data[34] = (uint8_t)(source_port >> 8);
	data[35] = (uint8_t)source_port;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(data + 14);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(data + 34);

	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return mbuf;
}

static uint32_t answers_to(uint32_t from)
{
	uint32_t count = 0;

	for (uint32_t i = from; i < wire.out_count; i++)
		count += rte_pktmbuf_mtod(wire.out[i], const uint8_t *)[23] == 6;
	return count;
}

static void buffers_run_short_and_come_back(void)
{
	static struct rte_mbuf *pinned[RX_BUFFERS];
	struct config_listen_address at = {.addr = ip_addr_from_v4(0x0a000001), .port = 80};
	struct config_listener listener = {.name = {"l", 1}, .addresses = &at, .address_count = 1,
					   .backlog = 8};
	struct config_listener *listeners[] = {&listener};
	struct config config = {.version = 1, .listeners = listeners, .listener_count = 1};
	struct mail mail = {.kind = MAIL_CONFIG, .config = &config};
	const unsigned count = RX_BUFFERS - RX_BUFFERS / 8;

	start(UINT32_MAX);
	CU_ASSERT(mailbox_post(worker_mailbox(worker), &mail));
	/* Neighbour known, so that answers leave at once. */
	wire.in[wire.in_count++] = arp_request(2);
	uint32_t headers = rte_mempool_avail_count(pool), references = rte_mempool_avail_count(indirect);

	worker_poll(worker, now_ns);
	CU_ASSERT_EQUAL(counters.mbufs_capacity, RX_BUFFERS);
	CU_ASSERT_EQUAL(counters.mbufs_available, RX_BUFFERS);
	CU_ASSERT_EQUAL(counters.header_mbufs_available, headers);
	CU_ASSERT_EQUAL(counters.indirect_mbufs_available, references);
	CU_ASSERT_FATAL(rte_pktmbuf_alloc_bulk(rx_pool, pinned, count) == 0);
	wire.in[wire.in_count++] = syn(1000);
	uint32_t before = wire.out_count;

	worker_poll(worker, now_ns);
	CU_ASSERT_EQUAL(drops.count[DROP_TCP_MBUF_WATERMARK], 1);
	CU_ASSERT_EQUAL(answers_to(before), 0);
	CU_ASSERT_EQUAL(counters.mbuf_pressure, TCP_PRESSURE_RESERVE);
	CU_ASSERT_EQUAL(counters.mbufs_available, RX_BUFFERS - count - 1);
	/* What is not new work goes on. */
	wire.in[wire.in_count++] = arp_request(3);
	worker_poll(worker, now_ns);
	CU_ASSERT_EQUAL(wire.out_count, before + 1);
	rte_pktmbuf_free_bulk(pinned, count);
	wire.in[wire.in_count++] = syn(1000);
	worker_poll(worker, now_ns);
	CU_ASSERT_EQUAL(drops.count[DROP_TCP_MBUF_WATERMARK], 1);
	CU_ASSERT_EQUAL(answers_to(before), 1);
	CU_ASSERT_EQUAL(counters.mbuf_pressure, TCP_PRESSURE_NONE);
	finish();
	CU_ASSERT_EQUAL(rte_mempool_avail_count(rx_pool), RX_BUFFERS);
}

static void pressure_has_levels_that_do_not_flap(void)
{
	enum tcp_pressure now = TCP_PRESSURE_NONE;
	static const struct {
		uint32_t available;
		enum tcp_pressure level;
	} steps[] = {
		{800, TCP_PRESSURE_NONE}, {200, TCP_PRESSURE_NONE}, {199, TCP_PRESSURE_LOW},
		{299, TCP_PRESSURE_LOW},  {300, TCP_PRESSURE_NONE}, {199, TCP_PRESSURE_LOW},
		{100, TCP_PRESSURE_LOW},  {99, TCP_PRESSURE_RESERVE}, {199, TCP_PRESSURE_RESERVE},
		{200, TCP_PRESSURE_LOW},  {0, TCP_PRESSURE_RESERVE}, {800, TCP_PRESSURE_NONE},
	};

	for (unsigned i = 0; i < ARRAY_LEN(steps); i++) {
		now = worker_pressure_decide(now, steps[i].available, 800, 800, 800);
		CU_ASSERT_EQUAL(now, steps[i].level);
	}
	CU_ASSERT_EQUAL(worker_pressure_decide(now, 800, 800, 99, 800), TCP_PRESSURE_LOW);
	CU_ASSERT_EQUAL(worker_pressure_decide(now, 800, 800, 100, 800), TCP_PRESSURE_NONE);
}

static void a_poll_allocates_nothing(void)
{
	start(UINT32_MAX);
	worker_poll(worker, now_ns);
	malloc_guard_begin();
	for (uint8_t i = 2; i < 30; i++) {
		wire.in[wire.in_count++] = arp_request(i);
		now_ns += 100 * NS_PER_MS;
		worker_poll(worker, now_ns);
	}
	CU_ASSERT_EQUAL(malloc_guard_end(), 0);
	finish();
}

UNIT_TESTS(UNIT_TEST(announces_itself_and_answers),
	   UNIT_TEST(what_a_port_does_not_take_is_kept_in_order),
	   UNIT_TEST(config_is_taken_at_the_next_poll_and_reported_after_it),
	   UNIT_TEST(buffers_run_short_and_come_back),
	   UNIT_TEST(pressure_has_levels_that_do_not_flap), UNIT_TEST(a_poll_allocates_nothing))
