/* Routes: the index against the plain rules over random tables, rewriting, redirects. */
#include "gateway/route/route.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "stack/base/prng.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

static struct str of(const char *text)
{
	return (struct str){text, (uint32_t)strlen(text)};
}

/* --- the rules, written as they are said ------------------------------------------------------ */

static bool same(char a, char b, bool fold)
{
	return fold ? tolower(a) == tolower(b) : a == b;
}

static bool naive_match(const struct config_route_match *match, struct str path)
{
	uint32_t length = 0;

	while (length < path.length && path.data[length] != '?')
		length++;
	if (match->path.length > length ||
	    (match->kind == PATH_MATCH_EXACT && match->path.length != length))
		return false;
	for (uint32_t i = 0; i < match->path.length; i++) {
		if (!same(match->path.data[i], path.data[i], match->case_insensitive))
			return false;
	}
	return true;
}

/* 0 = no match; more = better: exact, then wildcards by length, suffix before prefix, then "*". */
static uint32_t domain_rank(struct str domain, struct str host)
{
	uint32_t fixed = domain.length - 1;

	if (domain.length == 1 && domain.data[0] == '*')
		return 1;
	if (str_equal_nocase(domain, host))
		return 4000;
	if (host.length <= fixed)
		return 0;
	if (domain.data[0] == '*' &&
	    str_equal_nocase((struct str){domain.data + 1, fixed},
			     (struct str){host.data + host.length - fixed, fixed}))
		return 2000 + fixed;
	if (domain.data[fixed] == '*' &&
	    str_equal_nocase((struct str){domain.data, fixed}, (struct str){host.data, fixed}))
		return 1000 + fixed;
	return 0;
}

static bool naive_find(const struct config_route_table *table, const struct message_head *request,
		       struct route_choice *choice)
{
	uint32_t best = 0;

	*choice = (struct route_choice){0};
	for (uint32_t v = 0; v < table->virtual_host_count; v++) {
		for (uint32_t d = 0; d < table->virtual_hosts[v].domain_count; d++) {
			uint32_t rank = domain_rank(table->virtual_hosts[v].domains[d],
						    request->authority);

			if (rank > best) {
				best = rank;
				choice->virtual_host = &table->virtual_hosts[v];
			}
		}
	}
	for (uint32_t r = 0; choice->virtual_host && r < choice->virtual_host->route_count; r++) {
		if (naive_match(&choice->virtual_host->routes[r].match, request->path)) {
			choice->route = &choice->virtual_host->routes[r];
			return true;
		}
	}
	return false;
}

/* --- random tables over a tiny alphabet, so that everything nests and collides ---------------- */

static char text_store[1 << 20];
static uint32_t text_used;

static struct str random_text(struct prng *prng, const char *alphabet, uint32_t max)
{
	uint32_t length = prng_below(prng, max + 1);
	char *out = text_store + text_used;

	for (uint32_t i = 0; i < length; i++)
		out[i] = alphabet[prng_below(prng, (uint32_t)strlen(alphabet))];
	text_used += length;
	return (struct str){out, length};
}

static struct str random_path(struct prng *prng, uint32_t max, const char *alphabet)
{
	char *start = text_store + text_used;

	*start = '/';
	text_used++;
	struct str rest = random_text(prng, alphabet, max);

	return (struct str){start, rest.length + 1};
}

static void random_table(struct prng *prng, struct config_virtual_host *hosts, uint32_t host_count,
			 struct config_route *routes, uint32_t route_count, struct str *domains)
{
	static const char *const names[] = {"*",     "a.b",   "*.b",  "*-x.b", "*.a.b", "a.*",
					    "a.b:80", "*b",    "a.b.*", "c",    "*.c",   "*a.b"};
	uint32_t next = prng_below(prng, ARRAY_LEN(names));

	for (uint32_t v = 0; v < host_count; v++) {
		domains[v] = of(names[(next + v) % ARRAY_LEN(names)]);
		hosts[v] = (struct config_virtual_host){.domains = &domains[v],
							.domain_count = 1,
							.routes = &routes[v * route_count],
							.route_count = prng_below(prng, route_count + 1)};
		for (uint32_t r = 0; r < route_count; r++) {
			struct config_route_match *match = &hosts[v].routes[r].match;

			match->path = prng_below(prng, 20) ? random_path(prng, 20, "aAb/")
							   : random_text(prng, "/ab", 3);
			match->kind = prng_below(prng, 2) ? PATH_MATCH_EXACT : PATH_MATCH_PREFIX;
			match->case_insensitive = prng_below(prng, 4) == 0;
		}
	}
}

static void index_and_plain_rules_agree(void)
{
	static struct config_virtual_host hosts[12];
	static struct config_route routes[12 * 40];
	static struct str domains[12];
	static const char *const authorities[] = {"a.b", "A.B", "x.a.b", "-x.b", "y-X.b", "b", ".b",
						  "a.", "a.z", "a.b:80", "c", "d.c", "", "a.b.c"};
	struct prng prng;
	uint32_t matched = 0;

	prng_seed(&prng, 11);
	for (int round = 0; round < 300; round++) {
		uint32_t host_count = 1 + prng_below(&prng, 12);
		struct why why;

		text_used = 0;
		memset(routes, 0, sizeof(routes));
		random_table(&prng, hosts, host_count, routes, 40, domains);
		struct config_route_table table = {
			.virtual_hosts = hosts, .virtual_host_count = host_count};

		CU_ASSERT_FATAL(route_index_build(&table, &why));
		for (int probe = 0; probe < 100; probe++) {
			struct str path = random_path(&prng, 24, prng_below(&prng, 2) ? "aAb/" : "ab?/");
			const struct config_virtual_host *host = &hosts[prng_below(&prng, host_count)];

			if (host->route_count && prng_below(&prng, 2))
				path = host->routes[prng_below(&prng, host->route_count)].match.path;
			char *guarded = guard_copy(path.data, path.length, 1);
			struct message_head request = {
				.path = {guarded, path.length},
				.authority = of(authorities[prng_below(&prng,
								       ARRAY_LEN(authorities))])};
			struct route_choice quick, plain;
			bool found = route_find(&table, &request, &quick);

			CU_ASSERT_EQUAL_FATAL(found, naive_find(&table, &request, &plain));
			CU_ASSERT_PTR_EQUAL_FATAL(quick.virtual_host, plain.virtual_host);
			CU_ASSERT_PTR_EQUAL_FATAL(quick.route, plain.route);
			matched += found;
			guard_free(guarded, path.length, 1);
		}
		route_index_free(table.index);
	}
	CU_ASSERT(matched > 3000);
}

static void duplicate_domains_are_refused_by_name(void)
{
	static const char *const pairs[][2] = {{"a.b", "A.b"}, {"*", "*"}, {"*.x", "*.X"}, {"x.*", "x.*"}};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct str first = of(pairs[i][0]), second = of(pairs[i][1]);
		struct config_virtual_host hosts[2] = {
			{.name = of("one"), .domains = &first, .domain_count = 1},
			{.name = of("two"), .domains = &second, .domain_count = 1}};
		struct config_route_table table = {
			.name = of("rt"), .virtual_hosts = hosts, .virtual_host_count = 2};
		struct why why;

		CU_ASSERT_FALSE(route_index_build(&table, &why));
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "rt"));
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, pairs[i][1]));
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "two is already claimed by virtual host one"));
	}
}

static void the_port_counts_unless_told_otherwise(void)
{
	struct str domain = of("a.b"), v6 = of("[::1]");
	struct str domains[] = {domain, v6};
	struct config_route route = {.match = {.path = of("/")}};
	struct config_virtual_host host = {
		.domains = domains, .domain_count = 2, .routes = &route, .route_count = 1};
	struct config_route_table table = {.virtual_hosts = &host, .virtual_host_count = 1};
	struct message_head request = {.path = of("/"), .authority = of("a.b:8080")};
	struct route_choice choice;
	struct why why;

	CU_ASSERT_FATAL(route_index_build(&table, &why));
	CU_ASSERT_FALSE(route_find(&table, &request, &choice));
	CU_ASSERT_PTR_NULL(choice.virtual_host);
	table.ignore_port_in_host = true;
	CU_ASSERT_TRUE(route_find(&table, &request, &choice));
	request.authority = of("[::1]:80");
	CU_ASSERT_TRUE(route_find(&table, &request, &choice));
	request.authority = of("[::1]");
	CU_ASSERT_TRUE(route_find(&table, &request, &choice));
	request.path = of("x");
	CU_ASSERT_FALSE(route_find(&table, &request, &choice));
	CU_ASSERT_PTR_EQUAL(choice.virtual_host, &host);
	route_index_free(table.index);
}

static void weights_are_met(void)
{
	struct config_weighted_cluster clusters[] = {{7, 1}, {8, 0}, {9, 3}};
	struct config_route route = {.clusters = clusters, .cluster_count = 3, .total_weight = 4};
	uint32_t counts[10] = {0};
	struct prng prng;

	prng_seed(&prng, 5);
	for (int i = 0; i < 4000; i++)
		counts[route_choose_cluster(&route, prng_next(&prng))]++;
	CU_ASSERT(counts[7] > 850 && counts[7] < 1150);
	CU_ASSERT_EQUAL(counts[8], 0);
	CU_ASSERT_EQUAL(route_choose_cluster(&route, 0), 7);
	CU_ASSERT_EQUAL(route_choose_cluster(&route, UINT64_MAX), 9);
}

static void paths_and_locations(void)
{
	static const struct {
		struct config_route route;
		struct message_head request;
		const char *location;
	} cases[] = {
		{{.redirect_scheme = STR("https")},
		 {.authority = STR("h:80"), .path = STR("/a?b")}, "https://h/a?b"},
		{{.redirect_scheme = STR("https")},
		 {.authority = STR("h:8080"), .path = STR("/a")}, "https://h:8080/a"},
		{{.redirect_scheme = STR("http")},
		 {.authority = STR("[::1]:443"), .scheme = STR("https"), .path = STR("/")},
		 "http://[::1]/"},
		{{.redirect_port = 8443},
		 {.authority = STR("[::1]"), .scheme = STR("https"), .path = STR("/")},
		 "https://[::1]:8443/"},
		{{.redirect_port = 1}, {.authority = STR("h:5"), .path = STR("/")}, "http://h:1/"},
		{{.redirect_host = STR("new"), .redirect_strip_query = true},
		 {.authority = STR("h"), .path = STR("/a?b")}, "http://new/a"},
		{{.redirect_path = STR("/x")}, {.authority = STR("h"), .path = STR("/a?b")},
		 "http://h/x?b"},
		{{.redirect_path = STR("/x?y")}, {.authority = STR("h"), .path = STR("/a?b")},
		 "http://h/x?y"},
		{{.redirect_path = STR("/x?y"), .redirect_strip_query = true},
		 {.authority = STR("h"), .path = STR("/a?b")}, "http://h/x"},
		{{.match = {.path = STR("/old")}, .redirect_prefix = STR("/new")},
		 {.authority = STR("h"), .path = STR("/old/a?b")}, "http://h/new/a?b"},
	};
	struct pool pool;
	struct arena arena;

	CU_ASSERT_FATAL(pool_create(&pool, ARENA_CHUNK_BYTES, 1));
	arena_init(&arena, &pool, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct str location =
			route_redirect_location(&cases[i].route, &cases[i].request, &arena);

		if (!str_equal(location, of(cases[i].location)))
			printf("# %.*s, not %s\n", (int)location.length, location.data,
			       cases[i].location);
		CU_ASSERT_TRUE(str_equal(location, of(cases[i].location)));
	}
	struct config_route rewrite = {.match = {.path = STR("/api/")}, .prefix_rewrite = STR("/")};

	CU_ASSERT(str_equal(route_rewrite_path(&rewrite, STR("/api/x?y"), &arena), STR("/x?y")));
	rewrite.prefix_rewrite.data = NULL;
	CU_ASSERT(str_equal(route_rewrite_path(&rewrite, STR("/api/x"), &arena), STR("/api/x")));
	rewrite.prefix_rewrite = STR("/v2/");
	arena_clear(&arena);
	arena_init(&arena, &pool, 0);
	CU_ASSERT_PTR_NULL(route_rewrite_path(&rewrite, STR("/api/x"), &arena).data);
	CU_ASSERT_PTR_NULL(route_redirect_location(&rewrite, &cases[0].request, &arena).data);
	pool_destroy(&pool);
}

UNIT_TESTS(UNIT_TEST(index_and_plain_rules_agree), UNIT_TEST(duplicate_domains_are_refused_by_name),
	   UNIT_TEST(the_port_counts_unless_told_otherwise), UNIT_TEST(weights_are_met),
	   UNIT_TEST(paths_and_locations))
