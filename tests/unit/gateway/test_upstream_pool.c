#include <string.h>

#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;
static struct peer *first, *second;

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part)) != NULL) {
		n++;
		text += strlen(part);
	}
	return n;
}

/* Two clients that have been served once, each over a connection of its own: origins 0 and 1. */
static void start_with_two_pooled(uint32_t connections_max)
{
	world_init(&world);
	world.clusters[0].breakers.connections_max = connections_max;
	world_start(&world);
	first = world_client(&world);
	second = world_client(&world);
	peer_send(first, GET);
	peer_send(second, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 2);
	for (int i = 0; i < 2; i++)
		origin_answers_ok(&world.origins[i]);
	world.origin_readable = origin_answers_ok;
	world_settle(&world);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 1);
	CU_ASSERT_EQUAL(count(second->got, "200 OK"), 1);
}

/* The next request of a client meets a connection that dies: which one it was. */
static struct peer *dying(struct peer *client)
{
	unsigned before[2];

	for (int i = 0; i < 2; i++)
		before[i] = count(world.origins[i].got, "GET");
	world.origin_readable = NULL;
	peer_send(client, GET);
	world_settle(&world);
	world.origin_readable = origin_answers_ok;
	return count(world.origins[0].got, "GET") > before[0] ? &world.origins[0] : &world.origins[1];
}

/* Who waits is asked for when it could go out, as in Envoy: not before, and not past the limit. */
static void the_breaker_of_requests_is_asked_when_they_go_out(void)
{
	world_init(&world);
	world.clusters[0].breakers.requests_max = 1;
	world.clusters[0].breakers.connections_max = 1;
	world_start(&world);
	first = world_client(&world);
	second = world_client(&world);
	peer_send(first, GET);
	peer_send(second, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_pending_active, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_pending_overflow, 0);
	world.origin_readable = origin_answers_ok;
	origin_answers_ok(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 1);
	CU_ASSERT_EQUAL(count(second->got, "200 OK"), 1);
	world_end(&world);
	world_init(&world);
	world.clusters[0].breakers.requests_max = 1;
	world_start(&world);
	first = world_client(&world);
	second = world_client(&world);
	peer_send(first, GET);
	peer_send(second, GET);
	world_settle(&world);
	/* The second connection is there, and may not be used. */
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_pending_overflow, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_active, 1);
	CU_ASSERT_EQUAL(world.endpoint_stats[1].rq_error, 0);
	CU_ASSERT_EQUAL(count(first->got, "503 ") + count(second->got, "503 "), 1);
	CU_ASSERT_EQUAL(count(first->got, "x-envoy-overloaded: true\r\n") +
				count(second->got, "x-envoy-overloaded: true\r\n"), 1);
	world.origin_readable = origin_answers_ok;
	for (uint32_t i = 0; i < world.origin_count; i++)
		if (count(world.origins[i].got, "GET"))
			origin_answers_ok(&world.origins[i]);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(first->got, "200 OK") + count(second->got, "200 OK"), 1);
	world_end(&world);
}

static void a_host_that_refuses_has_an_error(void)
{
	world_init(&world);
	world.origin_mode = ORIGIN_REFUSES;
	world_start(&world);
	peer_send(world_client(&world), GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.endpoint_stats[1].rq_error, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_pending_failure_eject, 1);
	world_end(&world);
}

/* Whatever closed one pooled connection may have closed them all. */
static void what_a_pooled_connection_lost_goes_to_a_new_one(void)
{
	start_with_two_pooled(1024);
	struct peer *dead = dying(first);
	struct peer *other = dead == &world.origins[0] ? &world.origins[1] : &world.origins[0];

	peer_cut(dead);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(other->got, "GET"), 1);
	CU_ASSERT_EQUAL(world.origin_count, 3);
	CU_ASSERT_EQUAL(count(world.origins[2].got, "GET"), 1);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 2);
	world_end(&world);
}

static void an_idle_connection_makes_place_for_the_new_one(void)
{
	start_with_two_pooled(2);
	struct peer *dead = dying(first);
	struct peer *other = dead == &world.origins[0] ? &world.origins[1] : &world.origins[0];

	world.clusters[0].breakers.connections_max = 1;
	peer_cut(dead);
	world_settle(&world);
	CU_ASSERT(other->ended || other->broken);
	CU_ASSERT_EQUAL(world.origin_count, 3);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 2);
	world_end(&world);
}

static void a_busy_connection_makes_place_when_it_is_done(void)
{
	start_with_two_pooled(2);
	struct peer *dead = dying(first);
	struct peer *busy = dead == &world.origins[0] ? &world.origins[1] : &world.origins[0];

	CU_ASSERT_PTR_EQUAL(dying(second), busy);
	world.clusters[0].breakers.connections_max = 1;
	peer_cut(dead);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origin_count, 2);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 1);
	origin_answers_ok(busy);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(second->got, "200 OK"), 2);
	CU_ASSERT(busy->ended || busy->broken);
	CU_ASSERT_EQUAL(world.origin_count, 3);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 2);
	world_end(&world);
}

/* One who waits for a new connection and one whom any would serve, and both are served. */
static void waiters_of_both_kinds_are_served(void)
{
	start_with_two_pooled(2);
	struct peer *dead = dying(first);

	struct peer *slow = dying(second);
	struct peer *third = world_client(&world);

	peer_send(third, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(third->got, "200 OK"), 0);
	peer_cut(dead);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(first->got, "200 OK"), 2);
	CU_ASSERT_EQUAL(count(third->got, "200 OK"), 1);
	origin_answers_ok(slow);
	world_settle(&world);
	CU_ASSERT_EQUAL(count(second->got, "200 OK"), 2);
	world_end(&world);
}

/* A new connection that dies as well says so: the request is not repeated for ever. */
static void a_second_loss_is_an_answer(void)
{
	start_with_two_pooled(1024);
	struct peer *dead = dying(first);

	world.origin_readable = NULL;
	peer_cut(dead);
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 3);
	peer_cut(&world.origins[2]);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origin_count, 3);
	CU_ASSERT_EQUAL(count(first->got, "HTTP/1.1 503 "), 1);
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(the_breaker_of_requests_is_asked_when_they_go_out),
	   UNIT_TEST(a_host_that_refuses_has_an_error),
	   UNIT_TEST(what_a_pooled_connection_lost_goes_to_a_new_one),
	   UNIT_TEST(an_idle_connection_makes_place_for_the_new_one),
	   UNIT_TEST(a_busy_connection_makes_place_when_it_is_done),
	   UNIT_TEST(waiters_of_both_kinds_are_served), UNIT_TEST(a_second_loss_is_an_answer))
