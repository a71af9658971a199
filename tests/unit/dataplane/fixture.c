#include "tests/unit/dataplane/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stack/base/counter.h"

static void check(bool done, const struct why *why)
{
	if (done)
		return;
	fprintf(stderr, "fixture: %s\n", why->text);
	abort();
}

const char *fixture_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/shm/foil-fixture-%d", (int)getpid());
	return path;
}

static uint32_t slot(struct segment *segment, enum stat_kind kind, const char *name)
{
	struct stat_registry *registry = segment_registry(segment);

	return registry->slot(registry, kind, name);
}

struct segment *fixture_segment(void)
{
	struct segment_params params = {.name = fixture_path(),
					.worker_count = 2,
					.version = "1.2.3",
					.wall_ns = UINT64_C(1700000000000000000)};
	struct segment *segment = NULL;
	struct why why;

	check(segment_create(&segment, &params, &why), &why);
	check(segment_port(segment, 0, "eth0", &why), &why);
	struct segment_worker *a = segment_worker(segment, 0), *b = segment_worker(segment, 1);
	uint32_t cluster = slot(segment, STAT_CLUSTER, "a\"b\\c|80");

	a->gateway.clusters[cluster].upstream_rq_total = 3;
	b->gateway.clusters[cluster].upstream_rq_total = 4;
	b->gateway.clusters[cluster].upstream_rq_2xx = 6;
	b->gateway.clusters[cluster].upstream_rq_5xx = 1;
	b->gateway.clusters[cluster].upstream_rq_503 = 1;
	a->gateway.record(&a->gateway, HISTOGRAM_CLUSTER_UPSTREAM_CX_CONNECT, cluster, 1000000);
	b->gateway.record(&b->gateway, HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME, cluster, 3000000);
	slot(segment, STAT_CLUSTER, "quiet");
	uint32_t endpoint = slot(segment, STAT_ENDPOINT, "a\"b\\c|80\n10.0.0.1:80");

	a->gateway.endpoints[endpoint].rq_total = 7;
	uint32_t listener = slot(segment, STAT_LISTENER, "0.0.0.0:8080");

	a->gateway.listeners[listener].downstream_cx_total = 2;
	uint32_t http = slot(segment, STAT_HTTP, "ingress");

	a->gateway.https[http].downstream_rq_2xx = 9;
	b->gateway.https[http].downstream_rq_active = 1;
	uint32_t route = slot(segment, STAT_ROUTE, "shop\ncart");

	b->gateway.routes[route].upstream_rq_total = 5;
	a->drops->count[DROP_TCP_CHECKSUM] = 11;
	b->drops->count[DROP_TCP_CHECKSUM] = 2;
	a->tcp->segments_in = 100;
	b->worker->polls = 42;
	segment_worker_port(a, 0)->rx_frames = 77;
	segment_device(segment, 0)->mtu_bytes = 1500;
	segment_process(segment)->cds_update_success = 1;
	segment_process(segment)->workers_started = 1;
	return segment;
}

struct segment_reader *fixture_reader(void)
{
	struct segment_reader *reader = NULL;
	struct why why;

	check(segment_reader_open(&reader, fixture_path(), &why), &why);
	return reader;
}
