#include "gateway/stats/stat_regex.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct why why;

/* What became of a pattern: its result on `text`, or -1 when it was refused. */
static int result(enum stat_regex_dialect dialect, const char *pattern, const char *text, bool whole)
{
	struct stat_regex *regex;

	if (!stat_regex_make(&regex, dialect, pattern, whole, &why))
		return -1;
	int found = (int)stat_regex_match(regex, text, strlen(text));

	stat_regex_free(regex);
	return found;
}

static bool taken(enum stat_regex_dialect dialect, const char *pattern)
{
	return result(dialect, pattern, "", false) >= 0;
}

static void ecmascript_has_look_ahead_and_back_references(void)
{
	const enum stat_regex_dialect e = STAT_REGEX_ECMASCRIPT;

	CU_ASSERT_EQUAL(result(e, "^a(?=\\.).*?b", "a.xb", false), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(e, "^a(?!\\.)", "a.xb", false), STAT_REGEX_NO);
	CU_ASSERT_EQUAL(result(e, "(a|b)\\1", "xbb", false), STAT_REGEX_YES);
	/* A group that took no part matches as nothing, and so does what refers to it. */
	CU_ASSERT_EQUAL(result(e, "^(x)?a\\1$", "a", false), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(e, "[[:digit:]]{3}$", "rq_503", false), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(e, "^\\u0041\\x42\\w$", "ABC", false), STAT_REGEX_YES);
	/* An empty class matches nothing, and its complement everything. */
	CU_ASSERT_EQUAL(result(e, "[]", "a", false), STAT_REGEX_NO);
	CU_ASSERT_EQUAL(result(e, "^[^]$", "]", false), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(e, "a\\-b\\_", "a-b_", false), STAT_REGEX_YES);
}

static void ecmascript_lacks_what_perl_added(void)
{
	static const char *const refused[] = {
		"a++", "a*+", "a?+", "(?:a){1,2}+", "(?<=a)b", "(?<!a)b", "(?i)a", "(?>a)",
		"(?<n>a)", "(?P<n>a)", "(?#c)a", "(*F)a", "\\Aa", "\\Qa\\E", "\\ha", "\\pL", "\\e",
		"\\a", "\\z", "\\Z", "\\k", "a{", "a{,2}", "a{x}", "[]a]", ")", "]", "}", "(",
		"a**", "[z-a]", "[[:foo:]]", "(a)\\2"};

	for (unsigned i = 0; i < ARRAY_LEN(refused); i++)
		CU_ASSERT_FALSE(taken(STAT_REGEX_ECMASCRIPT, refused[i]));
	CU_ASSERT_FALSE(taken(STAT_REGEX_ECMASCRIPT, "(?<=a)b"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "\"(?<=a)b\" is not a regular expression: "
						"a group (?...) that is no look-ahead at 0, which "
						"ECMAScript does not have"));
	CU_ASSERT(taken(STAT_REGEX_ECMASCRIPT, "a{2}b{2,}c{2,3}?"));
	CU_ASSERT(taken(STAT_REGEX_ECMASCRIPT, "[*+][?(){}[:alpha:]\\]]+\\(\\[\\{"));
}

static void re2_has_flags_and_names(void)
{
	const enum stat_regex_dialect r = STAT_REGEX_RE2;

	CU_ASSERT_EQUAL(result(r, "(?i:AB)(?P<n>c)(?<m>d)", "abCd", true), STAT_REGEX_NO);
	CU_ASSERT_EQUAL(result(r, "(?i:AB)(?P<n>c)(?<m>d)", "abcd", true), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(r, "(?i)ABcd", "abCD", true), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(r, "\\Aa\\Q.+\\E\\z", "a.+", true), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(r, "[]a]{", "]{", true), STAT_REGEX_YES);
	/* A dot is a character, not a byte. */
	CU_ASSERT_EQUAL(result(r, "a.b", "a\xc3\xa4" "b", true), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(STAT_REGEX_ECMASCRIPT, "^a.b", "a\xc3\xa4" "b", false), STAT_REGEX_NO);
	/* The end is the end, not before a last line feed. */
	CU_ASSERT_EQUAL(result(r, "a$", "a\n", false), STAT_REGEX_NO);
}

static void re2_lacks_look_around_and_back_references(void)
{
	static const char *const refused[] = {"a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", "(a)\\1",
					      "a++", "a{2}+", "(?>a)", "(?R)", "(?1)", "(*F)a",
					      "\\Ga", "a\\Kb", "\\ha", "\\R", "\\Xa", "\\Z", "(",
					      "[", "a**"};

	for (unsigned i = 0; i < ARRAY_LEN(refused); i++)
		CU_ASSERT_FALSE(taken(STAT_REGEX_RE2, refused[i]));
	CU_ASSERT_FALSE(taken(STAT_REGEX_RE2, "a(?=b)"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "a look-ahead at 1, which RE2 does not have"));
}

/* The list in dataplane/README.md, line by line. */
static void what_is_other_than_in_envoy(void)
{
	const enum stat_regex_dialect e = STAT_REGEX_ECMASCRIPT, r = STAT_REGEX_RE2;
	struct stat_regex *regex;
	size_t at, length;

	/* A group in a repetition keeps what it had last. */
	CU_ASSERT_FATAL(stat_regex_make(&regex, e, "^(?:(a)|b)*$", false, &why));
	CU_ASSERT_EQUAL(stat_regex_match(regex, "ab", 2), STAT_REGEX_YES);
	CU_ASSERT(stat_regex_group(regex, 1, &at, &length));
	CU_ASSERT(at == 0 && length == 1);
	stat_regex_free(regex);
	/* \12 is a number where there are no twelve groups. */
	CU_ASSERT_EQUAL(result(e, "^(a)\\12$", "a\n", false), STAT_REGEX_YES);
	/* Classes of collation. */
	CU_ASSERT_FALSE(taken(e, "[[.a.]]"));
	CU_ASSERT_FALSE(taken(e, "[[=a=]]"));
	/* \v is all white space that goes down, and \s knows it too. */
	CU_ASSERT_EQUAL(result(e, "^\\v$", "\n", false), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(r, "\\s", "\v", true), STAT_REGEX_YES);
	/* \Q...\E quotes for PCRE2; the check of the dialect does not know it. */
	CU_ASSERT_FALSE(taken(r, "\\Qa(?=b\\E"));
}

static void a_whole_match_is_not_a_part(void)
{
	CU_ASSERT_EQUAL(result(STAT_REGEX_RE2, "a|ab", "ab", true), STAT_REGEX_YES);
	CU_ASSERT_EQUAL(result(STAT_REGEX_RE2, "b", "ab", true), STAT_REGEX_NO);
	CU_ASSERT_EQUAL(result(STAT_REGEX_RE2, "b", "ab", false), STAT_REGEX_YES);
}

static void groups_say_where_they_lie(void)
{
	struct stat_regex *regex;
	size_t at, length;

	CU_ASSERT_FATAL(stat_regex_make(&regex, STAT_REGEX_ECMASCRIPT, "(x)?(b(c))(y)?", false, &why));
	CU_ASSERT_EQUAL(stat_regex_groups(regex), 4);
	CU_ASSERT_EQUAL(stat_regex_match(regex, "abc", 3), STAT_REGEX_YES);
	CU_ASSERT_FALSE(stat_regex_group(regex, 1, &at, &length));
	CU_ASSERT(at == 0 && length == 0);
	CU_ASSERT(stat_regex_group(regex, 2, &at, &length));
	CU_ASSERT(at == 1 && length == 2);
	CU_ASSERT(stat_regex_group(regex, 3, &at, &length));
	CU_ASSERT(at == 2 && length == 1);
	CU_ASSERT_FALSE(stat_regex_group(regex, 4, &at, &length));
	CU_ASSERT_EQUAL(stat_regex_match(regex, "ac", 2), STAT_REGEX_NO);
	CU_ASSERT_FALSE(stat_regex_group(regex, 2, &at, &length));
	stat_regex_free(regex);
	stat_regex_free(NULL);
}

static void an_explosion_is_a_third_result(void)
{
	char text[200], pattern[STAT_REGEX_BYTES_MAX + 2];

	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - 3, "bd", 3);
	CU_ASSERT_EQUAL(result(STAT_REGEX_ECMASCRIPT, "(a*)*(a*)*(a*)*b(?=c)", text, false),
			STAT_REGEX_GAVE_UP);
	memset(pattern, 'a', sizeof(pattern));
	pattern[sizeof(pattern) - 1] = '\0';
	CU_ASSERT_FALSE(taken(STAT_REGEX_RE2, pattern));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "longer than 4096 bytes"));
	pattern[STAT_REGEX_BYTES_MAX] = '\0';
	CU_ASSERT(taken(STAT_REGEX_RE2, pattern));
}

UNIT_TESTS(UNIT_TEST(ecmascript_has_look_ahead_and_back_references),
	   UNIT_TEST(ecmascript_lacks_what_perl_added), UNIT_TEST(re2_has_flags_and_names),
	   UNIT_TEST(re2_lacks_look_around_and_back_references),
	   UNIT_TEST(what_is_other_than_in_envoy),
	   UNIT_TEST(a_whole_match_is_not_a_part), UNIT_TEST(groups_say_where_they_lie),
	   UNIT_TEST(an_explosion_is_a_third_result))
