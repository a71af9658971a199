/* ?filter= and ?name_regex= of the admin endpoints and the pattern of foilctl stat: RE2's dialect, as in
 * Envoy, with a match limit so that no pattern can keep the server's thread. */
#ifndef DATAPLANE_ADMIN_STAT_FILTER_H
#define DATAPLANE_ADMIN_STAT_FILTER_H

#include <stdbool.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct stat_filter;

/* NULL pattern: everything matches.  whole: the whole name has to match; else any part of it. */
MUST_USE bool stat_filter_make(struct stat_filter **out, const char *pattern, bool whole,
			       struct why *why);
void stat_filter_free(struct stat_filter *filter);
/* What exceeds the limit does not match. */
bool stat_filter_matches(struct stat_filter *filter, const char *name);

#endif
