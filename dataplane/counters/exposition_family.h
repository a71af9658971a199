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

#define FAMILY_NAME_BYTES 128

struct family {
	struct text *out;
	bool openmetrics;
	char name[FAMILY_NAME_BYTES];  /* of the samples */
	uint32_t labels;               /* written for the current sample */
};

/* add_total: a counter's name is completed by _total where it lacks it; else its name stays and
 * it has no type. */
void family_start(struct family *family, const char *prefix, const char *name, const char *help,
		  bool counter, bool add_total);
void family_start_histogram(struct family *family, const char *prefix, const char *name,
			    const char *help);
void family_sample(struct family *family, const char *suffix);
void family_label(struct family *family, const char *label, const char *value);
void family_value(struct family *family, uint64_t value);
/* Buckets, sum and count in milliseconds, as Envoy has them. */
void family_histogram(struct family *family, const char *label, const char *value,
		      const struct histogram *histogram);

#endif
