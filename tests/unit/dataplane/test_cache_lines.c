/* No two workers write one cache line, but for the rings between them and what is listed here. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/segment_layout.h"
#include "dataplane/worker/worker_loop.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/heap_watch.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/peers_fixture.h"

/* Each has one writer at a time by its own rule: a ring's head and tail lie in different lines. */
_Static_assert(sizeof(struct doorbell) % CACHE_LINE_BYTES == 0, "doorbells do not share a line");
_Static_assert(offsetof(struct mailbox, head) % CACHE_LINE_BYTES == 0 &&
		       offsetof(struct mailbox, slots) % CACHE_LINE_BYTES == 0,
	       "senders and the worker write different lines of a mailbox");
_Static_assert(offsetof(struct fabric, buckets) % CACHE_LINE_BYTES == 0,
	       "buckets, which change, share no line with what does not");
_Static_assert(offsetof(struct rte_ring, prod) % CACHE_LINE_BYTES == 0 &&
		       offsetof(struct rte_ring, cons) % CACHE_LINE_BYTES == 0,
	       "producer and consumer of a ring write different lines");
_Static_assert(sizeof(struct port_lane) % CACHE_LINE_BYTES == 0, "lanes do not share a line");

static void blocks_of_workers_begin_and_end_with_a_line(void)
{
	struct segment_layout layout;

	for (uint16_t workers = 1; workers <= 64; workers += 7) {
		segment_layout_make(&layout, workers);
		CU_ASSERT_EQUAL(layout.workers % CACHE_LINE_BYTES, 0);
		CU_ASSERT_EQUAL(layout.worker_stride % CACHE_LINE_BYTES, 0);
		/* What control threads write ends before the first worker's line. */
		CU_ASSERT(layout.devices + (uint64_t)segment_device_stride() * SEGMENT_PORTS_MAX <=
			  layout.workers);
		CU_ASSERT(layout.histograms +
				  (uint64_t)SEGMENT_HISTOGRAMS_MAX * sizeof(struct histogram) <=
			  layout.worker_stride);
	}
	CU_ASSERT_EQUAL(segment_port_stride() % CACHE_LINE_BYTES, 0);
	CU_ASSERT_EQUAL(segment_device_stride() % CACHE_LINE_BYTES, 0);
}

/* A piece of memory that several workers can reach. */
struct region {
	const char *name;
	const uint8_t *start;
	uint8_t *before;
	size_t lines;
	uint8_t *writers; /* by line: a bit for each worker that wrote it */
};

#define REGIONS_MAX 32

static struct region regions[REGIONS_MAX];
static unsigned region_count;

static void watch(const char *name, const void *start, size_t bytes)
{
	struct region *region = &regions[region_count++];

	CU_ASSERT_FATAL(region_count <= REGIONS_MAX && (uintptr_t)start % CACHE_LINE_BYTES == 0);
	*region = (struct region){.name = name, .start = start,
				  .lines = (bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES};
	region->before = malloc(region->lines * CACHE_LINE_BYTES);
	region->writers = calloc(region->lines, 1);
	CU_ASSERT_FATAL(region->before && region->writers);
}

static void poll_watched(uint16_t worker)
{
	for (unsigned i = 0; i < region_count; i++)
		memcpy(regions[i].before, regions[i].start, regions[i].lines * CACHE_LINE_BYTES);
	worker_poll(ones[worker].worker, now_ns);
	for (unsigned i = 0; i < region_count; i++)
		for (size_t line = 0; line < regions[i].lines; line++)
			if (memcmp(regions[i].before + line * CACHE_LINE_BYTES,
				   regions[i].start + line * CACHE_LINE_BYTES, CACHE_LINE_BYTES) != 0)
				regions[i].writers[line] |= (uint8_t)(1u << worker);
}

static unsigned count_shared(const struct region *region, size_t first, size_t end)
{
	unsigned shared = 0;

	for (size_t line = first; line < end && line < region->lines; line++)
		shared += (region->writers[line] & (region->writers[line] - 1)) != 0;
	return shared;
}

/* The flat part of the fabric, counters, and every ring: of a ring the producer writes its own line and
 * the slots, the consumer its own line. */
static void workers_write_lines_of_their_own(void)
{
	start();
	settle();
	hear_arp(1);
	settle();
	region_count = 0;
	watch("fabric", fabric, sizeof(*fabric));
	watch("counters", ones, sizeof(ones));
	for (uint16_t from = 0; from < WORKERS; from++) {
		size_t bytes = sizeof(struct rte_ring) + FABRIC_FRAMES * sizeof(void *);

		for (uint16_t to = 0; to < WORKERS; to++)
			if (from != to)
				watch("frames", fabric_frames(fabric, from, to), bytes);
		bytes = sizeof(struct rte_ring) + FABRIC_OUT_FRAMES * sizeof(void *);
		if (fabric_out(fabric, from, 0))
			watch("out", fabric_out(fabric, from, 0), bytes);
	}
	for (uint16_t port = 1000; port < 1200; port++) {
		hear_syn(port);
		for (uint16_t turn = 0; turn < 2 * WORKERS; turn++)
			poll_watched(turn % WORKERS);
	}
	/* The watch sees who writes: both ends of the ring from worker 0 to worker 1. */
	uint8_t seen = 0;

	for (size_t line = 0; line < regions[2].lines; line++)
		seen |= regions[2].writers[line];
	CU_ASSERT_EQUAL(seen, 3);
	for (unsigned i = 0; i < region_count; i++) {
		CU_ASSERT_EQUAL(count_shared(&regions[i], 0, regions[i].lines), 0);
		if (count_shared(&regions[i], 0, regions[i].lines))
			printf("# two workers wrote one line of %s\n", regions[i].name);
		free(regions[i].before);
		free(regions[i].writers);
	}
	finish();
}

/* By a thread of its own, as assembly.c has it. */
static struct worker *make_recorded(const struct worker_params *params)
{
	heap_watch_record(params->index);
	struct worker *worker = worker_thread_create(params->index + 1u, params);

	heap_watch_record(HEAP_NOBODY);
	return worker;
}

static unsigned mail_lines, foreign_lines;

/* Of another worker's memory all may write its mailbox, and nothing else. */
static void hear_write(int writer, int owner, const void *line)
{
	const uint8_t *at = line;
	const uint8_t *box = (const uint8_t *)worker_mailbox(ones[owner].worker);

	/* The sender's part: tail and slots, not the line of the head between them. */
	if (at >= box && at < box + sizeof(struct mailbox) && at != box + offsetof(struct mailbox, head)) {
		mail_lines++;
		return;
	}
	foreign_lines++;
	printf("# worker %d wrote into worker %d, %td bytes from its begin\n", writer, owner,
	       at - (const uint8_t *)ones[owner].worker);
}

static void poll_guarded(uint16_t worker)
{
	heap_watch_begin(worker);
	worker_poll(ones[worker].worker, now_ns);
	heap_watch_end(hear_write);
}

static void open_one(uint16_t worker, uint16_t remote_port)
{
	struct tcp *tcp = stack_tcp(worker_stack(ones[worker].worker));
	struct stream_target target = {.remote = ip_addr_from_v4(PEER), .remote_port = remote_port};
	enum stream_failure why;
	struct stream *stream = tcp_opener(tcp)->open(tcp_opener(tcp), &target, &why, now_ns);

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	stream_reset(stream, now_ns);
	stream_release(stream, now_ns);
}

/* Connections that come, go and are opened, neighbours that are learnt, buckets that move. */
static void work_guarded(void)
{
	struct mail mail = {.kind = MAIL_BUCKETS};

	for (uint16_t port = 1000; port < 1200; port++) {
		hear_syn(port);
		if (port % 3 == 0)
			hear_segment((uint16_t)(port - 2), 4, 2);
		if (port % 50 == 0) {
			hear_arp(1);
			now_ns += 31 * NS_PER_SECOND;
			CU_ASSERT(bucket_move(&fabric->buckets, port % BUCKETS, port % WORKERS));
			for (uint16_t i = 0; i < WORKERS; i++)
				CU_ASSERT(mailbox_post(worker_mailbox(ones[i].worker), &mail));
		}
		open_one(port % WORKERS, port);
		for (uint16_t turn = 0; turn < 2 * WORKERS; turn++)
			poll_guarded(turn % WORKERS);
	}
}

/* Small blocks of one thread lie side by side: this is what the watch is for. */
static void the_watch_sees_shared_lines(void)
{
	static void *volatile blocks[256]; /* or the compiler leaves both calls out */

	if (!heap_watch_works())
		return;
	for (unsigned i = 0; i < ARRAY_LEN(blocks); i++) {
		heap_watch_record(i % 2);
		blocks[i] = malloc(24);
	}
	heap_watch_record(HEAP_NOBODY);
	CU_ASSERT(heap_watch_shared_lines() > 0);
	for (unsigned i = 0; i < ARRAY_LEN(blocks); i++)
		free(blocks[i]);
	CU_ASSERT_EQUAL(heap_watch_shared_lines(), 0);
}

/* Everything that a worker has allocated, and not only what others are known to reach. */
static void heaps_of_workers_are_their_own(void)
{
	if (!heap_watch_works())
		return;
	test_eal_start_with_lcores(128, WORKERS + 1);
	make_worker = make_recorded;
	start();
	make_worker = worker_create;
	for (uint16_t i = 0; i < WORKERS; i++)
		CU_ASSERT(heap_watch_bytes(i) > 1000000);
	CU_ASSERT_EQUAL(heap_watch_shared_lines(), 0);
	work_guarded();
	CU_ASSERT_EQUAL(foreign_lines, 0);
	/* The watch sees: the mail about the neighbour, and what one does to another. */
	CU_ASSERT(mail_lines > 0);
	heap_watch_begin(0);
	stack_set_address_state(worker_stack(ones[1].worker), 0, 0, NETIF_ADDRESS_PREFERRED);
	heap_watch_end(hear_write);
	CU_ASSERT(foreign_lines > 0);
	finish();
}

UNIT_TESTS(UNIT_TEST(blocks_of_workers_begin_and_end_with_a_line),
	   UNIT_TEST(the_watch_sees_shared_lines), UNIT_TEST(heaps_of_workers_are_their_own), UNIT_TEST(workers_write_lines_of_their_own))
