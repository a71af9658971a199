#include <stddef.h>
#include <string.h>

#include "stack/base/counter.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"

static void cluster_sum(const struct segment_reader *reader, const char *name,
			struct cluster_stats *sum)
{
	struct segment_objects objects;
	struct why why;

	CU_ASSERT_FATAL(segment_reader_objects(reader, STAT_CLUSTER, &objects, &why));
	for (uint32_t i = 0; i < objects.count; i++)
		if (strcmp(objects.items[i].name, name) == 0)
			CU_ASSERT(segment_reader_sum(reader, STAT_CLUSTER, &objects.items[i],
						     (uint64_t *)sum));
	segment_objects_free(&objects);
}

static void a_reset_starts_counters_from_zero_and_leaves_gauges(void)
{
	struct segment *segment = fixture_segment();
	struct segment_reader *reader = fixture_reader();
	struct stat_registry *registry = segment_registry(segment);
	uint32_t slot = registry->slot(registry, STAT_CLUSTER, "c");
	uint32_t endpoint = registry->slot(registry, STAT_ENDPOINT, "c\n10.0.0.1:80");
	struct segment_worker *a = segment_worker(segment, 0), *b = segment_worker(segment, 1);
	struct cluster_stats sum;
	struct endpoint_stats *host = &a->gateway.endpoints[endpoint];

	a->gateway.clusters[slot].upstream_rq_total = 5;
	b->gateway.clusters[slot].upstream_rq_total = 6;
	b->gateway.clusters[slot].upstream_rq_active = 3;
	segment_control(segment)->gateway.clusters[slot].update_success = 2;
	a->tcp->segments_in = 9;
	a->tcp->timewait = 4;
	b->drops->count[DROP_TCP_CHECKSUM] = 7;
	segment_process(segment)->cds_update_success = 8;
	host->rq_total = 11;
	cluster_sum(reader, "c", &sum);
	CU_ASSERT_EQUAL(sum.upstream_rq_total, 11);
	CU_ASSERT_EQUAL(sum.update_success, 2);
	segment_reset_counters(segment);
	counter_inc(&b->gateway.clusters[slot].upstream_rq_total);
	counter_inc(&segment_control(segment)->gateway.clusters[slot].update_success);
	counter_inc(&a->tcp->segments_in);
	cluster_sum(reader, "c", &sum);
	CU_ASSERT_EQUAL(sum.upstream_rq_total, 1);
	CU_ASSERT_EQUAL(sum.upstream_rq_active, 3);
	CU_ASSERT_EQUAL(sum.update_success, 1);
	CU_ASSERT_EQUAL(segment_reader_tcp_total(reader, offsetof(struct tcp_counters, segments_in) / 8),
			1);
	CU_ASSERT_EQUAL(segment_reader_tcp_total(reader, offsetof(struct tcp_counters, timewait) / 8),
			4);
	CU_ASSERT_EQUAL(segment_reader_drops_total(reader, DROP_TCP_CHECKSUM), 0);
	CU_ASSERT_EQUAL(segment_reader_process(
				reader, offsetof(struct process_counters, cds_update_success) / 8),
			0);
	/* What a host has served stays, as in Envoy's /clusters. */
	CU_ASSERT_EQUAL(host->rq_total, 11);
	/* A second reset counts from its own moment. */
	segment_reset_counters(segment);
	cluster_sum(reader, "c", &sum);
	CU_ASSERT_EQUAL(sum.upstream_rq_total, 0);
	segment_reader_close(reader);
	segment_destroy(segment);
}

UNIT_TESTS(UNIT_TEST(a_reset_starts_counters_from_zero_and_leaves_gauges))
