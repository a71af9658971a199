#include "dataplane/config/dns.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/config/dns_endpoints.h"
#include "tests/lib/unit.h"

static struct ip_addr addr(const char *text)
{
	struct ip_addr out;

	CU_ASSERT_FATAL(ip_addr_parse(text, &out));
	return out;
}

static struct dns_answer mixed(void)
{
	return (struct dns_answer){.count = 4,
				   .addresses = {addr("10.0.0.2"), addr("2001:db8::1"),
						 addr("10.0.0.1"), addr("10.0.0.2")}};
}

static void families_are_filtered(void)
{
	static const struct {
		uint8_t family;
		uint32_t count;
		bool v4_first;
	} cases[] = {{4, 2, true}, {6, 1, false}, {46, 2, true}, {64, 1, false}, {0, 3, true}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_answer answer = mixed();

		dns_answer_filter(&answer, cases[i].family);
		CU_ASSERT_EQUAL(answer.count, cases[i].count);
		CU_ASSERT_EQUAL(ip_addr_is_v4(&answer.addresses[0]), cases[i].v4_first);
	}
	/* A preferred family that has nothing gives way to the other. */
	struct dns_answer only4 = {.count = 1, .addresses = {addr("10.0.0.1")}};

	dns_answer_filter(&only4, 64);
	CU_ASSERT_EQUAL(only4.count, 1);
}

static void order_does_not_matter(void)
{
	struct dns_answer a = {.count = 2, .addresses = {addr("10.0.0.1"), addr("10.0.0.2")}};
	struct dns_answer b = {.count = 2, .addresses = {addr("10.0.0.2"), addr("10.0.0.1")}};

	dns_answer_filter(&a, 0);
	dns_answer_filter(&b, 0);
	CU_ASSERT(dns_answer_equal(&a, &b));
	b.count = 1;
	CU_ASSERT(!dns_answer_equal(&a, &b));
}

/* --- counters -------------------------------------------------------------------------------- */

static uint32_t references[8];

static uint32_t take_reference(struct stat_registry *self, enum stat_kind kind, const char *name)
{
	uint32_t slot = strstr(name, "10.0.0.1:80") ? 1 : strstr(name, "10.0.0.2:80") ? 2 : 0;

	(void)self;
	CU_ASSERT_EQUAL(kind, STAT_ENDPOINT);
	references[slot]++;
	return slot;
}

static void give_reference(struct stat_registry *self, enum stat_kind kind, uint32_t slot)
{
	(void)self;
	CU_ASSERT_EQUAL(kind, STAT_ENDPOINT);
	CU_ASSERT_FATAL(references[slot] > 0);
	references[slot]--;
}

static void slots_go_back_with_the_endpoints(void)
{
	struct stat_registry registry = {.slot = take_reference, .release = give_reference};
	struct dns_target target = {.hostname = (char *)(uintptr_t)"a.test", .port = 80};
	struct dns_answer one = {.count = 2, .addresses = {addr("10.0.0.1"), addr("10.0.0.2")}};
	struct dns_answer two = {.count = 1, .addresses = {addr("10.0.0.2")}};
	struct config_endpoints *before =
		dns_endpoints_make(0, "c", &target, &one, 1, &registry);
	struct config_endpoints *after = dns_endpoints_make(0, "c", &target, &two, 1, &registry);

	CU_ASSERT_FATAL(before && after);
	CU_ASSERT_EQUAL(references[1], 1);
	CU_ASSERT_EQUAL(references[2], 2);
	before->object.destroy(&before->object);
	CU_ASSERT_EQUAL(references[1], 0);
	CU_ASSERT_EQUAL(references[2], 1);
	after->object.destroy(&after->object);
	CU_ASSERT_EQUAL(references[2], 0);
}

/* --- against a name server of our own ------------------------------------------------------ */

struct world {
	uv_loop_t loop;
	uv_poll_t poll;
	uv_timer_t end;
	int fd;
	char servers[64];
	unsigned code; /* of every answer; 0: with an address, NO_RECORD: good, without one */
	unsigned asked;
	struct dns *dns;
	unsigned published;
	uint32_t count;
	struct ip_addr first;
	struct cluster_stats clusters[2];
};

#define SERVFAIL 2
#define NXDOMAIN 3
#define NO_RECORD 16

/* Answers every A question with 10.1.2.3, everything else with no records; or with world->code. */
static void serve(uv_poll_t *poll, int status, int events)
{
	struct world *world = poll->data;
	uint8_t message[512];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(world->fd, message, sizeof(message) - 16, 0, (void *)&from, &size);

	(void)status;
	(void)events;
	if (n < 17)
		return;
	world->asked++;
	size_t end = 12;

	while (message[end])
		end += message[end] + 1u;
	end += 5;
	bool is_a = message[end - 3] == 1;

	message[2] = 0x81;
	message[3] = (uint8_t)(0x80 | (world->code % NO_RECORD));
	memset(message + 6, 0, 6);
	if (is_a && world->code == 0) {
		static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3};

		message[7] = 1;
		memcpy(message + end, record, sizeof(record));
		end += sizeof(record);
	}
	sendto(world->fd, message, end, 0, (void *)&from, size);
}

/* Not from inside of an answer: the resolver is at work there. */
static void end(uv_timer_t *timer)
{
	struct world *world = timer->data;

	dns_close(world->dns);
	uv_close((uv_handle_t *)&world->poll, NULL);
	uv_close((uv_handle_t *)timer, NULL);
}

static void published(void *context, uint32_t cluster_id, struct config_endpoints *endpoints)
{
	struct world *world = context;

	CU_ASSERT_EQUAL(cluster_id, 5);
	world->published++;
	world->count = endpoints->endpoint_count;
	if (endpoints->endpoint_count > 0) {
		world->first = endpoints->endpoints[0].addr;
		CU_ASSERT_EQUAL(endpoints->endpoints[0].port, 8080);
		CU_ASSERT_EQUAL(endpoints->endpoints[0].weight, 1);
		CU_ASSERT_STRING_EQUAL(endpoints->endpoints[0].hostname.data, "origin.test");
	}
	endpoints->object.destroy(&endpoints->object);
	uv_timer_start(&world->end, end, 0, 0);
}

static void run_world(struct world *world, unsigned code, unsigned targets)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	struct config_cluster cluster = {.object.id = 5, .name = {"c", 1}, .dns_refresh_ns = 1,
					 .stat_slot = 1};
	struct dns_target target[2] = {{.hostname = "origin.test", .port = 8080},
				       {.hostname = "origin.test", .port = 8080}};
	struct why why;

	memset(world, 0, sizeof(*world));
	world->code = code;
	world->fd = socket(AF_INET, SOCK_DGRAM, 0);
	CU_ASSERT_FATAL(world->fd >= 0 && bind(world->fd, (void *)&at, size) == 0);
	CU_ASSERT_FATAL(getsockname(world->fd, (void *)&at, &size) == 0);
	snprintf(world->servers, sizeof(world->servers), "127.0.0.1:%u", ntohs(at.sin_port));
	uv_loop_init(&world->loop);
	uv_poll_init(&world->loop, &world->poll, world->fd);
	world->poll.data = world;
	uv_timer_init(&world->loop, &world->end);
	world->end.data = world;
	uv_poll_start(&world->poll, UV_READABLE, serve);
	struct dns_params params = {.loop = &world->loop,
				    .clusters = world->clusters,
				    .publish = published,
				    .context = world,
				    .servers = world->servers};

	CU_ASSERT_FATAL(dns_open(&world->dns, &params, &why));
	CU_ASSERT_FATAL(dns_watch(world->dns, &cluster, target, targets, &why));
	uv_run(&world->loop, UV_RUN_DEFAULT);
	/* Nothing is left in the loop: every handle was closed, and the resolver freed. */
	CU_ASSERT_EQUAL(uv_loop_close(&world->loop), 0);
	close(world->fd);
}

static void an_answer_becomes_endpoints(void)
{
	struct ip_addr expected = addr("10.1.2.3");
	struct world world;

	run_world(&world, 0, 1);
	CU_ASSERT_EQUAL(world.published, 1);
	CU_ASSERT_EQUAL(world.count, 1);
	CU_ASSERT(ip_addr_equal(&world.first, &expected));
	run_world(&world, 0, 2);
	CU_ASSERT_EQUAL(world.count, 2);
}

static void every_first_round_publishes_and_is_counted(void)
{
	static const struct {
		unsigned code;
		uint32_t count;
		uint64_t success, failure;
	} cases[] = {{0, 1, 1, 0}, {NXDOMAIN, 0, 1, 0}, {NO_RECORD, 0, 1, 0}, {SERVFAIL, 0, 0, 1}};
	struct world world;

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		run_world(&world, cases[i].code, 1);
		CU_ASSERT_EQUAL(world.published, 1);
		CU_ASSERT_EQUAL(world.count, cases[i].count);
		CU_ASSERT_EQUAL(world.clusters[1].update_success, cases[i].success);
		CU_ASSERT_EQUAL(world.clusters[1].update_failure, cases[i].failure);
		CU_ASSERT(world.asked > 0);
	}
}

UNIT_TESTS(UNIT_TEST(families_are_filtered), UNIT_TEST(order_does_not_matter),
	   UNIT_TEST(slots_go_back_with_the_endpoints),
	   UNIT_TEST(an_answer_becomes_endpoints), UNIT_TEST(every_first_round_publishes_and_is_counted))
