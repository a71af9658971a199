/* Names and help texts of all counters, made from the .def files: element i describes word i of
 * the struct of that group. */
#ifndef DATAPLANE_COUNTERS_METRIC_TABLE_H
#define DATAPLANE_COUNTERS_METRIC_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/segment_layout.h"

struct metric {
	const char *name;       /* as in the .def file */
	const char *help;
	const char *envoy_name; /* process counters: Envoy's whole name, or ""; NULL elsewhere */
	const char *dotted;     /* the end of Envoy's dotted name: mostly the same as name */
	bool counter;           /* else a gauge */
};

struct metric_table {
	const struct metric *items;
	uint32_t count;
};

enum metric_group {
	METRIC_WORKER,
	METRIC_TCP,
	METRIC_DEVICE,
	METRIC_PROCESS,
	METRIC_GROUP_COUNT
};

const struct metric_table *metric_table_group(enum metric_group group);
/* enum stat_kind, or SEGMENT_PORT. */
const struct metric_table *metric_table_kind(uint32_t kind);

/* "downstream_rq_time" and its help text. */
const char *metric_histogram_name(enum stat_histogram which);
const char *metric_histogram_help(enum stat_histogram which);

#endif
