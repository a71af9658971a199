#include <string.h>

#include "gateway/stats/codes.h"
#include "stack/base/time.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

static struct world world;
static unsigned recorded[STAT_HISTOGRAM_COUNT];
static uint64_t last_ns[STAT_HISTOGRAM_COUNT];

static void record(struct gateway_stats *self, enum stat_histogram which, uint32_t slot,
		   uint64_t value_ns)
{
	CU_ASSERT(slot < 8);
	recorded[which]++;
	last_ns[which] = value_ns;
}

static const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static void origin_answers(struct peer *origin)
{
	uint32_t requests = 0;

	for (const char *at = origin->got; (at = strstr(at, "\r\n\r\n")); at++)
		requests++;
	for (; origin->answered < requests; origin->answered++)
		peer_send(origin, answer);
}

static void start(void)
{
	world_init(&world);
	memset(recorded, 0, sizeof(recorded));
	world.stats.record = record;
	world.routes[0].stat_slot = 1;
	world.origin_readable = origin_answers;
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
}

static struct peer *ask(const char *text)
{
	struct peer *client = world_client(&world);

	peer_send(client, text);
	world_settle(&world);
	return client;
}

static void a_request_moves_its_counters(void)
{
	start();
	world_start(&world);
	struct peer *client = ask(GET);
	struct http_stats *http = &world.https[1];
	struct cluster_stats *cluster = &world.clusters_stats[1];

	CU_ASSERT_EQUAL(http->rq_total, 1);
	CU_ASSERT_EQUAL(http->downstream_rq_http1_total, 1);
	CU_ASSERT_EQUAL(http->downstream_cx_http1_total, 1);
	CU_ASSERT_EQUAL(http->downstream_cx_http1_active, 1);
	CU_ASSERT_EQUAL(cluster->upstream_cx_http1_total, 1);
	CU_ASSERT_EQUAL(cluster->upstream_rq_200, 1);
	CU_ASSERT_EQUAL(cluster->upstream_rq_503, 0);
	CU_ASSERT_EQUAL(world.route_stats[1].upstream_rq_200, 1);
	CU_ASSERT_EQUAL(world.route_stats[1].upstream_rq_2xx, 1);
	CU_ASSERT_EQUAL(world.route_stats[1].upstream_rq_total, 1);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_ROUTE_UPSTREAM_RQ_TIME], 1);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_CLUSTER_UPSTREAM_RQ_TIME], 1);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_CLUSTER_UPSTREAM_CX_CONNECT], 1);
	world_wait(&world, 3 * NS_PER_SECOND);
	peer_finish(client);
	world_settle(&world);
	CU_ASSERT_EQUAL(http->downstream_cx_destroy_remote, 1);
	CU_ASSERT_EQUAL(http->downstream_cx_destroy_local, 0);
	CU_ASSERT_EQUAL(http->downstream_cx_http1_active, 0);
	CU_ASSERT_EQUAL(http->downstream_cx_destroy_active_rq, 0);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_HTTP_DOWNSTREAM_CX_LENGTH], 1);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_LISTENER_DOWNSTREAM_CX_LENGTH], 1);
	CU_ASSERT_EQUAL(last_ns[HISTOGRAM_LISTENER_DOWNSTREAM_CX_LENGTH], 3 * NS_PER_SECOND);
	world_end(&world);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_CLUSTER_UPSTREAM_CX_LENGTH], 1);
	CU_ASSERT_EQUAL(cluster->upstream_rq_total, 1);
}

static void answers_in_the_clusters_stead_count(void)
{
	start();
	world.origin_mode = ORIGIN_REFUSES;
	world_start(&world);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_503, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_5xx, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_completed, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_total, 0);
	CU_ASSERT_EQUAL(world.route_stats[1].upstream_rq_503, 1);
	world_end(&world);
}

static void a_timeout_counts_as_504(void)
{
	start();
	world.origin_readable = NULL;
	world.routes[0].per_try_timeout_ns = NS_PER_SECOND;
	world_start(&world);
	(void)ask(GET);
	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_per_try_timeout, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_504, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_destroy_with_active_rq, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_destroy_local_with_active_rq, 1);
	world_end(&world);
}

static void retries_that_do_not_happen_are_counted(void)
{
	start();
	answer = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 1;
	world_start(&world);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry_limit_exceeded, 1);
	CU_ASSERT_EQUAL(world.route_stats[1].upstream_rq_retry_limit_exceeded, 1);
	/* The first of both counts as a retry. */
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_503, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_completed, 1);
	CU_ASSERT_EQUAL(world.route_stats[1].upstream_rq_503, 1);
	world_end(&world);
	start();
	answer = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 1;
	world.clusters[0].breakers.retries_max = 0;
	world_start(&world);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry_overflow, 1);
	CU_ASSERT_EQUAL(world.route_stats[1].upstream_rq_retry_overflow, 1);
	world_end(&world);
}

static void ends_of_connections_have_their_reasons(void)
{
	start();
	world.clusters[0].idle_timeout_ns = NS_PER_SECOND;
	world.hcm.requests_per_connection_max = 1;
	world_start(&world);
	struct peer *client = ask(GET);

	CU_ASSERT_EQUAL(world.https[1].downstream_cx_max_requests_reached, 1);
	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_idle_timeout, 1);
	/* The client did not close after the last answer. */
	CU_ASSERT(client->ended);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_delayed_close_timeout, 1);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_destroy_local, 1);
	world_end(&world);
	start();
	world.clusters[0].requests_per_connection_max = 1;
	world.hcm.request_headers_timeout_ns = NS_PER_SECOND;
	world.hcm.connection_duration_max_ns = NS_PER_SECOND;
	world_start(&world);
	client = ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_max_requests, 1);
	world_wait(&world, 2 * NS_PER_SECOND);
	peer_send(client, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_max_duration_reached, 1);
	(void)ask("GET / HT");
	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT_EQUAL(world.https[1].downstream_rq_header_timeout, 1);
	world_end(&world);
}

static void a_client_that_gives_up_is_counted(void)
{
	start();
	world.origin_mode = ORIGIN_HANGS;
	world_start(&world);
	struct peer *client = ask(GET);

	CU_ASSERT_EQUAL(world.endpoint_stats[1].rq_pending_active, 1);
	peer_cut(client);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_destroy_active_rq, 1);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_destroy_remote_active_rq, 1);
	CU_ASSERT_EQUAL(world.https[1].downstream_cx_destroy_remote, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_cancelled, 1);
	CU_ASSERT_EQUAL(world.endpoint_stats[1].rq_pending_active, 0);
	world_end(&world);
}

static void origin_says_close(struct peer *origin)
{
	if (!origin->answered++)
		peer_send(origin, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

static void how_upstream_connections_end_is_counted(void)
{
	start();
	world.origin_readable = origin_says_close;
	world_start(&world);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_close_notify, 1);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_CLUSTER_UPSTREAM_RQ_PER_CX], 1);
	CU_ASSERT_EQUAL(last_ns[HISTOGRAM_CLUSTER_UPSTREAM_RQ_PER_CX], NS_PER_MS);
	world_end(&world);
	start();
	world_start(&world);
	(void)ask(GET);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_close_notify, 0);
	world_end(&world);
	CU_ASSERT_EQUAL(recorded[HISTOGRAM_CLUSTER_UPSTREAM_RQ_PER_CX], 1);
	CU_ASSERT_EQUAL(last_ns[HISTOGRAM_CLUSTER_UPSTREAM_RQ_PER_CX], 2 * NS_PER_MS);
}

static void an_upstream_that_dies_in_its_answer_is_counted(void)
{
	start();
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab";
	world_start(&world);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.https[1].rq_reset_after_downstream_response_started, 0);
	peer_cut(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.https[1].rq_reset_after_downstream_response_started, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_close_notify, 0);
	world_end(&world);
}

static void panic_is_counted_by_request(void)
{
	start();
	world.endpoints[0].endpoints[0].health = HEALTH_UNHEALTHY;
	world_start(&world);
	(void)ask(GET);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].lb_healthy_panic, 2);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_200, 2);
	world_end(&world);
}

static void a_retry_counts_while_it_goes_on(void)
{
	start();
	answer = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
	world.routes[0].retry_on = RETRY_ON_5XX;
	world.routes[0].retries_max = 1;
	world.origin_readable = NULL;
	world_start(&world);
	(void)ask(GET);
	CU_ASSERT_EQUAL(world.clusters_stats[1].breaker_retries, 0);
	peer_send(&world.origins[0], answer);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_retry, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].breaker_retries, 1);
	peer_send(&world.origins[0], answer);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.clusters_stats[1].breaker_retries, 0);
	world_end(&world);
}

static void statuses_find_their_words(void)
{
	struct cluster_stats stats = {0};

	for (unsigned status = 0; status < 1000; status++)
		stats_count_code(&stats.upstream_rq_200, (uint16_t)status);
	CU_ASSERT_EQUAL(stats.upstream_rq_200, 1);
	CU_ASSERT_EQUAL(stats.upstream_rq_404, 1);
	CU_ASSERT_EQUAL(stats.upstream_rq_511, 1);
	CU_ASSERT_EQUAL(stats.upstream_rq_4xx, 0);
	CU_ASSERT_EQUAL(stats.upstream_rq_timeout, 0);
}

UNIT_TESTS(UNIT_TEST(a_request_moves_its_counters),
	   UNIT_TEST(answers_in_the_clusters_stead_count), UNIT_TEST(a_timeout_counts_as_504),
	   UNIT_TEST(retries_that_do_not_happen_are_counted),
	   UNIT_TEST(ends_of_connections_have_their_reasons),
	   UNIT_TEST(a_client_that_gives_up_is_counted),
	   UNIT_TEST(how_upstream_connections_end_is_counted),
	   UNIT_TEST(an_upstream_that_dies_in_its_answer_is_counted),
	   UNIT_TEST(panic_is_counted_by_request), UNIT_TEST(a_retry_counts_while_it_goes_on), UNIT_TEST(statuses_find_their_words))
