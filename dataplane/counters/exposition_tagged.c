/* Families under stats_config that shapes names: any stat may land in any family, so all series are
 * gathered first, then written family by family in the order in which they first came. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/exposition_private.h"
#include "dataplane/counters/stat_set.h"
#include "stack/base/counter.h"

#define NO_HISTOGRAM UINT32_MAX
#define WORKER_METRICS 2

struct series {
	struct tag_entry entry;
	uint32_t order;
	uint32_t which;  /* of a histogram, or NO_HISTOGRAM */
	uint32_t slot;
	bool counter;
	uint64_t value;
	size_t dotted;   /* of a histogram: where its name stands in `names` */
	const char *help;
};

struct gathering {
	struct exposition *e;
	struct series *items;
	uint32_t count, capacity;
	struct text names;
	bool failed;
};

/* A stat of an object. */
struct subject {
	const struct segment_object *object;
	const char *metric;
	uint32_t kind;
	int worker; /* of whom; -1 = all */
};

static uint32_t add_code_part(const char *metric, uint32_t at, struct stat_part *part)
{
	uint32_t length = (uint32_t)strlen(metric);
	char family[128], code[4];
	uint32_t digits = stat_name_code(metric, family, sizeof(family), code);

	if (digits == 0)
		return 0;
	uint32_t value_at = at + length - 3;

	*part = digits == 1 ? (struct stat_part){STAT_DEFAULT_RESPONSE_CODE_CLASS, value_at, 1,
						 value_at, 1}
			    : (struct stat_part){STAT_DEFAULT_RESPONSE_CODE, value_at, 3,
						 value_at - 1, 4};
	return 1;
}

/* cluster.NAME.upstream_rq_503, listener.ADDRESS.worker_1.downstream_cx_total */
static uint32_t make_object_name(const struct tag_stat *stat, char *name, uint32_t size,
				 struct stat_part *parts)
{
	const struct subject *subject = stat->context;
	const struct exposition_kind *kind = exposition_kind(subject->kind);
	struct stat_name split;
	uint32_t count = 0, at, length;
	char worker[24] = "";

	stat_name_split(subject->object, &split);
	if (subject->worker >= 0)
		snprintf(worker, sizeof(worker), "worker_%d.", subject->worker);
	snprintf(name, size, "%s%s%s%s.%s%s", kind->dotted[0], split.first, kind->dotted[1],
		 split.second, worker, subject->metric);
	at = (uint32_t)strlen(kind->dotted[0]);
	length = (uint32_t)strlen(split.first);
	parts[count++] = (struct stat_part){kind->tags[0], at, length, at, length + 1};
	at += length + (uint32_t)strlen(kind->dotted[1]);
	length = (uint32_t)strlen(split.second);
	if (kind->labels[1])
		parts[count++] = (struct stat_part){kind->tags[1], at, length, at, length + 1};
	at += length + 1;
	if (worker[0]) {
		length = (uint32_t)strlen(worker);
		parts[count++] = (struct stat_part){STAT_DEFAULT_WORKER_ID, at + 7, length - 8,
						    at + 7, length - 7};
	}
	at += (uint32_t)strlen(worker);
	return count + add_code_part(subject->metric, at, &parts[count]);
}

static uint32_t make_process_name(const struct tag_stat *stat, char *name, uint32_t size,
				  struct stat_part *parts)
{
	(void)parts;
	snprintf(name, size, "%s", (const char *)stat->context);
	return 0;
}

static struct series *gather(struct gathering *g, const struct tag_stat *stat)
{
	const struct tag_entry *entry = tag_cache_find(g->e->tags, stat);

	if (g->count == g->capacity && !g->failed) {
		uint32_t capacity = g->capacity ? g->capacity * 2 : 1024;
		struct series *items = realloc(g->items, capacity * sizeof(*items));

		g->failed = !items;
		g->items = items ? items : g->items;
		g->capacity = items ? capacity : g->capacity;
	}
	g->failed |= !entry;
	if (g->failed)
		return NULL;
	struct series *series = &g->items[g->count];

	*series = (struct series){.entry = *entry, .order = g->count, .which = NO_HISTOGRAM};
	g->count++;
	return series;
}

/* Whether the name is shown; it is made only where that depends on it. */
static bool is_wanted(const struct gathering *g, const struct tag_stat *stat)
{
	char name[STAT_TAG_NAME_BYTES];
	struct stat_part parts[STAT_TAG_PARTS_MAX];

	if (!g->e->by_name)
		return true;
	stat->make(stat, name, sizeof(name), parts);
	return exposition_wants(g->e, name);
}

static void gather_value(struct gathering *g, const struct tag_stat *stat, uint64_t value,
			 bool counter, const char *help)
{
	struct series *series;

	if ((g->e->options->used_only && value == 0) || !is_wanted(g, stat))
		return;
	series = gather(g, stat);
	if (!series)
		return;
	series->value = value;
	series->counter = counter;
	series->help = help;
}

static void gather_histogram(struct gathering *g, struct tag_stat *stat, enum stat_histogram which)
{
	struct stat_part parts[STAT_TAG_PARTS_MAX];
	char name[STAT_TAG_NAME_BYTES];
	struct histogram sum;
	struct series *series;

	if (!segment_reader_histogram(g->e->reader, which, stat->slot, &sum) ||
	    (g->e->options->used_only && sum.count == 0) || !is_wanted(g, stat))
		return;
	series = gather(g, stat);
	if (!series)
		return;
	stat->make(stat, name, sizeof(name), parts);
	series->which = which;
	series->slot = stat->slot;
	series->help = metric_histogram_help(which);
	series->dotted = g->names.length;
	text_add_bytes(&g->names, name, strlen(name) + 1);
	g->failed |= g->names.failed;
}

static void gather_listener_workers(struct gathering *g, struct tag_stat *stat,
				    struct subject *subject, uint32_t first)
{
	static const struct {
		const char *name, *help;
		size_t word;
		bool counter;
	} metrics[WORKER_METRICS] = {
		{"downstream_cx_total", "connections accepted",
		 offsetof(struct listener_stats, downstream_cx_total) / 8, true},
		{"downstream_cx_active", "connections open",
		 offsetof(struct listener_stats, downstream_cx_active) / 8, false},
	};

	for (uint16_t w = 0; w < segment_reader_workers(g->e->reader); w++)
		for (uint32_t i = 0; i < WORKER_METRICS; i++) {
			const uint64_t *words = segment_reader_slot(g->e->reader, w, STAT_LISTENER,
								    stat->slot);

			stat->which = first + w * WORKER_METRICS + i;
			subject->worker = w;
			subject->metric = metrics[i].name;
			gather_value(g, stat, counter_read(&words[metrics[i].word]),
				     metrics[i].counter, metrics[i].help);
		}
}

/* Numbers of an object's stats: its counters, histograms by their number, those of each worker. */
static void gather_object(struct gathering *g, const struct stat_set *set, uint32_t index)
{
	const struct segment_object *object = &set->objects.items[index];
	struct subject subject = {.object = object, .kind = set->kind, .worker = -1};
	uint32_t fixed = set->table->count + STAT_HISTOGRAM_COUNT;
	struct tag_stat stat = {
		.kind = set->kind,
		.slot = object->slot,
		.generation = object->generation,
		.whiches = fixed + WORKER_METRICS * segment_reader_workers(g->e->reader),
		.make = make_object_name,
		.context = &subject,
	};

	for (uint32_t m = 0; m < set->table->count; m++) {
		uint64_t value = stat_set_value(set, index, m);

		stat.which = m;
		subject.metric = set->table->items[m].dotted;
		if (stat_name_is_shown(set->table->items[m].name, value))
			gather_value(g, &stat, value, set->table->items[m].counter,
				     set->table->items[m].help);
	}
	for (uint32_t h = 0; h < STAT_HISTOGRAM_COUNT; h++) {
		stat.which = set->table->count + h;
		subject.metric = metric_histogram_name(h);
		if ((uint32_t)segment_histogram_kind(h) == set->kind)
			gather_histogram(g, &stat, h);
	}
	if (set->kind == STAT_LISTENER)
		gather_listener_workers(g, &stat, &subject, fixed);
}

static void gather_process(struct gathering *g)
{
	const struct metric_table *table = metric_table_group(METRIC_PROCESS);

	for (uint32_t m = 0; m < table->count; m++) {
		const struct metric *metric = &table->items[m];
		struct tag_stat stat = {.kind = TAG_CACHE_PROCESS,
					.which = m,
					.whiches = table->count,
					.make = make_process_name,
					.context = metric->envoy_name};

		if (metric->envoy_name[0])
			gather_value(g, &stat, segment_reader_process(g->e->reader, m),
				     metric->counter, metric->help);
	}
}

static bool gather_all(struct gathering *g, struct why *why)
{
	gather_process(g);
	for (uint32_t kind = 0; kind < STAT_KIND_COUNT; kind++) {
		struct stat_set set;

		if (!stat_set_load(g->e->reader, kind, &set, why))
			return false;
		for (uint32_t i = 0; i < set.objects.count && !g->failed; i++)
			gather_object(g, &set, i);
		stat_set_free(&set);
	}
	return g->failed ? why_set(why, "no memory for all series") : true;
}

static int by_family(const void *a, const void *b)
{
	const struct series *x = a, *y = b;

	if (x->entry.family != y->entry.family)
		return x->entry.family < y->entry.family ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void write_one(struct gathering *g, const struct series *series)
{
	struct family *family = &g->e->family;
	const char *labels = tag_cache_text(g->e->tags, series->entry.labels);
	struct family_labels all = {{NULL, NULL}, {NULL, NULL}, labels};
	struct histogram sum = {0};

	if (series->which == NO_HISTOGRAM) {
		family_sample(family, "");
		family_labels_text(family, labels);
		family_value(family, series->value);
		return;
	}
	/* It was there when it was gathered, and histograms stay. */
	if (!segment_reader_histogram(g->e->reader, series->which, series->slot, &sum))
		return;
	if (g->e->options->summaries)
		family_summary(family, &all, &sum);
	else
		family_histogram(family, &all, &sum, g->names.data + series->dotted);
}

/* OpenMetrics calls the family of envoy_x_total envoy_x, which may be another one's name. */
static bool has_base(const struct tag_cache *tags, const char *name)
{
	char base[STAT_TAG_NAME_BYTES];
	size_t length = strlen(name);

	if (length < 6 || strcmp(name + length - 6, "_total") != 0)
		return false;
	snprintf(base, sizeof(base), "%.*s", (int)(length - 6), name);
	return tag_cache_number(tags, base) != 0;
}

/* One family: series[0 … count).  Of two with the same labels the first counts; so does the first
 * one's kind (value or distribution).  seen: by number of labels, the family in which they came. */
static void write_family(struct gathering *g, const struct series *series, uint32_t count,
			 uint32_t *seen)
{
	struct exposition *e = g->e;
	const char *name = tag_cache_text(e->tags, series->entry.family);
	bool histogram = series->which != NO_HISTOGRAM, clashes = false;
	uint32_t written = 0;

	for (uint32_t i = 1; i < count; i++)
		clashes |= series[i].counter != series->counter;
	e->family.clashes = has_base(e->tags, name);
	if (histogram)
		family_start_histogram(&e->family, "envoy_", name, series->help,
				       e->options->summaries, e->options->envoy_names);
	else
		/* Counters and gauges in one family have no type. */
		family_start(&e->family, "envoy_", name, series->help, series->counter || clashes,
			     false);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t labels = series[i].entry.labels;

		if (written == e->series_max || seen[labels] == series->entry.family ||
		    (series[i].which != NO_HISTOGRAM) != histogram) {
			e->cut++;
			continue;
		}
		seen[labels] = series->entry.family;
		write_one(g, &series[i]);
		written++;
	}
}

bool exposition_tagged(struct exposition *e, struct why *why)
{
	struct gathering g = {.e = e};

	tag_cache_begin(e->tags);
	bool good = gather_all(&g, why);
	uint32_t *seen = good ? calloc(tag_cache_texts(e->tags), sizeof(*seen)) : NULL;

	if (good && !seen)
		good = why_set(why, "no memory for all series");
	if (good && g.count > 0)
		qsort(g.items, g.count, sizeof(*g.items), by_family);
	e->family.tagged = true;
	for (uint32_t at = 0, end; good && at < g.count; at = end) {
		end = at;
		while (end < g.count && g.items[end].entry.family == g.items[at].entry.family)
			end++;
		write_family(&g, &g.items[at], end - at, seen);
	}
	e->family.tagged = false;
	free(seen);
	free(g.items);
	text_free(&g.names);
	return good;
}
