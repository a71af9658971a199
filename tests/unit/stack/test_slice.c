#include "stack/base/slice.h"

#include <string.h>

#include "stack/base/stream.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define NODES 16
#define BYTES 30 /* in three mbufs of 10 */

static struct rte_mempool *mbufs;
static struct slice_pool pool;

static void setup(void)
{
	test_eal_start(32);
	if (!mbufs)
		mbufs = test_mbuf_pool("slices", 63);
	CU_ASSERT_FATAL(slice_pool_create(&pool, NODES));
}

/* Nothing is held any more: neither nodes nor buffers. */
static void teardown(void)
{
	CU_ASSERT_EQUAL(pool.available, NODES);
	slice_pool_destroy(&pool);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

static struct slice make(uint8_t first, uint32_t length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(mbufs);
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)length);

	for (uint32_t i = 0; i < length; i++)
		data[i] = (uint8_t)(first + i);
	return (struct slice){.mbuf = mbuf, .offset_bytes = mbuf->data_off, .length_bytes = length};
}

static void fill(struct slice_queue *queue)
{
	*queue = (struct slice_queue){0};
	for (uint8_t i = 0; i < BYTES; i += 10)
		CU_ASSERT_FATAL(slice_queue_push(&pool, queue, make(i, 10)));
}

/* The queue holds first, first + 1, …; its sums are those of its nodes. */
static void check(const struct slice_queue *queue, uint32_t first, uint32_t length)
{
	uint32_t bytes = 0, charge = 0;
	uint8_t copy[BYTES];

	for (const struct slice_node *node = queue->head; node; node = node->next) {
		bytes += node->slice.length_bytes;
		charge += slice_charge_bytes(&node->slice);
		CU_ASSERT(node->next || node == queue->tail);
		CU_ASSERT(node->slice.length_bytes > 0);
	}
	CU_ASSERT(queue->head || !queue->tail);
	CU_ASSERT_EQUAL(bytes, length);
	CU_ASSERT_EQUAL(queue->bytes, length);
	CU_ASSERT_EQUAL(queue->charge_bytes, charge);
	slice_queue_copy(queue, 0, copy, length);
	for (uint32_t i = 0; i < length; i++)
		CU_ASSERT_EQUAL(copy[i], first + i);
}

static void moves_split_at_every_byte(void)
{
	for (uint32_t at = 0; at <= BYTES + 1; at++) {
		uint32_t part = at < BYTES ? at : BYTES;
		struct slice_queue from, to = {0};

		setup();
		fill(&from);
		CU_ASSERT_EQUAL(slice_queue_move(&pool, &to, &from, at), part);
		check(&to, 0, part);
		check(&from, part, BYTES - part);
		slice_queue_append(&to, &from);
		check(&to, 0, BYTES);
		check(&from, 0, 0);
		slice_queue_clear(&pool, &to);
		check(&to, 0, 0);
		teardown();
	}
}

static void skips_at_every_byte(void)
{
	for (uint32_t at = 0; at <= BYTES + 1; at++) {
		uint32_t part = at < BYTES ? at : BYTES;
		struct slice_queue queue;

		setup();
		fill(&queue);
		CU_ASSERT_EQUAL(slice_queue_skip(&pool, &queue, at), part);
		check(&queue, part, BYTES - part);
		slice_queue_clear(&pool, &queue);
		teardown();
	}
}

static void copies_every_range(void)
{
	struct slice_queue queue;
	uint8_t copy[BYTES];

	setup();
	fill(&queue);
	for (uint32_t from = 0; from <= BYTES; from++) {
		for (uint32_t to = from; to <= BYTES; to++) {
			slice_queue_copy(&queue, from, copy, to - from);
			for (uint32_t i = from; i < to; i++)
				CU_ASSERT_EQUAL(copy[i - from], i);
		}
	}
	slice_queue_clear(&pool, &queue);
	teardown();
}

static void without_nodes_nothing_is_lost(void)
{
	for (uint32_t hoarded = 0; hoarded <= NODES; hoarded++) {
		struct slice_queue hoard = {0}, queue = {0}, to = {0};
		uint32_t pushed = 0;

		setup();
		for (uint32_t i = 0; i < hoarded; i++)
			CU_ASSERT(slice_queue_push(&pool, &hoard, make(0, 1)));
		for (uint8_t i = 0; i < BYTES; i += 10) {
			struct slice slice = make(i, 10);

			if (!slice_queue_push(&pool, &queue, slice)) {
				/* The reference is still ours. */
				CU_ASSERT(!slice_queue_unshift(&pool, &queue, slice));
				CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(slice.mbuf), 1);
				slice_release(&slice);
				break;
			}
			pushed += 10;
		}
		CU_ASSERT_EQUAL(pushed, (NODES - hoarded < 3 ? NODES - hoarded : 3) * 10);
		uint32_t wanted = pushed > 5 ? pushed - 5 : 0;
		uint32_t moved = slice_queue_move(&pool, &to, &queue, wanted);

		CU_ASSERT(moved == wanted || (pool.available == 0 && moved == wanted / 10 * 10));
		check(&to, 0, moved);
		check(&queue, moved, pushed - moved);
		slice_queue_clear(&pool, &queue);
		slice_queue_clear(&pool, &to);
		slice_queue_clear(&pool, &hoard);
		teardown();
	}
}

static void share_unshift_and_pop(void)
{
	struct slice_queue queue = {0};
	struct slice slice, out;

	setup();
	slice = make(0, 10);
	struct slice again = slice_share(&slice);

	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(slice.mbuf), 2);
	CU_ASSERT(slice_queue_push(&pool, &queue, slice));
	CU_ASSERT(slice_queue_unshift(&pool, &queue, again));
	CU_ASSERT_EQUAL(queue.bytes, 20);
	CU_ASSERT_EQUAL(queue.charge_bytes, 2 * slice_charge_bytes(&slice));
	CU_ASSERT(slice_queue_pop(&pool, &queue, &out));
	slice_release(&out);
	CU_ASSERT(out.mbuf == NULL);
	CU_ASSERT(slice_queue_pop(&pool, &queue, &out));
	CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(out.mbuf), 1);
	slice_release(&out);
	CU_ASSERT(!slice_queue_pop(&pool, &queue, &out));
	check(&queue, 0, 0);
	teardown();
}

static struct {
	uint32_t calls, bytes, charge;
} told;

static void taken(struct stream *stream, uint32_t bytes, uint32_t charge_bytes, uint64_t now_ns)
{
	told.calls++;
	told.bytes += bytes;
	told.charge += charge_bytes;
}

static void a_stream_reports_what_was_taken(void)
{
	static const struct stream_ops ops = {.taken = taken};

	for (uint32_t at = 0; at <= BYTES; at++) {
		struct stream stream = {.ops = &ops};
		struct slice_queue to = {0};

		setup();
		fill(&stream.rx);
		uint32_t charge = stream.rx.charge_bytes;

		memset(&told, 0, sizeof(told));
		CU_ASSERT_EQUAL(stream_take(&stream, &pool, &to, at, 1), at);
		CU_ASSERT_EQUAL(told.calls, at > 0);
		CU_ASSERT_EQUAL(told.charge, charge - stream.rx.charge_bytes);
		CU_ASSERT_EQUAL(stream_skip(&stream, &pool, BYTES, 2), BYTES - at);
		CU_ASSERT_EQUAL(told.bytes, BYTES);
		CU_ASSERT_EQUAL(told.charge, charge);
		check(&to, 0, at);
		slice_queue_clear(&pool, &to);
		teardown();
	}
	CU_ASSERT_STRING_EQUAL(stream_failure_name(STREAM_FAILURE_REFUSED), "refused");
	CU_ASSERT_STRING_EQUAL(stream_failure_name((enum stream_failure)99), "?");
	CU_ASSERT_STRING_EQUAL(stream_blocked_name(STREAM_BLOCKED_PEER_WINDOW), "peer window");
	CU_ASSERT_STRING_EQUAL(stream_blocked_name((enum stream_blocked)99), "?");
}

UNIT_TESTS(UNIT_TEST(moves_split_at_every_byte), UNIT_TEST(skips_at_every_byte),
	   UNIT_TEST(copies_every_range), UNIT_TEST(without_nodes_nothing_is_lost),
	   UNIT_TEST(share_unshift_and_pop), UNIT_TEST(a_stream_reports_what_was_taken))
