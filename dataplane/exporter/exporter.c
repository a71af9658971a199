#include "dataplane/exporter/exporter.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/counters/exposition.h"

static bool reader_ready(struct exporter *exporter, struct why *why)
{
	if (exporter->reader && !segment_reader_is_current(exporter->reader))
		exporter_close(exporter);
	if (!exporter->reader &&
	    !segment_reader_open(&exporter->reader, exporter->segment_name, why))
		return false;
	if (!segment_reader_is_alive(exporter->reader))
		return why_set(why, "the data plane (process %u) is gone",
			       segment_reader_header(exporter->reader)->pid);
	return true;
}

/* One line when something changed, not one a scrape. */
static void note(struct exporter *exporter, const struct why *why)
{
	if (strcmp(exporter->trouble.text, why->text) == 0)
		return;
	fprintf(stderr, "hydrofoil-exporter: %s\n",
		why->text[0] ? why->text : "the data plane is there");
	exporter->trouble = *why;
}

static void note_cut(struct exporter *exporter, uint64_t cut)
{
	if ((cut > 0) != (exporter->cut > 0) && cut > 0)
		fprintf(stderr, "hydrofoil-exporter: %llu series are left out, because their family "
				"has more than --series-max; hydrofoil_series_cut counts them\n",
			(unsigned long long)cut);
	exporter->cut = cut;
}

void exporter_scrape(struct exporter *exporter, bool openmetrics, struct text *out)
{
	struct text body = {0};
	struct why why = {""};
	struct exposition_options options = {.openmetrics = openmetrics,
					     .envoy_names = exporter->envoy_names,
					     .series_max = exporter->series_max};
	uint64_t cut = 0;
	bool up = reader_ready(exporter, &why) &&
		  exposition_write(exporter->reader, &options, &body, &cut, &why);

	note(exporter, &why);
	note_cut(exporter, cut);
	exposition_gauge(out, "hydrofoil_up", "1 while a data plane is there and can be read", up);
	if (up)
		text_add_bytes(out, body.data, body.length);
	exposition_end(out, openmetrics);
	text_free(&body);
}

void exporter_close(struct exporter *exporter)
{
	segment_reader_close(exporter->reader);
	exporter->reader = NULL;
}

void exporter_handle(void *context, const struct http_request *request,
		     struct http_response *response)
{
	struct exporter *exporter = context;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
		response->allow = "GET, HEAD";
		http_response_error(response, 405, "only GET and HEAD");
	} else if (strcmp(request->path, "/metrics") == 0) {
		bool openmetrics = exposition_accepts_openmetrics(request->accept);

		response->content_type =
			openmetrics ? EXPOSITION_TYPE_OPENMETRICS : EXPOSITION_TYPE_TEXT;
		exporter_scrape(exporter, openmetrics, &response->body);
	} else if (strcmp(request->path, "/healthz") == 0) {
		/* Of the exporter: it is well also while the data plane is not. */
		text_add(&response->body, "ok\n");
	} else if (strcmp(request->path, "/") == 0) {
		text_add(&response->body, "hydrofoil-exporter\n\n/metrics\n/healthz\n");
	} else {
		http_response_error(response, 404, "not found; try /metrics");
	}
}
