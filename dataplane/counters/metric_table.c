#include "dataplane/counters/metric_table.h"

#include "stack/base/drops.h"
#include "stack/tcp/tcp_counters.h"

#define COUNTER(name, help) {#name, help, NULL, #name, true},
#define GAUGE(name, help) {#name, help, NULL, #name, false},
static const struct metric worker_items[] = {
#include "dataplane/counters/worker.def"
};
static const struct metric port_items[] = {
#include "dataplane/counters/port.def"
};
static const struct metric device_items[] = {
#include "dataplane/counters/port_device.def"
};
static const struct metric tcp_items[] = {
#include "stack/tcp/tcp_counters.def"
};
static const struct metric listener_items[] = {
#include "gateway/stats/listener.def"
};
static const struct metric http_items[] = {
#include "gateway/stats/http.def"
};
static const struct metric cluster_items[] = {
#define GAUGE_AS(name, dotted, help) {#name, help, NULL, dotted, false},
#include "gateway/stats/cluster.def"
};
static const struct metric endpoint_items[] = {
#include "gateway/stats/endpoint.def"
};
static const struct metric route_items[] = {
#include "gateway/stats/route.def"
};
static const struct metric tcp_proxy_items[] = {
#include "gateway/stats/tcp_proxy.def"
};
#undef COUNTER
#undef GAUGE

#define COUNTER(name, envoy_name, help) {#name, help, envoy_name, #name, true},
#define GAUGE(name, envoy_name, help) {#name, help, envoy_name, #name, false},
static const struct metric process_items[] = {
#include "dataplane/counters/process.def"
};
#undef COUNTER
#undef GAUGE

#define TABLE(items) {items, ARRAY_LEN(items)}
#define SAME_SIZE(items, type)                                                                     \
	_Static_assert(sizeof(type) == ARRAY_LEN(items) * sizeof(uint64_t), "one word a line")

SAME_SIZE(worker_items, struct worker_counters);
SAME_SIZE(port_items, struct port_counters);
SAME_SIZE(device_items, struct port_device_counters);
SAME_SIZE(tcp_items, struct tcp_counters);
SAME_SIZE(listener_items, struct listener_stats);
SAME_SIZE(http_items, struct http_stats);
SAME_SIZE(cluster_items, struct cluster_stats);
SAME_SIZE(endpoint_items, struct endpoint_stats);
SAME_SIZE(route_items, struct route_stats);
SAME_SIZE(tcp_proxy_items, struct tcp_proxy_stats);
SAME_SIZE(process_items, struct process_counters);

static const struct metric_table groups[METRIC_GROUP_COUNT] = {
	[METRIC_WORKER] = TABLE(worker_items),
	[METRIC_TCP] = TABLE(tcp_items),
	[METRIC_DEVICE] = TABLE(device_items),
	[METRIC_PROCESS] = TABLE(process_items),
};

static const struct metric_table kinds[SEGMENT_KIND_COUNT] = {
	[STAT_LISTENER] = TABLE(listener_items),
	[STAT_HTTP] = TABLE(http_items),
	[STAT_CLUSTER] = TABLE(cluster_items),
	[STAT_ENDPOINT] = TABLE(endpoint_items),
	[STAT_ROUTE] = TABLE(route_items),
	[STAT_TCP_PROXY] = TABLE(tcp_proxy_items),
	[SEGMENT_PORT] = TABLE(port_items),
};

static const struct {
	const char *name;
	const char *help;
} histograms[STAT_HISTOGRAM_COUNT] = {
	[HISTOGRAM_HTTP_DOWNSTREAM_RQ_TIME] = {"downstream_rq_time",
					       "time of a request in milliseconds"},
	[HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME] = {"upstream_rq_time",
						"time of an upstream request in milliseconds"},
	[HISTOGRAM_CLUSTER_UPSTREAM_CX_CONNECT] = {"upstream_cx_connect_ms",
						   "time to connect in milliseconds"},
	[HISTOGRAM_CLUSTER_UPSTREAM_CX_LENGTH] = {"upstream_cx_length_ms",
						  "life of a connection in milliseconds"},
	[HISTOGRAM_CLUSTER_UPSTREAM_RQ_PER_CX] = {"upstream_rq_per_cx",
						  "requests of a connection"},
	[HISTOGRAM_HTTP_DOWNSTREAM_CX_LENGTH] = {"downstream_cx_length_ms",
						 "life of a connection in milliseconds"},
	[HISTOGRAM_LISTENER_DOWNSTREAM_CX_LENGTH] = {"downstream_cx_length_ms",
						     "life of a connection in milliseconds"},
	[HISTOGRAM_ROUTE_UPSTREAM_RQ_TIME] = {"upstream_rq_time",
					      "time of an upstream request in milliseconds"},
};

const struct metric_table *metric_table_group(enum metric_group group)
{
	return &groups[group];
}

const struct metric_table *metric_table_kind(uint32_t kind)
{
	return &kinds[kind];
}

const char *metric_histogram_name(enum stat_histogram which)
{
	return histograms[which].name;
}

const char *metric_histogram_help(enum stat_histogram which)
{
	return histograms[which].help;
}
