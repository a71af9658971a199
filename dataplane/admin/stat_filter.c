#include "dataplane/admin/stat_filter.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/stats/stat_regex.h"

struct stat_filter {
	struct stat_regex *regex; /* NULL = all */
};

bool stat_filter_make(struct stat_filter **out, const char *pattern, bool whole, struct why *why)
{
	struct stat_filter *filter = calloc(1, sizeof(*filter));

	*out = filter;
	if (!filter)
		return why_set(why, "no memory");
	if (!pattern || stat_regex_make(&filter->regex, STAT_REGEX_RE2, pattern, whole, why))
		return true;
	stat_filter_free(filter);
	*out = NULL;
	return false;
}

void stat_filter_free(struct stat_filter *filter)
{
	if (!filter)
		return;
	stat_regex_free(filter->regex);
	free(filter);
}

bool stat_filter_matches(struct stat_filter *filter, const char *name)
{
	return !filter->regex ||
	       stat_regex_match(filter->regex, name, strlen(name)) == STAT_REGEX_YES;
}
