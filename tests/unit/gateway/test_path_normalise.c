/* One spelling for each path: Envoy's cases, RFC 3986's, and what must not be decoded twice. */
#include "gateway/route/path_normalise.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/prng.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

#define NORMALISE (struct path_options){.normalise = true}
#define MERGE (struct path_options){.merge_slashes = true}
#define UNESCAPE (struct path_options){.unescape_slashes = true}
#define ALL (struct path_options){true, true, true}

static char text[4096];

/* Input and output both end at a page that may not be touched. */
static uint32_t run(const char *path, uint32_t length, struct path_options options, bool *unescaped)
{
	char *in = guard_copy(path, length, 1);
	char *out = guard_copy(text, length + 1, 1);
	uint32_t made = path_normalise((struct str){in, length}, options, out, unescaped);

	CU_ASSERT_FATAL(made <= length + 1);
	memcpy(text, out, made);
	text[made] = 0;
	guard_free(in, length, 1);
	guard_free(out, length + 1, 1);
	return made;
}

struct expected {
	const char *path, *made; /* NULL = refused */
};

static void check(const struct expected *cases, size_t count, struct path_options options)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t length = (uint32_t)strlen(cases[i].path);
		bool unescaped;
		uint32_t made = run(cases[i].path, length, options, &unescaped);
		bool good = cases[i].made ? made && strcmp(text, cases[i].made) == 0 : made == 0;

		if (!good)
			printf("# %s: %s, expected %s\n", cases[i].path, made ? text : "(refused)",
			       cases[i].made ? cases[i].made : "(refused)");
		CU_ASSERT(good);
		/* What is not suspect is never changed. */
		if (!path_is_suspect((struct str){cases[i].path, length}))
			CU_ASSERT_STRING_EQUAL(cases[i].path, cases[i].made);
	}
}
#define CHECK(cases, options) check(cases, sizeof(cases) / sizeof((cases)[0]), options)

static void normalised_as_envoy_does(void)
{
	static const struct expected cases[] = {
		{"/xyz", "/xyz"}, {"/x/y/z", "/x/y/z"}, {"/", "/"},
		{"/a/b/../c", "/a/c"}, {"/a/b/./c", "/a/b/c"}, {"a/b/../c", "/a/c"},
		{"/a/b/../../../../c", "/c"}, {"/a/..\\c", "/c"}, {"/%c0%af", "/%c0%af"},
		{"/%5c%25", "/%5c%25"}, {"/a/b/%2E%2E/c", "/a/c"}, {"/a/b/.%2e/c", "/a/c"},
		{"/a/b/%2e./c", "/a/c"}, {"/a/%2e/c", "/a/c"},
		{"/..", "/"}, {"/.", "/"}, {"/../..", "/"}, {"/a/..", "/"}, {"/a/b/..", "/a/"},
		{"/a/.", "/a/"}, {"/a/./", "/a/"}, {"/a/b/../", "/a/"}, {"/a//../b", "/a/b"},
		{"/...", "/..."}, {"/..a/.b", "/..a/.b"}, {"/a./b..", "/a./b.."},
		{"/a..;x=1/b", "/a..;x=1/b"}, {"/a/..;x=1/b", "/b"}, {"/a/.;x/b", "/a/b"},
		{"/a/b;c/..", "/a/"}, {"/a/%2e%2e;/b", "/b"},
		/* unreserved characters mean themselves, everything else keeps its escape */
		{"/%61%41%7e%2D%5f%30", "/aA~-_0"}, {"/%20%2b%3A", "/%20%2b%3A"},
		/* nothing is decoded twice */
		{"/%252e%252e/a", "/%252e%252e/a"}, {"/%2525", "/%2525"},
		/* the query is not the path's */
		{"/a/../b?c/../d", "/b?c/../d"}, {"/a?%2e%%", "/a?%2e%%"}, {"?a", "/?a"}, {"", "/"},
		{"/a/..?q", "/?q"}, {"/a\\b?c\\d", "/a/b?c\\d"},
		/* escapes that are none, and the byte that ends strings */
		{"/%00", NULL}, {"/xyz/.%00../abc", NULL}, {"/%", NULL}, {"/%2", NULL},
		{"/%zz", NULL}, {"/%2%65", NULL}, {"/%%32%65", NULL}, {"/%?2e", NULL},
	};

	CHECK(cases, NORMALISE);
}

static void slashes_are_merged(void)
{
	static const struct expected cases[] = {
		{"/a//b/c", "/a/b/c"}, {"//", "/"}, {"///", "/"}, {"//a//", "/a/"}, {"/a", "/a"},
		{"/a//b?x//y", "/a/b?x//y"}, {"/a/../b", "/a/../b"}, {"/%2f//", "/%2f/"},
		{"/%", "/%"}, {"/a\\\\b", "/a\\\\b"},
	};
	static const struct expected both[] = {
		{"/a//../b", "/a/b"}, {"/a/%2e//b", "/a/b"}, {"/a\\/b", "/a/b"}, {"//..//", "/"},
		{"/a%2f%2F..%5C%2e%2E/b", "/b"}, {"/a/%2f../b", "/a/b"},
	};

	CHECK(cases, MERGE);
	CHECK(both, ALL);
}

static void escaped_slashes_are_seen(void)
{
	static const struct expected cases[] = {
		{"/a%2fb%2Fc", "/a/b/c"}, {"/a%5cb%5Cc", "/a\\b\\c"}, {"/a%252f", "/a%252f"},
		{"/a%2", "/a%2"}, {"/a?%2f", "/a?%2f"}, {"/%%2f2f", "/%/2f"},
	};
	bool unescaped;

	CHECK(cases, UNESCAPE);
	CU_ASSERT(run("/a%2Fb", 6, UNESCAPE, &unescaped) && unescaped);
	CU_ASSERT(run("/a%5cb", 6, ALL, &unescaped) && unescaped);
	CU_ASSERT_STRING_EQUAL(text, "/a/b");
	CU_ASSERT(run("/a%2eb", 6, UNESCAPE, &unescaped) && !unescaped);
	CU_ASSERT(run("/a%2Fb", 6, NORMALISE, &unescaped) && !unescaped);
	CU_ASSERT(run("/a?b%2F", 7, ALL, &unescaped) && !unescaped);
}

/* Every length of every path made of what matters: in bounds, and a fixed point without dot
 * segments, double slashes or backslashes. */
static void results_are_fixed_points(void)
{
	static const char *const parts[] = {"/", ".", "..", "%2e", "%2E", "%2f", "%5C", "\\", "%25",
					    "2e", "2f", "a", ";", "%", "?", "%61", "%41", "//"};
	struct prng prng;
	unsigned kept = 0;

	prng_seed(&prng, 1);
	for (unsigned round = 0; round < 3000; round++) {
		char path[64] = "/", first[64];
		bool unescaped;

		size_t length = 1;

		for (unsigned n = prng_below(&prng, 12); n > 0; n--)
			length += (size_t)snprintf(path + length, sizeof(path) - length, "%s",
						   parts[prng_below(&prng, sizeof(parts) / sizeof(parts[0]))]);
		if (!run(path, (uint32_t)strlen(path), ALL, &unescaped))
			continue;
		kept++;
		CU_ASSERT_FATAL(strlen(text) + 2 <= sizeof(first));
		memcpy(first, text, strlen(text) + 1);
		CU_ASSERT(run(first, (uint32_t)strlen(first), ALL, &unescaped) && !unescaped);
		CU_ASSERT_STRING_EQUAL(first, text);
		memcpy(strchrnul(first, '?'), "/", 2);
		CU_ASSERT(!strstr(first, "/../") && !strstr(first, "/./") && !strchr(first, '\\'));
	}
	CU_ASSERT(kept > 1000);
}

static void every_length_stays_in_bounds(void)
{
	static const char path[] = "/a%2e%2E/..\\b//%2f%5Cc/./d;e/..;f/%41?%2e";
	bool unescaped;

	for (uint32_t options = 0; options < 8; options++)
		for (uint32_t length = 0; length < sizeof(path); length++) {
			char *in = guard_copy(path, length, 1);

			(void)path_is_suspect((struct str){in, length});
			guard_free(in, length, 1);
			(void)!run(path, length,
				   (struct path_options){options & 1, options & 2, options & 4},
				   &unescaped);
		}
}

UNIT_TESTS(UNIT_TEST(normalised_as_envoy_does), UNIT_TEST(slashes_are_merged),
	   UNIT_TEST(escaped_slashes_are_seen), UNIT_TEST(results_are_fixed_points),
	   UNIT_TEST(every_length_stays_in_bounds))
