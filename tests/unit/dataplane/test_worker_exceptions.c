/* Two workers and the exception port of one port: limits, rings, and what the kernel sends. */
#include <string.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/port/exception_port.h"
#include "dataplane/worker/fabric.h"
#include "dataplane/worker/worker_exceptions.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/fake_tcp.h"
#include "tests/lib/unit.h"

#define WORKERS 2
#define RATE 1000
#define BURST 100

static struct {
	struct exception_port exception;
	struct rte_mbuf *taken[1024], *sent[64];
	uint32_t taken_count, sent_count, takes, asked;
} kernel;

static struct rte_mempool *pool;
static struct exception_port *exceptions[2];
static struct netif netifs[2];
static struct fabric *fabric;
static struct stack *stack;
static struct slice_pool slices;
static struct drop_counters drops[WORKERS];
static struct tcp_counters tcp_counters;
static struct port_counters counters[WORKERS][2], *counter_list[WORKERS][2];
static struct worker_exceptions *workers[WORKERS];

static uint32_t kernel_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	uint32_t count = kernel.sent_count < max ? kernel.sent_count : max;

	kernel.asked++;
	memcpy(frames, kernel.sent, count * sizeof(*frames));
	kernel.sent_count -= count;
	memmove(kernel.sent, kernel.sent + count, kernel.sent_count * sizeof(*frames));
	return count;
}

static uint32_t kernel_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	count = count < kernel.takes ? count : kernel.takes;
	memcpy(kernel.taken + kernel.taken_count, frames, count * sizeof(*frames));
	kernel.taken_count += count;
	kernel.takes -= count;
	return count;
}

static const struct port_ops kernel_ops = {.rx = kernel_rx, .tx = kernel_tx};

static void start(unsigned count)
{
	static const uint16_t queues[2] = {1, 1};
	struct fabric_params params = {.workers = WORKERS, .ports = 2, .queues = queues, .exceptions = true};
	struct why why;

	test_eal_start(64);
	if (!pool)
		pool = test_mbuf_pool("exceptions", 2047);
	memset(&kernel, 0, sizeof(kernel));
	memset(drops, 0, sizeof(drops));
	memset(counters, 0, sizeof(counters));
	fake_tcp_reset();
	kernel.takes = 1024;
	kernel.exception.port.ops = &kernel_ops;
	kernel.exception.port.wait_fd = -1;
	kernel.exception.packets_per_second = RATE;
	kernel.exception.burst = BURST;
	exceptions[1] = &kernel.exception; /* the first port has none */
	memset(netifs, 0, sizeof(netifs));
	netifs[1].mtu_bytes = 1500;
	CU_ASSERT_FATAL(slice_pool_create(&slices, 16));
	struct stack_params of_stack = {.netifs = netifs, .netif_count = 2, .header_pool = pool,
					.indirect_pool = pool, .slices = &slices, .drops = &drops[0],
					.tcp_counters = &tcp_counters, .neighbours_max = 8};

	stack = stack_create(&of_stack);
	CU_ASSERT_PTR_NOT_NULL_FATAL(stack);
	fabric = NULL;
	if (count > 1)
		CU_ASSERT_FATAL(fabric_create(&fabric, &params, &why));
	for (uint16_t i = 0; i < count; i++) {
		counter_list[i][0] = &counters[i][0];
		counter_list[i][1] = &counters[i][1];
		struct worker_params of_worker = {.index = i, .port_count = 2, .exceptions = exceptions,
						  .fabric = fabric, .port_counters = counter_list[i],
						  .drops = &drops[i]};

		workers[i] = worker_exceptions_create(&of_worker, netifs);
		CU_ASSERT_PTR_NOT_NULL_FATAL(workers[i]);
		worker_exceptions_start(workers[i], stack);
	}
}

static void finish(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		worker_exceptions_destroy(workers[i]);
	if (fabric)
		fabric_destroy(fabric);
	rte_pktmbuf_free_bulk(kernel.taken, kernel.taken_count);
	rte_pktmbuf_free_bulk(kernel.sent, kernel.sent_count);
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

static struct rte_mbuf *frame(uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memset(rte_pktmbuf_append(m, bytes), 1, bytes);
	return m;
}

static void give(unsigned worker, unsigned count, enum exception_rank rank, uint64_t now_ns)
{
	for (unsigned i = 0; i < count; i++)
		worker_exceptions_give(workers[worker], 1, frame(60), rank, now_ns);
}

static void one_worker_gives_in_order_within_its_limit(void)
{
	start(1);
	struct rte_mbuf *first = frame(60), *second = frame(100);

	worker_exceptions_give(workers[0], 1, first, EXCEPTION_FAVOURED, 5);
	worker_exceptions_give(workers[0], 1, second, EXCEPTION_FAVOURED, 5);
	CU_ASSERT(worker_exceptions_run(workers[0], 5));
	CU_ASSERT(!worker_exceptions_run(workers[0], 5));
	CU_ASSERT_EQUAL_FATAL(kernel.taken_count, 2);
	CU_ASSERT_PTR_EQUAL(kernel.taken[0], first);
	CU_ASSERT_PTR_EQUAL(kernel.taken[1], second);
	CU_ASSERT_EQUAL(counters[0][1].exception_tx_frames, 2);
	CU_ASSERT_EQUAL(counters[0][1].exception_tx_bytes, 160);
	give(0, 300, EXCEPTION_FAVOURED, 5);
	worker_exceptions_run(workers[0], 5);
	CU_ASSERT_EQUAL(kernel.taken_count, BURST);
	CU_ASSERT_EQUAL(drops[0].count[DROP_EXCEPTION_RATE], 300 - BURST + 2);
	give(0, 300, EXCEPTION_FAVOURED, 5 + 50 * NS_PER_MS);
	worker_exceptions_run(workers[0], 5 + 50 * NS_PER_MS);
	CU_ASSERT_EQUAL(kernel.taken_count, BURST + 50);
	finish(1);
}

static void what_goes_on_is_not_drowned(void)
{
	start(1);
	give(0, 300, EXCEPTION_COMMON, 5);
	give(0, 20, EXCEPTION_FAVOURED, 5);
	worker_exceptions_run(workers[0], 5);
	CU_ASSERT_EQUAL(kernel.taken_count, BURST / 2 + 20);
	CU_ASSERT_EQUAL(drops[0].count[DROP_EXCEPTION_RATE], 300 - BURST / 2);
	finish(1);
}

static void all_workers_have_one_limit(void)
{
	start(WORKERS);
	give(1, 80, EXCEPTION_FAVOURED, 5);
	CU_ASSERT(worker_exceptions_run(workers[1], 5));
	CU_ASSERT(!worker_exceptions_run(workers[1], 5));
	CU_ASSERT(worker_exceptions_have_input(workers[0]));
	CU_ASSERT(!worker_exceptions_have_input(workers[1]));
	give(0, 80, EXCEPTION_FAVOURED, 5);
	for (int i = 0; i < 3; i++)
		worker_exceptions_run(workers[0], 5);
	CU_ASSERT(!worker_exceptions_have_input(workers[0]));
	CU_ASSERT_EQUAL(kernel.taken_count, BURST);
	CU_ASSERT_EQUAL(drops[0].count[DROP_EXCEPTION_RATE], 60);
	CU_ASSERT_EQUAL(drops[1].count[DROP_EXCEPTION_RATE], 0);
	/* No worker may fill its ring beyond what the port could carry. */
	give(1, 300, EXCEPTION_FAVOURED, 5);
	CU_ASSERT_EQUAL(drops[1].count[DROP_EXCEPTION_RATE], 280);
	finish(WORKERS);
}

static void a_full_ring_drops_and_counts(void)
{
	start(WORKERS);
	for (uint64_t s = 1; s <= 11; s++) {
		give(1, BURST, EXCEPTION_FAVOURED, s * NS_PER_SECOND);
		worker_exceptions_run(workers[1], s * NS_PER_SECOND);
	}
	CU_ASSERT_EQUAL(drops[1].count[DROP_EXCEPTION_FULL], 11 * BURST - (FABRIC_EXCEPTION_FRAMES - 1));
	finish(WORKERS);
}

static void what_the_kernel_does_not_take_is_dropped_and_counted(void)
{
	start(1);
	kernel.takes = 10;
	give(0, 64, EXCEPTION_FAVOURED, 5);
	worker_exceptions_run(workers[0], 5);
	CU_ASSERT_EQUAL(kernel.taken_count, 10);
	CU_ASSERT_EQUAL(counters[0][1].exception_tx_frames, 10);
	CU_ASSERT_EQUAL(drops[0].count[DROP_EXCEPTION_FULL], 54);
	finish(1);
}

static void tags_are_taken_off(void)
{
	start(1);
	struct rte_mbuf *m = frame(64);

	netifs[1].vlan = 7;
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, 12), "\x81\0\0\7\x88\xcc", 6);
	worker_exceptions_give(workers[0], 1, m, EXCEPTION_FAVOURED, 5);
	worker_exceptions_run(workers[0], 5);
	CU_ASSERT_EQUAL_FATAL(kernel.taken_count, 1);
	CU_ASSERT_EQUAL(kernel.taken[0]->pkt_len, 60);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod_offset(kernel.taken[0], uint8_t *, 12), "\x88\xcc\1", 3), 0);
	finish(1);
}

static void send_from_kernel(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		kernel.sent[kernel.sent_count++] = frame((uint16_t)(60 + i));
}

static void what_the_kernel_sends_leaves_by_its_port_and_never_returns(void)
{
	struct rte_mbuf *out[64];

	start(1);
	send_from_kernel(40);
	CU_ASSERT(worker_exceptions_run(workers[0], 5));
	CU_ASSERT(worker_exceptions_run(workers[0], 5));
	CU_ASSERT(!worker_exceptions_run(workers[0], 5));
	CU_ASSERT_EQUAL(stack_output(stack, 0, out, 64, 5), 0);
	CU_ASSERT_EQUAL_FATAL(stack_output(stack, 1, out, 64, 5), 40);
	for (unsigned i = 0; i < 40; i++)
		CU_ASSERT_EQUAL(out[i]->pkt_len, 60 + i);
	rte_pktmbuf_free_bulk(out, 40);
	CU_ASSERT_EQUAL(counters[0][1].exception_rx_frames, 40);
	CU_ASSERT_EQUAL(counters[0][1].exception_rx_bytes, 40 * 60 + 40 * 39 / 2);
	CU_ASSERT_EQUAL(kernel.taken_count, 0);
	finish(1);
}

static void a_device_that_wakes_us_is_not_asked_all_the_time(void)
{
	start(1);
	kernel.exception.port.wait_fd = 0;
	for (uint64_t now_ns = 1000; now_ns < 1000 + 100 * NS_PER_US; now_ns += NS_PER_US)
		worker_exceptions_run(workers[0], now_ns);
	CU_ASSERT_EQUAL(kernel.asked, 5);
	finish(1);
}

/* It waits in the kernel for a while; then it is dropped, or its descriptor would keep us awake. */
static void a_port_that_takes_nothing_keeps_the_kernel_waiting_for_a_while(void)
{
	start(1);
	while (stack_send_room(stack, 1) > 0)
		stack_send(stack, 1, frame(60));
	send_from_kernel(3);
	for (uint64_t ms = 1; ms < 10; ms++)
		CU_ASSERT(!worker_exceptions_run(workers[0], ms * NS_PER_MS));
	CU_ASSERT_EQUAL(kernel.sent_count, 3);
	CU_ASSERT(worker_exceptions_run(workers[0], 12 * NS_PER_MS));
	CU_ASSERT_EQUAL(kernel.sent_count, 0);
	CU_ASSERT_EQUAL(drops[0].count[DROP_TX_QUEUE_FULL], 3);
	finish(1);
}

UNIT_TESTS(UNIT_TEST(one_worker_gives_in_order_within_its_limit), UNIT_TEST(what_goes_on_is_not_drowned),
	   UNIT_TEST(all_workers_have_one_limit), UNIT_TEST(a_full_ring_drops_and_counts),
	   UNIT_TEST(what_the_kernel_does_not_take_is_dropped_and_counted), UNIT_TEST(tags_are_taken_off),
	   UNIT_TEST(what_the_kernel_sends_leaves_by_its_port_and_never_returns),
	   UNIT_TEST(a_device_that_wakes_us_is_not_asked_all_the_time),
	   UNIT_TEST(a_port_that_takes_nothing_keeps_the_kernel_waiting_for_a_while))
