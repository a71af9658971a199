/* What TCP tells of connections that are traced, and that it tells nothing of others. */
#include "tests/lib/tcp_world.h"
#include "tests/lib/trace_seen.h"
#include "tests/lib/unit.h"

#define CLIENT_PORT 4000
#define BYTES 200000

static struct world world;
static struct trace trace;
static struct trace_seen seen;

/* As the accepting side sees it. */
static struct flow_key accepted_key(void)
{
	return (struct flow_key){.local = world.hosts[1].addr,
				 .remote = world.hosts[0].addr,
				 .local_port = WORLD_PORT,
				 .remote_port = CLIENT_PORT};
}

static void start(const struct world_params *params)
{
	world_start(&world, params);
	memset(&trace, 0, sizeof(trace));
	trace_seen_init(&seen, 9);
	trace_set_sink(&trace, 0, &seen.sink);
	tcp_set_trace(world.hosts[1].tcp, &trace);
}

static void finish(const struct world_params *params)
{
	world_run(&world, params->start_ns + 2000 * NS_PER_SECOND);
	trace_seen_take(&seen);
	CU_ASSERT_EQUAL(seen.sink.ring.lost, 0);
	world_stop(&world);
}

static bool told(const char *text)
{
	return strstr(seen.texts, text) != NULL;
}

static void a_passive_connection_from_listener_to_end(void)
{
	const struct world_params params = {.seed = 1};

	start(&params);
	struct flow_key key = accepted_key();

	trace_begin(&trace, &key, 1, NULL, NULL);
	world_open(&world, 0, 100, CLIENT_PORT);
	world_open(&world, 0, 100, CLIENT_PORT + 1); /* nobody traces this one */
	finish(&params);
	CU_ASSERT_STRING_EQUAL(seen.kinds,
			       "BEGIN TCP_LISTENER TCP_STATE TCP_STATE TCP_STATE TCP_TAKEN "
			       "STREAM_EVENTS TCP_STATE TCP_STATE TCP_END ");
	CU_ASSERT(told("CLOSED -> SYN-RECEIVED\nSYN-RECEIVED -> ESTABLISHED\nESTABLISHED -> "
		       "CLOSE-WAIT\n"));
	CU_ASSERT(told("taken: 100 bytes, "));
	CU_ASSERT(told("READABLE WRITABLE ENDED\nCLOSE-WAIT -> LAST-ACK\nLAST-ACK -> CLOSED\n"));
	CU_ASSERT(told("over: 100 bytes received, 0 sent, round trip "));
}

static void what_is_lost_is_sent_again(void)
{
	const struct world_params params = {.seed = 3, .loss_percent = 10};

	start(&params);
	struct flow_key key = accepted_key();

	world.accepted_to_send = BYTES;
	trace_begin(&trace, &key, 1, NULL, NULL);
	world_open(&world, 0, BYTES, CLIENT_PORT);
	finish(&params);
	CU_ASSERT(world.hosts[1].counters.retransmitted_segments > 0);
	CU_ASSERT(told("sent again: seq "));
	CU_ASSERT_EQUAL(world.hosts[1].counters.retransmission_timeouts > 0,
			told("nothing acknowledged in time: timeout 1, the next in "));
	CU_ASSERT_EQUAL(world.hosts[1].counters.fast_retransmits > 0,
			told("three duplicate acknowledgements: seq "));
	CU_ASSERT(told("bytes before them are missing"));
}

static void a_closed_window_is_told(void)
{
	const struct world_params params = {.seed = 1, .rx_budget_bytes = 32768};

	start(&params);
	struct flow_key key = accepted_key();

	world.accepted_to_send = 200000;
	trace_begin(&trace, &key, 1, NULL, NULL);
	struct app *client = world_open(&world, 0, 10, CLIENT_PORT);

	client->hold = true;
	world_run(&world, params.start_ns + 5 * NS_PER_SECOND);
	client->hold = false;
	app_pump(client);
	finish(&params);
	CU_ASSERT(told("the peer's window is closed"));
	CU_ASSERT(told("the peer's window is open again"));
	CU_ASSERT(told("window probe"));
}

static void nobody_listens(void)
{
	const struct world_params params = {.seed = 1};

	start(&params);
	struct flow_key key = accepted_key();

	trace_begin(&trace, &key, 1, NULL, NULL);
	tcp_listener_close(world.hosts[1].tcp, world.hosts[1].listener, params.start_ns);
	world_open(&world, 0, 10, CLIENT_PORT);
	finish(&params);
	CU_ASSERT_EQUAL(strncmp(seen.kinds, "BEGIN TCP_NO_LISTENER ", 22), 0);
	CU_ASSERT(trace_kind_ends(TRACE_TCP_NO_LISTENER) == 'c');
}

static void one_that_is_open_can_begin_later(void)
{
	const struct world_params params = {.seed = 1};

	start(&params);
	struct app *client = world_open(&world, 0, 10, CLIENT_PORT);

	client->keep_open = true;
	world.accepted_keep_open = true;
	world_run(&world, params.start_ns + 100 * NS_PER_MS);
	trace_seen_take(&seen);
	CU_ASSERT_STRING_EQUAL(seen.kinds, "");
	struct flow_key key = accepted_key();

	tcp_trace_flow(world.hosts[1].tcp, &key, trace_begin(&trace, &key, 1, NULL, NULL));
	client->to_send += 50;
	app_pump(client);
	world_run(&world, params.start_ns + 200 * NS_PER_MS);
	trace_seen_take(&seen);
	CU_ASSERT(told("taken: 50 bytes"));
	/* And it ends with its word. */
	tcp_trace_flow(world.hosts[1].tcp, &key, 0);
	CU_ASSERT_EQUAL(trace_flow(&trace, &key), 0);
	seen.kinds[0] = '\0';
	client->keep_open = false;
	app_pump(client);
	for (unsigned i = 0; i < world.app_count; i++) {
		world.apps[i].keep_open = false;
		app_pump(&world.apps[i]);
	}
	finish(&params);
	CU_ASSERT_STRING_EQUAL(seen.kinds, "");
}

UNIT_TESTS(UNIT_TEST(a_passive_connection_from_listener_to_end),
	   UNIT_TEST(what_is_lost_is_sent_again), UNIT_TEST(a_closed_window_is_told),
	   UNIT_TEST(nobody_listens), UNIT_TEST(one_that_is_open_can_begin_later))
