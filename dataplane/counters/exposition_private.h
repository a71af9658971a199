/* Inside of the exposition: one pass over the segment, family by family. */
#ifndef DATAPLANE_COUNTERS_EXPOSITION_PRIVATE_H
#define DATAPLANE_COUNTERS_EXPOSITION_PRIVATE_H

#include "dataplane/counters/exposition.h"
#include "dataplane/counters/exposition_family.h"
#include "dataplane/counters/segment_reader.h"
#include "dataplane/counters/tag_cache.h"
#include "gateway/stats/stat_settings.h"

struct exposition {
	const struct segment_reader *reader;
	const struct exposition_options *options;
	struct family family;
	const struct stat_settings *settings; /* NULL = none */
	struct tag_cache *tags; /* of stats_config that shapes Envoy's names; NULL = it does not */
	bool by_name;        /* a series' dotted name says whether it is written */
	uint32_t series_max;
	uint64_t cut;        /* series over series_max, of all families */
	/* of the family in progress; its head is written with its first series */
	bool pending;
	uint32_t series;
	const char *prefix;
	char name[FAMILY_NAME_BYTES];
	const char *help;
	bool counter;
	bool add_total;
};

void exposition_begin_family(struct exposition *e, const char *prefix, const char *name,
			     const char *help, bool counter, bool add_total);
/* True: the sample is begun, labels and value follow.  The dotted name is Envoy's, in two parts. */
bool exposition_series(struct exposition *e, uint64_t value, const char *dotted_prefix,
		       const char *dotted_name);
/* Whether the dotted name is shown, and wanted. */
bool exposition_wants(const struct exposition *e, const char *dotted);
/* How objects of a kind are called: prefix of the metric, labels for the parts of the name, what
 * stands before each part in Envoy's dotted name, and which default tags the parts are. */
struct exposition_kind {
	const char *prefix;
	const char *labels[2];
	const char *dotted[2];
	enum stat_default_tag tags[2];
};
const struct exposition_kind *exposition_kind(uint32_t kind);
/* exposition_tagged.c: what bears Envoy's names, shaped by e->tags. */
MUST_USE bool exposition_tagged(struct exposition *e, struct why *why);
/* exposition_objects.c: listeners, clusters and the other named objects. */
MUST_USE bool exposition_objects(struct exposition *e, struct why *why);

#endif
