/* How counters are shown: stats_config of the bootstrap in plain form.
 *
 *     which   inclusion or exclusion list of patterns over Envoy's dotted names
 *     tags    labels with fixed values on every series, and rules that shape Envoy's (stat_tags.h)
 *     buckets upper bounds of distributions, by pattern: the first that matches counts
 *
 * Everything is counted all the same; this only says what is shown.  Inclusion lists are about
 * Envoy's names: hydrofoil.* stays, which Envoy's users could not have listed.  Regular
 * expressions are matched against the whole name, with a match limit (stat_regex.h).  Control threads
 * and tools only. */
#ifndef GATEWAY_STATS_STAT_SETTINGS_H
#define GATEWAY_STATS_STAT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/stats/stat_tags.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define STAT_SETTINGS_PATTERNS_MAX 1024
#define STAT_SETTINGS_BOUNDS_MAX 128 /* of one pattern */

struct stat_settings;

enum stat_pattern_use { STAT_INCLUDE, STAT_EXCLUDE, STAT_BUCKETS };
enum stat_pattern_kind {
	STAT_PATTERN_EXACT,
	STAT_PATTERN_PREFIX,
	STAT_PATTERN_SUFFIX,
	STAT_PATTERN_CONTAINS,
	STAT_PATTERN_REGEX,
};

/* NULL when there is no memory. */
struct stat_settings *stat_settings_create(void);
void stat_settings_free(struct stat_settings *settings);

void stat_settings_reject_all(struct stat_settings *settings);
/* An empty list that includes shows nothing. */
void stat_settings_include_only(struct stat_settings *settings);
MUST_USE bool stat_settings_pattern(struct stat_settings *settings, enum stat_pattern_use use,
				    enum stat_pattern_kind kind, const char *text,
				    bool ignore_case, struct why *why);
/* One more upper bound of the latest STAT_BUCKETS pattern, in milliseconds, ascending. */
MUST_USE bool stat_settings_bound(struct stat_settings *settings, double bound, struct why *why);

/* settings may be NULL: everything is shown, Envoy's default bounds, no tags. */
bool stat_settings_shows(const struct stat_settings *settings, const char *name);
/* Whether a name has to be made up for stat_settings_shows at all. */
bool stat_settings_hides(const struct stat_settings *settings);
uint32_t stat_settings_bounds(const struct stat_settings *settings, const char *name,
			      const double **bounds);
/* Written as the settings are, and used when names are shown; NULL for NULL. */
struct stat_tags *stat_settings_tags(const struct stat_settings *settings);

#endif
