#include "gateway/stats/stat_settings.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MATCH_STEPS_MAX 100000
#define OWN_PREFIX "hydrofoil."

struct pattern {
	enum stat_pattern_use use;
	enum stat_pattern_kind kind;
	bool ignore_case;
	char *text;
	size_t length;
	pcre2_code *code;
	pcre2_match_data *match;
	double *bounds; /* STAT_BUCKETS */
	uint32_t bound_count;
};

struct stat_settings {
	bool reject_all;
	bool include_only;
	bool excludes;
	pcre2_match_context *context;
	struct pattern patterns[STAT_SETTINGS_PATTERNS_MAX];
	uint32_t pattern_count;
	struct {
		char *name;
		char *value;
	} tags[STAT_SETTINGS_TAGS_MAX];
	uint32_t tag_count;
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
	settings->context = pcre2_match_context_create(NULL);
	if (!settings->context) {
		free(settings);
		return NULL;
	}
	pcre2_set_match_limit(settings->context, MATCH_STEPS_MAX);
	return settings;
}

void stat_settings_free(struct stat_settings *settings)
{
	if (!settings)
		return;
	for (uint32_t i = 0; i < settings->pattern_count; i++) {
		pcre2_match_data_free(settings->patterns[i].match);
		pcre2_code_free(settings->patterns[i].code);
		free(settings->patterns[i].text);
		free(settings->patterns[i].bounds);
	}
	for (uint32_t i = 0; i < settings->tag_count; i++) {
		free(settings->tags[i].name);
		free(settings->tags[i].value);
	}
	pcre2_match_context_free(settings->context);
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

static bool compile(struct pattern *pattern, struct why *why)
{
	PCRE2_UCHAR message[128] = "no memory";
	PCRE2_SIZE where = 0;
	int error = 0;

	pattern->code = pcre2_compile((PCRE2_SPTR)pattern->text, PCRE2_ZERO_TERMINATED,
				      PCRE2_NEVER_BACKSLASH_C | PCRE2_ANCHORED |
					      PCRE2_ENDANCHORED,
				      &error, &where, NULL);
	if (!pattern->code) {
		pcre2_get_error_message(error, message, sizeof(message));
		return why_set(why, "\"%.200s\" is not a regular expression: %s at %zu",
			       pattern->text, (const char *)message, where);
	}
	pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	return pattern->match || why_set(why, "no memory");
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
	return kind != STAT_PATTERN_REGEX || compile(pattern, why);
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

/* As Prometheus has them. */
static bool is_label(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

	return *name && strchr(letters, *name) && strncmp(name, "__", 2) != 0 &&
	       strspn(name + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
		       strlen(name + 1);
}

bool stat_settings_tag(struct stat_settings *settings, const char *name, const char *value,
		       struct why *why)
{
	char label[128];
	size_t length = strlen(name);

	if (length == 0 || length >= sizeof(label))
		return why_set(why, "a tag's name has 1 to %zu characters", sizeof(label) - 1);
	memcpy(label, name, length + 1);
	for (char *at = label; *at; at++)
		*at = strchr(".-/", *at) ? '_' : *at;
	if (!is_label(label))
		return why_set(why, "\"%s\" cannot be a label", name);
	for (uint32_t i = 0; i < settings->tag_count; i++)
		if (strcmp(settings->tags[i].name, label) == 0)
			return why_set(why, "the tag \"%s\" comes twice", name);
	if (settings->tag_count == STAT_SETTINGS_TAGS_MAX)
		return why_set(why, "more than %u tags", STAT_SETTINGS_TAGS_MAX);
	settings->tags[settings->tag_count].name = strdup(label);
	settings->tags[settings->tag_count].value = strdup(value);
	settings->tag_count++;
	return (settings->tags[settings->tag_count - 1].name &&
		settings->tags[settings->tag_count - 1].value) ||
	       why_set(why, "no memory");
}

static bool same(const struct pattern *pattern, const char *text)
{
	return (pattern->ignore_case ? strncasecmp(text, pattern->text, pattern->length)
				     : strncmp(text, pattern->text, pattern->length)) == 0;
}

static bool matches(const struct stat_settings *settings, const struct pattern *pattern,
		    const char *name)
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
		return pcre2_match(pattern->code, (PCRE2_SPTR)name, length, 0, 0, pattern->match,
				   settings->context) >= 0;
	}
	return false;
}

static bool any_matches(const struct stat_settings *settings, enum stat_pattern_use use,
			const char *name)
{
	for (uint32_t i = 0; i < settings->pattern_count; i++)
		if (settings->patterns[i].use == use &&
		    matches(settings, &settings->patterns[i], name))
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
		    !matches(settings, pattern, name))
			continue;
		*bounds = pattern->bounds;
		return pattern->bound_count;
	}
	return ARRAY_LEN(default_bounds);
}

uint32_t stat_settings_tag_count(const struct stat_settings *settings)
{
	return settings ? settings->tag_count : 0;
}

void stat_settings_tag_at(const struct stat_settings *settings, uint32_t index, const char **name,
			  const char **value)
{
	*name = settings->tags[index].name;
	*value = settings->tags[index].value;
}
