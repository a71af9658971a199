/* Pools that run dry, at every point: nothing is corrupted, nothing is lost for good. */
#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_reassembly.h"
#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

static struct world world;

static void run_ms(uint64_t ms)
{
	world_run(&world, world.now_ns + ms * NS_PER_MS);
}

static void connections_run_out(void)
{
	enum { OPENS = 9, ROOM = 4 };

	world_start(&world, &(struct world_params){.seed = 1, .connections_max = ROOM});
	world.accepted_keep_open = true;
	for (unsigned i = 0; i < OPENS; i++)
		world_open(&world, 0, 100, 0)->keep_open = true;
	CU_ASSERT_EQUAL(world.hosts[0].counters.connections, ROOM);
	CU_ASSERT_EQUAL(world.hosts[0].drops.count[DROP_TCP_CONNECTIONS_FULL], OPENS - ROOM);
	CU_ASSERT_EQUAL(world.apps[OPENS - 1].last.failure, STREAM_FAILURE_RESOURCES);
	run_ms(100);
	/* The other side is full as well now: a SYN is shed, the connections live on. */
	struct flow_key key = {.local = world.hosts[1].addr,
			       .remote = world.hosts[0].addr,
			       .local_port = WORLD_PORT,
			       .remote_port = 9};

	world_inject(&world, 1, &key, 1, 0, TCP_SYN, 100);
	run_ms(100);
	CU_ASSERT_EQUAL(world.hosts[1].drops.count[DROP_TCP_CONNECTIONS_FULL], 1);
	for (unsigned i = OPENS; i < world.app_count; i++)
		CU_ASSERT_EQUAL(world.apps[i].received, 100);
	CU_ASSERT_EQUAL(world.app_count, OPENS + ROOM);
	world_stop(&world);
}

/* The receiver's slice nodes are all taken but `left`; they come back after a while. */
static void slice_nodes_run_out(void)
{
	for (uint32_t left = 0; left < 12; left++) {
		world_start(&world, &(struct world_params){.seed = 20 + left, .loss_percent = 3});
		struct slice_pool *pool = &world.hosts[1].slices;
		struct slice_node *hidden = pool->free;
		struct slice_node *last = hidden;

		for (uint32_t i = 1; i < pool->available - left; i++)
			last = last->next;
		uint32_t hidden_count = pool->available - left;

		pool->free = last->next;
		pool->available = left;
		struct app *client = world_open(&world, 0, 40000, 0);

		run_ms(3000);
		last->next = pool->free;
		pool->free = hidden;
		pool->available += hidden_count;
		run_ms(600000);
		CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
		CU_ASSERT_EQUAL(world.apps[1].received, 40000);
		CU_ASSERT(!world.apps[1].corrupt && client->released);
		world_stop(&world);
	}
}

/* Mbufs are taken away so that the n-th allocation fails, and come back later. */
static void mbufs_run_out(void)
{
	static struct rte_mbuf *taken[8192];

	for (uint32_t left = 0; left < 40; left += 3) {
		world_start(&world, &(struct world_params){.seed = 40 + left});
		struct rte_mempool *pool = left % 2 ? world.hosts[0].tcp->params.indirect_pool
						    : world.hosts[0].tcp->params.header_pool;
		struct app *client = world_open(&world, 0, 60000, 0);

		client->keep_open = true;
		run_ms(1);
		uint32_t count = 0;

		while (rte_mempool_avail_count(pool) > left) {
			taken[count] = rte_pktmbuf_alloc(pool);
			CU_ASSERT_FATAL(taken[count] != NULL);
			count++;
		}
		for (unsigned i = 0; i < 20; i++) {
			tcp_output(world.hosts[0].tcp, 8, world.now_ns);
			tcp_output(world.hosts[1].tcp, 8, world.now_ns);
		}
		rte_pktmbuf_free_bulk(taken, count);
		client->keep_open = false;
		app_pump(client);
		run_ms(600000);
		CU_ASSERT_EQUAL_FATAL(world.app_count, 2);
		CU_ASSERT_EQUAL(world.apps[1].received, 60000);
		CU_ASSERT(!world.apps[1].corrupt && client->released);
		world_stop(&world);
	}
}

static struct slice bytes_at(struct rte_mempool *pool, uint32_t seq, uint32_t length)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	char *to = rte_pktmbuf_append(mbuf, (uint16_t)length);

	for (uint32_t i = 0; i < length; i++)
		to[i] = (char)(seq + i);
	return (struct slice){mbuf, mbuf->data_off, length};
}

/* Random overlapping pieces in any order give the byte sequence, whatever overlaps what. */
static void reassembles_any_overlap(void)
{
	enum { TOTAL = 600 };
	struct prng prng;

	for (uint64_t seed = 1; seed < 60; seed++) {
		world_start(&world, &(struct world_params){.seed = seed});
		world.accepted_keep_open = true;
		struct app *client = world_open(&world, 0, 0, 0);

		client->keep_open = true;
		run_ms(10);
		struct tcp *tcp = world.hosts[0].tcp;
		struct tcp_cold *cold = container_of_member(client->stream, struct tcp_cold, stream);
		struct tcp_conn *conn = tcp_conn_of(cold);
		uint32_t base = conn->rcv_nxt;
		uint8_t got[TOTAL];

		prng_seed(&prng, seed);
		for (unsigned i = 0; i < 4000 && conn->rcv_nxt - base < TOTAL; i++) {
			uint32_t start = 1 + prng_below(&prng, TOTAL - 1);
			uint32_t length = 1 + prng_below(&prng, 60);

			if (start + length > TOTAL)
				length = TOTAL - start;
			if (i == 100) {
				start = 0;
				length = 1;
			}
			struct slice slice = bytes_at(tcp->params.header_pool, start, length);
			uint32_t seq = base + start;

			if (seq_lt(seq, conn->rcv_nxt) || i == 100) {
				slice_release(&slice);
				if (i == 100) {
					slice = bytes_at(tcp->params.header_pool, 0, 1);
					CU_ASSERT_EQUAL(tcp_reassembly_add(tcp, conn, base, slice),
							DROP_NONE);
				}
			} else {
				enum drop_reason reason = tcp_reassembly_add(tcp, conn, seq, slice);

				CU_ASSERT(reason == DROP_NONE || reason == DROP_TCP_DUPLICATE ||
					  reason == DROP_TCP_REASSEMBLY_FULL);
			}
			if (i >= 100)
				tcp_reassembly_drain(tcp, conn);
		}
		CU_ASSERT_EQUAL_FATAL(conn->rcv_nxt - base, TOTAL);
		slice_queue_copy(&client->stream->rx, 0, got, TOTAL);
		for (uint32_t i = 0; i < TOTAL; i++)
			CU_ASSERT_EQUAL_FATAL(got[i], (uint8_t)i);
		CU_ASSERT_EQUAL(cold->ooo_charge_bytes == 0, cold->ooo_head == POOL_NO_INDEX);
		client->hold = true;
		slice_queue_clear(tcp->params.slices, &client->stream->rx);
		stream_reset(client->stream, world.now_ns);
		world_stop(&world);
	}
}

UNIT_TESTS(UNIT_TEST(connections_run_out), UNIT_TEST(slice_nodes_run_out),
	   UNIT_TEST(mbufs_run_out), UNIT_TEST(reassembles_any_overlap))
