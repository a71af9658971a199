/* Families of the named objects: one series an object. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/counters/exposition_private.h"
#include "dataplane/counters/stat_set.h"
#include "stack/base/counter.h"

static const struct exposition_kind kinds[SEGMENT_KIND_COUNT] = {
	[STAT_LISTENER] = {"envoy_listener_", {"envoy_listener_address", NULL}, {"listener.", ""},
			   {STAT_DEFAULT_LISTENER_ADDRESS}},
	[STAT_HTTP] = {"envoy_http_", {"envoy_http_conn_manager_prefix", NULL}, {"http.", ""},
		       {STAT_DEFAULT_HTTP_CONN_MANAGER_PREFIX}},
	[STAT_CLUSTER] = {"envoy_cluster_", {"envoy_cluster_name", NULL}, {"cluster.", ""},
			  {STAT_DEFAULT_CLUSTER_NAME}},
	[STAT_ENDPOINT] = {"envoy_cluster_endpoint_",
			   {"envoy_cluster_name", "envoy_endpoint_address"},
			   {"cluster.", ".endpoint."},
			   {STAT_DEFAULT_CLUSTER_NAME, STAT_DEFAULT_ENDPOINT_ADDRESS}},
	[STAT_ROUTE] = {"envoy_vhost_route_", {"envoy_virtual_host", "envoy_route"},
			{"vhost.", ".route."}, {STAT_DEFAULT_VIRTUAL_HOST, STAT_DEFAULT_ROUTE}},
	[STAT_TCP_PROXY] = {"envoy_tcp_", {"envoy_tcp_prefix", NULL}, {"tcp.", ""},
			    {STAT_DEFAULT_TCP_PREFIX}},
	[SEGMENT_PORT] = {"hydrofoil_port_", {"port", NULL}, {"hydrofoil.port.", ""}, {0}},
};

const struct exposition_kind *exposition_kind(uint32_t kind)
{
	return &kinds[kind];
}

#define DOTTED_BYTES (2 * SEGMENT_NAME_BYTES + 32)
#define METRIC_NAME_BYTES 128

static void dotted_prefix(uint32_t kind, const struct segment_object *object, char *out)
{
	struct stat_name name;

	stat_name_split(object, &name);
	snprintf(out, DOTTED_BYTES, "%s%s%s%s.", kinds[kind].dotted[0], name.first,
		 kinds[kind].dotted[1], name.second);
}

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

/* code: of the status or its class, "" where the metric has none. */
static void write_metric(struct exposition *e, const struct stat_set *set, uint32_t metric,
			 const char *code)
{
	const char *name = set->table->items[metric].name;
	char dotted[DOTTED_BYTES] = "";

	for (uint32_t i = 0; i < set->objects.count; i++) {
		uint64_t value = stat_set_value(set, i, metric);

		if (!stat_name_is_shown(name, value))
			continue;
		if (e->by_name)
			dotted_prefix(set->kind, &set->objects.items[i], dotted);
		if (!exposition_series(e, value, dotted, set->table->items[metric].dotted))
			continue;
		if (code[0])
			family_label(&e->family, code[1] ? "envoy_response_code"
							 : "envoy_response_code_class", code);
		object_labels(&e->family, set->kind, &set->objects.items[i]);
		family_value(&e->family, value);
	}
}

/* upstream_rq_1xx … 5xx stand one after the other in the .def files and make one family; so do the
 * single statuses. */
static void write_kind(struct exposition *e, const struct stat_set *set)
{
	char last[METRIC_NAME_BYTES] = "";

	for (uint32_t m = 0; m < set->table->count && set->objects.count > 0; m++) {
		const struct metric *metric = &set->table->items[m];
		char base[METRIC_NAME_BYTES], code[4] = "";
		uint32_t digits = stat_name_code(metric->name, base, sizeof(base), code);

		if (digits == 0)
			snprintf(base, sizeof(base), "%s", metric->name);
		/* envoy_cluster_upstream_rq has a label for the status, and is no counter's base name. */
		e->family.clashes = (set->kind == STAT_CLUSTER || set->kind == STAT_ROUTE) &&
				    strcmp(base, "upstream_rq_total") == 0;
		if (strcmp(base, last) != 0)
			exposition_begin_family(e, kinds[set->kind].prefix, base,
						digits == 1   ? "answers by class of status"
						: digits == 3 ? "answers by status"
							      : metric->help,
						metric->counter, set->kind == SEGMENT_PORT);
		snprintf(last, sizeof(last), "%s", base);
		write_metric(e, set, m, code);
	}
}

/* envoy_listener_worker_downstream_cx_total: who serves a listener's connections. */
static void write_listener_workers(struct exposition *e, const struct stat_set *set,
				   const char *name, uint32_t word, bool counter)
{
	char dotted[DOTTED_BYTES] = "", number[8];

	exposition_begin_family(e, "envoy_listener_worker_", name,
				counter ? "connections accepted, by worker"
					: "connections open, by worker", counter, false);
	for (uint32_t i = 0; i < set->objects.count; i++)
		for (uint16_t w = 0; w < segment_reader_workers(e->reader); w++) {
			const struct segment_object *object = &set->objects.items[i];
			uint64_t value = counter_read(
				&segment_reader_slot(e->reader, w, STAT_LISTENER, object->slot)[word]);

			dotted_prefix(STAT_LISTENER, object, dotted);
			if (!exposition_series(e, value, dotted, name))
				continue;
			snprintf(number, sizeof(number), "%u", w);
			family_label(&e->family, "envoy_worker_id", number);
			object_labels(&e->family, STAT_LISTENER, object);
			family_value(&e->family, value);
		}
}

static bool begin_histogram(struct exposition *e, const struct stat_set *set,
			    enum stat_histogram which, const struct segment_object *object,
			    const char *dotted, struct histogram *sum)
{
	const struct exposition_options *options = e->options;

	if (!segment_reader_histogram(e->reader, which, object->slot, sum) ||
	    (options->used_only && sum->count == 0))
		return false;
	if (e->by_name && !exposition_wants(e, dotted))
		return false;
	if (e->series >= e->series_max) {
		e->cut++;
		return false;
	}
	if (e->pending)
		family_start_histogram(&e->family, kinds[set->kind].prefix,
				       metric_histogram_name(which), metric_histogram_help(which),
				       options->summaries, options->envoy_names);
	e->pending = false;
	e->series++;
	return true;
}

static void write_histograms(struct exposition *e, const struct stat_set *set)
{
	for (uint32_t h = 0; h < STAT_HISTOGRAM_COUNT; h++) {
		e->pending = true;
		e->series = 0;
		if (segment_histogram_kind(h) != set->kind)
			continue;
		for (uint32_t i = 0; i < set->objects.count; i++) {
			const struct segment_object *object = &set->objects.items[i];
			char prefix[DOTTED_BYTES], dotted[DOTTED_BYTES + METRIC_NAME_BYTES];
			struct stat_name name;
			struct histogram sum;

			dotted_prefix(set->kind, object, prefix);
			snprintf(dotted, sizeof(dotted), "%s%s", prefix, metric_histogram_name(h));
			if (!begin_histogram(e, set, h, object, dotted, &sum))
				continue;
			stat_name_split(object, &name);
			struct family_labels labels = {
				{kinds[set->kind].labels[0], kinds[set->kind].labels[1]},
				{name.first, name.second}, NULL,
			};

			if (e->options->summaries)
				family_summary(&e->family, &labels, &sum);
			else
				family_histogram(&e->family, &labels, &sum, dotted);
		}
	}
}

bool exposition_objects(struct exposition *e, struct why *why)
{
	/* Envoy's come by another way where stats_config shapes them. */
	for (uint32_t kind = e->tags ? SEGMENT_PORT : 0; kind < SEGMENT_KIND_COUNT; kind++) {
		struct stat_set set;

		if (!stat_set_load(e->reader, kind, &set, why))
			return false;
		write_kind(e, &set);
		if (kind == STAT_LISTENER) {
			write_listener_workers(e, &set, "downstream_cx_total",
					       offsetof(struct listener_stats, downstream_cx_total) / 8,
					       true);
			write_listener_workers(e, &set, "downstream_cx_active",
					       offsetof(struct listener_stats, downstream_cx_active) / 8,
					       false);
		}
		if (kind < STAT_KIND_COUNT)
			write_histograms(e, &set);
		stat_set_free(&set);
	}
	return true;
}
