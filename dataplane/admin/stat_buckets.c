#include "dataplane/admin/stat_buckets.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/stats/stat_settings.h"

bool stat_buckets_parse(const char *text, enum stat_buckets *out)
{
	static const char *const names[] = {"summary", "cumulative", "disjoint", "detailed"};

	*out = BUCKETS_SUMMARY;
	for (unsigned i = 0; text && i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum stat_buckets)i;
			return true;
		}
	return !text;
}

static void load(const struct segment_reader *reader, const struct stat_distribution *item,
		 struct histogram *out)
{
	if (!segment_reader_histogram(reader, item->which, item->slot, out))
		memset(out, 0, sizeof(*out));
}

/* Up to a bound, or between it and the one before. */
static uint64_t bucket_count(const struct histogram *histogram, const double *bounds,
			     uint32_t index, bool disjoint)
{
	uint64_t upto = histogram_count_up_to(histogram, (uint64_t)(bounds[index] * 1e6));

	if (!disjoint || index == 0)
		return upto;
	return upto - histogram_count_up_to(histogram, (uint64_t)(bounds[index - 1] * 1e6));
}

static void summary_text(struct text *out, const struct stat_distribution *item)
{
	for (uint32_t q = 0; q < STAT_QUANTILE_COUNT; q++)
		text_printf(out, " P%g(nan,%g)", stat_quantile_permille[q] / 10.0,
			    item->quantiles_ms[q]);
}

/* Every bucket that has values. */
static void each_bucket(const struct histogram *histogram, struct text *out, bool json,
			const char *comma)
{
	const char *between = "";

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (histogram->buckets[i] == 0)
			continue;
		uint64_t floor_ns = histogram_bucket_floor_ns(i);
		uint64_t width_ns = histogram_bucket_floor_ns(i + 1) - floor_ns;

		text_add(out, between);
		if (json)
			text_printf(out, "{\"lower_bound\":%g,\"width\":%g,\"count\":%" PRIu64 "}",
				    (double)floor_ns / 1e6, (double)width_ns / 1e6,
				    histogram->buckets[i]);
		else
			text_printf(out, "%g,%g:%" PRIu64, (double)floor_ns / 1e6,
				    (double)width_ns / 1e6, histogram->buckets[i]);
		between = comma;
	}
}

void stat_buckets_text(struct text *out, const struct segment_reader *reader,
		       const struct stat_distribution *item, enum stat_buckets buckets)
{
	const double *bounds;
	uint32_t count;
	struct histogram histogram;

	text_printf(out, "%s:", item->name);
	if (item->count == 0) {
		text_add(out, " No recorded values\n");
		return;
	}
	if (buckets == BUCKETS_SUMMARY) {
		summary_text(out, item);
	} else if (buckets == BUCKETS_DETAILED) {
		load(reader, item, &histogram);
		text_add(out, "\n  totals=");
		each_bucket(&histogram, out, false, ", ");
		text_add(out, "\n  intervals=\n  summary=");
		summary_text(out, item);
	} else {
		load(reader, item, &histogram);
		count = stat_settings_bounds(segment_reader_settings(reader), item->name, &bounds);
		for (uint32_t i = 0; i < count; i++)
			text_printf(out, " B%g(0,%" PRIu64 ")", bounds[i],
				    bucket_count(&histogram, bounds, i,
						 buckets == BUCKETS_DISJOINT));
	}
	text_add(out, "\n");
}

void stat_buckets_json_begin(struct text *out, const char *comma, enum stat_buckets buckets)
{
	bool buckets_only = buckets == BUCKETS_CUMULATIVE || buckets == BUCKETS_DISJOINT;

	text_printf(out, "%s{\"histograms\":%s", comma, buckets_only ? "[" : "{");
	if (buckets_only)
		return;
	text_printf(out, "\"supported_%s\":[",
		    buckets == BUCKETS_DETAILED ? "percentiles" : "quantiles");
	for (uint32_t q = 0; q < STAT_QUANTILE_COUNT; q++)
		text_printf(out, "%s%g", q ? "," : "", stat_quantile_permille[q] / 10.0);
	text_printf(out, "],\"%s\":[",
		    buckets == BUCKETS_DETAILED ? "details" : "computed_quantiles");
}

static void quantiles_json(struct text *out, const struct stat_distribution *item)
{
	for (uint32_t q = 0; q < STAT_QUANTILE_COUNT; q++) {
		text_add(out, q ? ",{\"cumulative\":" : "{\"cumulative\":");
		if (item->count > 0)
			text_printf(out, "%g", item->quantiles_ms[q]);
		else
			text_add(out, "null");
		text_add(out, ",\"interval\":null}");
	}
}

void stat_buckets_json(struct text *out, const struct segment_reader *reader,
		       const struct stat_distribution *item, enum stat_buckets buckets)
{
	const double *bounds;
	uint32_t count;
	struct histogram histogram;

	text_add(out, "{\"name\":");
	text_add_json(out, item->name);
	if (buckets == BUCKETS_SUMMARY) {
		text_add(out, ",\"values\":[");
		quantiles_json(out, item);
	} else if (buckets == BUCKETS_DETAILED) {
		load(reader, item, &histogram);
		text_add(out, ",\"totals\":[");
		each_bucket(&histogram, out, true, ",");
		text_add(out, "],\"intervals\":[],\"percentiles\":[");
		quantiles_json(out, item);
	} else {
		load(reader, item, &histogram);
		text_add(out, ",\"buckets\":[");
		count = stat_settings_bounds(segment_reader_settings(reader), item->name, &bounds);
		for (uint32_t i = 0; i < count; i++)
			text_printf(out,
				    "%s{\"upper_bound\":%.15g,\"interval\":0,\"cumulative\":%" PRIu64
				    "}", i ? "," : "", bounds[i],
				    bucket_count(&histogram, bounds, i,
						 buckets == BUCKETS_DISJOINT));
	}
	text_add(out, "]}");
}

void stat_buckets_json_end(struct text *out, enum stat_buckets buckets)
{
	bool buckets_only = buckets == BUCKETS_CUMULATIVE || buckets == BUCKETS_DISJOINT;

	text_add(out, buckets_only ? "]}" : "]}}");
}
