/* One distribution in /stats, in the four ways that ?histogram_buckets= knows.
 *
 *     summary     P0(nan,0) P25(nan,1.05) …        quantiles (the default)
 *     cumulative  B0.5(0,3) B1(0,4) …              how many values were at most so many ms
 *     disjoint    B0.5(0,3) B1(0,1) …              how many were in each bucket
 *     detailed    totals=1,0.0625:4, 2,0.125:1     our own buckets: lower bound, width, count
 *
 * Envoy shows (last interval, since start); there are no intervals here: nan, null or 0. */
#ifndef DATAPLANE_ADMIN_STAT_BUCKETS_H
#define DATAPLANE_ADMIN_STAT_BUCKETS_H

#include <stdbool.h>

#include "dataplane/counters/stat_list.h"

enum stat_buckets { BUCKETS_SUMMARY, BUCKETS_CUMULATIVE, BUCKETS_DISJOINT, BUCKETS_DETAILED };

/* NULL: summary.  False: no such way. */
MUST_USE bool stat_buckets_parse(const char *text, enum stat_buckets *out);
/* One line (with detailed: four). */
void stat_buckets_text(struct text *out, const struct segment_reader *reader,
		       const struct stat_distribution *item, enum stat_buckets buckets);
/* The object that stands among the stats: begin, one a distribution with commas between, end. */
void stat_buckets_json_begin(struct text *out, const char *comma, enum stat_buckets buckets);
void stat_buckets_json(struct text *out, const struct segment_reader *reader,
		       const struct stat_distribution *item, enum stat_buckets buckets);
void stat_buckets_json_end(struct text *out, enum stat_buckets buckets);

#endif
