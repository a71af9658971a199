#include "gateway/stats/stat_settings.h"

#include <string.h>

#include "tests/lib/unit.h"

static struct why why;

static void add(struct stat_settings *s, enum stat_pattern_use use, enum stat_pattern_kind kind,
		const char *text)
{
	CU_ASSERT_FATAL(stat_settings_pattern(s, use, kind, text, false, &why));
}

static void without_settings_all_is_shown(void)
{
	struct stat_settings *s = stat_settings_create();
	const double *bounds;

	CU_ASSERT(stat_settings_shows(NULL, "cluster.a.upstream_rq_total"));
	CU_ASSERT(stat_settings_shows(s, "cluster.a.upstream_rq_total"));
	CU_ASSERT_FALSE(stat_settings_hides(s));
	CU_ASSERT_EQUAL(stat_settings_bounds(NULL, "x", &bounds), 19);
	CU_ASSERT_EQUAL(bounds[0], 0.5);
	CU_ASSERT_PTR_NULL(stat_settings_tags(NULL));
	stat_settings_free(s);
	stat_settings_free(NULL);
}

static void an_inclusion_list_hides_the_rest(void)
{
	struct stat_settings *s = stat_settings_create();

	add(s, STAT_INCLUDE, STAT_PATTERN_PREFIX, "cluster_manager");
	add(s, STAT_INCLUDE, STAT_PATTERN_SUFFIX, "rbac.allowed");
	add(s, STAT_INCLUDE, STAT_PATTERN_EXACT, "server.live");
	add(s, STAT_INCLUDE, STAT_PATTERN_CONTAINS, "xds");
	add(s, STAT_INCLUDE, STAT_PATTERN_REGEX, "http\\.[a-z]+\\.down.*_rq_2xx");
	CU_ASSERT(stat_settings_hides(s));
	CU_ASSERT(stat_settings_shows(s, "cluster_manager.active_clusters"));
	CU_ASSERT(stat_settings_shows(s, "http.rbac.allowed"));
	CU_ASSERT(stat_settings_shows(s, "server.live"));
	CU_ASSERT_FALSE(stat_settings_shows(s, "server.live2"));
	CU_ASSERT_FALSE(stat_settings_shows(s, "server.liv"));
	CU_ASSERT(stat_settings_shows(s, "cluster.xds-grpc.upstream_rq_total"));
	CU_ASSERT(stat_settings_shows(s, "http.in.downstream_rq_2xx"));
	/* The whole name has to match. */
	CU_ASSERT_FALSE(stat_settings_shows(s, "http.in.downstream_rq_2xx.more"));
	CU_ASSERT_FALSE(stat_settings_shows(s, "listener.a.downstream_cx_total"));
	/* What Envoy does not have its users could not list. */
	CU_ASSERT(stat_settings_shows(s, "hydrofoil.drops.TCP_CHECKSUM"));
	stat_settings_free(s);
	s = stat_settings_create();
	stat_settings_include_only(s);
	CU_ASSERT_FALSE(stat_settings_shows(s, "server.live"));
	stat_settings_free(s);
}

static void exclusions_and_reject_all(void)
{
	struct stat_settings *s = stat_settings_create();

	CU_ASSERT(stat_settings_pattern(s, STAT_EXCLUDE, STAT_PATTERN_PREFIX, "CLUSTER.", true, &why));
	add(s, STAT_EXCLUDE, STAT_PATTERN_PREFIX, "hydrofoil.worker");
	CU_ASSERT_FALSE(stat_settings_shows(s, "cluster.a.x"));
	CU_ASSERT_FALSE(stat_settings_shows(s, "hydrofoil.worker.0.polls"));
	CU_ASSERT(stat_settings_shows(s, "hydrofoil.tcp.timewait"));
	CU_ASSERT(stat_settings_shows(s, "http.a.x"));
	stat_settings_reject_all(s);
	CU_ASSERT_FALSE(stat_settings_shows(s, "http.a.x"));
	stat_settings_free(s);
}

static void the_first_pattern_gives_the_buckets(void)
{
	struct stat_settings *s = stat_settings_create();
	const double *bounds;

	add(s, STAT_BUCKETS, STAT_PATTERN_PREFIX, "cluster.");
	CU_ASSERT(stat_settings_bound(s, 0.25, &why));
	CU_ASSERT(stat_settings_bound(s, 100, &why));
	CU_ASSERT_FALSE(stat_settings_bound(s, 100, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ascend"));
	add(s, STAT_BUCKETS, STAT_PATTERN_SUFFIX, "rq_time");
	CU_ASSERT_FALSE(stat_settings_bound(s, 0, &why));
	CU_ASSERT_FALSE(stat_settings_bound(s, -1, &why));
	CU_ASSERT(stat_settings_bound(s, 7, &why));
	CU_ASSERT_EQUAL(stat_settings_bounds(s, "cluster.a.upstream_rq_time", &bounds), 2);
	CU_ASSERT_EQUAL(bounds[1], 100);
	CU_ASSERT_EQUAL(stat_settings_bounds(s, "http.a.downstream_rq_time", &bounds), 1);
	CU_ASSERT_EQUAL(bounds[0], 7);
	CU_ASSERT_EQUAL(stat_settings_bounds(s, "listener.a.cx_length", &bounds), 19);
	/* Buckets hide nothing. */
	CU_ASSERT(stat_settings_shows(s, "listener.a.cx_length"));
	for (unsigned i = 0; i < STAT_SETTINGS_BOUNDS_MAX - 1; i++)
		CU_ASSERT(stat_settings_bound(s, 8 + i, &why));
	CU_ASSERT_FALSE(stat_settings_bound(s, 1e6, &why));
	stat_settings_free(s);
}

static void what_cannot_be_used_is_refused(void)
{
	struct stat_settings *s = stat_settings_create();

	CU_ASSERT_FALSE(stat_settings_pattern(s, STAT_INCLUDE, STAT_PATTERN_REGEX, "(", false, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "not a regular expression"));
	/* As in Envoy: these are RE2. */
	CU_ASSERT_FALSE(stat_settings_pattern(s, STAT_INCLUDE, STAT_PATTERN_REGEX, "a(?=b)", false, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "a look-ahead at 1, which RE2 does not have"));
	stat_settings_free(s);
	s = stat_settings_create();
	for (unsigned i = 0; i < STAT_SETTINGS_PATTERNS_MAX; i++)
		add(s, STAT_INCLUDE, STAT_PATTERN_EXACT, "x");
	CU_ASSERT_FALSE(stat_settings_pattern(s, STAT_INCLUDE, STAT_PATTERN_EXACT, "y", false, &why));
	stat_settings_free(s);
}

static void a_regex_that_explodes_ends(void)
{
	struct stat_settings *s = stat_settings_create();
	char name[200];

	add(s, STAT_INCLUDE, STAT_PATTERN_REGEX, "(a*)*(a*)*(a*)*b");
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_FALSE(stat_settings_shows(s, name));
	stat_settings_free(s);
}

UNIT_TESTS(UNIT_TEST(without_settings_all_is_shown), UNIT_TEST(an_inclusion_list_hides_the_rest),
	   UNIT_TEST(exclusions_and_reject_all), UNIT_TEST(the_first_pattern_gives_the_buckets),
	   UNIT_TEST(what_cannot_be_used_is_refused), UNIT_TEST(a_regex_that_explodes_ends))
