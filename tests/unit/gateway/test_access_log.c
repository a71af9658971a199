/* Whole lines of the access log, for every way in which an exchange ends. */
#include <stdio.h>
#include <string.h>

#include "gateway/exchange/message.h"
#include "gateway/log/format.h"
#include "stack/base/time.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

#define STARTED "[1994-11-06T08:49:37.000Z] "
#define HEADERS "\"10.1.2.3\" \"ua\" \"-\" \"x\" "
#define GET "GET /a?b HTTP/1.1\r\nHost: x\r\nUser-Agent: ua\r\n\r\n"

static struct world world;
static struct config_access_log logs[2];

static void init(const char *second_format)
{
	const char *formats[] = {log_format_default, second_format};
	struct why why;

	world_init(&world);
	for (uint32_t i = 0; i < 2 && formats[i]; i++) {
		logs[i].format = log_format_compile(formats[i], &why);
		CU_ASSERT_PTR_NOT_NULL_FATAL(logs[i].format);
		world.hcm.log_count = world.tcp_proxy.log_count = i + 1;
	}
	world.hcm.logs = world.tcp_proxy.logs = logs;
	world.origin_readable = origin_answers_ok;
}

static struct peer *connect_client(void)
{
	struct peer *client = world_client(&world);

	client->end->peer->key.remote = ip_addr_from_v4(0x0a010203);
	return client;
}

static struct peer *ask(const char *request)
{
	struct peer *client;

	world_start(&world);
	client = connect_client();
	peer_send(client, request);
	world_settle(&world);
	return client;
}

static void finish(const char *expected)
{
	if (strcmp(world.log_text, expected))
		printf("# got:      %s# expected: %s", world.log_text, expected);
	CU_ASSERT_STRING_EQUAL(world.log_text, expected);
	world_end(&world);
	CU_ASSERT_STRING_EQUAL(world.log_text, expected);
	for (uint32_t i = 0; i < 2; i++) {
		log_format_free(logs[i].format);
		logs[i].format = NULL;
	}
}

static void cuts_the_first(struct peer *origin)
{
	if (origin == &world.origins[0])
		peer_cut(origin);
	else
		origin_answers_ok(origin);
}

static void cuts(struct peer *origin)
{
	peer_cut(origin);
}

static void answers_503(struct peer *origin)
{
	if (!origin->answered++)
		peer_send(origin, "HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nbusy");
}

static void begins_and_cuts(struct peer *origin)
{
	if (!origin->answered++) {
		peer_send(origin, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
		world_settle(&world);
		peer_cut(origin);
	}
}

static void an_ordinary_request(void)
{
	init("%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %RESPONSE_CODE_DETAILS%\n");
	ask("POST /a?b HTTP/1.1\r\nHost: x\r\nUser-Agent: ua\r\nContent-Length: 3\r\n\r\nabc");
	/* The scripted origin answers at the end of the head. */
	finish(STARTED "\"POST /a?b HTTP/1.1\" 200 - 3 2 0 0 " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000 backend via_upstream\n");
}

static void time_is_told_in_milliseconds(void)
{
	init(NULL);
	world.origin_readable = NULL;
	ask(GET);
	world_wait(&world, 1234 * NS_PER_MS);
	peer_send(&world.origins[0], "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
	world_settle(&world);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 200 - 0 2 1234 1234 " HEADERS "\"10.0.1.0:8000\"\n");
}

static void no_route(void)
{
	init("%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %RESPONSE_CODE_DETAILS%\n");
	world.domain = STR("other");
	ask(GET);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 404 NR 0 0 0 - " HEADERS "\"-\"\n"
	       "- - route_not_found\n");
}

static void redirect_and_direct_response(void)
{
	init(NULL);
	world.routes[0].action = ROUTE_REDIRECT;
	world.routes[0].redirect_path = STR("/new");
	ask(GET);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 301 - 0 0 0 - " HEADERS "\"-\"\n");

	init(NULL);
	world.routes[0].action = ROUTE_DIRECT_RESPONSE;
	world.routes[0].direct_status = 418;
	world.routes[0].direct_body = STR("teapot");
	ask(GET);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 418 - 0 6 0 - " HEADERS "\"-\"\n");
}

static void connection_failures_name_the_host(void)
{
	init("%UPSTREAM_CLUSTER% %RESPONSE_CODE_DETAILS%\n");
	world.origin_mode = ORIGIN_REFUSES;
	ask(GET);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 503 UF 0 98 0 - " HEADERS "\"10.0.1.0:8000\"\n"
	       "backend upstream_reset_before_response_started{remote_connection_failure}\n");
}

static void upstream_terminations(void)
{
	init("%UPSTREAM_REMOTE_ADDRESS%\n");
	world.origin_readable = cuts;
	ask(GET);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 503 UR 0 85 0 - " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000\n");

	init("%UPSTREAM_REMOTE_ADDRESS%\n");
	world.origin_readable = NULL;
	ask(GET);
	peer_finish(&world.origins[0]);
	world_settle(&world);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 503 UC 0 95 0 - " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000\n");

	init("%UPSTREAM_REMOTE_ADDRESS%\n");
	world.origin_readable = begins_and_cuts;
	ask(GET);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 200 UR 0 4 0 0 " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000\n");
}

static void timeouts_keep_the_upstream(void)
{
	init("%UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n");
	world.origin_readable = NULL;
	ask(GET);
	world_wait(&world, 15001 * NS_PER_MS);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 504 UT 0 24 15000 - " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000 1\n");
}

static void retries_name_the_last_host(void)
{
	init("%UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n");
	world.endpoints[0].endpoint_count = 2;
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 1;
	world.origin_readable = cuts_the_first;
	ask(GET);
	world_wait(&world, NS_PER_SECOND);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 2);
	CU_ASSERT_NOT_EQUAL(world.origins[0].port, world.origins[1].port);
	char expected[512];

	snprintf(expected, sizeof(expected),
		 STARTED "\"GET /a?b HTTP/1.1\" 200 - 0 2 %s " HEADERS "\"10.0.1.0:%u\"\n"
			 "10.0.1.0:%u 2\n",
		 "0 0", world.origins[1].port, world.origins[1].port);
	finish(expected);
}

static void failed_retries_keep_the_upstream(void)
{
	init("%UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n");
	world.routes[0].retry_on = RETRY_ON_RESET;
	world.routes[0].retries_max = 1;
	world.origin_readable = cuts;
	ask(GET);
	world_wait(&world, NS_PER_SECOND);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 503 UR,URX 0 108 0 - " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000 2\n");

	init("%UPSTREAM_REMOTE_ADDRESS% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n");
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 1;
	world.origin_readable = answers_503;
	ask(GET);
	world_wait(&world, NS_PER_SECOND);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 503 URX 0 4 0 0 " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000 2\n");
}

static void a_client_that_leaves(void)
{
	init("%UPSTREAM_REMOTE_ADDRESS% %RESPONSE_CODE_DETAILS%\n");
	world.origin_readable = NULL;
	peer_cut(ask(GET));
	world_settle(&world);
	finish(STARTED "\"GET /a?b HTTP/1.1\" 0 DC 0 0 0 - " HEADERS "\"10.0.1.0:8000\"\n"
	       "10.0.1.0:8000 downstream_remote_disconnect\n");
}

static void byte_streams(void)
{
	struct peer *client;

	init("%UPSTREAM_CLUSTER% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%\n");
	world.chain.kind = NETWORK_TCP_PROXY;
	world.origin_readable = NULL;
	client = ask("hello");
	peer_send(&world.origins[0], "good bye");
	peer_finish(&world.origins[0]);
	peer_finish(client);
	world_settle(&world);
	finish(STARTED "\"- - -\" 0 - 5 8 0 - \"-\" \"-\" \"-\" \"-\" \"10.0.1.0:8000\"\n"
	       "backend 10.1.2.3\n");

	init(NULL);
	world.chain.kind = NETWORK_TCP_PROXY;
	world.origin_mode = ORIGIN_REFUSES;
	ask("hello");
	finish(STARTED "\"- - -\" 0 UF,URX 0 0 0 - \"-\" \"-\" \"-\" \"-\" \"10.0.1.0:8000\"\n");
}

UNIT_TESTS(UNIT_TEST(an_ordinary_request), UNIT_TEST(time_is_told_in_milliseconds),
	   UNIT_TEST(no_route), UNIT_TEST(redirect_and_direct_response),
	   UNIT_TEST(connection_failures_name_the_host), UNIT_TEST(upstream_terminations),
	   UNIT_TEST(timeouts_keep_the_upstream), UNIT_TEST(retries_name_the_last_host),
	   UNIT_TEST(failed_retries_keep_the_upstream), UNIT_TEST(a_client_that_leaves),
	   UNIT_TEST(byte_streams))
