/* Tags of stats: the parts of a dotted name that say of what is counted, cut out of it.
 *
 *     cluster.shop.upstream_rq_503
 *             ^^^^^           ^^^^   envoy.cluster_name="shop"  envoy.response_code="503"
 *     cluster.upstream_rq            the name without its tags
 *
 * Rules are those of Envoy's stats_tags, in its order: every regex sees the whole name, its first
 * group is cut out, its second (or the first, where there is one only) is the value; of several
 * rules with one name the first that matches counts.  Default tags are not found by regexes: who
 * makes a name says where its parts lie.  A regex that gives up leaves the name as it is; one that
 * keeps giving up is not tried again.  Control threads and tools only. */
#ifndef GATEWAY_STATS_STAT_TAGS_H
#define GATEWAY_STATS_STAT_TAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define STAT_TAGS_MAX 128       /* rules */
#define STAT_TAG_PARTS_MAX 4    /* default tags of one name */
#define STAT_TAG_NAME_BYTES 1024
#define STAT_TAG_FAILURES_MAX 1000 /* of one rule, after which it is not tried again */

enum stat_default_tag {
#define DEFAULT_TAG(name, envoy, label, first) STAT_DEFAULT_##name,
#include "gateway/stats/default_tags.def"
#undef DEFAULT_TAG
	STAT_DEFAULT_TAG_COUNT
};

struct stat_tags;

/* One default tag of a name: [at, at + length) is the value, [cut_at, cut_at + cut_length) goes. */
struct stat_part {
	enum stat_default_tag tag;
	uint32_t at;
	uint32_t length;
	uint32_t cut_at;
	uint32_t cut_length;
};

struct stat_tag {
	const char *label;
	const char *value; /* in the name, or the rule's: not ended by NUL */
	uint32_t length;
};

struct stat_tagged {
	struct stat_tag tags[STAT_TAGS_MAX + STAT_TAG_PARTS_MAX];
	uint32_t count;
	char name[STAT_TAG_NAME_BYTES]; /* what is left */
	uint32_t gave_up;               /* regexes that found no end */
};

/* NULL when there is no memory. */
struct stat_tags *stat_tags_create(void);
void stat_tags_free(struct stat_tags *tags);
/* use_all_default_tags: false */
void stat_tags_no_defaults(struct stat_tags *tags);
/* name: as in stats_tags; dots, dashes and slashes become underscores.  regex "" or NULL: the default
 * tag of that name. */
MUST_USE bool stat_tags_regex(struct stat_tags *tags, const char *name, const char *regex,
			      struct why *why);
MUST_USE bool stat_tags_fixed(struct stat_tags *tags, const char *name, const char *value,
			      struct why *why);

/* Whether names and labels are other than by default with fixed tags in front. */
bool stat_tags_shape_names(const struct stat_tags *tags);
uint32_t stat_tags_fixed_count(const struct stat_tags *tags);
void stat_tags_fixed_at(const struct stat_tags *tags, uint32_t index, const char **label,
			const char **value);

const char *stat_default_tag_label(enum stat_default_tag tag);
/* name is kept by *out, and so are the rules. */
void stat_tags_extract(struct stat_tags *tags, const char *name, const struct stat_part *parts,
		       uint32_t part_count, struct stat_tagged *out);

#endif
