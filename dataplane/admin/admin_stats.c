/* /stats in Envoy's text and JSON, and for Prometheus. */
#include <inttypes.h>
#include <string.h>

#include "dataplane/admin/admin_private.h"
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

void admin_stats_prometheus(struct admin *admin, const struct http_request *request,
			    struct http_response *response)
{
	bool openmetrics = exposition_accepts_openmetrics(request->accept);
	struct why why;

	if (!admin_reader_ready(admin, response))
		return;
	response->content_type = openmetrics ? EXPOSITION_TYPE_OPENMETRICS : EXPOSITION_TYPE_TEXT;
	if (!exposition_write(admin->reader, openmetrics, &response->body, &why)) {
		text_free(&response->body);
		http_response_error(response, 503, why.text);
		return;
	}
	exposition_end(&response->body, openmetrics);
}

static void write_text(struct text *out, const struct stat_list *list, struct stat_filter *filter,
		       bool used_only)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct stat_item *item = &list->items[i];

		if ((!used_only || item->value != 0) && stat_filter_matches(filter, item->name))
			text_printf(out, "%s: %" PRId64 "\n", item->name, item->value);
	}
	for (uint32_t i = 0; i < list->distribution_count; i++) {
		const struct stat_distribution *item = &list->distributions[i];

		if (!stat_filter_matches(filter, item->name))
			continue;
		/* Envoy shows (last interval, since start); we have no intervals. */
		text_printf(out, "%s:", item->name);
		for (uint32_t q = 0; q < STAT_QUANTILE_COUNT; q++)
			text_printf(out, " P%g(nan,%g)", stat_quantile_permille[q] / 10.0,
				    item->quantiles_ms[q]);
		text_add(out, "\n");
	}
}

static void write_json_distributions(struct text *out, const struct stat_list *list,
				     struct stat_filter *filter, const char *comma)
{
	bool first = true;

	for (uint32_t i = 0; i < list->distribution_count; i++) {
		const struct stat_distribution *item = &list->distributions[i];

		if (!stat_filter_matches(filter, item->name))
			continue;
		if (first) {
			text_printf(out, "%s{\"histograms\":{\"supported_quantiles\":[", comma);
			for (uint32_t q = 0; q < STAT_QUANTILE_COUNT; q++)
				text_printf(out, "%s%g", q ? "," : "",
					    stat_quantile_permille[q] / 10.0);
			text_add(out, "],\"computed_quantiles\":[");
		}
		text_add(out, first ? "{\"name\":" : ",{\"name\":");
		first = false;
		text_add_json(out, item->name);
		text_add(out, ",\"values\":[");
		for (uint32_t q = 0; q < STAT_QUANTILE_COUNT; q++)
			text_printf(out, "%s{\"interval\":null,\"cumulative\":%g}", q ? "," : "",
				    item->quantiles_ms[q]);
		text_add(out, "]}");
	}
	if (!first)
		text_add(out, "]}}");
}

static void write_json(struct text *out, const struct stat_list *list, struct stat_filter *filter,
		       bool used_only)
{
	const char *comma = "";

	text_add(out, "{\"stats\":[");
	for (uint32_t i = 0; i < list->count; i++) {
		const struct stat_item *item = &list->items[i];

		if ((used_only && item->value == 0) || !stat_filter_matches(filter, item->name))
			continue;
		text_printf(out, "%s{\"name\":", comma);
		text_add_json(out, item->name);
		text_printf(out, ",\"value\":%" PRId64 "}", item->value);
		comma = ",";
	}
	write_json_distributions(out, list, filter, comma);
	text_add(out, "]}\n");
}

void admin_stats(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	const char *format = http_request_argument(request, "format");
	bool used_only = http_request_argument(request, "usedonly") != NULL;
	struct stat_filter *filter;
	struct stat_list list;
	struct why why;

	if (format && strcmp(format, "prometheus") == 0) {
		admin_stats_prometheus(admin, request, response);
		return;
	}
	if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
		http_response_error(response, 400, "format has to be text, json or prometheus");
		return;
	}
	if (!admin_reader_ready(admin, response))
		return;
	if (!stat_filter_make(&filter, http_request_argument(request, "filter"), &why)) {
		http_response_error(response, 400, why.text);
		return;
	}
	if (!stat_list_make(&list, admin->reader, &why)) {
		http_response_error(response, 503, why.text);
	} else if (format && strcmp(format, "json") == 0) {
		response->content_type = ADMIN_TYPE_JSON;
		write_json(&response->body, &list, filter, used_only);
		stat_list_free(&list);
	} else {
		write_text(&response->body, &list, filter, used_only);
		stat_list_free(&list);
	}
	stat_filter_free(filter);
}
