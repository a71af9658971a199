/* Names and labels of Envoy's stats for Prometheus under stats_tags, worked out when a stat first
 * shows and kept: a scrape runs no regular expression for what it has seen.
 *
 *     (kind, slot, generation) ── which ──> {family, labels}: numbers of texts kept once
 *
 * A slot that has got another name is worked out anew; when many have, all is forgotten and begun
 * again, so that the cache does not grow with names that come and go.  One thread; owned by the
 * reader of the segment. */
#ifndef DATAPLANE_COUNTERS_TAG_CACHE_H
#define DATAPLANE_COUNTERS_TAG_CACHE_H

#include <stdint.h>

#include "dataplane/counters/segment_layout.h"
#include "gateway/stats/stat_tags.h"
#include "stack/base/compiler.h"

#define TAG_CACHE_PROCESS SEGMENT_KIND_COUNT /* a kind of its own: what stands for the process */

struct tag_cache;

struct tag_entry {
	uint32_t family; /* of tag_cache_text: cluster_upstream_rq, without "envoy_" */
	uint32_t labels; /* a="b",c="d", as they are written */
};

/* Where a stat has its place, and how its name is made when it is not there yet. */
struct tag_stat {
	uint32_t kind;
	uint32_t slot;
	uint64_t generation;
	uint32_t which;       /* below `whiches` */
	uint32_t whiches;     /* stats that one object of the kind has */
	/* Writes the dotted name to `name` and its default tags to `parts`; returns how many. */
	uint32_t (*make)(const struct tag_stat *stat, char *name, uint32_t size,
			 struct stat_part *parts);
	const void *context;
};

/* NULL when there is no memory. */
struct tag_cache *tag_cache_create(struct stat_tags *tags);
void tag_cache_free(struct tag_cache *cache);
/* Once a scrape, before the first look-up; numbers of earlier scrapes end here. */
void tag_cache_begin(struct tag_cache *cache);
/* NULL when there is no memory. */
const struct tag_entry *tag_cache_find(struct tag_cache *cache, const struct tag_stat *stat);
const char *tag_cache_text(const struct tag_cache *cache, uint32_t number);
/* The number of a text that is there; 0 = it is not. */
uint32_t tag_cache_number(const struct tag_cache *cache, const char *text);
/* Numbers given out are below this. */
uint32_t tag_cache_texts(const struct tag_cache *cache);
/* Names on which a regular expression found no end. */
uint64_t tag_cache_gave_up(const struct tag_cache *cache);
/* Names worked out since the cache was made. */
uint64_t tag_cache_made(const struct tag_cache *cache);

#endif
