/* What the connection manager makes of a request before anything else sees it. */
#include <stdio.h>
#include <string.h>

#include "gateway/exchange/edge_headers.h"
#include "tests/unit/gateway/proxied.h"

static void start(void)
{
	world_start(&world);
	world.origin_readable = origin_answers_ok;
}

static struct peer *ask(const char *path)
{
	struct peer *client = world_client(&world);
	char request[512];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	peer_send(client, request);
	world_settle(&world);
	return client;
}

/* "/admin" is answered here; whatever gets there by another spelling must be as well. */
static void guarded(void)
{
	world_init(&world);
	world.host.route_count = 2;
	world.routes[0].match.path = STR("/admin");
	world.routes[0].action = ROUTE_DIRECT_RESPONSE;
	world.routes[0].direct_status = 403;
	world.hcm.normalize_path = true;
	world.hcm.merge_slashes = true;
	world.hcm.escaped_slashes = ESCAPED_SLASHES_FORWARD;
}

static void routes_see_the_normal_path(void)
{
	static const char *const spellings[] = {"/admin",      "/x/../admin", "//admin",
						"/%61dmin",    "/x%2f..%2Fadmin", "/x\\..\\admin",
						"/.//%2e/admin", "/x/..;/admin"};

	guarded();
	start();
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++)
		HAS(ask(spellings[i])->got, "HTTP/1.1 403 ");
	CU_ASSERT_EQUAL(world.origin_count, 0);
	HAS(ask("/x/./y//z%2Fa?b=/../c")->got, "HTTP/1.1 200 ");
	HAS(world.origins[0].got, "GET /x/y/z/a?b=/../c HTTP/1.1\r\n");
	world_end(&world);
}

static void paths_are_left_alone_unless_asked(void)
{
	world_init(&world);
	start();
	HAS(ask("/x/..//%2f\\%zz")->got, "HTTP/1.1 200 ");
	HAS(world.origins[0].got, "GET /x/..//%2f\\%zz HTTP/1.1\r\n");
	world_end(&world);
}

static void bad_paths_are_refused(void)
{
	struct peer *client;

	guarded();
	start();
	client = ask("/x%00");
	HAS(client->got, "HTTP/1.1 400 Bad Request\r\n");
	peer_send(client, "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 200 OK\r\n");
	HAS(ask("/%2%65")->got, "HTTP/1.1 400 ");
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_failed_path_normalization, 2);
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_4xx, 2);
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_total, 3);
	world_end(&world);
}

static void escaped_slashes_refused_or_redirected(void)
{
	world_init(&world);
	world.hcm.escaped_slashes = ESCAPED_SLASHES_REJECT;
	start();
	HAS(ask("/a%2fb")->got, "HTTP/1.1 400 ");
	HAS(ask("/a%5Cb")->got, "HTTP/1.1 400 ");
	HAS(ask("/a?%2f")->got, "HTTP/1.1 200 ");
	world_end(&world);

	world_init(&world);
	world.hcm.normalize_path = true;
	world.hcm.escaped_slashes = ESCAPED_SLASHES_REDIRECT;
	start();
	HAS(ask("/a%2f../b?c%2f")->got,
	    "HTTP/1.1 307 Temporary Redirect\r\nlocation: /b?c%2f\r\n");
	HAS(ask("/a/../c")->got, "HTTP/1.1 200 ");
	HAS(world.origins[0].got, "GET /c HTTP/1.1\r\n");
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_redirected_with_normalized_path, 1);
	world_end(&world);
}

/* What has no path keeps none, and a path longer than can be rewritten is refused, not passed. */
static void odd_targets(void)
{
	static char path[12000] = "/";
	struct peer *client;

	guarded();
	start();
	client = world_client(&world);
	peer_send(client, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	HAS_NOT(client->got, "HTTP/1.1 400 ");
	client = world_client(&world);
	memset(path + 1, 'a', 9000);
	peer_send(client, "GET ");
	peer_send(client, path);
	peer_send(client, "//b HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 414 URI Too Long\r\n");
	client = world_client(&world);
	peer_send(client, "GET ");
	peer_send(client, path);
	peer_send(client, "/b HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 200 OK\r\n");
	world_end(&world);
}

static struct ip_addr client_of(const char *first, const char *second, uint32_t hops)
{
	struct header items[] = {
		{STR("x-forwarded-for"), {first, first ? (uint32_t)strlen(first) : 0},
		 HEADER_X_FORWARDED_FOR, !first},
		{STR("accept"), STR("9.9.9.9"), HEADER_OTHER, false},
		{STR("x-forwarded-for"), {second, second ? (uint32_t)strlen(second) : 0},
		 HEADER_X_FORWARDED_FOR, !second},
	};
	struct header_list headers = {.items = items, .count = 3};

	return edge_client_address(&headers, hops, ip_addr_from_v4(0x0a010203));
}

static void the_client_is_so_many_hops_away(void)
{
	static const struct {
		const char *first, *second;
		uint32_t hops;
		const char *client;
	} cases[] = {
		{NULL, NULL, 0, "10.1.2.3"}, {NULL, NULL, 1, "10.1.2.3"},
		{"1.1.1.1", NULL, 0, "10.1.2.3"}, {"1.1.1.1", NULL, 1, "1.1.1.1"},
		{"1.1.1.1, 2.2.2.2", NULL, 1, "2.2.2.2"}, {"1.1.1.1, 2.2.2.2", NULL, 2, "1.1.1.1"},
		{"1.1.1.1, 2.2.2.2", NULL, 3, "10.1.2.3"}, {"1.1.1.1", "2.2.2.2", 1, "2.2.2.2"},
		{"1.1.1.1 ,3.3.3.3", "2.2.2.2", 2, "3.3.3.3"}, {"1.1.1.1,,2.2.2.2", NULL, 2, "10.1.2.3"},
		{"who, 2.2.2.2", NULL, 2, "10.1.2.3"}, {"2001:db8::1", NULL, 1, "2001:db8::1"},
		{"", NULL, 1, "10.1.2.3"}, {",", NULL, 1, "10.1.2.3"},
		{"1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", NULL, 1, "10.1.2.3"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_addr client = client_of(cases[i].first, cases[i].second, cases[i].hops);
		char text[IP_ADDR_TEXT_BYTES];

		CU_ASSERT_STRING_EQUAL(ip_addr_format(&client, text, sizeof(text)), cases[i].client);
	}
}

#define SPOOF                                                                                      \
	"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n"      \
	"X-Envoy-Internal: true\r\nx-envoy-external-address: 6.6.6.6\r\nX-Envoy-Max-Retries: 9\r\n" \
	"X-Envoy-Attempt-Count: 7\r\nx-envoy-mine: 1\r\n\r\n"

static const char *spoofed(void)
{
	struct peer *client;

	start();
	client = world_client(&world);
	client->end->peer->key.remote = ip_addr_from_v4(0x0a010203);
	peer_send(client, SPOOF);
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 1);
	HAS_NOT(world.origins[0].got, "nternal: true");
	HAS_NOT(world.origins[0].got, "Max-Retries");
	HAS(world.origins[0].got, "x-envoy-mine: 1\r\n");
	return world.origins[0].got;
}

static void clients_do_not_say_who_they_are(void)
{
	const char *got;

	world_init(&world);
	got = spoofed();
	/* The peer's address is the last element, whatever the client has sent. */
	HAS(got, "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2, 10.1.2.3\r\n");
	HAS(got, "x-envoy-external-address: 10.1.2.3\r\n");
	HAS_NOT(got, "6.6.6.6");
	HAS_NOT(got, "Attempt-Count");
	world_end(&world);

	world_init(&world);
	world.hcm.xff_trusted_hops = 1;
	world.hcm.skip_xff_append = true;
	got = spoofed();
	HAS(got, "x-envoy-external-address: 2.2.2.2\r\n");
	HAS(got, "X-Forwarded-For: 2.2.2.2\r\n");
	world_end(&world);

	world_init(&world);
	world.hcm.use_remote_address = false;
	got = spoofed();
	HAS(got, "X-Forwarded-For: 2.2.2.2\r\n");
	HAS(got, "x-envoy-external-address: 6.6.6.6\r\n");
	HAS(got, "X-Envoy-Attempt-Count: 7\r\n");
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(the_client_is_so_many_hops_away), UNIT_TEST(clients_do_not_say_who_they_are),
	   UNIT_TEST(routes_see_the_normal_path), UNIT_TEST(paths_are_left_alone_unless_asked),
	   UNIT_TEST(bad_paths_are_refused), UNIT_TEST(escaped_slashes_refused_or_redirected),
	   UNIT_TEST(odd_targets))
