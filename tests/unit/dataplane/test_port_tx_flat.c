#include "dataplane/port/port_tx_flat.h"

#include <string.h>

#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

/* A device that remembers what it was given, and takes at most `room` frames. */
static struct {
	uint32_t room, count;
	struct rte_mbuf *frames[16];
} device;

static struct port port;
static struct rte_mempool *pool, *references;

static uint32_t device_send(struct port *p, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	uint32_t n = count < device.room ? count : device.room;

	CU_ASSERT(p == &port && queue == 3);
	for (uint32_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(frames[i]->nb_segs, 1);
		device.frames[device.count++] = frames[i];
	}
	device.room -= n;
	return n;
}

static void fresh(uint32_t room)
{
	test_eal_start(64);
	if (!pool) {
		pool = test_mbuf_pool("flat", 31);
		references = test_indirect_pool("refs", 31);
	}
	memset(&port, 0, sizeof(port));
	device.room = room;
	device.count = 0;
}

static struct rte_mbuf *segment(struct rte_mempool *from, uint8_t byte, uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(from);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memset(rte_pktmbuf_append(m, bytes), byte, bytes);
	return m;
}

/* A header and a payload of another buffer, as the stack makes them. */
static struct rte_mbuf *chain(uint8_t byte, uint16_t payload_bytes)
{
	struct rte_mbuf *head = segment(pool, byte, 54), *body = segment(pool, byte, payload_bytes);
	struct rte_mbuf *reference = rte_pktmbuf_alloc(references);

	CU_ASSERT_PTR_NOT_NULL_FATAL(reference);
	rte_pktmbuf_attach(reference, body);
	rte_pktmbuf_free(body);
	CU_ASSERT_FATAL(rte_pktmbuf_chain(head, reference) == 0);
	return head;
}

static uint32_t transmit(struct rte_mbuf **frames, uint32_t count)
{
	return port_tx_flat(&port, 3, frames, count, device_send);
}

static void free_sent(void)
{
	rte_pktmbuf_free_bulk(device.frames, device.count);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(references), 0);
}

static bool is_all(const struct rte_mbuf *m, uint8_t byte, uint32_t bytes)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	for (uint32_t i = 0; i < bytes; i++)
		if (data[i] != byte)
			return false;
	return m->data_len == bytes && m->pkt_len == bytes;
}

static void chains_are_copied_and_order_kept(void)
{
	fresh(16);
	struct rte_mbuf *frames[3] = {segment(pool, 1, 60), chain(2, 1448), segment(pool, 3, 60)};
	struct rte_mbuf *first = frames[0];

	CU_ASSERT_EQUAL(transmit(frames, 3), 3);
	CU_ASSERT_EQUAL_FATAL(device.count, 3);
	CU_ASSERT_PTR_EQUAL(device.frames[0], first);
	CU_ASSERT(is_all(device.frames[0], 1, 60) && is_all(device.frames[1], 2, 1502) &&
		  is_all(device.frames[2], 3, 60));
	CU_ASSERT(port.lanes[3].flattened == 1 && port.lanes[3].unsendable == 0);
	free_sent();
}

static void what_a_full_device_leaves_stays_ours(void)
{
	fresh(1);
	struct rte_mbuf *frames[3] = {chain(1, 100), chain(2, 100), segment(pool, 3, 60)};

	CU_ASSERT_EQUAL(transmit(frames, 3), 1);
	device.room = 5;
	CU_ASSERT_EQUAL(transmit(frames + 1, 2), 2);
	CU_ASSERT_EQUAL_FATAL(device.count, 3);
	CU_ASSERT(is_all(device.frames[1], 2, 154) && is_all(device.frames[2], 3, 60));
	CU_ASSERT_EQUAL(port.lanes[3].flattened, 2);
	free_sent();
}

static void a_chain_longer_than_a_buffer_is_dropped_alone(void)
{
	fresh(16);
	struct rte_mbuf *frames[3] = {segment(pool, 1, 60), chain(2, 2048), segment(pool, 3, 60)};

	CU_ASSERT_EQUAL(transmit(frames, 3), 3);
	CU_ASSERT_EQUAL_FATAL(device.count, 2);
	CU_ASSERT(is_all(device.frames[0], 1, 60) && is_all(device.frames[1], 3, 60));
	CU_ASSERT_EQUAL(port.lanes[3].unsendable, 1);
	free_sent();
}

static void a_drop_waits_for_what_is_before_it(void)
{
	fresh(0);
	struct rte_mbuf *frames[2] = {segment(pool, 1, 60), chain(2, 2048)};

	CU_ASSERT_EQUAL(transmit(frames, 2), 0);
	CU_ASSERT_EQUAL(port.lanes[3].unsendable, 0);
	device.room = 1;
	CU_ASSERT_EQUAL(transmit(frames, 2), 2);
	CU_ASSERT_EQUAL(port.lanes[3].unsendable, 1);
	free_sent();
}

static void without_a_buffer_the_chain_is_dropped_and_counted(void)
{
	struct rte_mbuf *held[31];
	uint32_t n = 0;

	fresh(16);
	struct rte_mbuf *frames[1] = {chain(1, 100)};

	while ((held[n] = rte_pktmbuf_alloc(pool)))
		n++;
	CU_ASSERT_EQUAL(transmit(frames, 1), 1);
	CU_ASSERT(device.count == 0 && port.lanes[3].unsendable == 1);
	rte_pktmbuf_free_bulk(held, n);
	free_sent();
}

UNIT_TESTS(UNIT_TEST(chains_are_copied_and_order_kept),
	   UNIT_TEST(what_a_full_device_leaves_stays_ours),
	   UNIT_TEST(a_chain_longer_than_a_buffer_is_dropped_alone),
	   UNIT_TEST(a_drop_waits_for_what_is_before_it),
	   UNIT_TEST(without_a_buffer_the_chain_is_dropped_and_counted))
