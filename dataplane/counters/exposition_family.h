/* One metric family of the exposition formats: HELP, TYPE and its samples.
 *
 *     family_start(…)                     # HELP …  # TYPE …
 *     family_sample("") family_label(…) family_value(…)     name{label="value"} 42 */
#ifndef DATAPLANE_COUNTERS_EXPOSITION_FAMILY_H
#define DATAPLANE_COUNTERS_EXPOSITION_FAMILY_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/text.h"
#include "gateway/stats/histogram.h"
#include "gateway/stats/stat_settings.h"

/* Names that stats_config shapes may bear the names of what is counted. */
#define FAMILY_NAME_BYTES 1100

struct family {
	struct text *out;
	bool openmetrics;
	char name[FAMILY_NAME_BYTES];  /* of the samples */
	const struct stat_settings *settings; /* tags of every sample, buckets; NULL = none */
	bool tagged;      /* labels come whole, fixed tags among them */
	bool clashes;     /* with another family, as a counter of OpenMetrics: it has no type there */
	uint32_t labels;               /* written for the current sample */
};

/* add_total: a counter's name is completed by _total where it lacks it; else its name stays and
 * it has no type. */
void family_start(struct family *family, const char *prefix, const char *name, const char *help,
		  bool counter, bool add_total);
/* envoy_name: "_ms" stays, which promtool refuses as an abbreviation; else "_time" takes its place. */
void family_start_histogram(struct family *family, const char *prefix, const char *name,
			    const char *help, bool summary, bool envoy_name);
void family_sample(struct family *family, const char *suffix);
void family_label(struct family *family, const char *label, const char *value);
/* Labels that are written already: a="b",c="d". */
void family_labels_text(struct family *family, const char *text);
void family_value(struct family *family, uint64_t value);
/* The labels of one object: names (the second may be NULL) and values. */
struct family_labels {
	const char *names[2];
	const char *values[2];
	const char *text; /* or all of them, as they are written; NULL = none */
};
/* Buckets, sum and count in milliseconds, as Envoy has them; the bounds are those of the dotted
 * name. */
void family_histogram(struct family *family, const struct family_labels *labels,
		      const struct histogram *histogram, const char *dotted);
/* Quantiles, sum and count. */
void family_summary(struct family *family, const struct family_labels *labels,
		    const struct histogram *histogram);

#endif
