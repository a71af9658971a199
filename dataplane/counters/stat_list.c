#include "dataplane/counters/stat_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/stat_set.h"
#include "gateway/stats/stat_settings.h"
#include "stack/base/counter.h"
#include "stack/base/drops.h"

const uint32_t stat_quantile_permille[STAT_QUANTILE_COUNT] = {0,   250, 500, 750, 900,
							      950, 990, 995, 999, 1000};

/* While the list grows names may move: they are kept as offsets until all are there. */
static const char *name_offset(struct stat_list *list, const char *prefix, const char *name)
{
	size_t at = list->names.length;

	text_printf(&list->names, "%s%s", prefix, name);
	text_add_bytes(&list->names, "", 1);
	return (const char *)(uintptr_t)at;
}

static void *grow(void *items, uint32_t count, uint32_t *capacity, size_t size, bool *failed)
{
	if (count < *capacity)
		return items;
	uint32_t wanted = *capacity ? *capacity * 2 : 256;
	void *grown = realloc(items, wanted * size);

	if (!grown) {
		*failed = true;
		return items;
	}
	*capacity = wanted;
	return grown;
}

static void add(struct stat_list *list, const char *prefix, const char *name, const char *help,
		bool counter, uint64_t value)
{
	list->items = grow(list->items, list->count, &list->capacity, sizeof(*list->items),
			   &list->names.failed);
	if (list->names.failed)
		return;
	list->items[list->count++] = (struct stat_item){.name = name_offset(list, prefix, name),
							.help = help,
							.value = (int64_t)value,
							.counter = counter};
}

static void add_distribution(struct stat_list *list, const struct segment_reader *reader,
			     const char *prefix, enum stat_histogram which, uint32_t slot)
{
	struct histogram sum;

	list->distributions =
		grow(list->distributions, list->distribution_count, &list->distribution_capacity,
		     sizeof(*list->distributions), &list->names.failed);
	if (list->names.failed)
		return;
	struct stat_distribution *made = &list->distributions[list->distribution_count++];

	*made = (struct stat_distribution){.which = which, .slot = slot};
	made->name = name_offset(list, prefix, metric_histogram_name(which));
	if (!segment_reader_histogram(reader, which, slot, &sum))
		return;
	made->count = sum.count;
	for (uint32_t i = 0; i < STAT_QUANTILE_COUNT; i++)
		made->quantiles_ms[i] =
			(double)histogram_quantile_ns(&sum, stat_quantile_permille[i]) / 1e6;
}

static void object_prefix(uint32_t kind, const struct segment_object *object, char *out,
			  uint32_t size)
{
	static const char *const formats[SEGMENT_KIND_COUNT][3] = {
		[STAT_LISTENER] = {"listener.", NULL, NULL},
		[STAT_HTTP] = {"http.", NULL, NULL},
		[STAT_CLUSTER] = {"cluster.", NULL, NULL},
		[STAT_ENDPOINT] = {"cluster.", ".endpoint.", NULL},
		[STAT_ROUTE] = {"vhost.", ".route.", NULL},
		[STAT_TCP_PROXY] = {"tcp.", NULL, NULL},
		[SEGMENT_PORT] = {"hydrofoil.port.", NULL, NULL},
	};
	struct stat_name name;

	stat_name_split(object, &name);
	if (formats[kind][1])
		snprintf(out, size, "%s%s%s%s.", formats[kind][0], name.first, formats[kind][1],
			 name.second);
	else
		snprintf(out, size, "%s%s.", formats[kind][0], name.first);
}

/* As Envoy: who serves a listener's connections. */
static void add_listener_workers(struct stat_list *list, const struct segment_reader *reader,
				 const char *prefix, uint32_t slot)
{
	for (uint16_t w = 0; w < segment_reader_workers(reader); w++) {
		const void *words = segment_reader_slot(reader, w, STAT_LISTENER, slot);
		const struct listener_stats *stats = words;
		char own[2 * SEGMENT_NAME_BYTES + 64];

		snprintf(own, sizeof(own), "%sworker_%u.", prefix, w);
		add(list, own, "downstream_cx_active", "connections open", false,
		    counter_read(&stats->downstream_cx_active));
		add(list, own, "downstream_cx_total", "connections accepted", true,
		    counter_read(&stats->downstream_cx_total));
	}
}

static void add_object(struct stat_list *list, const struct segment_reader *reader,
		       const struct stat_set *set, uint32_t object)
{
	char prefix[2 * SEGMENT_NAME_BYTES + 32];
	uint32_t slot = set->objects.items[object].slot;

	object_prefix(set->kind, &set->objects.items[object], prefix, sizeof(prefix));
	for (uint32_t m = 0; m < set->table->count; m++) {
		const struct metric *metric = &set->table->items[m];
		uint64_t value = stat_set_value(set, object, m);

		if (stat_name_is_shown(metric->name, value))
			add(list, prefix, metric->dotted, metric->help, metric->counter, value);
	}
	for (uint32_t h = 0; h < STAT_HISTOGRAM_COUNT; h++)
		if ((uint32_t)segment_histogram_kind(h) == set->kind)
			add_distribution(list, reader, prefix, h, slot);
	if (set->kind == STAT_LISTENER)
		add_listener_workers(list, reader, prefix, slot);
	if (set->kind != SEGMENT_PORT)
		return;
	const struct metric_table *device = metric_table_group(METRIC_DEVICE);
	const uint64_t *words = segment_reader_device(reader, (uint16_t)slot);

	for (uint32_t m = 0; m < device->count; m++)
		add(list, prefix, device->items[m].name, device->items[m].help,
		    device->items[m].counter, counter_read(&words[m]));
}

static bool add_objects(struct stat_list *list, const struct segment_reader *reader,
			struct why *why)
{
	for (uint32_t kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
		struct stat_set set;

		if (!stat_set_load(reader, kind, &set, why))
			return false;
		for (uint32_t i = 0; i < set.objects.count; i++)
			add_object(list, reader, &set, i);
		stat_set_free(&set);
	}
	return true;
}

static void add_workers(struct stat_list *list, const struct segment_reader *reader)
{
	const struct metric_table *worker = metric_table_group(METRIC_WORKER);
	const struct metric_table *tcp = metric_table_group(METRIC_TCP);
	uint16_t count = segment_reader_workers(reader);

	for (uint16_t w = 0; w < count; w++) {
		char prefix[40];

		snprintf(prefix, sizeof(prefix), "hydrofoil.worker.%u.", w);
		for (uint32_t m = 0; m < worker->count; m++)
			add(list, prefix, worker->items[m].name, worker->items[m].help,
			    worker->items[m].counter,
			    counter_read(&segment_reader_worker(reader, w)[m]));
	}
	for (uint32_t m = 0; m < tcp->count; m++)
		add(list, "hydrofoil.tcp.", tcp->items[m].name, tcp->items[m].help,
		    tcp->items[m].counter, segment_reader_tcp_total(reader, m));
	for (uint32_t reason = DROP_NONE + 1; reason < DROP_REASON_COUNT; reason++)
		add(list, "hydrofoil.drops.", drop_reason_name(reason), drop_reason_help(reason),
		    true, segment_reader_drops_total(reader, reason));
}

static void add_process(struct stat_list *list, const struct segment_reader *reader)
{
	const struct metric_table *process = metric_table_group(METRIC_PROCESS);

	for (uint32_t m = 0; m < process->count; m++) {
		const struct metric *metric = &process->items[m];
		uint64_t value = segment_reader_process(reader, m);
		bool envoys = metric->envoy_name[0] != '\0';

		add(list, envoys ? "" : "hydrofoil.", envoys ? metric->envoy_name : metric->name,
		    metric->help, metric->counter, value);
	}
}

/* Takes out what stats_config hides. */
static void hide(struct stat_list *list, const struct stat_settings *settings)
{
	uint32_t kept = 0;

	if (!stat_settings_hides(settings))
		return;
	for (uint32_t i = 0; i < list->count; i++)
		if (stat_settings_shows(settings, list->items[i].name))
			list->items[kept++] = list->items[i];
	list->count = kept;
	kept = 0;
	for (uint32_t i = 0; i < list->distribution_count; i++)
		if (stat_settings_shows(settings, list->distributions[i].name))
			list->distributions[kept++] = list->distributions[i];
	list->distribution_count = kept;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct stat_item *)a)->name, ((const struct stat_item *)b)->name);
}

static int distribution_by_name(const void *a, const void *b)
{
	return strcmp(((const struct stat_distribution *)a)->name,
		      ((const struct stat_distribution *)b)->name);
}

bool stat_list_make(struct stat_list *list, const struct segment_reader *reader, struct why *why)
{
	*list = (struct stat_list){0};
	if (!add_objects(list, reader, why)) {
		stat_list_free(list);
		return false;
	}
	add_workers(list, reader);
	add_process(list, reader);
	if (list->names.failed) {
		stat_list_free(list);
		return why_set(why, "no memory for the list of all counters");
	}
	for (uint32_t i = 0; i < list->count; i++)
		list->items[i].name = list->names.data + (uintptr_t)list->items[i].name;
	for (uint32_t i = 0; i < list->distribution_count; i++)
		list->distributions[i].name =
			list->names.data + (uintptr_t)list->distributions[i].name;
	hide(list, segment_reader_settings(reader));
	qsort(list->items, list->count, sizeof(*list->items), by_name);
	if (list->distribution_count > 0)
		qsort(list->distributions, list->distribution_count, sizeof(*list->distributions),
		      distribution_by_name);
	return true;
}

void stat_list_free(struct stat_list *list)
{
	free(list->items);
	free(list->distributions);
	text_free(&list->names);
	*list = (struct stat_list){0};
}
