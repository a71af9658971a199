/* The segment as Prometheus text or OpenMetrics: the one writer behind the exporter's /metrics and
 * the admin server's /stats/prometheus.
 *
 * Ours are hydrofoil_*; what Envoy counts too bears Envoy's name and labels.  Envoy calls counters
 * as it likes (upstream_cx_connect_fail, upstream_rq_xx); those that do not end in _total are
 * written without a type (untyped / unknown), because a counter without _total is a fault to
 * promtool and another name would be a fault to existing dashboards. */
#ifndef DATAPLANE_COUNTERS_EXPOSITION_H
#define DATAPLANE_COUNTERS_EXPOSITION_H

#include <stdbool.h>

#include "dataplane/counters/segment_reader.h"
#include "dataplane/counters/text.h"
#include "stack/base/why.h"

#define EXPOSITION_TYPE_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_TYPE_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct exposition_options {
	bool openmetrics;
	bool used_only;    /* leaves out what is 0 */
	bool summaries;    /* quantiles instead of buckets */
	bool envoy_names;  /* upstream_cx_connect_ms, which promtool does not like, instead of _time */
	/* Series that one family may have; 0 = EXPOSITION_SERIES_MAX.  What is over is left out, and
	 * counted in hydrofoil_series_cut. */
	uint32_t series_max;
	/* NULL, or says by Envoy's dotted name whether a counter is wanted. */
	bool (*wanted)(void *context, const char *name);
	void *context;
};
#define EXPOSITION_SERIES_MAX 20000

/* All families of the segment.  OpenMetrics is ended by exposition_end.  *cut, when not NULL, is
 * how many series found no room. */
MUST_USE bool exposition_write(const struct segment_reader *reader,
			       const struct exposition_options *options, struct text *out,
			       uint64_t *cut, struct why *why);
/* One gauge without labels, for what the caller knows beside the segment. */
void exposition_gauge(struct text *out, const char *name, const char *help, uint64_t value);
void exposition_end(struct text *out, bool openmetrics);

/* True when the Accept header likes OpenMetrics at least as much as text; NULL = no header. */
bool exposition_accepts_openmetrics(const char *accept);

/* A label's value with its quotes; exposed for tests. */
void exposition_label_value(struct text *out, const char *value);

#endif
