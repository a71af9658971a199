/* All objects of one kind with their counters, summed over workers: what every presentation
 * (Prometheus, Envoy's text and JSON, foilctl) starts from. */
#ifndef DATAPLANE_COUNTERS_STAT_SET_H
#define DATAPLANE_COUNTERS_STAT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/metric_table.h"
#include "dataplane/counters/segment_reader.h"

struct stat_set {
	uint32_t kind;
	const struct metric_table *table;
	struct segment_objects objects;
	uint64_t *values; /* objects.count rows of table->count words */
};

/* Leaves out what is retired or changed hands meanwhile, and the overflow slot while it is all 0. */
MUST_USE bool stat_set_load(const struct segment_reader *reader, uint32_t kind,
			    struct stat_set *set, struct why *why);
void stat_set_free(struct stat_set *set);

static inline uint64_t stat_set_value(const struct stat_set *set, uint32_t object, uint32_t metric)
{
	return set->values[(uint64_t)object * set->table->count + metric];
}

/* Two-part names "CLUSTER\nADDRESS" and "VHOST\nROUTE" are cut into their parts, and colons become
 * underscores as in Envoy's names.  `second` is "" where there is one part only. */
struct stat_name {
	char first[SEGMENT_NAME_BYTES];
	char second[SEGMENT_NAME_BYTES];
};
void stat_name_split(const struct segment_object *object, struct stat_name *name);

/* "upstream_rq_2xx" -> ("upstream_rq_xx", 1) and value "2"; "upstream_rq_503" -> ("upstream_rq", 3)
 * and value "503"; length 0 for other names. */
uint32_t stat_name_code(const char *metric, char *family, uint32_t size, char value[4]);
/* Counters of single statuses come to light with their first count, as Envoy's; what a breaker has left
 * only where that is tracked. */
bool stat_name_is_shown(const char *metric, uint64_t value);

#endif
