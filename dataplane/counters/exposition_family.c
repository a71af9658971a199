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

	if (counter && ends_in_total(family->name)) {
		type = "counter";
		/* OpenMetrics names the family without the suffix that its samples bear. */
		length -= family->openmetrics ? (int)strlen(TOTAL) : 0;
	} else if (counter) {
		type = family->openmetrics ? "unknown" : "untyped";
	}
	write_help(family, family->name, length, help, type);
}

void family_start_histogram(struct family *family, const char *prefix, const char *name,
			    const char *help)
{
	size_t length = strlen(name);
	bool abbreviated = length > 3 && strcmp(name + length - 3, "_ms") == 0;

	/* promtool refuses abbreviated units; Envoy's other times end in _time as well. */
	snprintf(family->name, sizeof(family->name), "%s%.*s%s", prefix,
		 (int)(abbreviated ? length - 3 : length), name, abbreviated ? "_time" : "");
	write_help(family, family->name, (int)strlen(family->name), help, "histogram");
}

void family_sample(struct family *family, const char *suffix)
{
	text_printf(family->out, "%s%s", family->name, suffix);
	family->labels = 0;
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

/* Envoy's default buckets, in units of 0.1 ms. */
static const uint64_t bounds_tenths[] = {5,     10,    50,     100,    250,    500,     1000,
					 2500,  5000,  10000,  25000,  50000,  100000,  300000,
					 600000, 3000000, 6000000, 18000000, 36000000};

/* OpenMetrics wants "1.0" where Envoy's text has "1". */
static void bound_text(uint64_t tenths, bool openmetrics, char *out, uint32_t size)
{
	if (tenths % 10 != 0 || openmetrics)
		snprintf(out, size, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
	else
		snprintf(out, size, "%" PRIu64, tenths / 10);
}

void family_histogram(struct family *family, const char *label, const char *value,
		      const struct histogram *histogram)
{
	for (uint32_t i = 0; i <= ARRAY_LEN(bounds_tenths); i++) {
		char bound[32] = "+Inf";
		uint64_t count = histogram->count;

		if (i < ARRAY_LEN(bounds_tenths)) {
			count = histogram_count_up_to(histogram, bounds_tenths[i] * 100000);
			bound_text(bounds_tenths[i], family->openmetrics, bound, sizeof(bound));
		}
		family_sample(family, "_bucket");
		family_label(family, label, value);
		family_label(family, "le", bound);
		family_value(family, count);
	}
	family_sample(family, "_sum");
	family_label(family, label, value);
	end_labels(family);
	text_printf(family->out, "%.17g\n", (double)histogram->sum_ns / 1e6);
	family_sample(family, "_count");
	family_label(family, label, value);
	family_value(family, histogram->count);
}
