#include "gateway/stats/stat_settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/stats/stat_regex.h"

#define OWN_PREFIX "hydrofoil."

struct pattern {
	enum stat_pattern_use use;
	enum stat_pattern_kind kind;
	bool ignore_case;
	char *text;
	size_t length;
	struct stat_regex *regex;
	double *bounds; /* STAT_BUCKETS */
	uint32_t bound_count;
};

struct stat_settings {
	bool reject_all;
	bool include_only;
	bool excludes;
	struct pattern patterns[STAT_SETTINGS_PATTERNS_MAX];
	uint32_t pattern_count;
	struct stat_tags *tags;
};

/* Envoy's default buckets. */
static const double default_bounds[] = {0.5,  1,    5,    10,    25,    50,    100,
					250,  500,  1000, 2500,  5000,  10000, 30000,
					60000, 300000, 600000, 1800000, 3600000};

struct stat_settings *stat_settings_create(void)
{
	struct stat_settings *settings = calloc(1, sizeof(*settings));

	if (!settings)
		return NULL;
	settings->tags = stat_tags_create();
	if (!settings->tags) {
		free(settings);
		return NULL;
	}
	return settings;
}

void stat_settings_free(struct stat_settings *settings)
{
	if (!settings)
		return;
	for (uint32_t i = 0; i < settings->pattern_count; i++) {
		stat_regex_free(settings->patterns[i].regex);
		free(settings->patterns[i].text);
		free(settings->patterns[i].bounds);
	}
	stat_tags_free(settings->tags);
	free(settings);
}

void stat_settings_reject_all(struct stat_settings *settings)
{
	settings->reject_all = true;
}

void stat_settings_include_only(struct stat_settings *settings)
{
	settings->include_only = true;
}

bool stat_settings_pattern(struct stat_settings *settings, enum stat_pattern_use use,
			   enum stat_pattern_kind kind, const char *text, bool ignore_case,
			   struct why *why)
{
	if (settings->pattern_count == STAT_SETTINGS_PATTERNS_MAX)
		return why_set(why, "more than %u patterns", STAT_SETTINGS_PATTERNS_MAX);
	struct pattern *pattern = &settings->patterns[settings->pattern_count];

	*pattern = (struct pattern){.use = use, .kind = kind, .ignore_case = ignore_case};
	pattern->text = strdup(text);
	pattern->bounds = use == STAT_BUCKETS
				  ? calloc(STAT_SETTINGS_BOUNDS_MAX, sizeof(*pattern->bounds))
				  : NULL;
	settings->pattern_count++;
	if (!pattern->text || (use == STAT_BUCKETS && !pattern->bounds))
		return why_set(why, "no memory");
	pattern->length = strlen(text);
	settings->include_only |= use == STAT_INCLUDE;
	settings->excludes |= use == STAT_EXCLUDE;
	return kind != STAT_PATTERN_REGEX ||
	       stat_regex_make(&pattern->regex, STAT_REGEX_RE2, text, true, why);
}

bool stat_settings_bound(struct stat_settings *settings, double bound, struct why *why)
{
	struct pattern *pattern = &settings->patterns[settings->pattern_count - 1];
	uint32_t count = pattern->bound_count;

	if (!(bound > 0) || bound > 1e12)
		return why_set(why, "a bound has to be above 0");
	if (count > 0 && bound <= pattern->bounds[count - 1])
		return why_set(why, "bounds have to ascend");
	if (count == STAT_SETTINGS_BOUNDS_MAX)
		return why_set(why, "more than %u bounds", STAT_SETTINGS_BOUNDS_MAX);
	pattern->bounds[pattern->bound_count++] = bound;
	return true;
}

static bool same(const struct pattern *pattern, const char *text)
{
	return (pattern->ignore_case ? strncasecmp(text, pattern->text, pattern->length)
				     : strncmp(text, pattern->text, pattern->length)) == 0;
}

static bool matches(const struct pattern *pattern, const char *name)
{
	size_t length = strlen(name);

	switch (pattern->kind) {
	case STAT_PATTERN_EXACT:
		return length == pattern->length && same(pattern, name);
	case STAT_PATTERN_PREFIX:
		return same(pattern, name);
	case STAT_PATTERN_SUFFIX:
		return length >= pattern->length && same(pattern, name + length - pattern->length);
	case STAT_PATTERN_CONTAINS:
		for (; length >= pattern->length; name++, length--)
			if (same(pattern, name))
				return true;
		return false;
	case STAT_PATTERN_REGEX:
		return stat_regex_match(pattern->regex, name, length) == STAT_REGEX_YES;
	}
	return false;
}

static bool any_matches(const struct stat_settings *settings, enum stat_pattern_use use,
			const char *name)
{
	for (uint32_t i = 0; i < settings->pattern_count; i++)
		if (settings->patterns[i].use == use &&
		    matches(&settings->patterns[i], name))
			return true;
	return false;
}

bool stat_settings_hides(const struct stat_settings *settings)
{
	return settings && (settings->reject_all || settings->include_only || settings->excludes);
}

bool stat_settings_shows(const struct stat_settings *settings, const char *name)
{
	if (!stat_settings_hides(settings))
		return true;
	if (settings->reject_all || any_matches(settings, STAT_EXCLUDE, name))
		return false;
	return !settings->include_only || strncmp(name, OWN_PREFIX, strlen(OWN_PREFIX)) == 0 ||
	       any_matches(settings, STAT_INCLUDE, name);
}

uint32_t stat_settings_bounds(const struct stat_settings *settings, const char *name,
			      const double **bounds)
{
	*bounds = default_bounds;
	for (uint32_t i = 0; settings && i < settings->pattern_count; i++) {
		const struct pattern *pattern = &settings->patterns[i];

		if (pattern->use != STAT_BUCKETS || pattern->bound_count == 0 ||
		    !matches(pattern, name))
			continue;
		*bounds = pattern->bounds;
		return pattern->bound_count;
	}
	return ARRAY_LEN(default_bounds);
}

struct stat_tags *stat_settings_tags(const struct stat_settings *settings)
{
	return settings ? settings->tags : NULL;
}
