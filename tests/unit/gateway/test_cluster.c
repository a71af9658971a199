#include <string.h>

#include "gateway/cluster/cluster.h"
#include "stack/base/time.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct world world;
static unsigned taken[WORLD_ENDPOINTS];

static void start(enum config_lb_policy policy, uint32_t endpoints)
{
	world_init(&world);
	world.clusters[0].lb_policy = policy;
	world.endpoints[0].endpoint_count = endpoints;
	world_start(&world);
}

static void draw(unsigned count)
{
	memset(taken, 0, sizeof(taken));
	for (unsigned i = 0; i < count; i++) {
		const struct config_endpoint *endpoint =
			cluster_choose(world.gateway, &world.clusters[0], 0);

		CU_ASSERT_PTR_NOT_NULL_FATAL(endpoint);
		taken[endpoint->port - 8000]++;
	}
}

static void changed(void)
{
	world.endpoints[0].object.version++;
}

static void round_robin_is_even_and_by_weight(void)
{
	start(LB_ROUND_ROBIN, 4);
	draw(400);
	for (int i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(taken[i], 100);
	world.endpoint[0][1].weight = 3;
	changed();
	draw(600);
	CU_ASSERT_EQUAL(taken[0], 100);
	CU_ASSERT_EQUAL(taken[1], 300);
	world_end(&world);
}

static void unhealthy_hosts_are_left_out_until_panic(void)
{
	for (enum config_lb_policy policy = LB_ROUND_ROBIN; policy <= LB_RANDOM; policy++) {
		start(policy, 4);
		world.endpoint[0][0].health = HEALTH_UNHEALTHY;
		world.endpoint[0][1].health = HEALTH_DRAINING;
		changed();
		draw(400);
		CU_ASSERT_EQUAL(taken[0] + taken[1], 0);
		CU_ASSERT(taken[2] > 0 && taken[3] > 0);
		world.endpoint[0][2].health = HEALTH_UNHEALTHY;
		changed();
		draw(400);
		for (int i = 0; i < 4; i++)
			CU_ASSERT(taken[i] > 0);
		world_end(&world);
	}
}

static void random_is_by_weight(void)
{
	start(LB_RANDOM, 2);
	world.endpoint[0][1].weight = 9;
	changed();
	draw(10000);
	CU_ASSERT(taken[0] > 800 && taken[0] < 1200);
	world_end(&world);
}

static void least_request_prefers_the_idle(void)
{
	start(LB_LEAST_REQUEST, 2);
	struct host *host = host_get(world.gateway, &world.clusters[0], &world.endpoint[0][0]);

	CU_ASSERT_PTR_NOT_NULL_FATAL(host);
	host->requests = 5;
	draw(1000);
	/* Only where both draws hit the busy one. */
	CU_ASSERT(taken[0] > 180 && taken[0] < 320);
	host->requests = 0;
	host_put(world.gateway, host);
	world_end(&world);
}

static void no_endpoints_no_choice(void)
{
	start(LB_ROUND_ROBIN, 0);
	CU_ASSERT_PTR_NULL(cluster_choose(world.gateway, &world.clusters[0], 0));
	world_end(&world);
}

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static void breakers_are_exact(void)
{
	start(LB_ROUND_ROBIN, 1);
	world.clusters[0].breakers.connections_max = 1;
	world.clusters[0].breakers.pending_max = 1;
	struct peer *first = world_client(&world), *second = world_client(&world),
		    *third = world_client(&world);

	peer_send(first, GET);
	world_settle(&world);
	peer_send(second, GET);
	world_settle(&world);
	peer_send(third, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL(world.origin_count, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(third->got, "reset reason: overflow"));
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_rq_pending_overflow, 1);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_overflow, 1);
	/* The one that waits is served by the connection that becomes free. */
	world.origin_readable = origin_answers_ok;
	origin_answers_ok(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(first->got, "200 OK"));
	CU_ASSERT_PTR_NOT_NULL(strstr(second->got, "200 OK"));
	CU_ASSERT_EQUAL(world.origin_count, 1);
	world_end(&world);
}

static void one_who_waits_gets_a_new_connection_when_the_busy_one_dies(void)
{
	start(LB_ROUND_ROBIN, 1);
	world.clusters[0].breakers.connections_max = 1;
	struct peer *first = world_client(&world), *second = world_client(&world);

	peer_send(first, GET);
	world_settle(&world);
	peer_send(second, GET);
	world_settle(&world);
	world.origin_readable = origin_answers_ok;
	peer_cut(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(first->got, "HTTP/1.1 503 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(second->got, "200 OK"));
	world_end(&world);
}

static void connections_retire_after_their_requests(void)
{
	start(LB_ROUND_ROBIN, 1);
	world.clusters[0].requests_per_connection_max = 2;
	world.origin_readable = origin_answers_ok;
	struct peer *client = world_client(&world);

	for (int i = 0; i < 5; i++) {
		peer_send(client, GET);
		world_settle(&world);
	}
	CU_ASSERT_EQUAL(world.origin_count, 3);
	CU_ASSERT(world.origins[0].ended && world.origins[1].ended && !world.origins[2].ended);
	world_end(&world);
}

static void idle_connections_time_out_and_garbage_closes_them(void)
{
	start(LB_ROUND_ROBIN, 1);
	world.clusters[0].idle_timeout_ns = 30 * NS_PER_SECOND;
	world.origin_readable = origin_answers_ok;
	struct peer *client = world_client(&world);

	peer_send(client, GET);
	world_settle(&world);
	world_wait(&world, 29 * NS_PER_SECOND);
	CU_ASSERT(!world.origins[0].ended);
	world_wait(&world, 2 * NS_PER_SECOND);
	CU_ASSERT(world.origins[0].ended);
	peer_send(client, GET);
	world_settle(&world);
	peer_send(&world.origins[1], "HTTP/1.1 200 OK\r\n");
	world_settle(&world);
	CU_ASSERT(world.origins[1].broken);
	CU_ASSERT_EQUAL(world.clusters_stats[1].upstream_cx_protocol_error, 1);
	world_end(&world);
}

/* The slot of an endpoint goes back to the registry with the object that took it, so a host that is
 * still at work keeps the object; one that stands in the next object as well goes over to it. */
static void a_host_keeps_the_endpoints_it_came_from(void)
{
	static struct config_endpoints next;
	static struct config_endpoint stays;
	uint32_t old = 20, new = 30;

	start(LB_ROUND_ROBIN, 2);
	struct peer *first = world_client(&world), *second = world_client(&world);

	peer_send(first, GET);
	world_settle(&world);
	peer_send(second, GET);
	world_settle(&world);
	CU_ASSERT_EQUAL_FATAL(world.origin_count, 2);
	CU_ASSERT_EQUAL(world.hold_counts[old], 2);
	/* The second endpoint goes, the first gets another slot. */
	stays = world.endpoint[0][0];
	stays.stat_slot = 31;
	next = (struct config_endpoints){.object = {CONFIG_ENDPOINTS, 0, new, 2, NULL},
					 .endpoints = &stays,
					 .endpoint_count = 1};
	world.endpoint_pointers[0] = &next;
	gateway_set_config(world.gateway, &world.config, world.now_ns);
	CU_ASSERT_EQUAL(world.hold_counts[old], 1);
	CU_ASSERT_EQUAL(world.hold_counts[new], 1);
	world.origin_readable = origin_answers_ok;
	for (unsigned i = 0; i < 2; i++)
		origin_answers_ok(&world.origins[i]);
	world_settle(&world);
	CU_ASSERT_PTR_NOT_NULL(strstr(first->got, "200 OK"));
	CU_ASSERT_PTR_NOT_NULL(strstr(second->got, "200 OK"));
	CU_ASSERT_EQUAL(world.hold_counts[old], 0);
	CU_ASSERT_EQUAL(world.hold_counts[new], 1);
	world_end(&world);
	CU_ASSERT_EQUAL(world.hold_counts[new], 0);
}

UNIT_TESTS(UNIT_TEST(round_robin_is_even_and_by_weight),
	   UNIT_TEST(unhealthy_hosts_are_left_out_until_panic), UNIT_TEST(random_is_by_weight),
	   UNIT_TEST(least_request_prefers_the_idle), UNIT_TEST(no_endpoints_no_choice),
	   UNIT_TEST(breakers_are_exact),
	   UNIT_TEST(one_who_waits_gets_a_new_connection_when_the_busy_one_dies),
	   UNIT_TEST(a_host_keeps_the_endpoints_it_came_from),
	   UNIT_TEST(connections_retire_after_their_requests),
	   UNIT_TEST(idle_connections_time_out_and_garbage_closes_them))
