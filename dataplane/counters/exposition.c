#include "dataplane/counters/exposition.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/counters/exposition_family.h"
#include "dataplane/counters/stat_set.h"
#include "stack/base/counter.h"
#include "stack/base/drops.h"

/* How objects of a kind are called: prefix of the metric, and labels for the parts of the name. */
static const struct {
	const char *prefix;
	const char *labels[2];
	bool histograms;
} kinds[SEGMENT_KIND_COUNT] = {
	[STAT_LISTENER] = {"envoy_listener_", {"envoy_listener_address", NULL}, false},
	[STAT_HTTP] = {"envoy_http_", {"envoy_http_conn_manager_prefix", NULL}, true},
	[STAT_CLUSTER] = {"envoy_cluster_", {"envoy_cluster_name", NULL}, true},
	[STAT_ENDPOINT] = {"envoy_cluster_endpoint_",
			   {"envoy_cluster_name", "envoy_endpoint_address"}, false},
	[STAT_ROUTE] = {"envoy_vhost_route_", {"envoy_virtual_host", "envoy_route"}, false},
	[STAT_TCP_PROXY] = {"envoy_tcp_", {"envoy_tcp_prefix", NULL}, false},
	[SEGMENT_PORT] = {"hydrofoil_port_", {"port", NULL}, false},
};

static void object_labels(struct family *family, uint32_t kind, const struct segment_object *object)
{
	struct stat_name name;

	if (kind == SEGMENT_PORT) {
		family_label(family, "port", object->name);
		return;
	}
	stat_name_split(object, &name);
	family_label(family, kinds[kind].labels[0], name.first);
	if (kinds[kind].labels[1])
		family_label(family, kinds[kind].labels[1], name.second);
}

static void write_metric(struct family *family, const struct stat_set *set, uint32_t metric,
			 char class)
{
	for (uint32_t i = 0; i < set->objects.count; i++) {
		char text[2] = {class, '\0'};

		family_sample(family, "");
		if (class)
			family_label(family, "envoy_response_code_class", text);
		object_labels(family, set->kind, &set->objects.items[i]);
		family_value(family, stat_set_value(set, i, metric));
	}
}

/* upstream_rq_1xx … 5xx stand one after the other in the .def files and make one family. */
static void write_kind(struct text *out, bool openmetrics, const struct stat_set *set)
{
	struct family family = {.out = out, .openmetrics = openmetrics};
	char last[FAMILY_NAME_BYTES] = "";

	for (uint32_t m = 0; m < set->table->count && set->objects.count > 0; m++) {
		const struct metric *metric = &set->table->items[m];
		char base[FAMILY_NAME_BYTES];
		char class = stat_name_class(metric->name, base, sizeof(base));

		if (!class)
			snprintf(base, sizeof(base), "%s", metric->name);
		if (strcmp(base, last) != 0)
			family_start(&family, kinds[set->kind].prefix, base,
				     class ? "answers by class of status" : metric->help,
				     metric->counter, set->kind == SEGMENT_PORT);
		snprintf(last, sizeof(last), "%s", base);
		write_metric(&family, set, m, class);
	}
}

static void write_histograms(struct text *out, bool openmetrics,
			     const struct segment_reader *reader, const struct stat_set *set)
{
	struct family family = {.out = out, .openmetrics = openmetrics};

	for (uint32_t h = 0; h < STAT_HISTOGRAM_COUNT; h++) {
		bool started = false;

		if (segment_histogram_kind(h) != set->kind)
			continue;
		for (uint32_t i = 0; i < set->objects.count; i++) {
			const struct segment_object *object = &set->objects.items[i];
			struct histogram sum;

			if (!segment_reader_histogram(reader, h, object->slot, &sum))
				continue;
			if (!started)
				family_start_histogram(&family, kinds[set->kind].prefix,
						       metric_histogram_name(h),
						       metric_histogram_help(h));
			started = true;
			struct stat_name name;

			stat_name_split(object, &name);
			family_histogram(&family, kinds[set->kind].labels[0], name.first, &sum);
		}
	}
}

static bool write_objects(const struct segment_reader *reader, bool openmetrics, struct text *out,
			  struct why *why)
{
	for (uint32_t kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
		struct stat_set set;

		if (!stat_set_load(reader, kind, &set, why))
			return false;
		write_kind(out, openmetrics, &set);
		if (kinds[kind].histograms)
			write_histograms(out, openmetrics, reader, &set);
		stat_set_free(&set);
	}
	return true;
}

static void write_devices(struct text *out, bool openmetrics, const struct segment_reader *reader,
			  const struct segment_objects *ports)
{
	struct family family = {.out = out, .openmetrics = openmetrics};
	const struct metric_table *table = metric_table_group(METRIC_DEVICE);

	for (uint32_t m = 0; m < table->count && ports->count > 0; m++) {
		family_start(&family, "hydrofoil_port_", table->items[m].name,
			     table->items[m].help, table->items[m].counter, true);
		for (uint32_t i = 0; i < ports->count; i++) {
			const uint64_t *words =
				segment_reader_device(reader, (uint16_t)ports->items[i].slot);

			family_sample(&family, "");
			family_label(&family, "port", ports->items[i].name);
			family_value(&family, counter_read(&words[m]));
		}
	}
}

static void write_workers(struct text *out, bool openmetrics, const struct segment_reader *reader)
{
	struct family family = {.out = out, .openmetrics = openmetrics};
	const struct metric_table *table = metric_table_group(METRIC_WORKER);

	for (uint32_t m = 0; m < table->count; m++) {
		family_start(&family, "hydrofoil_worker_", table->items[m].name,
			     table->items[m].help, table->items[m].counter, true);
		for (uint16_t w = 0; w < segment_reader_workers(reader); w++) {
			char number[8];

			snprintf(number, sizeof(number), "%u", w);
			family_sample(&family, "");
			family_label(&family, "worker", number);
			family_value(&family, counter_read(&segment_reader_worker(reader, w)[m]));
		}
	}
}

static void write_plain(struct text *out, bool openmetrics, const struct segment_reader *reader)
{
	struct family family = {.out = out, .openmetrics = openmetrics};
	const struct metric_table *tcp = metric_table_group(METRIC_TCP);
	const struct metric_table *process = metric_table_group(METRIC_PROCESS);

	family_start(&family, "hydrofoil_", "drops", "packets and requests dropped, by reason",
		     true, true);
	for (uint32_t reason = DROP_NONE + 1; reason < DROP_REASON_COUNT; reason++) {
		family_sample(&family, "");
		family_label(&family, "reason", drop_reason_name(reason));
		family_value(&family, segment_reader_drops_total(reader, reason));
	}
	for (uint32_t m = 0; m < tcp->count; m++) {
		family_start(&family, "hydrofoil_tcp_", tcp->items[m].name, tcp->items[m].help,
			     tcp->items[m].counter, true);
		family_sample(&family, "");
		family_value(&family, segment_reader_tcp_total(reader, m));
	}
	for (uint32_t m = 0; m < process->count; m++) {
		family_start(&family, "hydrofoil_", process->items[m].name, process->items[m].help,
			     process->items[m].counter, true);
		family_sample(&family, "");
		family_value(&family, segment_reader_process(reader, m));
	}
}

static void write_build(struct text *out, bool openmetrics, const struct segment_reader *reader)
{
	const struct segment_header *header = segment_reader_header(reader);
	struct family family = {.out = out, .openmetrics = openmetrics};
	char version[sizeof(header->version)];

	snprintf(version, sizeof(version), "%.*s", (int)sizeof(version) - 1, header->version);
	family_start(&family, "hydrofoil_", "build_info", "version of the data plane", false, true);
	family_sample(&family, "");
	family_label(&family, "version", version);
	family_value(&family, 1);
	exposition_gauge(out, "hydrofoil_start_time_seconds", "UNIX time of the data plane's start",
			 header->start_wall_ns / UINT64_C(1000000000));
	exposition_gauge(out, "hydrofoil_heartbeat_time_seconds",
			 "UNIX time of the data plane's last sign of life",
			 counter_read(&header->heartbeat_wall_ns) / UINT64_C(1000000000));
}

bool exposition_write(const struct segment_reader *reader, bool openmetrics, struct text *out,
		      struct why *why)
{
	struct segment_objects ports;

	write_build(out, openmetrics, reader);
	write_plain(out, openmetrics, reader);
	write_workers(out, openmetrics, reader);
	if (!segment_reader_objects(reader, SEGMENT_PORT, &ports, why))
		return false;
	write_devices(out, openmetrics, reader, &ports);
	segment_objects_free(&ports);
	if (!write_objects(reader, openmetrics, out, why))
		return false;
	return out->failed ? why_set(why, "no memory for the text of all metrics") : true;
}

void exposition_gauge(struct text *out, const char *name, const char *help, uint64_t value)
{
	struct family family = {.out = out};

	family_start(&family, "", name, help, false, false);
	family_sample(&family, "");
	family_value(&family, value);
}

void exposition_end(struct text *out, bool openmetrics)
{
	if (openmetrics)
		text_add(out, "# EOF\n");
}

bool exposition_accepts_openmetrics(const char *accept)
{
	return accept && strstr(accept, "application/openmetrics-text") != NULL;
}
