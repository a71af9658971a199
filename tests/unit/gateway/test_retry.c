/* When a try fails: which are repeated, and what is counted. */
#include "gateway/exchange/message.h"
#include "stack/base/time.h"
#include "tests/unit/gateway/proxied.h"

static void a_stale_pooled_connection_costs_nothing(void)
{
	start_proxied();
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	/* The origin goes away when the next request arrives, without a byte of answer. */
	world.origin_readable = NULL;
	peer_send(client, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(world.origins[0].got, "GET"), 2);
	world.origin_readable = origin_answers_ok;
	peer_cut(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origin_count, 2);
	CU_ASSERT_EQUAL(count(client->got, "200 OK"), 2);
	HAS_NOT(client->got, "503");
	/* A POST may have been acted on: it is not repeated unasked. */
	world.origin_readable = NULL;
	peer_send(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	world_settle(&world);
	world.origin_readable = origin_answers_ok;
	peer_cut(&world.origins[1]);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 503 ");
	CU_ASSERT_EQUAL(world.origin_count, 2);
	world_end(&world);
}

/* A connection that was opened for a request which another one then served: it has carried nothing,
 * but it has rested, and its origin may have closed it meanwhile. */
static void a_connection_that_only_rested_may_be_stale(void)
{
	start_proxied();
	world.origin_readable = NULL;
	struct peer *first = world_client(&world);

	peer_send(first, GET);
	world_settle(&world);
	world.origin_mode = ORIGIN_HANGS;
	struct peer *second = world_client(&world);

	peer_send(second, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 2);
	world.origin_mode = ORIGIN_ACCEPTS;
	world.origin_readable = origin_answers_ok;
	peer_send(&world.origins[0], "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
	world.origins[0].answered = 1;
	world_settle(&world);
	HAS(first->got, "200 OK");
	HAS(second->got, "200 OK");
	struct pipe_end *late = world.origins[1].end->peer;

	late->opening = false;
	late->events |= STREAM_OPENED;
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origins[1].got_bytes, 0);
	/* The next request goes out on it, the last in, and meets the end of it. */
	world.origin_readable = NULL;
	peer_send(first, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(world.origins[1].got, "GET"), 1);
	world.origin_readable = origin_answers_ok;
	peer_cut(&world.origins[1]);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 2);
	HAS_NOT(first->got, "503");
	CU_ASSERT_EQUAL(world.origin_count, 3);
	CU_ASSERT_EQUAL(count(world.origins[0].got, "GET"), 2);
	world_end(&world);
}

/* A fresh connection that dies with its first request says something about the origin. */
static void a_connection_that_never_rested_is_not_stale(void)
{
	start_proxied();
	world.origin_readable = NULL;
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	world.origin_readable = origin_answers_ok;
	peer_cut(&world.origins[0]);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 503 ");
	CU_ASSERT_EQUAL(world.origin_count, 1);
	world_end(&world);
}

static void origin_fails_twice(struct peer *origin)
{
	if (origin->answered || !strstr(origin->got, "\r\n\r\n"))
		return;
	origin->answered++;
	peer_send(origin, origin - origin->world->origins < 2
				  ? "HTTP/1.1 503 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
				  : "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
}

static void retries_by_policy(void)
{
	world_init(&world);
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 2;
	world.host.include_attempt_count = true;
	world_start(&world);
	world.origin_readable = origin_fails_twice;
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 200 OK");
	HAS_NOT(client->got, "503");
	CU_ASSERT_EQUAL(world.origin_count, 3);
	HAS(world.origins[2].got, "x-envoy-attempt-count: 3\r\n");
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry, 2);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry_success, 1);
	world_end(&world);
}

static void retries_end(void)
{
	world_init(&world);
	world.routes[0].retry_on = RETRY_ON_CONNECT_FAILURE;
	world.routes[0].retries_max = 2;
	world.origin_mode = ORIGIN_REFUSES;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 503 ");
	HAS(client->got, "retried and the latest reset reason: remote connection failure");
	CU_ASSERT_EQUAL(world.origin_count, 3);
	world_end(&world);
}

/* --- tries that we break off ---------------------------------------------------------------------- */

static uint64_t tx_resets(void)
{
	return world.clusters_stats[1].upstream_rq_tx_reset;
}

static void a_try_that_takes_too_long_is_reset_and_counted(void)
{
	world_init(&world);
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 1;
	world.routes[0].per_try_timeout_ns = NS_PER_SECOND;
	world_start(&world);
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(tx_resets(), 0);
	world_wait(&world, 1500 * NS_PER_MS);
	CU_ASSERT_EQUAL(tx_resets(), 1);
	CU_ASSERT(world.origins[0].broken);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 2);
	CU_ASSERT_EQUAL(client->got_bytes, 0);
	world_wait(&world, 1500 * NS_PER_MS);
	CU_ASSERT_EQUAL(tx_resets(), 2);
	HAS(client->got, "HTTP/1.1 504 ");
	/* The route's own time was never over. */
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_timeout, 0);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_per_try_timeout, 2);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_rx_reset, 0);
	world_end(&world);
}

/* The connection is clean after a whole answer, and the next try may go out on it. */
static void a_retry_may_reuse_the_connection_of_the_try_before(void)
{
	world_init(&world);
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 1;
	world_start(&world);
	world.origin_readable = origin_answers_script;
	scripted = "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n";
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origin_count, 1);
	CU_ASSERT_EQUAL(count(world.origins[0].got, "GET"), 2);
	CU_ASSERT(!world.origins[0].broken);
	peer_send(&world.origins[0], "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
	world_settle(&world);
	HAS(client->got, "HTTP/1.1 200 OK");
	HAS_NOT(client->got, "503");
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry_success, 1);
	world_end(&world);
}

static void an_answer_that_is_not_wanted_is_reset_unless_it_is_whole(void)
{
	static const char *const answers[] = {"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
					      "HTTP/1.1 503 No\r\ncontent-length: 9\r\n\r\nhalf"};

	for (unsigned half = 0; half < 2; half++) {
		world_init(&world);
		world.routes[0].retry_on = RETRY_ON_5XX;
		world.routes[0].retries_max = 1;
		world_start(&world);
		world.origin_readable = origin_answers_script;
		scripted = answers[half];
		struct peer *client = world_client(&world);

		peer_send(client, GET);
		world_settle(&world);
		CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry, 1);
		CU_ASSERT_EQUAL(tx_resets(), half);
		CU_ASSERT_EQUAL(world.origins[0].broken, half);
		peer_cut(client);
		world_settle(&world);
		world_end(&world);
	}
}

static void a_client_that_leaves_resets_its_try(void)
{
	start_proxied();
	world.origin_readable = NULL;
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	peer_cut(client);
	world_settle(&world);
	CU_ASSERT_EQUAL(tx_resets(), 1);
	CU_ASSERT(world.origins[0].broken);
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(a_stale_pooled_connection_costs_nothing),
	   UNIT_TEST(a_connection_that_only_rested_may_be_stale),
	   UNIT_TEST(a_connection_that_never_rested_is_not_stale), UNIT_TEST(retries_by_policy),
	   UNIT_TEST(retries_end), UNIT_TEST(a_try_that_takes_too_long_is_reset_and_counted),
	   UNIT_TEST(a_retry_may_reuse_the_connection_of_the_try_before),
	   UNIT_TEST(an_answer_that_is_not_wanted_is_reset_unless_it_is_whole),
	   UNIT_TEST(a_client_that_leaves_resets_its_try))
