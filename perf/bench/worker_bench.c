/* worker-bench: one real worker between foil-load's client and origin, all in one thread, over
 * in-memory ports that copy frames as memif does.  Only the worker's polls are timed, so that the
 * figure is CPU per request of the data plane alone; under callgrind with
 * --toggle-collect=worker_poll the instructions of every stage can be counted.
 *
 *     worker-bench BOOTSTRAP CONNECTIONS REQUESTS        (the bootstrap of perf/run p1) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/clock.h"
#include "dataplane/counters/worker_counters.h"
#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/worker.h"
#include "perf/foil_load/client.h"
#include "perf/foil_load/origin.h"
#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "xds/bootstrap/bootstrap.h"

#define BURST 64
#define CABLE_FRAMES 65536 /* more than all connections have on their way at once */
#define CONNECTIONS_MAX 16384
#define POOL_MBUFS 16384
#define MBUF_CACHE 512
#define SLOTS 64
#define HOLDS 256
#define SLICES 65536
#define ORIGINS 4
#define ORIGIN_PORT 8080

/* One direction of a cable: frames that were copied into the receiver's pool. */
struct cable {
	struct rte_mempool *pool;
	struct rte_mbuf *frames[CABLE_FRAMES];
	uint32_t head;
	uint32_t tail;
};

struct bench_port {
	struct port port;
	struct cable *out;
	struct cable *in;
};

struct side {
	struct bench_port port;
	struct stack *stack;
	struct slice_pool slices;
	struct tcp_counters counters;
	struct drop_counters drops;
};

static uint32_t port_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	(void)queue;
	struct cable *in = container_of_member(port, struct bench_port, port)->in;
	uint32_t count = 0;

	while (count < max && in->head != in->tail)
		frames[count++] = in->frames[in->head++ % CABLE_FRAMES];
	return count;
}

static uint32_t port_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	(void)queue;
	struct cable *out = container_of_member(port, struct bench_port, port)->out;

	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_alloc(out->pool);

		INVARIANT(copy && out->tail - out->head < CABLE_FRAMES);
		for (struct rte_mbuf *segment = frames[i]; segment; segment = segment->next)
			memcpy(rte_pktmbuf_append(copy, segment->data_len),
			       rte_pktmbuf_mtod(segment, char *), segment->data_len);
		out->frames[out->tail++ % CABLE_FRAMES] = copy;
	}
	rte_pktmbuf_free_bulk(frames, count);
	return count;
}

static const struct port_ops port_ops = {.rx = port_rx, .tx = port_tx};

static struct rte_mempool *pool, *indirect;
static struct cable cables[4];
static struct side client_side, origin_side;
static struct bench_port worker_ports[2];
static struct load_client client;
static struct load_origin origin;

static void make_netif(struct netif *netif, const char *name, uint8_t number, const char *const *hosts,
		       unsigned count)
{
	memset(netif, 0, sizeof(*netif));
	snprintf(netif->name, sizeof(netif->name), "%s", name);
	netif->mac[0] = 2;
	netif->mac[5] = number;
	netif->mtu_bytes = 1500;
	netif->tx_multi_segment = true;
	netif->address_count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		INVARIANT(ip_addr_parse(hosts[i], &netif->addresses[i].addr));
		netif->addresses[i].prefix_bits = 24;
	}
}

static void make_port(struct bench_port *port, struct cable *in, struct cable *out)
{
	port->port.ops = &port_ops;
	port->port.wait_fd = -1;
	port->in = in;
	port->out = out;
	in->pool = pool;
	out->pool = pool;
}

static void open_side(struct side *side, uint64_t now_ns)
{
	INVARIANT(slice_pool_create(&side->slices, SLICES));
	struct stack_params params = {.netifs = &side->port.port.netif,
				      .netif_count = 1,
				      .header_pool = pool,
				      .indirect_pool = indirect,
				      .slices = &side->slices,
				      .tcp_counters = &side->counters,
				      .drops = &side->drops,
				      .seed = 7,
				      .neighbours_max = 64,
				      .connections_max = 65536,
				      .timewait_max = 1024,
				      .rx_budget_bytes = 1 << 18,
				      .tx_budget_bytes = 1 << 18,
				      .now_ns = now_ns};

	side->stack = stack_create(&params);
	INVARIANT(side->stack);
}

static void run_side(struct side *side, uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST];
	uint32_t count;

	while ((count = port_rx(&side->port.port, 0, frames, BURST)) > 0)
		stack_input(side->stack, 0, frames, count, now_ns);
	stack_expire(side->stack, now_ns);
	stack_deliver(side->stack, now_ns);
	while ((count = stack_output(side->stack, 0, frames, BURST, now_ns)) > 0)
		port_tx(&side->port.port, 0, frames, count);
}

static void record(struct gateway_stats *self, enum stat_histogram which, uint32_t slot, uint64_t value_ns)
{
	static struct histogram histograms[STAT_HISTOGRAM_COUNT];

	(void)self, (void)slot;
	histogram_record(&histograms[which], value_ns);
}

static void log_nothing(struct log_sink *self, uint32_t sink, const char *text, uint32_t length)
{
	(void)self, (void)sink, (void)text, (void)length;
}

static uint32_t next_slot(struct stat_registry *self, enum stat_kind kind, const char *name)
{
	static uint32_t next[STAT_KIND_COUNT];

	(void)self, (void)name;
	return ++next[kind] < SLOTS ? next[kind] : STAT_SLOT_OVERFLOW;
}

static const struct config *load_config(const char *file)
{
	static struct bootstrap bootstrap;
	static struct stat_registry registry = {.slot = next_slot};
	struct translate_env env = {.stats = &registry, .names = config_names_create()};
	uint32_t hold = 0;

	if (!bootstrap_load(&bootstrap, file, &env))
		fault_list_print(&bootstrap.document.faults, stderr);
	for (uint32_t i = 0; i < bootstrap.resources.listener_count; i++)
		bootstrap.resources.listeners[i]->object.hold = hold++;
	for (uint32_t i = 0; i < bootstrap.resources.route_table_count; i++)
		bootstrap.resources.route_tables[i]->object.hold = hold++;
	for (uint32_t i = 0; i < bootstrap.resources.cluster_count; i++) {
		bootstrap.resources.clusters[i]->object.hold = hold++;
		bootstrap.resources.endpoints[i]->object.hold = hold++;
	}
	return config_root_create(&bootstrap.resources, &env, 1);
}

static struct worker *make_worker(uint64_t now_ns)
{
	static struct worker_counters counters;
	static struct port_counters port_counters[2];
	static struct port_counters *port_counters_list[2] = {&port_counters[0], &port_counters[1]};
	static struct port *ports[2] = {&worker_ports[0].port, &worker_ports[1].port};
	static struct tcp_counters tcp;
	static struct drop_counters drops;
	static struct listener_stats listeners[SLOTS];
	static struct http_stats https[SLOTS];
	static struct cluster_stats clusters[SLOTS];
	static struct endpoint_stats endpoints[SLOTS];
	static struct route_stats routes[SLOTS];
	static struct tcp_proxy_stats tcp_proxies[SLOTS];
	static struct gateway_stats stats = {.listeners = listeners, .https = https, .clusters = clusters,
					     .endpoints = endpoints, .routes = routes,
					     .tcp_proxies = tcp_proxies, .record = record};
	static struct log_sink log = {.line = log_nothing};
	static uint32_t holds[HOLDS];
	struct worker_params params = {.port_count = 2,
				       .ports = ports,
				       .header_pool = pool,
				       .indirect_pool = indirect,
				       .counters = &counters,
				       .port_counters = port_counters_list,
				       .tcp_counters = &tcp,
				       .drops = &drops,
				       .stats = &stats,
				       .holds = {.counts = holds, .capacity = HOLDS},
				       .log = &log,
				       .seed = 1,
				       .now_ns = now_ns,
				       .connections_max = 65536,
				       .timewait_max = 1024,
				       .slices_max = SLICES};

	return worker_create(&params);
}

/* Everything runs in turns at one moment; time moves by the real clock between turns. */
static uint64_t run(struct worker *worker, uint64_t answers, uint64_t *polls)
{
	uint64_t cycles = 0;

	while (client.answers < answers) {
		uint64_t now_ns = clock_now_ns();

		run_side(&client_side, now_ns);
		uint64_t before = clock_cycles();

		worker_poll(worker, now_ns);
		cycles += clock_cycles() - before;
		++*polls;
		run_side(&origin_side, now_ns);
	}
	return cycles;
}

static double cycles_per_ns(void)
{
	uint64_t start_ns = clock_now_ns(), start = clock_cycles();

	while (clock_now_ns() < start_ns + 20 * NS_PER_MS)
		;
	return (double)(clock_cycles() - start) / (double)(clock_now_ns() - start_ns);
}

static void open_all(uint32_t connections, uint64_t now_ns)
{
	static const char *const client_hosts[] = {"10.90.1.2"};
	static const char *const front_hosts[] = {"10.90.1.1"}, *const back_hosts[] = {"10.90.2.1"};
	static const char *const origin_hosts[] = {"10.90.2.11", "10.90.2.12", "10.90.2.13", "10.90.2.14"};

	make_port(&client_side.port, &cables[0], &cables[1]);
	make_port(&worker_ports[0], &cables[1], &cables[0]);
	make_port(&worker_ports[1], &cables[2], &cables[3]);
	make_port(&origin_side.port, &cables[3], &cables[2]);
	make_netif(&client_side.port.port.netif, "client", 1, client_hosts, 1);
	make_netif(&worker_ports[0].port.netif, "front", 2, front_hosts, 1);
	make_netif(&worker_ports[1].port.netif, "back", 3, back_hosts, 1);
	make_netif(&origin_side.port.port.netif, "origin", 4, origin_hosts, ORIGINS);
	open_side(&client_side, now_ns);
	open_side(&origin_side, now_ns);
	struct load_origin_params origin_params = {.stack = origin_side.stack, .pool = pool,
						   .slices = &origin_side.slices, .port = ORIGIN_PORT,
						   .body_bytes = 1024, .connections_max = connections * 2};
	struct load_client_params client_params = {.stack = client_side.stack, .pool = pool,
						   .slices = &client_side.slices,
						   .target = worker_ports[0].port.netif.addresses[0].addr,
						   .port = 80, .connections = connections, .paths = 100,
						   .header_bytes = 400, .host = "gateway.test"};

	INVARIANT(load_origin_open(&origin, &origin_params) && load_client_open(&client, &client_params));
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: worker-bench BOOTSTRAP CONNECTIONS REQUESTS\n");
		return 2;
	}
	uint32_t connections = (uint32_t)strtoul(argv[2], NULL, 10);
	uint64_t requests = strtoull(argv[3], NULL, 10);
	uint64_t polls = 0;

	if (connections == 0 || connections > CONNECTIONS_MAX) {
		fprintf(stderr, "worker-bench: 1 to %d connections\n", CONNECTIONS_MAX);
		return 2;
	}
	clock_start();
	test_eal_start(1024);
	/* With a cache for the core, as the data plane has: last freed, first taken, still in L2. */
	pool = rte_pktmbuf_pool_create("bench", POOL_MBUFS + 2 * connections, MBUF_CACHE, 0,
				       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	indirect = rte_pktmbuf_pool_create("indirect", POOL_MBUFS + connections, MBUF_CACHE, 0, 0,
					   SOCKET_ID_ANY);
	INVARIANT(pool && indirect);
	open_all(connections, clock_now_ns());
	struct worker *worker = make_worker(clock_now_ns());
	struct mail mail = {.kind = MAIL_CONFIG, .config = load_config(argv[1])};

	INVARIANT(worker && mailbox_post(worker_mailbox(worker), &mail));
	worker_poll(worker, clock_now_ns());
	load_client_connect(&client, connections, clock_now_ns());
	run(worker, 10 * connections, &polls);
	load_client_reset(&client);
	polls = 0;
	uint64_t cycles = run(worker, requests, &polls);

	printf("{\"requests\": %" PRIu64 ", \"connections\": %u, \"cycles\": %.0f, \"us\": %.3f, "
	       "\"polls\": %.4f, \"errors\": %" PRIu64 "}\n", client.answers, connections,
	       (double)cycles / (double)client.answers,
	       (double)cycles / (double)client.answers / cycles_per_ns() / 1e3,
	       (double)polls / (double)client.answers, client.errors);
	return client.errors ? EXIT_FAILURE : EXIT_SUCCESS;
}
