#include "dataplane/counters/exposition.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/counters/exposition_private.h"
#include "dataplane/counters/stat_set.h"
#include "stack/base/counter.h"
#include "stack/base/drops.h"

void exposition_begin_family(struct exposition *e, const char *prefix, const char *name,
			     const char *help, bool counter, bool add_total)
{
	e->series = 0;
	e->pending = true;
	e->prefix = prefix;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->help = help;
	e->counter = counter;
	e->add_total = add_total;
}

bool exposition_wants(const struct exposition *e, const char *dotted)
{
	return stat_settings_shows(e->settings, dotted) &&
	       (!e->options->wanted || e->options->wanted(e->options->context, dotted));
}

bool exposition_series(struct exposition *e, uint64_t value, const char *dotted_prefix,
		       const char *dotted_name)
{
	const struct exposition_options *options = e->options;

	if (options->used_only && value == 0)
		return false;
	if (e->by_name) {
		char dotted[2 * SEGMENT_NAME_BYTES + 128];

		snprintf(dotted, sizeof(dotted), "%s%s", dotted_prefix, dotted_name);
		if (!exposition_wants(e, dotted))
			return false;
	}
	if (e->series >= e->series_max) {
		e->cut++;
		return false;
	}
	if (e->pending)
		family_start(&e->family, e->prefix, e->name, e->help, e->counter, e->add_total);
	e->pending = false;
	e->series++;
	family_sample(&e->family, "");
	return true;
}

static void plain(struct exposition *e, const char *prefix, const char *dotted,
		  const struct metric *metric, uint64_t value)
{
	exposition_begin_family(e, prefix, metric->name, metric->help, metric->counter, true);
	if (exposition_series(e, value, dotted, metric->name))
		family_value(&e->family, value);
}

static void write_devices(struct exposition *e, const struct segment_objects *ports)
{
	const struct metric_table *table = metric_table_group(METRIC_DEVICE);

	for (uint32_t m = 0; m < table->count; m++) {
		const struct metric *metric = &table->items[m];

		exposition_begin_family(e, "hydrofoil_port_", metric->name, metric->help,
					metric->counter, true);
		for (uint32_t i = 0; i < ports->count; i++) {
			const uint64_t *words =
				segment_reader_device(e->reader, (uint16_t)ports->items[i].slot);
			uint64_t value = counter_read(&words[m]);

			if (!exposition_series(e, value, "hydrofoil.port.", metric->name))
				continue;
			family_label(&e->family, "port", ports->items[i].name);
			family_value(&e->family, value);
		}
	}
}

static void write_workers(struct exposition *e)
{
	const struct metric_table *table = metric_table_group(METRIC_WORKER);

	for (uint32_t m = 0; m < table->count; m++) {
		const struct metric *metric = &table->items[m];

		exposition_begin_family(e, "hydrofoil_worker_", metric->name, metric->help,
					metric->counter, true);
		for (uint16_t w = 0; w < segment_reader_workers(e->reader); w++) {
			uint64_t value = counter_read(&segment_reader_worker(e->reader, w)[m]);
			char number[8];

			if (!exposition_series(e, value, "hydrofoil.worker.", metric->name))
				continue;
			snprintf(number, sizeof(number), "%u", w);
			family_label(&e->family, "worker", number);
			family_value(&e->family, value);
		}
	}
}

static void write_drops(struct exposition *e)
{
	exposition_begin_family(e, "hydrofoil_", "drops",
				"packets and requests dropped, by reason", true, true);
	for (uint32_t reason = DROP_NONE + 1; reason < DROP_REASON_COUNT; reason++) {
		uint64_t value = segment_reader_drops_total(e->reader, reason);

		if (!exposition_series(e, value, "hydrofoil.drops.", drop_reason_name(reason)))
			continue;
		family_label(&e->family, "reason", drop_reason_name(reason));
		family_value(&e->family, value);
	}
}

/* What Envoy counts too has its name, so that dashboards read: server.live is envoy_server_live. */
static void write_process(struct exposition *e)
{
	const struct metric_table *process = metric_table_group(METRIC_PROCESS);

	for (uint32_t m = 0; m < process->count; m++) {
		const struct metric *metric = &process->items[m];
		uint64_t value = segment_reader_process(e->reader, m);
		char name[FAMILY_NAME_BYTES];

		plain(e, "hydrofoil_", "hydrofoil.", metric, value);
		if (!metric->envoy_name[0] || e->tags)
			continue;
		snprintf(name, sizeof(name), "%s", metric->envoy_name);
		for (char *at = name; *at; at++)
			*at = *at == '.' ? '_' : *at;
		exposition_begin_family(e, "envoy_", name, metric->help, metric->counter, false);
		if (exposition_series(e, value, "", metric->envoy_name))
			family_value(&e->family, value);
	}
}

static void write_plain(struct exposition *e)
{
	const struct metric_table *tcp = metric_table_group(METRIC_TCP);

	write_drops(e);
	for (uint32_t m = 0; m < tcp->count; m++)
		plain(e, "hydrofoil_tcp_", "hydrofoil.tcp.", &tcp->items[m],
		      segment_reader_tcp_total(e->reader, m));
	write_process(e);
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

bool exposition_write(const struct segment_reader *reader,
		      const struct exposition_options *options, struct text *out, uint64_t *cut,
		      struct why *why)
{
	const struct stat_settings *settings = segment_reader_settings(reader);
	struct exposition e = {
		.reader = reader,
		.settings = settings,
		.tags = segment_reader_tags(reader),
		.by_name = options->wanted || stat_settings_hides(settings),
		.options = options,
		.family = {.out = out, .openmetrics = options->openmetrics, .settings = settings},
		.series_max = options->series_max ? options->series_max : EXPOSITION_SERIES_MAX,
	};
	struct segment_objects ports;

	if (!options->wanted)
		write_build(out, options->openmetrics, reader);
	write_plain(&e);
	write_workers(&e);
	if (!segment_reader_objects(reader, SEGMENT_PORT, &ports, why))
		return false;
	write_devices(&e, &ports);
	segment_objects_free(&ports);
	if (!exposition_objects(&e, why) || (e.tags && !exposition_tagged(&e, why)))
		return false;
	if (!options->wanted && e.tags)
		exposition_gauge(out, "hydrofoil_tag_regexes_given_up",
				 "names on which a regular expression of stats_tags found no end",
				 tag_cache_gave_up(e.tags));
	if (!options->wanted)
		exposition_gauge(out, "hydrofoil_series_cut",
				 "series left out because their family has too many, or one of the same labels", e.cut);
	if (cut)
		*cut = e.cut;
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

/* The weight of one media range in thousandths; RFC 9110 12.4.2. */
static uint32_t quality(const char *range, size_t length)
{
	const char *q = memmem(range, length, ";q=", 3);
	uint32_t value = 0, unit = 1000;

	if (!q)
		q = memmem(range, length, "; q=", 4);
	if (!q)
		return 1000;
	for (q = strchr(q, '=') + 1; q < range + length; q++) {
		if (*q >= '0' && *q <= '9' && unit > 0) {
			value += (uint32_t)(*q - '0') * unit;
			unit /= 10;
		} else if (*q != '.') {
			break;
		}
	}
	return value;
}

bool exposition_accepts_openmetrics(const char *accept)
{
	static const char openmetrics[] = "application/openmetrics-text", text[] = "text/plain";
	uint32_t for_openmetrics = 0, for_text = 0;

	while (accept && *accept) {
		accept += strspn(accept, " \t,");
		size_t length = strcspn(accept, ",");

		if (strncmp(accept, openmetrics, strlen(openmetrics)) == 0)
			for_openmetrics = quality(accept, length);
		else if (strncmp(accept, text, strlen(text)) == 0)
			for_text = quality(accept, length);
		accept += length;
	}
	return for_openmetrics > 0 && for_openmetrics >= for_text;
}
