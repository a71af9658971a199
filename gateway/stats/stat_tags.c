#include "gateway/stats/stat_tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/stats/stat_regex.h"
#include "stack/base/invariant.h"

#define LABEL_BYTES 128

struct rule {
	char label[LABEL_BYTES];
	char *value;              /* a fixed one */
	struct stat_regex *regex; /* else */
	char head[32];            /* the first word of the names that it can match; "" = any */
	uint32_t failures;
};

struct stat_tags {
	bool defaults[STAT_DEFAULT_TAG_COUNT];
	bool shape;
	struct rule rules[STAT_TAGS_MAX];
	uint32_t rule_count;
	uint32_t fixed[STAT_TAGS_MAX];
	uint32_t fixed_count;
};

static const struct {
	const char *envoy;
	const char *label;
	bool first;
} defaults[] = {
#define DEFAULT_TAG(name, envoy, label, first) {envoy, label, first},
#include "gateway/stats/default_tags.def"
#undef DEFAULT_TAG
};

/* Envoy's other default tags: of what is not counted here. */
static const char others[] =
	" clientssl_prefix connection_limit_prefix dns_filter_prefix dynamo_operation "
	"dynamo_partition_id dynamo_table ext_authz_prefix fault_downstream_cluster "
	"google_grpc_client_prefix grpc_bridge_method grpc_bridge_service http_user_agent "
	"local_http_ratelimit_prefix local_listener_ratelimit_prefix "
	"local_network_ratelimit_prefix mongo_callsite mongo_cmd mongo_collection mongo_prefix "
	"proxy_protocol_prefix proxy_protocol_version ratelimit_prefix rbac_http_prefix "
	"rbac_policy_name rbac_prefix rds_route_config redis_prefix scoped_rds_config ssl_cipher "
	"ssl_cipher_suite ssl_curve ssl_sigalg ssl_version thrift_prefix tls_certificate udp_prefix "
	"virtual_cluster xds_resource_name ";

struct stat_tags *stat_tags_create(void)
{
	struct stat_tags *tags = calloc(1, sizeof(*tags));

	for (uint32_t i = 0; tags && i < STAT_DEFAULT_TAG_COUNT; i++)
		tags->defaults[i] = true;
	return tags;
}

void stat_tags_free(struct stat_tags *tags)
{
	if (!tags)
		return;
	for (uint32_t i = 0; i < tags->rule_count; i++) {
		stat_regex_free(tags->rules[i].regex);
		free(tags->rules[i].value);
	}
	free(tags);
}

void stat_tags_no_defaults(struct stat_tags *tags)
{
	memset(tags->defaults, 0, sizeof(tags->defaults));
	tags->shape = true;
}

/* As Prometheus has them. */
static bool is_label(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t length = strlen(name);

	return length > 0 && strchr(letters, *name) && strncmp(name, "__", 2) != 0 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
		       length;
}

static struct rule *add_rule(struct stat_tags *tags, const char *name, struct why *why)
{
	struct rule *rule = &tags->rules[tags->rule_count];
	size_t length = strlen(name);

	if (tags->rule_count == STAT_TAGS_MAX) {
		why_set(why, "more than %u tags", STAT_TAGS_MAX);
		return NULL;
	}
	if (length == 0 || length >= LABEL_BYTES) {
		why_set(why, "a tag's name has 1 to %u characters", LABEL_BYTES - 1);
		return NULL;
	}
	*rule = (struct rule){.failures = 0};
	memcpy(rule->label, name, length + 1);
	for (char *at = rule->label; *at; at++)
		*at = strchr(".-/", *at) ? '_' : *at;
	if (!is_label(rule->label)) {
		why_set(why, "\"%s\" cannot be a label", name);
		return NULL;
	}
	tags->rule_count++;
	return rule;
}

bool stat_tags_fixed(struct stat_tags *tags, const char *name, const char *value, struct why *why)
{
	struct rule *rule = add_rule(tags, name, why);

	if (!rule)
		return false;
	for (uint32_t i = 0; i < tags->fixed_count; i++)
		if (strcmp(tags->rules[tags->fixed[i]].label, rule->label) == 0) {
			tags->rule_count--;
			return why_set(why, "the tag \"%s\" comes twice", name);
		}
	rule->value = strdup(value);
	tags->fixed[tags->fixed_count++] = tags->rule_count - 1;
	return rule->value || why_set(why, "no memory");
}

static bool enable_default(struct stat_tags *tags, const char *name, struct why *why)
{
	char word[LABEL_BYTES];

	for (uint32_t i = 0; i < STAT_DEFAULT_TAG_COUNT; i++)
		if (strcmp(defaults[i].envoy, name) == 0) {
			tags->defaults[i] = true;
			return true;
		}
	if (strncmp(name, "envoy.", 6) == 0 && !strchr(name, ' ')) {
		snprintf(word, sizeof(word), " %s ", name + 6);
		if (strstr(others, word))
			return true;
	}
	return why_set(why, "\"%s\" has neither regex nor fixed_value, and is no default tag", name);
}

/* "^cluster\." and "^cluster(?=\." bind a pattern to names of one head; Envoy tries those last. */
static void find_head(struct rule *rule, const char *regex)
{
	size_t length = regex[0] == '^' ? strspn(regex + 1, "abcdefghijklmnopqrstuvwxyz"
							    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							    "0123456789_")
					: 0;
	const char *after = regex + 1 + length;

	if (length > 0 && length < sizeof(rule->head) &&
	    (strncmp(after, "\\.", 2) == 0 || strncmp(after, "(?=\\.)", 6) == 0))
		snprintf(rule->head, sizeof(rule->head), "%.*s", (int)length, regex + 1);
}

bool stat_tags_regex(struct stat_tags *tags, const char *name, const char *regex, struct why *why)
{
	if (!regex || !regex[0])
		return enable_default(tags, name, why);
	struct rule *rule = add_rule(tags, name, why);

	if (!rule)
		return false;
	tags->shape = true;
	find_head(rule, regex);
	return stat_regex_make(&rule->regex, STAT_REGEX_ECMASCRIPT, regex, false, why);
}

bool stat_tags_shape_names(const struct stat_tags *tags)
{
	return tags && tags->shape;
}

uint32_t stat_tags_fixed_count(const struct stat_tags *tags)
{
	return tags ? tags->fixed_count : 0;
}

void stat_tags_fixed_at(const struct stat_tags *tags, uint32_t index, const char **label,
			const char **value)
{
	const struct rule *rule = &tags->rules[tags->fixed[index]];

	*label = rule->label;
	*value = rule->value;
}

const char *stat_default_tag_label(enum stat_default_tag tag)
{
	return defaults[tag].label;
}

/* One name while tags are taken out of it. */
struct extraction {
	struct stat_tags *tags;
	const char *name;
	size_t length;
	struct stat_tagged *out;
	uint8_t gone[STAT_TAG_NAME_BYTES]; /* 1: cut out */
};

static void take(struct extraction *e, const char *label, const char *value, size_t length,
		 size_t cut_at, size_t cut_length)
{
	e->out->tags[e->out->count++] =
		(struct stat_tag){.label = label, .value = value, .length = (uint32_t)length};
	memset(e->gone + cut_at, 1, cut_length);
}

static bool has(const struct extraction *e, const char *label)
{
	for (uint32_t i = 0; i < e->out->count; i++)
		if (strcmp(e->out->tags[i].label, label) == 0)
			return true;
	return false;
}

static void take_parts(struct extraction *e, const struct stat_part *parts, uint32_t count,
		       bool first)
{
	for (uint32_t i = 0; i < count; i++)
		if (defaults[parts[i].tag].first == first && e->tags->defaults[parts[i].tag])
			take(e, defaults[parts[i].tag].label, e->name + parts[i].at,
			     parts[i].length, parts[i].cut_at, parts[i].cut_length);
}

static void apply_regex(struct extraction *e, struct rule *rule)
{
	size_t cut_at, cut_length, at, length;
	enum stat_regex_result result = STAT_REGEX_GAVE_UP;

	if (rule->failures < STAT_TAG_FAILURES_MAX)
		result = stat_regex_match(rule->regex, e->name, e->length);
	if (result == STAT_REGEX_GAVE_UP) {
		rule->failures += rule->failures < STAT_TAG_FAILURES_MAX;
		e->out->gave_up++;
	}
	if (result != STAT_REGEX_YES || stat_regex_groups(rule->regex) == 0)
		return;
	/* A group that took no part is empty, as in Envoy. */
	(void)stat_regex_group(rule->regex, 1, &cut_at, &cut_length);
	at = cut_at;
	length = cut_length;
	if (stat_regex_groups(rule->regex) > 1)
		(void)stat_regex_group(rule->regex, 2, &at, &length);
	take(e, rule->label, e->name + at, length, cut_at, cut_length);
}

static bool head_is(const char *name, const char *head)
{
	size_t length = strlen(head);

	return strncmp(name, head, length) == 0 && name[length] == '.';
}

static void apply_rules(struct extraction *e, bool headed)
{
	for (uint32_t i = 0; i < e->tags->rule_count; i++) {
		struct rule *rule = &e->tags->rules[i];

		if ((rule->head[0] != '\0') != headed || has(e, rule->label) ||
		    (headed && !head_is(e->name, rule->head)))
			continue;
		if (rule->regex)
			apply_regex(e, rule);
		else
			take(e, rule->label, rule->value, strlen(rule->value), 0, 0);
	}
}

void stat_tags_extract(struct stat_tags *tags, const char *name, const struct stat_part *parts,
		       uint32_t part_count, struct stat_tagged *out)
{
	struct extraction e = {.tags = tags, .name = name, .length = strlen(name), .out = out};
	size_t kept = 0;

	INVARIANT(part_count <= STAT_TAG_PARTS_MAX && e.length < STAT_TAG_NAME_BYTES);
	out->count = out->gave_up = 0;
	take_parts(&e, parts, part_count, true);
	apply_rules(&e, false);
	take_parts(&e, parts, part_count, false);
	apply_rules(&e, true);
	for (size_t i = 0; i < e.length; i++)
		if (!e.gone[i])
			out->name[kept++] = name[i];
	out->name[kept] = '\0';
}
