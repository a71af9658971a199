#include "dataplane/admin/stat_filter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_STEPS_MAX 100000
#define PATTERN_BYTES_MAX 1024

struct stat_filter {
	pcre2_code *code; /* NULL = all */
	pcre2_match_data *match;
	pcre2_match_context *context;
};

bool stat_filter_make(struct stat_filter **out, const char *pattern, struct why *why)
{
	struct stat_filter *filter = calloc(1, sizeof(*filter));
	PCRE2_UCHAR message[128] = "no memory";
	PCRE2_SIZE where = 0;
	int error = 0;

	if (!filter)
		return why_set(why, "no memory");
	*out = filter;
	if (!pattern)
		return true;
	if (strlen(pattern) <= PATTERN_BYTES_MAX) {
		filter->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
					     PCRE2_NEVER_BACKSLASH_C, &error, &where, NULL);
		if (!filter->code)
			pcre2_get_error_message(error, message, sizeof(message));
	}
	if (filter->code) {
		filter->match = pcre2_match_data_create_from_pattern(filter->code, NULL);
		filter->context = pcre2_match_context_create(NULL);
	}
	if (filter->match && filter->context) {
		pcre2_set_match_limit(filter->context, MATCH_STEPS_MAX);
		return true;
	}
	bool too_long = strlen(pattern) > PATTERN_BYTES_MAX;

	stat_filter_free(filter);
	*out = NULL;
	if (too_long)
		return why_set(why, "the pattern is longer than %u bytes", PATTERN_BYTES_MAX);
	return why_set(why, "the pattern %.200s is not a regular expression: %s at %zu", pattern,
		       (const char *)message, where);
}

void stat_filter_free(struct stat_filter *filter)
{
	if (!filter)
		return;
	pcre2_match_context_free(filter->context);
	pcre2_match_data_free(filter->match);
	pcre2_code_free(filter->code);
	free(filter);
}

bool stat_filter_matches(struct stat_filter *filter, const char *name)
{
	return !filter->code || pcre2_match(filter->code, (PCRE2_SPTR)name, PCRE2_ZERO_TERMINATED, 0,
					    0, filter->match, filter->context) >= 0;
}
