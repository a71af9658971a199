#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/counters/segment.h"
#include "dataplane/counters/segment_reader.h"
#include "stack/base/counter.h"
#include "tests/lib/unit.h"

static char path[64];

static struct segment *make(uint16_t workers)
{
	struct segment_params params = {
		.name = path, .worker_count = workers, .version = "1.2.3", .wall_ns = 1000};
	struct segment *segment = NULL;
	struct why why;

	snprintf(path, sizeof(path), "/dev/shm/foil-test-%d", (int)getpid());
	if (!segment_create(&segment, &params, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	return segment;
}

static struct segment_reader *open_reader(void)
{
	struct segment_reader *reader = NULL;
	struct why why;

	if (!segment_reader_open(&reader, path, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	return reader;
}

static uint32_t slot_of(struct segment *segment, enum stat_kind kind, const char *name)
{
	struct stat_registry *registry = segment_registry(segment);

	return registry->slot(registry, kind, name);
}

static const struct segment_object *find(const struct segment_objects *objects, const char *name)
{
	for (uint32_t i = 0; i < objects->count; i++)
		if (strcmp(objects->items[i].name, name) == 0)
			return &objects->items[i];
	return NULL;
}

static void another_process_reads_the_sum_of_workers(void)
{
	struct segment *segment = make(3);
	uint32_t slot = slot_of(segment, STAT_CLUSTER, "outbound|80||a.b");

	for (uint16_t w = 0; w < 3; w++) {
		struct segment_worker *worker = segment_worker(segment, w);

		counter_add(&worker->gateway.clusters[slot].upstream_rq_total, 10u + w);
		counter_add(&worker->worker->polls, 7u + w);
		counter_inc(&worker->drops->count[DROP_TCP_CHECKSUM]);
		counter_add(&worker->tcp->timewait, 5);
		counter_add(&segment_worker_port(worker, 1)->tx_full, 2);
	}
	struct why port_why;
	CU_ASSERT(segment_port(segment, 1, "eth1", &port_why));
	pid_t child = fork();

	if (child == 0) {
		struct segment_reader *reader = open_reader();
		struct segment_objects clusters, ports;
		struct why why;
		struct cluster_stats sum;
		struct port_counters port;
		bool ok = segment_reader_objects(reader, STAT_CLUSTER, &clusters, &why) &&
			  segment_reader_objects(reader, SEGMENT_PORT, &ports, &why);
		const struct segment_object *cluster = ok ? find(&clusters, "outbound|80||a.b") : NULL;

		ok = ok && cluster && cluster->slot == slot && ports.count == 1 &&
		     strcmp(ports.items[0].name, "eth1") == 0 &&
		     segment_reader_sum(reader, STAT_CLUSTER, cluster, (uint64_t *)&sum) &&
		     segment_reader_sum(reader, SEGMENT_PORT, ports.items, (uint64_t *)&port) &&
		     sum.upstream_rq_total == 33 && sum.upstream_cx_total == 0 &&
		     port.tx_full == 6 && segment_reader_workers(reader) == 3 &&
		     ((const struct worker_counters *)segment_reader_worker(reader, 2))->polls == 9 &&
		     ((const struct tcp_counters *)segment_reader_tcp(reader, 0))->timewait == 5 &&
		     segment_reader_drops(reader, 1)[DROP_TCP_CHECKSUM] == 1 &&
		     segment_reader_is_current(reader);
		_exit(ok ? 0 : 1);
	}
	int status = -1;

	waitpid(child, &status, 0);
	CU_ASSERT_EQUAL(status, 0);
	segment_destroy(segment);
	CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
}

static void poke(uint64_t offset, const void *data, uint32_t size)
{
	int fd = open(path, O_RDWR);

	CU_ASSERT_EQUAL(pwrite(fd, data, size, (off_t)offset), (ssize_t)size);
	close(fd);
}

static void expect_refusal(const char *part)
{
	struct segment_reader *reader;
	struct why why;

	CU_ASSERT_FALSE(segment_reader_open(&reader, path, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, part));
}

static void readers_refuse_what_they_do_not_know(void)
{
	struct segment *segment = make(1);
	struct segment_reader *reader = open_reader();
	struct segment_header kept = *segment_reader_header(reader);
	uint16_t major = 9, workers = 0;
	uint64_t hash = 1, size = 4096;

	segment_reader_close(reader);
	poke(offsetof(struct segment_header, major), &major, 2);
	expect_refusal("version 9");
	poke(0, &kept, sizeof(kept));
	poke(offsetof(struct segment_header, layout_hash), &hash, 8);
	expect_refusal("another build of hydrofoil (1.2.3)");
	poke(0, &kept, sizeof(kept));
	poke(offsetof(struct segment_header, size_bytes), &size, 8);
	expect_refusal("damaged");
	poke(0, &kept, sizeof(kept));
	poke(offsetof(struct segment_header, worker_count), &workers, 2);
	expect_refusal("damaged");
	poke(0, "NOTFOIL", 8);
	expect_refusal("not a segment");
	segment_destroy(segment);
	expect_refusal("no hydrofoil runs here");
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	expect_refusal("empty");
	poke(0, &kept, sizeof(kept));
	expect_refusal("damaged"); /* header alone: the file is too short */
	close(fd);
	unlink(path);
}

static void two_live_processes_cannot_share_a_name(void)
{
	struct segment *segment = make(1);
	struct segment_params params = {.name = path, .worker_count = 1};
	struct segment *second = NULL;
	struct why why;
	char pid[32];

	snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	CU_ASSERT_FALSE(segment_create(&second, &params, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, pid));
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	segment_destroy(segment);
}

static void what_a_dead_process_left_is_replaced(void)
{
	snprintf(path, sizeof(path), "/dev/shm/foil-test-%d", (int)getpid());
	pid_t child = fork();

	if (child == 0) {
		struct segment_params params = {.name = path, .worker_count = 2};
		struct segment *segment = NULL;
		struct why why;

		_exit(segment_create(&segment, &params, &why) ? 0 : 1);
	}
	int status;

	waitpid(child, &status, 0);
	CU_ASSERT_EQUAL_FATAL(status, 0);
	struct segment_reader *old = open_reader();

	CU_ASSERT_FALSE(segment_reader_is_alive(old));
	CU_ASSERT(segment_reader_is_current(old));
	struct segment *segment = make(1);
	struct segment_reader *fresh = open_reader();

	CU_ASSERT(segment_reader_is_alive(fresh));
	CU_ASSERT_FALSE(segment_reader_is_current(old));
	/* The old mapping stays readable to its last byte. */
	CU_ASSERT_EQUAL(segment_reader_worker(old, 1)[0], 0);
	CU_ASSERT_EQUAL(segment_reader_workers(fresh), 1);
	segment_reader_close(old);
	segment_reader_close(fresh);
	segment_destroy(segment);
}

static void a_full_kind_gives_the_overflow_slot(void)
{
	struct segment *segment = make(1);
	char name[32];
	unsigned given = 0;

	for (unsigned i = 0; i < SEGMENT_LISTENERS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		if (slot_of(segment, STAT_LISTENER, name) != STAT_SLOT_OVERFLOW)
			given++;
	}
	CU_ASSERT_EQUAL(given, SEGMENT_LISTENERS_MAX - 1);
	CU_ASSERT_EQUAL(slot_of(segment, STAT_LISTENER, "l0"), 1);
	/* Its last slot can be written. */
	counter_inc(&segment_worker(segment, 0)
			     ->gateway.listeners[SEGMENT_LISTENERS_MAX - 1]
			     .downstream_cx_total);
	segment_destroy(segment);
}

static void names_keep_their_slot_until_it_is_needed(void)
{
	struct segment *segment = make(2);
	struct stat_registry *registry = segment_registry(segment);
	struct segment_reader *reader = open_reader();
	struct segment_objects before;
	struct why why;
	char name[32];
	uint64_t values[sizeof(struct listener_stats) / 8];
	uint32_t a = slot_of(segment, STAT_LISTENER, "a");

	CU_ASSERT_EQUAL(slot_of(segment, STAT_LISTENER, "a"), a);
	segment_worker(segment, 1)->gateway.listeners[a].downstream_cx_total = 5;
	registry->release(registry, STAT_LISTENER, a);
	registry->release(registry, STAT_LISTENER, a);
	CU_ASSERT_FATAL(segment_reader_objects(reader, STAT_LISTENER, &before, &why));
	CU_ASSERT_EQUAL_FATAL(before.count, 2);
	CU_ASSERT_EQUAL(before.items[1].state, SEGMENT_ENTRY_RETIRED);
	/* It comes back with what it had counted. */
	CU_ASSERT_EQUAL(slot_of(segment, STAT_LISTENER, "a"), a);
	CU_ASSERT(segment_reader_sum(reader, STAT_LISTENER, &before.items[1], values));
	CU_ASSERT_EQUAL(values[0], 5);
	registry->release(registry, STAT_LISTENER, a);
	for (unsigned i = 0; i < SEGMENT_LISTENERS_MAX - 2; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		CU_ASSERT_NOT_EQUAL(slot_of(segment, STAT_LISTENER, name), 0);
	}
	/* Now another name takes the slot, and starts from zero. */
	CU_ASSERT_EQUAL(slot_of(segment, STAT_LISTENER, "b"), a);
	CU_ASSERT_FALSE(segment_reader_sum(reader, STAT_LISTENER, &before.items[1], values));
	CU_ASSERT_EQUAL(values[0], 0);
	CU_ASSERT_EQUAL(slot_of(segment, STAT_LISTENER, "a"), STAT_SLOT_OVERFLOW);
	segment_objects_free(&before);
	segment_reader_close(reader);
	segment_destroy(segment);
}

static void long_names_stay_apart(void)
{
	struct segment *segment = make(1);
	char name[600];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	uint32_t a = slot_of(segment, STAT_CLUSTER, name);

	name[sizeof(name) - 2] = 'y';
	CU_ASSERT_NOT_EQUAL(slot_of(segment, STAT_CLUSTER, name), a);
	name[sizeof(name) - 2] = 'x';
	CU_ASSERT_EQUAL(slot_of(segment, STAT_CLUSTER, name), a);
	segment_destroy(segment);
}

static void histograms_are_made_when_first_used(void)
{
	struct segment *segment = make(2);
	struct segment_reader *reader = open_reader();
	struct gateway_stats *a = &segment_worker(segment, 0)->gateway;
	struct gateway_stats *b = &segment_worker(segment, 1)->gateway;
	uint32_t slot = slot_of(segment, STAT_CLUSTER, "c");
	struct histogram sum;

	CU_ASSERT_FALSE(
		segment_reader_histogram(reader, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME, slot, &sum));
	a->record(a, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME, slot, 1000);
	b->record(b, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME, slot, 5000000);
	b->record(b, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME, slot, 5000000);
	CU_ASSERT_FATAL(
		segment_reader_histogram(reader, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME, slot, &sum));
	CU_ASSERT_EQUAL(sum.count, 3);
	CU_ASSERT_EQUAL(sum.sum_ns, 10001000);
	CU_ASSERT_EQUAL(histogram_count_up_to(&sum, 2000), 1);
	CU_ASSERT_FALSE(segment_reader_histogram(reader, HISTOGRAM_CLUSTER_UPSTREAM_CX_CONNECT,
						 slot, &sum));
	segment_reader_close(reader);
	segment_destroy(segment);
}

static void histograms_run_out_and_grow_with_the_tick(void)
{
	struct segment *segment = make(1);
	struct segment_worker *worker = segment_worker(segment, 0);
	struct gateway_stats *stats = &worker->gateway;
	char name[32];

	for (unsigned i = 0; i <= SEGMENT_HISTOGRAMS_AHEAD; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		stats->record(stats, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME,
			      slot_of(segment, STAT_CLUSTER, name), 1);
	}
	CU_ASSERT_EQUAL(worker->worker->distribution_values_lost, 1);
	segment_tick(segment, 2000);
	stats->record(stats, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME, SEGMENT_HISTOGRAMS_AHEAD + 1, 1);
	CU_ASSERT_EQUAL(worker->worker->distribution_values_lost, 1);
	struct segment_reader *reader = open_reader();

	CU_ASSERT_EQUAL(segment_reader_header(reader)->heartbeat_wall_ns, 2000);
	segment_reader_close(reader);
	segment_destroy(segment);
}

static _Atomic bool stop;

/* Every name that a reader sees is one that was written as a whole, in its own slot. */
static void *watch(void *arg)
{
	struct segment_reader *reader = open_reader();
	uintptr_t torn = 0;

	do {
		struct segment_objects objects;
		struct why why;

		if (!segment_reader_objects(reader, STAT_CLUSTER, &objects, &why))
			continue;
		for (uint32_t i = 1; i < objects.count; i++) {
			char expected[SEGMENT_NAME_BYTES];
			uint32_t slot = objects.items[i].slot;

			snprintf(expected, sizeof(expected), "%0200u", slot);
			torn += strcmp(objects.items[i].name, expected) != 0;
		}
		segment_objects_free(&objects);
	} while (!atomic_load(&stop));
	segment_reader_close(reader);
	return (void *)torn;
}

static void readers_see_whole_names_while_slots_are_added(void)
{
	struct segment *segment = make(1);
	pthread_t readers[2];
	void *torn;

	atomic_store(&stop, false);
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&readers[i], NULL, watch, NULL), 0);
	for (unsigned i = 1; i < 3000; i++) {
		char name[SEGMENT_NAME_BYTES];

		snprintf(name, sizeof(name), "%0200u", i);
		CU_ASSERT_EQUAL(slot_of(segment, STAT_CLUSTER, name), i);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i], &torn);
		CU_ASSERT_EQUAL((uintptr_t)torn, 0);
	}
	segment_destroy(segment);
}

static void a_directory_that_is_never_whole_is_given_up(void)
{
	struct segment *segment = make(1);
	struct segment_reader *reader = open_reader();
	struct segment_objects objects;
	struct why why;
	uint64_t odd = segment_reader_header(reader)->epoch + 1;

	poke(offsetof(struct segment_header, epoch), &odd, 8);
	CU_ASSERT_FALSE(segment_reader_objects(reader, STAT_CLUSTER, &objects, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "being changed"));
	segment_reader_close(reader);
	segment_destroy(segment);
}

/* Blocks are whole pages, and what the worker and segment_tick write apart is lines apart. */
static void no_two_workers_share_a_line(void)
{
	struct segment *segment = make(3);

	for (uint16_t w = 0; w < 3; w++) {
		struct segment_worker *worker = segment_worker(segment, w);

		CU_ASSERT_EQUAL((uintptr_t)worker->worker % SEGMENT_PAGE_BYTES, 0);
		CU_ASSERT_EQUAL((uintptr_t)worker->tcp % CACHE_LINE_BYTES, 0);
		CU_ASSERT_EQUAL((uintptr_t)worker->drops % CACHE_LINE_BYTES, 0);
		CU_ASSERT_EQUAL((uintptr_t)segment_worker_port(worker, 1) % CACHE_LINE_BYTES, 0);
		CU_ASSERT_EQUAL((uintptr_t)&worker->histograms_used % CACHE_LINE_BYTES, 0);
		CU_ASSERT_EQUAL((uintptr_t)&worker->histograms_backed % CACHE_LINE_BYTES, 0);
	}
	CU_ASSERT_EQUAL(sizeof(struct segment_worker) % CACHE_LINE_BYTES, 0);
	segment_destroy(segment);
}

static void an_empty_segment_costs_little_memory(void)
{
	struct segment *segment = make(2);
	struct stat file;

	CU_ASSERT_EQUAL(stat(path, &file), 0);
	CU_ASSERT(file.st_blocks * 512 < 4 << 20);
	CU_ASSERT(file.st_size > 64 << 20);
	segment_destroy(segment);
}

UNIT_TESTS(UNIT_TEST(another_process_reads_the_sum_of_workers),
	   UNIT_TEST(readers_refuse_what_they_do_not_know),
	   UNIT_TEST(two_live_processes_cannot_share_a_name),
	   UNIT_TEST(what_a_dead_process_left_is_replaced),
	   UNIT_TEST(a_full_kind_gives_the_overflow_slot),
	   UNIT_TEST(names_keep_their_slot_until_it_is_needed), UNIT_TEST(long_names_stay_apart),
	   UNIT_TEST(histograms_are_made_when_first_used),
	   UNIT_TEST(histograms_run_out_and_grow_with_the_tick),
	   UNIT_TEST(readers_see_whole_names_while_slots_are_added),
	   UNIT_TEST(a_directory_that_is_never_whole_is_given_up),
	   UNIT_TEST(no_two_workers_share_a_line),
	   UNIT_TEST(an_empty_segment_costs_little_memory))
