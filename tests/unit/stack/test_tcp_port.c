/* Local ports of active opens: free ones that the worker accepts, from another address when those of the
 * first are used up. */
#include "stack/tcp/tcp_port.h"

#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

static struct world world;
static uint32_t asked;
static struct ip_addr used_up[4];
static unsigned used_up_count;
static uint32_t step; /* one port in so many is ours */

static bool filter(void *context, const struct flow_key *key)
{
	asked++;
	for (unsigned i = 0; i < used_up_count; i++)
		if (ip_addr_equal(&used_up[i], &key->local))
			return false;
	return step == 0 || key->local_port % step == 5;
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr out;

	CU_ASSERT_FATAL(ip_addr_parse(text, &out));
	return out;
}

static void begin(bool v6, unsigned others)
{
	static const char *const texts[2][3] = {{"10.0.0.11", "10.0.0.12", "10.0.0.13"},
						{"2001:db8::11", "2001:db8::12", "2001:db8::13"}};
	struct host *host = &world.hosts[0];

	world_start(&world, &(struct world_params){.seed = 3, .v6 = v6, .connections_max = 256});
	for (unsigned i = 0; i < others; i++)
		host->other_addrs[i] = addr(texts[v6][i]);
	host->other_addr_count = others;
	tcp_set_port_filter(host->tcp, filter, NULL);
	asked = step = used_up_count = 0;
}

/* NULL where it fails; local: from this address. */
static struct stream *open_from(const struct ip_addr *local, uint16_t remote_port, struct flow_key *key)
{
	struct host *host = &world.hosts[0];
	struct stream_target target = {.remote = world.hosts[1].addr, .remote_port = remote_port};
	struct stream_opener *opener = tcp_opener(host->tcp);
	enum stream_failure why;
	struct stream_info info;

	if (local)
		target.local = *local;
	asked = 0;
	struct stream *stream = opener->open(opener, &target, &why, world.now_ns);

	if (!stream) {
		CU_ASSERT_EQUAL(why, STREAM_FAILURE_RESOURCES);
		return NULL;
	}
	stream_info(stream, &info);
	*key = info.key;
	return stream;
}

static void close_one(struct stream *stream)
{
	stream_reset(stream, world.now_ns);
	stream_release(stream, world.now_ns);
}

static void another_address_serves_where_the_first_has_no_port(void)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct flow_key key;

		begin(v6, 2);
		struct host *host = &world.hosts[0];

		close_one(open_from(NULL, 80, &key));
		CU_ASSERT(ip_addr_equal(&key.local, &host->addr) && asked == 1);
		used_up[0] = host->addr;
		used_up[1] = host->other_addrs[0];
		used_up_count = 2;
		close_one(open_from(NULL, 80, &key));
		CU_ASSERT(ip_addr_equal(&key.local, &host->other_addrs[1]) && asked > 1000);
		/* The next one does not look for what is not there. */
		close_one(open_from(NULL, 80, &key));
		CU_ASSERT(ip_addr_equal(&key.local, &host->other_addrs[1]) && asked == 1);
		CU_ASSERT_EQUAL(host->counters.opens_from_other_addresses, 2);
		/* When that is used up as well it begins again from the first. */
		used_up[0] = host->other_addrs[1];
		close_one(open_from(NULL, 80, &key));
		CU_ASSERT(ip_addr_equal(&key.local, &host->addr));
		/* Another destination has all its ports. */
		used_up_count = 0;
		close_one(open_from(NULL, 81, &key));
		CU_ASSERT(ip_addr_equal(&key.local, &host->addr) && asked == 1);
		CU_ASSERT_EQUAL(host->counters.opens_from_other_addresses, 2);
		CU_ASSERT_EQUAL(host->counters.ports_used_up, 0);
		world_stop(&world);
	}
}

static void a_search_in_vain_is_bounded_and_counted(void)
{
	for (unsigned others = 0; others <= 3; others++) {
		struct flow_key key;

		begin(false, others);
		step = 1000000;
		CU_ASSERT_PTR_NULL(open_from(NULL, 80, &key));
		CU_ASSERT_EQUAL(asked, TCP_PORT_TRIES_MAX);
		CU_ASSERT_EQUAL(world.hosts[0].counters.ports_used_up, 1);
		CU_ASSERT_EQUAL(world.hosts[0].counters.connections, 0);
		world_stop(&world);
	}
}

static void an_address_that_was_asked_for_is_kept(void)
{
	struct flow_key key;

	begin(false, 2);
	used_up[0] = world.hosts[0].addr;
	used_up_count = 1;
	CU_ASSERT_PTR_NULL(open_from(&world.hosts[0].addr, 80, &key));
	CU_ASSERT_EQUAL(asked, TCP_PORT_TRIES_MAX);
	CU_ASSERT_EQUAL(world.hosts[0].counters.ports_used_up, 1);
	close_one(open_from(&world.hosts[0].other_addrs[0], 80, &key));
	CU_ASSERT(ip_addr_equal(&key.local, &world.hosts[0].other_addrs[0]));
	world_stop(&world);
}

/* 63 ports of each address are ours. */
static void addresses_are_used_up_one_after_the_other(void)
{
	static struct stream *streams[200];
	static struct flow_key keys[200];
	unsigned count = 0, from_first = 0;

	begin(true, 2);
	step = 1024;
	while (count < ARRAY_LEN(streams)) {
		struct stream *stream = open_from(NULL, 80, &keys[count]);

		if (!stream)
			break;
		for (unsigned i = 0; i < count; i++)
			CU_ASSERT(!flow_key_equal(&keys[i], &keys[count]));
		from_first += ip_addr_equal(&keys[count].local, &world.hosts[0].addr);
		streams[count++] = stream;
	}
	CU_ASSERT(from_first > 10 && from_first <= 63 && count > 100 && count <= 3 * 63);
	CU_ASSERT_EQUAL(world.hosts[0].counters.opens_from_other_addresses, count - from_first);
	while (count > 0)
		close_one(streams[--count]);
	world_stop(&world);
}

UNIT_TESTS(UNIT_TEST(another_address_serves_where_the_first_has_no_port),
	   UNIT_TEST(a_search_in_vain_is_bounded_and_counted),
	   UNIT_TEST(an_address_that_was_asked_for_is_kept),
	   UNIT_TEST(addresses_are_used_up_one_after_the_other))
