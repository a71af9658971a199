#include "gateway/stats/stat_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

struct stat_regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
	uint32_t groups;
	int found; /* of the latest match: what pcre2_match returned */
};

/* What may follow a backslash, letters and digits only; all else stands for itself. */
static const char *const escapes[] = {
	[STAT_REGEX_RE2] = "aAbBdDfnpPQErsStvwWxz01234567",
	[STAT_REGEX_ECMASCRIPT] = "bBcdDfnrsStuvwWx0123456789",
};
static const char *const names[] = {
	[STAT_REGEX_RE2] = "RE2",
	[STAT_REGEX_ECMASCRIPT] = "ECMAScript",
};

static bool lacks(enum stat_regex_dialect dialect, const char *what, size_t where, struct why *why)
{
	return why_set(why, "%s at %zu, which %s does not have", what, where, names[dialect]);
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool check_escape(enum stat_regex_dialect dialect, const char *pattern, size_t at,
			 bool in_class, struct why *why)
{
	char c = pattern[at + 1];
	char what[] = {'\\', c, '\0'};

	if (!is_word(c))
		return true;
	if (!strchr(escapes[dialect], c))
		return lacks(dialect, what, at, why);
	/* \1 is a back reference where it is not the head of an octal number of three digits. */
	if (dialect == STAT_REGEX_RE2 && c >= '1' && c <= '9' && !in_class &&
	    !(is_word(pattern[at + 2]) && is_word(pattern[at + 3])))
		return lacks(dialect, "a back reference", at, why);
	return true;
}

static bool check_group(enum stat_regex_dialect dialect, const char *pattern, size_t at,
			struct why *why)
{
	const char *after = pattern + at + 1;

	if (after[0] == '*')
		return lacks(dialect, "a verb (*...)", at, why);
	if (after[0] != '?')
		return true;
	if (after[1] == ':')
		return true;
	if (dialect == STAT_REGEX_ECMASCRIPT)
		return after[1] == '=' || after[1] == '!' ||
		       lacks(dialect, "a group (?...) that is no look-ahead", at, why);
	/* (?i) (?ms-i:...) (?P<name>...) (?<name>...) */
	if (after[1] == '<' && (after[2] == '=' || after[2] == '!'))
		return lacks(dialect, "a look-behind", at, why);
	if (after[1] == '=' || after[1] == '!')
		return lacks(dialect, "a look-ahead", at, why);
	if (after[1] == '<' || (after[1] == 'P' && after[2] == '<'))
		return true;
	size_t flags = strspn(after + 1, "imsU-");

	return (flags > 0 && (after[1 + flags] == ')' || after[1 + flags] == ':')) ||
	       lacks(dialect, "a group (?...) of this kind", at, why);
}

/* The end of a class, or of the pattern. */
static bool check_class(enum stat_regex_dialect dialect, const char *pattern, size_t *at,
			struct why *why)
{
	size_t i = *at + 1;

	i += pattern[i] == '^';
	/* A first ] ends an empty class in ECMAScript, and is a member in RE2. */
	i += pattern[i] == ']' && dialect == STAT_REGEX_RE2;
	for (; pattern[i] && pattern[i] != ']'; i++) {
		if (pattern[i] == '[' && pattern[i + 1] == ':') {
			const char *end = strstr(pattern + i, ":]");

			i = end ? (size_t)(end - pattern) + 1 : i;
		} else if (pattern[i] == '\\' && pattern[i + 1]) {
			if (!check_escape(dialect, pattern, i, true, why))
				return false;
			i++;
		}
	}
	*at = i - (pattern[i] == '\0');
	return true;
}

/* ECMAScript knows braces and a closing bracket as syntax only; elsewhere they stand for themselves. */
static bool check_repeat(enum stat_regex_dialect dialect, const char *pattern, size_t *at,
			 struct why *why)
{
	static const char digits[] = "0123456789";
	const char *after = pattern + *at + 1;
	size_t low = strspn(after, digits);
	size_t length = low;

	if (after[length] == ',')
		length += 1 + strspn(after + length + 1, digits);
	if (low > 0 && after[length] == '}')
		*at += length;
	else if (dialect == STAT_REGEX_ECMASCRIPT)
		return lacks(dialect, "a { that repeats nothing", *at, why);
	return true;
}

static bool check_dialect(enum stat_regex_dialect dialect, const char *pattern, struct why *why)
{
	for (size_t i = 0; pattern[i]; i++) {
		char c = pattern[i];

		if (c == '\\' && pattern[i + 1]) {
			if (!check_escape(dialect, pattern, i, false, why))
				return false;
			i++;
		} else if (c == '(') {
			if (!check_group(dialect, pattern, i, why))
				return false;
			/* Its ? is no quantifier. */
			i += pattern[i + 1] == '?';
		} else if (c == '[') {
			if (!check_class(dialect, pattern, &i, why))
				return false;
		} else if (c == '{') {
			if (!check_repeat(dialect, pattern, &i, why))
				return false;
			if (pattern[i + 1] == '}' && pattern[i + 2] == '+')
				return lacks(dialect, "a possessive quantifier", i + 1, why);
			i += pattern[i + 1] == '}';
		} else if (strchr("]}", c) && dialect == STAT_REGEX_ECMASCRIPT) {
			return lacks(dialect, "a bracket that closes nothing", i, why);
		} else if (strchr("*+?", c) && pattern[i + 1] == '+') {
			return lacks(dialect, "a possessive quantifier", i, why);
		}
	}
	return true;
}

static bool compile(struct stat_regex *regex, enum stat_regex_dialect dialect, const char *pattern,
		    bool whole, struct why *why)
{
	uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY |
			   (whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0) |
			   (dialect == STAT_REGEX_ECMASCRIPT
				    ? PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF |
					      PCRE2_ALLOW_EMPTY_CLASS
				    : PCRE2_UTF | PCRE2_MATCH_INVALID_UTF);
	PCRE2_UCHAR message[128] = "no memory";
	PCRE2_SIZE where = 0;
	int error = 0;

	regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error,
				    &where, NULL);
	if (!regex->code) {
		pcre2_get_error_message(error, message, sizeof(message));
		return why_set(why, "%s at %zu", (const char *)message, where);
	}
	regex->match = pcre2_match_data_create_from_pattern(regex->code, NULL);
	regex->context = pcre2_match_context_create(NULL);
	if (!regex->match || !regex->context)
		return why_set(why, "no memory");
	pcre2_set_match_limit(regex->context, STAT_REGEX_STEPS_MAX);
	pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &regex->groups);
	return true;
}

bool stat_regex_make(struct stat_regex **out, enum stat_regex_dialect dialect, const char *pattern,
		     bool whole, struct why *why)
{
	struct stat_regex *regex = calloc(1, sizeof(*regex));
	struct why reason = {""};

	*out = NULL;
	if (!regex)
		return why_set(why, "no memory");
	if (strlen(pattern) > STAT_REGEX_BYTES_MAX)
		why_set(&reason, "it is longer than %u bytes", STAT_REGEX_BYTES_MAX);
	else if (check_dialect(dialect, pattern, &reason) &&
		 compile(regex, dialect, pattern, whole, &reason))
		*out = regex;
	if (*out)
		return true;
	stat_regex_free(regex);
	return why_set(why, "\"%.100s\" is not a regular expression: %.120s", pattern, reason.text);
}

void stat_regex_free(struct stat_regex *regex)
{
	if (!regex)
		return;
	pcre2_match_context_free(regex->context);
	pcre2_match_data_free(regex->match);
	pcre2_code_free(regex->code);
	free(regex);
}

enum stat_regex_result stat_regex_match(struct stat_regex *regex, const char *text, size_t length)
{
	regex->found = pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, 0, regex->match,
				   regex->context);
	if (regex->found >= 0)
		return STAT_REGEX_YES;
	return regex->found == PCRE2_ERROR_NOMATCH ? STAT_REGEX_NO : STAT_REGEX_GAVE_UP;
}

uint32_t stat_regex_groups(const struct stat_regex *regex)
{
	return regex->groups;
}

bool stat_regex_group(const struct stat_regex *regex, uint32_t number, size_t *at, size_t *length)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);

	*at = *length = 0;
	if (regex->found < 0 || number >= (uint32_t)regex->found ||
	    ends[2 * number] == PCRE2_UNSET)
		return false;
	*at = ends[2 * number];
	*length = ends[2 * number + 1] - ends[2 * number];
	return true;
}
