/* Regular expressions about stat names, in the dialects that Envoy has for them, run by PCRE2.
 *
 *     RE2         stats_matcher, ?filter= and ?name_regex=: no look-around, no back references
 *     ECMASCRIPT  stats_tags: look-ahead and back references, no look-behind, no inline flags
 *
 * What the dialect lacks is refused although PCRE2 knows it, so that a configuration means the same
 * in Envoy.  The number of steps of a match is bounded: a match has three results.  Control threads
 * and tools only; one match at a time. */
#ifndef GATEWAY_STATS_STAT_REGEX_H
#define GATEWAY_STATS_STAT_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define STAT_REGEX_BYTES_MAX 4096
#define STAT_REGEX_STEPS_MAX 20000

enum stat_regex_dialect { STAT_REGEX_RE2, STAT_REGEX_ECMASCRIPT };
enum stat_regex_result { STAT_REGEX_NO, STAT_REGEX_YES, STAT_REGEX_GAVE_UP };

struct stat_regex;

/* whole: the text has to match from its first to its last character; else any part of it.  *why says
 * what the dialect does not have, or what is wrong at which byte. */
MUST_USE bool stat_regex_make(struct stat_regex **out, enum stat_regex_dialect dialect,
			      const char *pattern, bool whole, struct why *why);
void stat_regex_free(struct stat_regex *regex);

enum stat_regex_result stat_regex_match(struct stat_regex *regex, const char *text, size_t length);
/* Groups of the pattern. */
uint32_t stat_regex_groups(const struct stat_regex *regex);
/* Where group `number` (from 1) of the latest match lies; false when it took no part: at 0, empty. */
bool stat_regex_group(const struct stat_regex *regex, uint32_t number, size_t *at, size_t *length);

#endif
