/* What the connection manager makes of a request before anything else sees it. */
#include <stdio.h>
#include <string.h>

#include "gateway/exchange/message.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;

#define HAS(text, part) CU_ASSERT_PTR_NOT_NULL(strstr(text, part))
#define HAS_NOT(text, part) CU_ASSERT_PTR_NULL(strstr(text, part))

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

UNIT_TESTS(UNIT_TEST(routes_see_the_normal_path), UNIT_TEST(paths_are_left_alone_unless_asked),
	   UNIT_TEST(bad_paths_are_refused), UNIT_TEST(escaped_slashes_refused_or_redirected),
	   UNIT_TEST(odd_targets))
