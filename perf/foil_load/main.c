/* foil-load: client and origin around a gateway, both on our own stack, in one polling thread.
 *
 *     client stack ── memif front ──> gateway ──> memif back ── origin stack
 */
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/clock.h"
#include "dataplane/eal.h"
#include "dataplane/port/port_ethdev.h"
#include "perf/foil_load/client.h"
#include "perf/foil_load/options.h"
#include "perf/foil_load/origin.h"
#include "stack/base/time.h"

#define BURST 64
#define CONNECT_BATCH 32
#define MBUFS 32768
#define SLICES 65536

/* One side: a port and the stack on it. */
struct side {
	struct port port;
	struct stack *stack;
	struct slice_pool slices;
	struct tcp_counters tcp_counters;
	struct drop_counters drops;
	struct rte_mbuf *unsent[BURST];
	uint32_t unsent_count;
};

static struct side sides[2];
static struct load_client client;
static struct load_origin origin;
static struct rte_mempool *frames_pool;
static struct rte_mempool *indirect_pool;

static int fail(const struct why *why)
{
	fprintf(stderr, "foil-load: %s\n", why->text);
	return EXIT_FAILURE;
}

static bool open_side(struct side *side, const struct load_options *options, unsigned index,
		      struct why *why)
{
	if (!port_open(&side->port, &options->settings.ports[index], index, 1, frames_pool, why))
		return false;
	if (!slice_pool_create(&side->slices, SLICES))
		return why_set(why, "no memory for slices");
	struct stack_params params = {
		.netifs = &side->port.netif,
		.netif_count = 1,
		.header_pool = frames_pool,
		.indirect_pool = indirect_pool,
		.slices = &side->slices,
		.tcp_counters = &side->tcp_counters,
		.drops = &side->drops,
		.seed = 1 + index,
		.neighbours_max = 64,
		.connections_max = 2 * options->connections + 1024,
		.timewait_max = 65536,
		.rx_budget_bytes = 256 * 1024,
		.tx_budget_bytes = 256 * 1024,
		.now_ns = clock_now_ns(),
	};

	side->stack = stack_create(&params);
	return side->stack || why_set(why, "no memory for the stack of port %s", side->port.netif.name);
}

static bool open_all(const struct load_options *options, struct why *why)
{
	frames_pool = rte_pktmbuf_pool_create("frames", MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					      SOCKET_ID_ANY);
	indirect_pool = rte_pktmbuf_pool_create("indirect", MBUFS, 256, 0, 0, SOCKET_ID_ANY);
	if (!frames_pool || !indirect_pool)
		return why_set(why, "no memory for packet buffers");
	for (unsigned i = 0; i < 2; i++)
		if (!open_side(&sides[i], options, i, why))
			return false;
	struct load_origin_params origin_params = {.stack = sides[1].stack,
						   .pool = frames_pool,
						   .slices = &sides[1].slices,
						   .port = options->origin_port,
						   .body_bytes = options->body_bytes,
						   .connections_max = 2 * options->connections + 256};
	struct load_client_params client_params = {.stack = sides[0].stack,
						   .pool = frames_pool,
						   .slices = &sides[0].slices,
						   .target = options->target,
						   .port = options->target_port,
						   .connections = options->connections,
						   .paths = options->paths,
						   .header_bytes = options->header_bytes,
						   .host = "gateway.test",
						   .pause_ns = options->pause_ms * NS_PER_MS,
						   .reconnect = options->reconnect};

	if (!load_origin_open(&origin, &origin_params) || !load_client_open(&client, &client_params))
		return why_set(why, "no memory for canned messages");
	return true;
}

static void transmit(struct side *side, uint64_t now_ns)
{
	for (;;) {
		if (side->unsent_count == 0)
			side->unsent_count = stack_output(side->stack, 0, side->unsent, BURST, now_ns);
		if (side->unsent_count == 0)
			return;
		uint32_t sent = side->port.ops->tx(&side->port, 0, side->unsent, side->unsent_count);

		side->unsent_count -= sent;
		for (uint32_t i = 0; i < side->unsent_count; i++)
			side->unsent[i] = side->unsent[sent + i];
		if (side->unsent_count > 0)
			return;
	}
}

static void poll_side(struct side *side, uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST];
	uint32_t count = side->port.ops->rx(&side->port, 0, frames, BURST);

	if (count > 0)
		stack_input(side->stack, 0, frames, count, now_ns);
	if (stack_deadline_ns(side->stack) <= now_ns)
		stack_expire(side->stack, now_ns);
	stack_deliver(side->stack, now_ns);
	transmit(side, now_ns);
}

/* Runs until until_ns; missing connections are opened a batch at a time. */
static void run(const struct load_options *options, uint64_t until_ns)
{
	uint64_t connect_at_ns = 0;

	for (uint64_t now_ns = clock_now_ns(); now_ns < until_ns; now_ns = clock_now_ns()) {
		if (client.open < options->connections &&
		    (options->reconnect || now_ns >= connect_at_ns)) {
			load_client_connect(&client, CONNECT_BATCH, now_ns);
			connect_at_ns = now_ns + 2 * NS_PER_MS;
		}
		load_client_resume(&client, now_ns);
		poll_side(&sides[0], now_ns);
		poll_side(&sides[1], now_ns);
	}
}

/* Until the gateway answers, or half a minute. */
static bool wait_for_gateway(const struct load_options *options)
{
	uint64_t give_up_ns = clock_now_ns() + 30 * NS_PER_SECOND;

	while (client.answers == 0 && clock_now_ns() < give_up_ns)
		run(options, clock_now_ns() + 10 * NS_PER_MS);
	return client.answers > 0;
}

static double quantile_us(uint32_t permille)
{
	return (double)histogram_quantile_ns(&client.latency, permille) / 1e3;
}

static void report(const struct load_options *options, double seconds)
{
	printf("end\n{\"seconds\": %.3f, \"connections\": %u, \"answers\": %lu, \"errors\": %lu, "
	       "\"answer_bytes\": %lu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f}\n",
	       seconds, options->connections, client.answers, client.errors, client.answer_bytes,
	       quantile_us(500), quantile_us(990), quantile_us(999));
	fflush(stdout);
}

static int measure(const struct load_options *options)
{
	if (!wait_for_gateway(options)) {
		fprintf(stderr, "foil-load: no answer from the gateway within 30 s\n");
		return EXIT_FAILURE;
	}
	run(options, clock_now_ns() + (uint64_t)(options->warmup_seconds * 1e9));
	load_client_reset(&client);
	uint64_t start_ns = clock_now_ns();

	puts("start");
	fflush(stdout);
	run(options, start_ns + (uint64_t)(options->seconds * 1e9));
	report(options, (double)(clock_now_ns() - start_ns) / 1e9);
	/* The gateway's counters are read while the load is still on. */
	run(options, clock_now_ns() + NS_PER_SECOND);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct load_options options;
	static struct eal_plan plan;
	static struct machine machine;
	struct why why;

	if (!load_options_parse(&options, argc, argv, &why))
		return fail(&why);
	if (options.help) {
		load_options_help();
		return EXIT_SUCCESS;
	}
	clock_start();
	machine_look(&machine);
	if (!settings_complete(&options.settings, &why) ||
	    !eal_plan_make(&plan, &options.settings, &machine, &why) || !eal_start(&plan, &why) ||
	    !open_all(&options, &why))
		return fail(&why);
	int status = measure(&options);

	port_close(&sides[0].port);
	port_close(&sides[1].port);
	return status;
}
