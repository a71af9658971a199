/* /stats in Envoy's text and JSON, and for Prometheus. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/admin/admin_private.h"
#include "dataplane/admin/stat_buckets.h"
#include "dataplane/admin/stat_filter.h"
#include "dataplane/counters/exposition.h"
#include "dataplane/counters/stat_list.h"

bool admin_reader_ready(struct admin *admin, struct http_response *response)
{
	struct why why;

	if (admin->reader || segment_reader_open(&admin->reader, admin->segment_name, &why))
		return true;
	http_response_error(response, 503, why.text);
	return false;
}

/* Of one request. */
struct stats_query {
	struct stat_filter *filter;
	bool used_only;
	bool counters;
	bool gauges;
	bool histograms;
	enum stat_buckets buckets;
};

static bool filter_wants(void *context, const char *name)
{
	return stat_filter_matches(context, name);
}

void admin_stats_prometheus(struct admin *admin, const struct http_request *request,
			    struct http_response *response)
{
	const char *pattern = http_request_argument(request, "filter");
	const char *buckets = http_request_argument(request, "histogram_buckets");
	struct exposition_options options = {
		.openmetrics = exposition_accepts_openmetrics(request->accept),
		.used_only = http_request_argument(request, "usedonly") != NULL,
		.summaries = buckets && strcmp(buckets, "summary") == 0,
		.envoy_names = true,
	};
	struct stat_filter *filter;
	struct why why;

	if (buckets && !options.summaries && strcmp(buckets, "cumulative") != 0) {
		http_response_error(response, 400,
				    "histogram_buckets has to be cumulative or summary here");
		return;
	}
	if (!admin_reader_ready(admin, response))
		return;
	if (!stat_filter_make(&filter, pattern, false, &why)) {
		http_response_error(response, 400, why.text);
		return;
	}
	if (pattern) {
		options.wanted = filter_wants;
		options.context = filter;
	}
	response->content_type =
		options.openmetrics ? EXPOSITION_TYPE_OPENMETRICS : EXPOSITION_TYPE_TEXT;
	if (exposition_write(admin->reader, &options, &response->body, NULL, &why)) {
		exposition_end(&response->body, options.openmetrics);
	} else {
		text_free(&response->body);
		http_response_error(response, 503, why.text);
	}
	stat_filter_free(filter);
}

static bool is_wanted(const struct stats_query *query, const struct stat_item *item)
{
	return (item->counter ? query->counters : query->gauges) &&
	       (!query->used_only || item->value != 0) &&
	       stat_filter_matches(query->filter, item->name);
}

static bool is_wanted_distribution(const struct stats_query *query,
				   const struct stat_distribution *item)
{
	return query->histograms && (!query->used_only || item->count > 0) &&
	       stat_filter_matches(query->filter, item->name);
}

static void write_text(const struct admin *admin, struct text *out, const struct stat_list *list,
		       const struct stats_query *query)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (is_wanted(query, &list->items[i]))
			text_printf(out, "%s: %" PRId64 "\n", list->items[i].name,
				    list->items[i].value);
	for (uint32_t i = 0; i < list->distribution_count; i++)
		if (is_wanted_distribution(query, &list->distributions[i]))
			stat_buckets_text(out, admin->reader, &list->distributions[i],
					  query->buckets);
}

static void write_json_distributions(const struct admin *admin, struct text *out,
				     const struct stat_list *list, const struct stats_query *query,
				     const char *comma)
{
	bool first = true;

	for (uint32_t i = 0; i < list->distribution_count; i++) {
		if (!is_wanted_distribution(query, &list->distributions[i]))
			continue;
		if (first)
			stat_buckets_json_begin(out, comma, query->buckets);
		else
			text_add(out, ",");
		first = false;
		stat_buckets_json(out, admin->reader, &list->distributions[i], query->buckets);
	}
	if (!first)
		stat_buckets_json_end(out, query->buckets);
}

static void write_json(const struct admin *admin, struct text *out, const struct stat_list *list,
		       const struct stats_query *query)
{
	const char *comma = "";

	text_add(out, "{\"stats\":[");
	for (uint32_t i = 0; i < list->count; i++) {
		const struct stat_item *item = &list->items[i];

		if (!is_wanted(query, item))
			continue;
		text_printf(out, "%s{\"name\":", comma);
		text_add_json(out, item->name);
		text_printf(out, ",\"value\":%" PRId64 "}", item->value);
		comma = ",";
	}
	write_json_distributions(admin, out, list, query, comma);
	text_add(out, "]}\n");
}

static bool read_type(const char *type, struct stats_query *query)
{
	bool all = !type || strcmp(type, "All") == 0;

	query->counters = all || strcmp(type, "Counters") == 0;
	query->gauges = all || strcmp(type, "Gauges") == 0;
	query->histograms = all || strcmp(type, "Histograms") == 0;
	/* Of text readouts there are none. */
	return query->counters || query->gauges || query->histograms ||
	       strcmp(type, "TextReadouts") == 0;
}

static bool read_query(const struct http_request *request, struct stats_query *query,
		       struct why *why)
{
	const char *buckets = http_request_argument(request, "histogram_buckets");

	query->used_only = http_request_argument(request, "usedonly") != NULL;
	if (!read_type(http_request_argument(request, "type"), query))
		return why_set(why, "type has to be All, Counters, Gauges, Histograms or "
				    "TextReadouts");
	if (!stat_buckets_parse(buckets, &query->buckets))
		return why_set(why, "histogram_buckets has to be cumulative, disjoint, detailed or "
				    "summary");
	return stat_filter_make(&query->filter, http_request_argument(request, "filter"), false,
				why);
}

void admin_stats(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	const char *format = http_request_argument(request, "format");
	bool json = format && strcmp(format, "json") == 0;
	struct stats_query query = {0};
	struct stat_list list;
	struct why why;

	if (format && strcmp(format, "prometheus") == 0) {
		admin_stats_prometheus(admin, request, response);
		return;
	}
	if (format && !json && strcmp(format, "text") != 0) {
		http_response_error(response, 400, "format has to be text, json or prometheus; "
						   "there are no html pages of counters");
		return;
	}
	if (!admin_reader_ready(admin, response))
		return;
	if (!read_query(request, &query, &why)) {
		http_response_error(response, 400, why.text);
		return;
	}
	if (!stat_list_make(&list, admin->reader, &why)) {
		http_response_error(response, 503, why.text);
	} else if (json) {
		response->content_type = ADMIN_TYPE_JSON;
		write_json(admin, &response->body, &list, &query);
		stat_list_free(&list);
	} else {
		write_text(admin, &response->body, &list, &query);
		stat_list_free(&list);
	}
	stat_filter_free(query.filter);
}
