#include <string.h>

#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;

static void start(void)
{
	world_init(&world);
	world_start(&world);
	world.origin_readable = origin_answers_ok;
}

static void one_request_is_proxied(void)
{
	start();
	struct peer *client = world_client(&world);

	peer_send(client, "GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(world.origins[0].got, "GET /a?b HTTP/1.1\r\nhost: x\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(world.origins[0].got, "x-forwarded-for: 10.0.0.2\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(world.origins[0].got, "x-forwarded-proto: http\r\n"));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(world.origins[0].got, "x-envoy-expected-rq-timeout-ms: 15000\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "HTTP/1.1 200 OK\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "server: hydrofoil\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(client->got, "\r\n\r\nok"));
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(one_request_is_proxied))
