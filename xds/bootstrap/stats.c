#include "xds/bootstrap/stats.h"

#include "gateway/stats/stat_settings.h"

static void check_pattern(struct document *document, struct stat_settings *settings,
			  enum stat_pattern_use use, const Matcher__StringMatcher *pattern)
{
	const char *field = "", *text = NULL;
	enum stat_pattern_kind kind = STAT_PATTERN_EXACT;
	struct why why;

	switch (pattern->match_pattern_case) {
	case MATCHER__STRING_MATCHER__MATCH_PATTERN_EXACT:
		field = "exact";
		text = pattern->exact;
		break;
	case MATCHER__STRING_MATCHER__MATCH_PATTERN_PREFIX:
		field = "prefix";
		text = pattern->prefix;
		kind = STAT_PATTERN_PREFIX;
		break;
	case MATCHER__STRING_MATCHER__MATCH_PATTERN_SUFFIX:
		field = "suffix";
		text = pattern->suffix;
		kind = STAT_PATTERN_SUFFIX;
		break;
	case MATCHER__STRING_MATCHER__MATCH_PATTERN_CONTAINS:
		field = "contains";
		text = pattern->contains;
		kind = STAT_PATTERN_CONTAINS;
		break;
	case MATCHER__STRING_MATCHER__MATCH_PATTERN_SAFE_REGEX:
		field = "safe_regex";
		text = pattern->safe_regex->regex;
		kind = STAT_PATTERN_REGEX;
		break;
	default:
		document_fault(document, &pattern->base, NULL, "one of exact, prefix, suffix, "
							       "contains and safe_regex is required");
		return;
	}
	if (kind != STAT_PATTERN_EXACT && !text[0])
		document_fault(document, &pattern->base, field, "must not be empty");
	else if (!stat_settings_pattern(settings, use, kind, text, pattern->ignore_case, &why))
		document_fault(document, &pattern->base, field, "%s", why.text);
}

static void check_list(struct document *document, struct stat_settings *settings,
		       enum stat_pattern_use use, const Matcher__ListStringMatcher *list)
{
	if (list->n_patterns == 0)
		document_fault(document, &list->base, "patterns", "at least one is required");
	for (size_t i = 0; i < list->n_patterns; i++)
		check_pattern(document, settings, use, list->patterns[i]);
}

static void check_tag(struct document *document, struct stat_tags *tags,
		      const Metrics__TagSpecifier *tag)
{
	bool regex = tag->tag_value_case == METRICS__TAG_SPECIFIER__TAG_VALUE_REGEX;
	struct why why;

	if (tag->tag_value_case == METRICS__TAG_SPECIFIER__TAG_VALUE_FIXED_VALUE) {
		if (!stat_tags_fixed(tags, tag->tag_name, tag->fixed_value, &why))
			document_fault(document, &tag->base, "tag_name", "%s", why.text);
	} else if (!stat_tags_regex(tags, tag->tag_name, regex ? tag->regex : NULL, &why)) {
		document_fault(document, &tag->base, regex && tag->regex[0] ? "regex" : "tag_name",
			       "%s", why.text);
	}
}

static void check_buckets(struct document *document, struct stat_settings *settings,
			  const Metrics__HistogramBucketSettings *buckets)
{
	uint32_t before = document->faults.errors;
	struct why why;

	if (!buckets->match || buckets->n_buckets == 0) {
		document_fault(document, &buckets->base, buckets->match ? "buckets" : "match",
			       "is required");
		return;
	}
	check_pattern(document, settings, STAT_BUCKETS, buckets->match);
	for (size_t i = 0; i < buckets->n_buckets && document->faults.errors == before; i++)
		if (!stat_settings_bound(settings, buckets->buckets[i], &why))
			document_fault(document, &buckets->base, "buckets", "%s", why.text);
}

void stats_check(struct document *document, const Metrics__StatsConfig *config)
{
	struct stat_settings *settings = stat_settings_create();
	const Metrics__StatsMatcher *matcher = config->stats_matcher;

	if (!settings) {
		document_fault(document, &config->base, NULL, "out of memory");
		return;
	}
	if (matcher &&
	    matcher->stats_matcher_case == METRICS__STATS_MATCHER__STATS_MATCHER_INCLUSION_LIST)
		check_list(document, settings, STAT_INCLUDE, matcher->inclusion_list);
	else if (matcher &&
		 matcher->stats_matcher_case == METRICS__STATS_MATCHER__STATS_MATCHER_EXCLUSION_LIST)
		check_list(document, settings, STAT_EXCLUDE, matcher->exclusion_list);
	for (size_t i = 0; i < config->n_stats_tags; i++)
		check_tag(document, stat_settings_tags(settings), config->stats_tags[i]);
	for (size_t i = 0; i < config->n_histogram_bucket_settings; i++)
		check_buckets(document, settings, config->histogram_bucket_settings[i]);
	stat_settings_free(settings);
}
