#include "dataplane/counters/exposition_family.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/counters/exposition.h"
#include "stack/base/compiler.h"

#define TOTAL "_total"

static bool ends_in_total(const char *name)
{
	size_t length = strlen(name);

	return length > strlen(TOTAL) && strcmp(name + length - strlen(TOTAL), TOTAL) == 0;
}

static void write_help(struct family *family, const char *name, int name_length, const char *help,
		       const char *type)
{
	text_printf(family->out, "# HELP %.*s ", name_length, name);
	for (const char *h = help; *h; h++) {
		if (*h == '\\')
			text_add(family->out, "\\\\");
		else if (*h == '\n')
			text_add(family->out, "\\n");
		else if (*h == '"' && family->openmetrics)
			text_add(family->out, "\\\"");
		else
			text_add_bytes(family->out, h, 1);
	}
	text_printf(family->out, "\n# TYPE %.*s %s\n", name_length, name, type);
}

void family_start(struct family *family, const char *prefix, const char *name, const char *help,
		  bool counter, bool add_total)
{
	bool total = ends_in_total(name);
	const char *type = "gauge";

	snprintf(family->name, sizeof(family->name), "%s%s%s", prefix, name,
		 counter && add_total && !total ? TOTAL : "");
	int length = (int)strlen(family->name);

	if (counter && ends_in_total(family->name) && !(family->openmetrics && family->clashes)) {
		type = "counter";
		/* OpenMetrics names the family without the suffix that its samples bear. */
		length -= family->openmetrics ? (int)strlen(TOTAL) : 0;
	} else if (counter || total) {
		/* Envoy has gauges in _total too. */
		type = family->openmetrics ? "unknown" : "untyped";
	}
	write_help(family, family->name, length, help, type);
}

void family_start_histogram(struct family *family, const char *prefix, const char *name,
			    const char *help, bool summary, bool envoy_name)
{
	size_t length = strlen(name);
	bool abbreviated = !envoy_name && length > 3 && strcmp(name + length - 3, "_ms") == 0;

	/* promtool refuses abbreviated units; Envoy's other times end in _time as well. */
	snprintf(family->name, sizeof(family->name), "%s%.*s%s", prefix,
		 (int)(abbreviated ? length - 3 : length), name, abbreviated ? "_time" : "");
	write_help(family, family->name, (int)strlen(family->name), help,
		   summary ? "summary" : "histogram");
}

void family_sample(struct family *family, const char *suffix)
{
	const char *name, *value;

	text_printf(family->out, "%s%s", family->name, suffix);
	family->labels = 0;
	const struct stat_tags *tags = stat_settings_tags(family->settings);

	for (uint32_t i = 0; !family->tagged && i < stat_tags_fixed_count(tags); i++) {
		stat_tags_fixed_at(tags, i, &name, &value);
		family_label(family, name, value);
	}
}

void exposition_label_value(struct text *out, const char *value)
{
	text_add(out, "\"");
	for (const char *v = value; *v;) {
		uint32_t length = text_utf8_length(v);

		if (*v == '\\' || *v == '"')
			text_printf(out, "\\%c", *v);
		else if (*v == '\n')
			text_add(out, "\\n");
		else if (length == 0)
			text_add(out, "?");
		else
			text_add_bytes(out, v, length);
		v += length ? length : 1;
	}
	text_add(out, "\"");
}

void family_label(struct family *family, const char *label, const char *value)
{
	text_printf(family->out, "%s%s=", family->labels++ ? "," : "{", label);
	exposition_label_value(family->out, value);
}

void family_labels_text(struct family *family, const char *text)
{
	if (text[0])
		text_printf(family->out, "%s%s", family->labels++ ? "," : "{", text);
}

static void end_labels(struct family *family)
{
	text_add(family->out, family->labels ? "} " : " ");
}

void family_value(struct family *family, uint64_t value)
{
	end_labels(family);
	/* A gauge that went below zero (two workers, one sum) is shown as what it is. */
	text_printf(family->out, "%" PRId64 "\n", (int64_t)value);
}

/* OpenMetrics wants "1.0" where Envoy's text has "1". */
static void bound_text(double bound, bool openmetrics, char *out, uint32_t size)
{
	snprintf(out, size, "%.15g", bound);
	if (openmetrics && !strpbrk(out, ".e"))
		snprintf(out, size, "%.1f", bound);
}

static void sample_of(struct family *family, const char *suffix, const struct family_labels *labels)
{
	family_sample(family, suffix);
	if (labels->text)
		family_labels_text(family, labels->text);
	for (uint32_t i = 0; i < 2 && labels->names[i]; i++)
		family_label(family, labels->names[i], labels->values[i]);
}

static void sum_and_count(struct family *family, const struct family_labels *labels,
			  const struct histogram *histogram)
{
	sample_of(family, "_sum", labels);
	end_labels(family);
	text_printf(family->out, "%.17g\n", (double)histogram->sum_ns / 1e6);
	sample_of(family, "_count", labels);
	family_value(family, histogram->count);
}

void family_histogram(struct family *family, const struct family_labels *labels,
		      const struct histogram *histogram, const char *dotted)
{
	const double *bounds;
	uint32_t count = stat_settings_bounds(family->settings, dotted, &bounds);
	char bound[32];

	for (uint32_t i = 0; i < count; i++) {
		bound_text(bounds[i], family->openmetrics, bound, sizeof(bound));
		sample_of(family, "_bucket", labels);
		family_label(family, "le", bound);
		family_value(family, histogram_count_up_to(
					     histogram, (uint64_t)(bounds[i] * 1e6)));
	}
	sample_of(family, "_bucket", labels);
	family_label(family, "le", "+Inf");
	family_value(family, histogram->count);
	sum_and_count(family, labels, histogram);
}

void family_summary(struct family *family, const struct family_labels *labels,
		    const struct histogram *histogram)
{
	static const uint32_t permille[] = {0, 250, 500, 750, 900, 950, 990, 995, 999, 1000};
	char quantile[16];

	for (uint32_t i = 0; i < ARRAY_LEN(permille); i++) {
		bound_text(permille[i] / 1000.0, family->openmetrics, quantile, sizeof(quantile));
		sample_of(family, "", labels);
		family_label(family, "quantile", quantile);
		end_labels(family);
		text_printf(family->out, "%.17g\n",
			    (double)histogram_quantile_ns(histogram, permille[i]) / 1e6);
	}
	sum_and_count(family, labels, histogram);
}
