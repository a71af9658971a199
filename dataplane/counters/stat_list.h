/* All counters as one flat list with Envoy's dotted names, sorted by name: /stats and foilctl stat.
 *
 *     cluster.NAME.upstream_rq_total      listener.ADDRESS.downstream_cx_total
 *     cluster.NAME.endpoint.ADDRESS.rq_total   vhost.VHOST.route.PREFIX.upstream_rq_total
 *     http.PREFIX.downstream_rq_2xx       tcp.PREFIX.downstream_cx_total
 *     listener.ADDRESS.worker_N.downstream_cx_total
 *     hydrofoil.drops.REASON  hydrofoil.tcp.NAME  hydrofoil.worker.N.NAME  hydrofoil.port.P.NAME */
#ifndef DATAPLANE_COUNTERS_STAT_LIST_H
#define DATAPLANE_COUNTERS_STAT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/segment_reader.h"
#include "dataplane/counters/text.h"

#define STAT_QUANTILE_COUNT 10

struct stat_item {
	const char *name;
	const char *help;
	int64_t value;
	bool counter;
};

struct stat_distribution {
	const char *name;
	uint64_t count;           /* 0: nothing was recorded */
	enum stat_histogram which;
	uint32_t slot;            /* for segment_reader_histogram */
	double quantiles_ms[STAT_QUANTILE_COUNT]; /* in the order of stat_quantile_permille */
};

struct stat_list {
	struct stat_item *items;
	uint32_t count;
	uint32_t capacity;
	struct stat_distribution *distributions;
	uint32_t distribution_count;
	uint32_t distribution_capacity;
	struct text names; /* owns all names */
};

extern const uint32_t stat_quantile_permille[STAT_QUANTILE_COUNT];

MUST_USE bool stat_list_make(struct stat_list *list, const struct segment_reader *reader,
			     struct why *why);
void stat_list_free(struct stat_list *list);

#endif
