#include "tests/unit/dataplane/kernel_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/eal.h"
#include "tests/lib/malloc_guard.h"
#include "tests/lib/unit.h"

struct rte_mempool *pool;
struct slice_pool slices;
struct worker_counters counters;
struct kernel_streams *all;
struct kernel_listener *listener;
struct stream *mine[8];
uint32_t mine_count, seen;
uint64_t now_ns;
bool refuse;

static void ready(struct stream *stream, uint32_t what, uint64_t at_ns)
{
	seen |= what;
}

const struct stream_owner_ops owner = {.ready = ready};

static bool accept_stream(void *context, struct stream *stream, uint64_t at_ns)
{
	if (refuse)
		return false;
	stream->owner_ops = &owner;
	mine[mine_count++] = stream;
	return true;
}

void fixture_start(void)
{
	test_eal_start(64);
	if (!pool)
		pool = test_mbuf_pool("kernel", BUFFERS);
	fake_kernel_reset();
	memset(&counters, 0, sizeof(counters));
	mine_count = seen = 0;
	refuse = false;
	now_ns = NS_PER_SECOND;
	CU_ASSERT_FATAL(slice_pool_create(&slices, 256));
	struct kernel_streams_params params = {
		.io = &fake_kernel, .rx_pool = pool, .slices = &slices, .counters = &counters,
		.connections_max = 4, .budget_bytes = BUDGET_BYTES, .now_ns = now_ns,
	};
	struct kernel_listen_params listen = {.socket = FAKE_LISTENER, .pipe = "/run/a", .accept = accept_stream};

	all = kernel_streams_create(&params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	listener = kernel_listen(all, &listen);
	CU_ASSERT_PTR_NOT_NULL_FATAL(listener);
}

/* One poll, as the worker does it. */
void poll_once(void)
{
	now_ns += 100 * NS_PER_US;
	malloc_guard_begin();
	kernel_streams_input(all, now_ns);
	if (kernel_streams_deadline_ns(all) <= now_ns)
		kernel_streams_expire(all, now_ns, 16);
	kernel_streams_deliver(all, now_ns);
	kernel_streams_output(all, now_ns);
	kernel_streams_deliver(all, now_ns);
	CU_ASSERT_EQUAL(malloc_guard_end(), 0);
}

struct stream *accepted(int handle)
{
	uint32_t before = mine_count;

	fake_kernel_knocks(handle);
	poll_once();
	CU_ASSERT_EQUAL_FATAL(mine_count, before + 1);
	seen = 0;
	return mine[before];
}

void fixture_finish(void)
{
	poll_once();
	CU_ASSERT_EQUAL(kernel_streams_open(all), 0);
	CU_ASSERT_EQUAL(counters.kernel_connections, 0);
	kernel_streams_destroy(all);
	CU_ASSERT_EQUAL(slices.available, slices.capacity);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), BUFFERS);
}

void check_rx(const struct stream *stream, uint32_t from)
{
	uint8_t bytes[128 * 1024];

	CU_ASSERT_FATAL(stream->rx.bytes <= sizeof(bytes));
	slice_queue_copy(&stream->rx, 0, bytes, stream->rx.bytes);
	for (uint32_t i = 0; i < stream->rx.bytes; i++)
		if (bytes[i] != (uint8_t)((from + i) * 7)) {
			CU_FAIL("a byte is wrong");
			return;
		}
}

void fixture_send(struct stream *stream, uint32_t bytes)
{
	struct slice_queue queue = {0};

	while (bytes > 0) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
		uint32_t here = bytes < 1000 ? bytes : 1000;

		if (!mbuf || !rte_pktmbuf_append(mbuf, (uint16_t)here))
			abort();
		memset(rte_pktmbuf_mtod(mbuf, void *), 'a', here);
		CU_ASSERT_FATAL(slice_queue_push(&slices, &queue,
						 (struct slice){mbuf, mbuf->data_off, here}));
		bytes -= here;
	}
	stream_write(stream, &queue, now_ns);
}
