/* Who gets a SYN, which port an open gets, what is visited, and how long what is left lives. */
#include "stack/tcp/tcp_listen.h"

#include "stack/tcp/tcp_port.h"
#include "tests/lib/tcp_world.h"
#include "tests/lib/unit.h"

static struct world world;

static void run_ms(uint64_t ms)
{
	world_run(&world, world.now_ns + ms * NS_PER_MS);
}

static struct tcp_conn *conn_of(const struct app *app)
{
	return tcp_conn_of(container_of_member(app->stream, struct tcp_cold, stream));
}

static struct ip_addr addr(const char *text)
{
	struct ip_addr out;

	CU_ASSERT_FATAL(ip_addr_parse(text, &out));
	return out;
}

static bool no_accept(void *context, struct stream *stream, uint64_t now_ns)
{
	return false;
}

static struct tcp_listener *listen_at(const char *local, bool any_family, uint16_t port, uint16_t vrf)
{
	struct tcp_listen_params params = {.local = addr(local), .any_family = any_family,
					   .local_port = port, .vrf = vrf, .backlog = 4,
					   .accept = no_accept};

	return tcp_listen(world.hosts[1].tcp, &params);
}

static struct tcp_listener *find(const char *local, uint16_t port, uint16_t vrf)
{
	struct flow_key key = {.local = addr(local), .remote = addr("10.9.9.9"), .local_port = port,
			       .remote_port = 999, .vrf = vrf};

	return tcp_listener_find(world.hosts[1].tcp, &key);
}

/* In every order of listening. */
static void the_most_specific_listener_wins(void)
{
	for (unsigned order = 0; order < 24; order++) {
		struct tcp_listener *both = NULL, *port = NULL, *local = NULL, *any = NULL;
		unsigned left[4] = {0, 1, 2, 3}, rest = order;

		world_start(&world, &(struct world_params){.seed = 1});
		for (unsigned n = 4; n > 0; n--) {
			unsigned at = rest % n, which = left[at];

			rest /= n;
			left[at] = left[n - 1];
			if (which == 0)
				both = listen_at("10.0.0.2", false, 8080, 0);
			else if (which == 1)
				port = listen_at("0.0.0.0", false, 8080, 0);
			else if (which == 2)
				local = listen_at("10.0.0.2", false, 0, 0);
			else
				any = listen_at("0.0.0.0", false, 0, 0);
		}
		CU_ASSERT_FATAL(both && port && local && any);
		CU_ASSERT(find("10.0.0.2", 8080, 0) == both);
		CU_ASSERT(find("10.0.0.3", 8080, 0) == port);
		CU_ASSERT(find("10.0.0.2", 8081, 0) == local);
		CU_ASSERT(find("10.0.0.3", 8081, 0) == any);
		CU_ASSERT(find("2001:db8::1", 8080, 0) == NULL);
		CU_ASSERT(find("10.0.0.2", 8080, 1) == NULL);
		CU_ASSERT(find("10.0.0.2", WORLD_PORT, 0) == world.hosts[1].listener);
		/* What closes leaves its place to the next. */
		tcp_listener_close(world.hosts[1].tcp, both, 0);
		CU_ASSERT(find("10.0.0.2", 8080, 0) == port);
		tcp_listener_close(world.hosts[1].tcp, port, 0);
		CU_ASSERT(find("10.0.0.2", 8080, 0) == local);
		tcp_listener_close(world.hosts[1].tcp, local, 0);
		CU_ASSERT(find("10.0.0.2", 8080, 0) == any);
		world_stop(&world);
	}
}

static void families_and_vrfs_are_kept_apart(void)
{
	world_start(&world, &(struct world_params){.seed = 1});
	struct tcp_listener *v4 = listen_at("0.0.0.0", false, 1, 0);
	struct tcp_listener *v6 = listen_at("::", false, 1, 0);
	struct tcp_listener *all = listen_at("::", true, 2, 0);
	struct tcp_listener *other = listen_at("::", true, 1, 7);

	CU_ASSERT(find("10.0.0.2", 1, 0) == v4);
	CU_ASSERT(find("2001:db8::2", 1, 0) == v6);
	CU_ASSERT(find("10.0.0.2", 2, 0) == all && find("2001:db8::2", 2, 0) == all);
	CU_ASSERT(find("10.0.0.2", 1, 7) == other);
	/* One of the family goes before one for both, whoever came first. */
	struct tcp_listener *narrow = listen_at("::", false, 2, 0);
	struct tcp_listener *wide = listen_at("0.0.0.0", true, 1, 0);

	CU_ASSERT(wide != NULL && find("10.0.0.2", 1, 0) == v4 && find("2001:db8::2", 1, 0) == v6);
	CU_ASSERT(find("10.0.0.2", 2, 0) == all && find("2001:db8::2", 2, 0) == narrow);
	world_stop(&world);
}

static void a_place_is_taken_once_and_the_table_is_bounded(void)
{
	static struct tcp_listener *taken[TCP_LISTENERS_MAX];

	world_start(&world, &(struct world_params){.seed = 1});
	CU_ASSERT(listen_at("10.0.0.2", false, 5, 0) != NULL);
	CU_ASSERT(listen_at("10.0.0.2", false, 5, 0) == NULL);
	for (unsigned i = 2; i < TCP_LISTENERS_MAX; i++) {
		taken[i] = listen_at("10.0.0.2", false, (uint16_t)(1000 + i), 0);
		CU_ASSERT(taken[i] != NULL);
	}
	CU_ASSERT(listen_at("10.0.0.2", false, 999, 0) == NULL);
	/* Any of them may go, and its place is taken again. */
	for (unsigned i = 2; i < TCP_LISTENERS_MAX; i += 5) {
		tcp_listener_close(world.hosts[1].tcp, taken[i], 0);
		CU_ASSERT(find("10.0.0.2", (uint16_t)(1000 + i), 0) == NULL);
		taken[i] = listen_at("10.0.0.2", false, (uint16_t)(3000 + i), 0);
	}
	for (unsigned i = 2; i < TCP_LISTENERS_MAX; i++)
		CU_ASSERT(find("10.0.0.2", (uint16_t)((i - 2) % 5 ? 1000 + i : 3000 + i), 0) == taken[i]);
	world_stop(&world);
}

static bool every_fourth(void *context, const struct flow_key *key)
{
	++*(unsigned *)context;
	return key->local_port % 4 == 1;
}

static bool none(void *context, const struct flow_key *key)
{
	++*(unsigned *)context;
	return false;
}

static void ports_pass_the_filter_and_do_not_collide(void)
{
	enum { OPENS = 40 };
	unsigned asked = 0;

	world_start(&world, &(struct world_params){.seed = 4});
	struct tcp *tcp = world.hosts[0].tcp;

	tcp->port_filter = every_fourth;
	tcp->port_filter_context = &asked;
	for (unsigned i = 0; i < OPENS; i++) {
		/* The counter starts over: every port would be tried again. */
		tcp->port_counter = 0;
		struct app *app = world_open(&world, 0, 0, 0);

		CU_ASSERT_FATAL(app->stream != NULL);
		stream_info(app->stream, &app->last);
		CU_ASSERT(app->last.key.local_port % 4 == 1);
		CU_ASSERT(app->last.key.local_port >= TCP_PORT_FIRST);
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT(world.apps[j].last.key.local_port != app->last.key.local_port);
	}
	/* A port of one's own choice is taken as well, or is not to be had. */
	CU_ASSERT(world_open(&world, 0, 0, 5000)->stream != NULL);
	CU_ASSERT_EQUAL(world_open(&world, 0, 0, 5000)->last.failure, STREAM_FAILURE_RESOURCES);
	tcp->port_filter = none;
	asked = 0;
	CU_ASSERT_EQUAL(world_open(&world, 0, 0, 0)->last.failure, STREAM_FAILURE_RESOURCES);
	CU_ASSERT_EQUAL(asked, TCP_PORT_TRIES_MAX);
	tcp->port_filter = NULL;
	for (unsigned i = 0; i < world.app_count; i++)
		if (world.apps[i].stream)
			app_release(&world.apps[i]);
	world_stop(&world);
}

/* Every port that is ours comes up, and none that is left to others. */
static void ports_that_are_left_to_others_are_not_taken(void)
{
	static const struct {
		uint16_t first, last;
	} cases[] = {{32768, 60999}, {1024, 64000}, {2100, 65535}, {5000, 5000}};
	static uint8_t seen[UINT16_MAX + 1];

	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct flow_key key = {.remote_port = 80};

		world_start(&world, &(struct world_params){.seed = 6 + c});
		struct tcp *tcp = world.hosts[0].tcp;

		tcp_leave_ports(tcp, cases[c].first, cases[c].last);
		memset(seen, 0, sizeof(seen));
		for (uint32_t i = 0; i <= UINT16_MAX; i++) {
			CU_ASSERT_FATAL(tcp_port_choose(tcp, &key));
			seen[key.local_port] = 1;
		}
		for (uint32_t port = 0; port <= UINT16_MAX; port++)
			if (seen[port] != (port >= TCP_PORT_FIRST &&
					   (port < cases[c].first || port > cases[c].last)))
				CU_FAIL_FATAL("a port too many or too few");
		world_stop(&world);
	}
}

static uint16_t visited[64];
static unsigned visits;

static void note(void *context, const struct stream_info *info)
{
	CU_ASSERT(context == &world);
	CU_ASSERT_STRING_EQUAL(info->state, "ESTABLISHED");
	visited[visits++ % 64] = info->key.local_port;
}

static void visits_every_connection_once(void)
{
	world_start(&world, &(struct world_params){.seed = 5, .connections_max = 16});
	world.accepted_keep_open = true;
	for (uint16_t i = 0; i < 7; i++)
		world_open(&world, 0, 1, (uint16_t)(2000 + i))->keep_open = true;
	run_ms(10);
	app_release(&world.apps[3]);
	run_ms(120000);
	for (uint32_t step = 1; step < 9; step++) {
		uint32_t cursor = 0;
		unsigned sum = 0;

		visits = 0;
		do {
			unsigned before = visits;

			tcp_visit(world.hosts[0].tcp, &cursor, step, note, &world);
			CU_ASSERT(visits - before <= step);
		} while (cursor != 0);
		for (unsigned i = 0; i < visits && i < 64; i++)
			sum += visited[i];
		CU_ASSERT_EQUAL(visits, 6);
		CU_ASSERT_EQUAL(sum, 7 * 2000 + 21 - 2003);
	}
	world_stop(&world);
}

/* A released connection whose peer is gone lives two minutes. */
static void an_orphan_is_given_up(void)
{
	world_start(&world, &(struct world_params){.seed = 6});
	world.accepted_keep_open = true;
	struct app *client = world_open(&world, 0, 1, 0);

	client->keep_open = true;
	run_ms(100);
	world.cut = true;
	client->to_send += 100;
	app_pump(client);
	app_release(client);
	uint64_t released_ns = world.now_ns;

	world_run(&world, released_ns + TCP_ORPHAN_NS - 100 * NS_PER_MS);
	CU_ASSERT_EQUAL(world.hosts[0].counters.connections, 1);
	world_run(&world, released_ns + TCP_ORPHAN_NS + 100 * NS_PER_MS);
	CU_ASSERT_EQUAL(world.hosts[0].counters.connections, 0);
	CU_ASSERT_EQUAL(world.hosts[0].counters.resets_out, 1);
	world_stop(&world);
}

/* A peer that never sends its FIN: FIN-WAIT-2 ends without a word after a minute. */
static void fin_wait_2_ends(void)
{
	world_start(&world, &(struct world_params){.seed = 7});
	world.accepted_keep_open = true;
	struct app *client = world_open(&world, 0, 1, 0);

	client->keep_open = true;
	run_ms(100);
	struct tcp_conn *conn = conn_of(client);

	app_release(client);
	uint64_t released_ns = world.now_ns;

	run_ms(100);
	CU_ASSERT_EQUAL(conn->state, TCP_FIN_WAIT_2);
	CU_ASSERT_EQUAL(conn_of(&world.apps[1])->state, TCP_CLOSE_WAIT);
	world_run(&world, released_ns + TCP_FIN_WAIT_2_NS - 100 * NS_PER_MS);
	CU_ASSERT_EQUAL(world.hosts[0].counters.connections, 1);
	world_run(&world, released_ns + TCP_FIN_WAIT_2_NS + 200 * NS_PER_MS);
	CU_ASSERT_EQUAL(world.hosts[0].counters.connections, 0);
	CU_ASSERT_EQUAL(world.hosts[0].counters.resets_out, 0);
	/* One that is still owned stays: its owner may wait for the answer as long as it likes. */
	struct app *patient = world_open(&world, 0, 1, 0);

	run_ms(100);
	CU_ASSERT_EQUAL(conn_of(patient)->state, TCP_FIN_WAIT_2);
	run_ms(600000);
	CU_ASSERT_EQUAL(conn_of(patient)->state, TCP_FIN_WAIT_2);
	world_stop(&world);
}

/* RFC 4861 7.3.1: forward progress is told to the link, once a second. */
static void progress_confirms_the_first_hop(void)
{
	world_start(&world, &(struct world_params){.seed = 9});
	world.accepted_keep_open = true;
	struct app *client = world_open(&world, 0, 1, 0);

	client->keep_open = true;
	run_ms(100);
	unsigned before[2] = {world.hosts[0].confirmations, world.hosts[1].confirmations};

	CU_ASSERT(before[0] > 0 && before[1] > 0);
	for (unsigned i = 0; i < 1000; i++) {
		client->to_send += 10;
		app_pump(client);
		run_ms(10);
	}
	for (unsigned side = 0; side < 2; side++) {
		unsigned more = world.hosts[side].confirmations - before[side];

		CU_ASSERT(more >= 9 && more <= 11);
		before[side] += more;
	}
	/* Silence and what is not acceptable prove nothing. */
	struct tcp_cold *cold = container_of_member(client->stream, struct tcp_cold, stream);

	run_ms(5000);
	for (unsigned i = 0; i < 5; i++) {
		world_inject(&world, 0, &cold->key, conn_of(client)->rcv_nxt + 9, 0, TCP_RST, 0);
		run_ms(2000);
	}
	CU_ASSERT_EQUAL(world.hosts[0].confirmations, before[0]);
	world_stop(&world);
}

UNIT_TESTS(UNIT_TEST(the_most_specific_listener_wins), UNIT_TEST(families_and_vrfs_are_kept_apart),
	   UNIT_TEST(a_place_is_taken_once_and_the_table_is_bounded),
	   UNIT_TEST(ports_pass_the_filter_and_do_not_collide),
	   UNIT_TEST(ports_that_are_left_to_others_are_not_taken), UNIT_TEST(visits_every_connection_once),
	   UNIT_TEST(an_orphan_is_given_up), UNIT_TEST(fin_wait_2_ends),
	   UNIT_TEST(progress_confirms_the_first_hop))
