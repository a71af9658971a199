#include "dataplane/counters/stat_settings_json.h"

#include <jansson.h>
#include <string.h>

static bool read_pattern(struct stat_settings *settings, enum stat_pattern_use use,
			 const json_t *pattern, struct why *why)
{
	static const struct {
		const char *field;
		enum stat_pattern_kind kind;
	} kinds[] = {{"exact", STAT_PATTERN_EXACT},
		     {"prefix", STAT_PATTERN_PREFIX},
		     {"suffix", STAT_PATTERN_SUFFIX},
		     {"contains", STAT_PATTERN_CONTAINS}};
	bool ignore_case = json_is_true(json_object_get(pattern, "ignore_case"));
	const char *regex = json_string_value(
		json_object_get(json_object_get(pattern, "safe_regex"), "regex"));

	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
		const char *text = json_string_value(json_object_get(pattern, kinds[i].field));

		if (text)
			return stat_settings_pattern(settings, use, kinds[i].kind, text, ignore_case,
						     why);
	}
	return regex ? stat_settings_pattern(settings, use, STAT_PATTERN_REGEX, regex, false, why)
		     : why_set(why, "a matcher without a pattern");
}

static bool read_list(struct stat_settings *settings, enum stat_pattern_use use,
		      const json_t *list, struct why *why)
{
	const json_t *patterns = json_object_get(list, "patterns");

	for (size_t i = 0; i < json_array_size(patterns); i++)
		if (!read_pattern(settings, use, json_array_get(patterns, i), why))
			return false;
	return true;
}

static bool read_buckets(struct stat_settings *settings, const json_t *list, struct why *why)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const json_t *bounds = json_object_get(one, "buckets");

		if (!read_pattern(settings, STAT_BUCKETS, json_object_get(one, "match"), why))
			return false;
		for (size_t b = 0; b < json_array_size(bounds); b++)
			if (!stat_settings_bound(settings,
						 json_number_value(json_array_get(bounds, b)), why))
				return false;
	}
	return true;
}

static bool read_tags(struct stat_tags *to, const json_t *root, struct why *why)
{
	const json_t *tags = json_object_get(root, "stats_tags");

	if (json_is_false(json_object_get(root, "use_all_default_tags")))
		stat_tags_no_defaults(to);
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const json_t *tag = json_array_get(tags, i);
		const char *name = json_string_value(json_object_get(tag, "tag_name"));
		const char *value = json_string_value(json_object_get(tag, "fixed_value"));
		const char *regex = json_string_value(json_object_get(tag, "regex"));

		if (!name)
			return why_set(why, "a tag without a name");
		if (!(value ? stat_tags_fixed(to, name, value, why)
			    : stat_tags_regex(to, name, regex, why)))
			return false;
	}
	return true;
}

static bool read_all(struct stat_settings *settings, const json_t *root, struct why *why)
{
	const json_t *matcher = json_object_get(root, "stats_matcher");
	const json_t *inclusion = json_object_get(matcher, "inclusion_list");

	if (json_is_true(json_object_get(matcher, "reject_all")))
		stat_settings_reject_all(settings);
	if (inclusion)
		stat_settings_include_only(settings);
	return read_list(settings, STAT_INCLUDE, inclusion, why) &&
	       read_list(settings, STAT_EXCLUDE, json_object_get(matcher, "exclusion_list"), why) &&
	       read_buckets(settings, json_object_get(root, "histogram_bucket_settings"), why) &&
	       read_tags(stat_settings_tags(settings), root, why);
}

struct stat_settings *stat_settings_from_json(const char *text, struct why *why)
{
	json_error_t error;
	json_t *root = json_loads(text, 0, &error);
	struct stat_settings *settings = root ? stat_settings_create() : NULL;

	if (!root)
		why_set(why, "stats_config in the segment is damaged: %s", error.text);
	else if (!settings)
		why_set(why, "no memory for stats_config");
	if (settings && !read_all(settings, root, why)) {
		stat_settings_free(settings);
		settings = NULL;
	}
	json_decref(root);
	return settings;
}
