/* Control-path code that allocates: the n-th allocation fails in turn, until all have. */
#include <stdio.h>
#include <string.h>

#include "gateway/exchange/message.h"
#include "gateway/log/format.h"
#include "gateway/route/route.h"
#include "tests/lib/malloc_fail.h"
#include "tests/lib/unit.h"

#define ROUTES 6

static struct config_route routes[ROUTES];
static struct config_virtual_host hosts[2];
static struct config_route_table table;

/* Every kind of domain and path, equal paths too, since the index joins those. */
static void make_table(void)
{
	static struct str one[] = {STR("Exact.test"), STR("*.suffix.test"), STR("prefix.*"),
				   STR("*.longer.suffix.test"), STR("other.*")};
	static struct str two[] = {STR("*")};
	static const struct config_route_match matches[ROUTES] = {
		{.kind = PATH_MATCH_EXACT, .path = STR("/api")},
		{.kind = PATH_MATCH_PREFIX, .path = STR("/api")},
		{.kind = PATH_MATCH_PREFIX, .path = STR("/api/v1/")},
		{.kind = PATH_MATCH_PREFIX, .path = STR("/Folded"), .case_insensitive = true},
		{.kind = PATH_MATCH_EXACT, .path = STR("/fOLDED"), .case_insensitive = true},
		{.kind = PATH_MATCH_PREFIX, .path = STR("/")},
	};

	memset(routes, 0, sizeof(routes));
	for (unsigned i = 0; i < ROUTES; i++)
		routes[i].match = matches[i];
	hosts[0] = (struct config_virtual_host){.name = STR("one"),
						.domains = one,
						.domain_count = ARRAY_LEN(one),
						.routes = routes,
						.route_count = ROUTES};
	hosts[1] = (struct config_virtual_host){.name = STR("two"),
						.domains = two,
						.domain_count = 1,
						.routes = routes + 1,
						.route_count = ROUTES - 1};
	table = (struct config_route_table){
		.name = STR("table"), .virtual_hosts = hosts, .virtual_host_count = 2};
}

static void route_index_without_memory(void)
{
	struct why why;
	unsigned n = 1;

	for (;; n++) {
		make_table();
		memset(&why, 0, sizeof(why));
		malloc_fail_begin(n);
		bool built = route_index_build(&table, &why);

		if (!malloc_fail_end()) {
			CU_ASSERT(built);
			break;
		}
		CU_ASSERT(!built);
		CU_ASSERT_PTR_NULL(table.index);
		CU_ASSERT_STRING_EQUAL(why.text, "no memory for the index of a route table");
		CU_ASSERT_EQUAL(malloc_fail_left(), 0);
	}
	CU_ASSERT(n > 20);
	route_index_free(table.index);
	CU_ASSERT_EQUAL(malloc_fail_left(), 0);
}

/* A table that is refused gives everything back, too. */
static void a_refused_table_leaves_nothing(void)
{
	static struct str twice[] = {STR("a.test"), STR("*.b.test"), STR("A.test")};
	struct why why;

	make_table();
	hosts[1].domains = twice;
	hosts[1].domain_count = ARRAY_LEN(twice);
	malloc_fail_begin(0);
	CU_ASSERT(!route_index_build(&table, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "A.test"));
	CU_ASSERT_EQUAL(malloc_fail_left(), 0);
}

static struct log_format *compile_text(struct why *why)
{
	/* More operators than the first block holds. */
	return log_format_compile("%REQ(A?B)% %REQ(C)% %RESP(D?E)% %START_TIME(%s.%3f)% %% %PROTOCOL% "
				  "%REQ(A?B)% %REQ(C)% %RESP(D?E)% %START_TIME%\n",
				  why);
}

static struct log_format *compile_json(struct why *why)
{
	static const struct log_json_member members[] = {
		{"code", "%RESPONSE_CODE%"},
		{"who", "%REQ(X-ONE?X-TWO)%"},
		{"mixed", "from %DOWNSTREAM_REMOTE_ADDRESS% to %UPSTREAM_HOST%"},
		{"fixed", "text"},
		{"empty", ""},
	};

	return log_format_compile_json(members, ARRAY_LEN(members), why);
}

static void compile_without_memory(struct log_format *(*compile)(struct why *why), unsigned least)
{
	struct log_format *format;
	struct why why;
	unsigned n = 1;

	for (;; n++) {
		memset(&why, 0, sizeof(why));
		malloc_fail_begin(n);
		format = compile(&why);
		if (!malloc_fail_end())
			break;
		CU_ASSERT_PTR_NULL(format);
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "no memory for a log format"));
		CU_ASSERT_EQUAL(malloc_fail_left(), 0);
	}
	CU_ASSERT_PTR_NOT_NULL(format);
	CU_ASSERT(n > least);
	log_format_free(format);
	CU_ASSERT_EQUAL(malloc_fail_left(), 0);
}

static void log_format_without_memory(void)
{
	compile_without_memory(compile_text, 20);
}

static void json_log_format_without_memory(void)
{
	compile_without_memory(compile_json, 20);
}

static void a_refused_format_leaves_nothing(void)
{
	struct why why;

	malloc_fail_begin(0);
	CU_ASSERT_PTR_NULL(log_format_compile("%REQ(A?B)% text %NO_SUCH_COMMAND%", &why));
	CU_ASSERT_PTR_NULL(log_format_compile("%REQ(A?B)% %START_TIME(%Q)%", &why));
	CU_ASSERT_EQUAL(malloc_fail_left(), 0);
}

UNIT_TESTS(UNIT_TEST(route_index_without_memory), UNIT_TEST(a_refused_table_leaves_nothing),
	   UNIT_TEST(log_format_without_memory), UNIT_TEST(json_log_format_without_memory),
	   UNIT_TEST(a_refused_format_leaves_nothing))
