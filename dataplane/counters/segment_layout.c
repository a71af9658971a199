#include "dataplane/counters/segment_layout.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/drops.h"
#include "stack/tcp/tcp_counters.h"

/* Every name in its order; what it is for and its help may change without breaking a reader. */
static const char layout_text[] =
#define COUNTER(name, help) "c:" #name ";"
#define GAUGE(name, help) "g:" #name ";"
	"worker{"
#include "dataplane/counters/worker.def"
	"}port{"
#include "dataplane/counters/port.def"
	"}device{"
#include "dataplane/counters/port_device.def"
	"}tcp{"
#include "stack/tcp/tcp_counters.def"
	"}listener{"
#include "gateway/stats/listener.def"
	"}http{"
#include "gateway/stats/http.def"
	"}cluster{"
#include "gateway/stats/cluster.def"
	"}endpoint{"
#include "gateway/stats/endpoint.def"
	"}route{"
#include "gateway/stats/route.def"
	"}tcp_proxy{"
#include "gateway/stats/tcp_proxy.def"
#undef COUNTER
#undef GAUGE
	"}process{"
#define COUNTER(name, envoy_name, help) "c:" #name ";"
#define GAUGE(name, envoy_name, help) "g:" #name ";"
#include "dataplane/counters/process.def"
#undef COUNTER
#undef GAUGE
	"}drops{"
#define DROP(name, help) #name ";"
#include "stack/base/drops.def"
#undef DROP
	"}";

static const struct {
	uint32_t capacity;
	uint32_t bytes;
} kinds[SEGMENT_KIND_COUNT] = {
	[STAT_LISTENER] = {SEGMENT_LISTENERS_MAX, sizeof(struct listener_stats)},
	[STAT_HTTP] = {SEGMENT_HTTPS_MAX, sizeof(struct http_stats)},
	[STAT_CLUSTER] = {SEGMENT_CLUSTERS_MAX, sizeof(struct cluster_stats)},
	[STAT_ENDPOINT] = {SEGMENT_ENDPOINTS_MAX, sizeof(struct endpoint_stats)},
	[STAT_ROUTE] = {SEGMENT_ROUTES_MAX, sizeof(struct route_stats)},
	[STAT_TCP_PROXY] = {SEGMENT_TCP_PROXIES_MAX, sizeof(struct tcp_proxy_stats)},
	[SEGMENT_PORT] = {SEGMENT_PORTS_MAX, sizeof(struct port_counters)},
};

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

uint32_t segment_kind_capacity(uint32_t kind)
{
	return kinds[kind].capacity;
}

uint32_t segment_kind_bytes(uint32_t kind)
{
	return kinds[kind].bytes;
}

uint32_t segment_port_stride(void)
{
	return (uint32_t)round_up(sizeof(struct port_counters), CACHE_LINE_BYTES);
}

uint32_t segment_device_stride(void)
{
	return (uint32_t)round_up(sizeof(struct port_device_counters), CACHE_LINE_BYTES);
}

enum stat_kind segment_histogram_kind(enum stat_histogram which)
{
	switch (which) {
	case HISTOGRAM_HTTP_DOWNSTREAM_RQ_TIME:
	case HISTOGRAM_HTTP_DOWNSTREAM_CX_LENGTH:
		return STAT_HTTP;
	case HISTOGRAM_LISTENER_DOWNSTREAM_CX_LENGTH:
		return STAT_LISTENER;
	case HISTOGRAM_ROUTE_UPSTREAM_RQ_TIME:
		return STAT_ROUTE;
	default:
		return STAT_CLUSTER;
	}
}

static void make_worker(struct segment_layout *layout)
{
	uint64_t at = round_up(sizeof(struct worker_counters), CACHE_LINE_BYTES);

	layout->tcp = at;
	at += round_up(sizeof(struct tcp_counters), CACHE_LINE_BYTES);
	layout->drops = at;
	at += round_up(sizeof(struct drop_counters), CACHE_LINE_BYTES);
	layout->ports = at;
	at += (uint64_t)segment_port_stride() * SEGMENT_PORTS_MAX;
	layout->fixed_bytes = at;
	for (uint32_t kind = 0; kind < STAT_KIND_COUNT; kind++) {
		at = round_up(at, SEGMENT_PAGE_BYTES);
		layout->stats[kind] = at;
		at += (uint64_t)kinds[kind].capacity * kinds[kind].bytes;
	}
	for (uint32_t which = 0; which < STAT_HISTOGRAM_COUNT; which++) {
		at = round_up(at, SEGMENT_PAGE_BYTES);
		layout->histogram_index[which] = at;
		at += kinds[segment_histogram_kind(which)].capacity * sizeof(uint32_t);
	}
	layout->histograms = round_up(at, SEGMENT_PAGE_BYTES);
	at = layout->histograms + (uint64_t)SEGMENT_HISTOGRAMS_MAX * sizeof(struct histogram);
	layout->worker_stride = round_up(at, SEGMENT_PAGE_BYTES);
}

void segment_layout_make(struct segment_layout *layout, uint16_t worker_count)
{
	uint64_t at = SEGMENT_PAGE_BYTES;

	memset(layout, 0, sizeof(*layout));
	for (uint32_t kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
		layout->directory[kind] = at;
		at = round_up(at + (uint64_t)kinds[kind].capacity * sizeof(struct segment_entry),
			      SEGMENT_PAGE_BYTES);
	}
	layout->settings = at;
	at += SEGMENT_SETTINGS_BYTES;
	layout->process = at;
	at += round_up(sizeof(struct process_counters), CACHE_LINE_BYTES);
	layout->process_reset = at;
	at += round_up(sizeof(struct process_counters), CACHE_LINE_BYTES);
	layout->devices = at;
	at += (uint64_t)segment_device_stride() * SEGMENT_PORTS_MAX;
	layout->workers = round_up(at, SEGMENT_PAGE_BYTES);
	make_worker(layout);
	layout->size_bytes = layout->workers + layout->worker_stride * (worker_count + 1u);
}

uint64_t segment_hash(uint64_t hash, const void *data, uint64_t length)
{
	const uint8_t *bytes = data;

	for (uint64_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t segment_layout_hash(void)
{
	uint64_t numbers[] = {SEGMENT_PORTS_MAX,      SEGMENT_NAME_BYTES,
			      SEGMENT_HISTOGRAMS_MAX, sizeof(struct histogram),
			      SEGMENT_PAGE_BYTES,     sizeof(struct segment_header), SEGMENT_SETTINGS_BYTES};
	uint64_t hash = segment_hash(SEGMENT_HASH_START, layout_text, sizeof(layout_text));

	hash = segment_hash(hash, numbers, sizeof(numbers));
	return segment_hash(hash, kinds, sizeof(kinds));
}

const char *segment_path(const char *text, char *out, uint32_t size)
{
	if (!text)
		text = SEGMENT_DEFAULT_NAME;
	snprintf(out, size, "%s%s", strchr(text, '/') ? "" : SEGMENT_FOLDER, text);
	return out;
}
