#include "tests/sim/subject.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/worker/mailbox.h"
#include "gateway/config/config.h"
#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/lib/malloc_guard.h"
#include "tests/sim/subject_config.h"

#define ROUNDS_MAX 100000
#define SPIN_NS (100 * NS_PER_US)

static struct subject *subject_of(struct port *port)
{
	return container_of_member(port, struct subject, port);
}

static uint32_t rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	(void)queue;
	struct subject *subject = subject_of(port);

	return wire_receive(subject->wire, subject->end, frames, max);
}

static uint32_t tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	(void)queue;
	struct subject *subject = subject_of(port);

	/* The wire may allocate; only the worker may not. */
	subject->allocations += malloc_guard_end();
	for (uint32_t i = 0; i < count; i++)
		wire_send(subject->wire, subject->end, frames[i], subject->now_ns);
	malloc_guard_begin();
	return count;
}

static const struct port_ops port_ops = {.rx = rx, .tx = tx};

static void log_line(struct log_sink *self, uint32_t sink, const char *text, uint32_t length)
{
	(void)sink;
	struct subject *subject = container_of_member(self, struct subject, log);

	subject->log_lines++;
	if (subject->wire->trace)
		fprintf(stderr, "%.*s", (int)length, text);
	for (uint32_t i = 0; i < length; i++)
		subject->log_hash = (subject->log_hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
}

static void record(struct gateway_stats *self, enum stat_histogram which, uint32_t slot,
		   uint64_t value_ns)
{
	(void)self, (void)which, (void)slot, (void)value_ns;
}

static void lend_counters(struct subject *subject)
{
	subject->stats = (struct gateway_stats){.listeners = subject->listeners,
						.https = subject->https,
						.clusters = subject->clusters,
						.endpoints = subject->endpoints,
						.routes = subject->routes,
						.tcp_proxies = subject->tcp_proxies,
						.record = record};
	subject->ports[0] = &subject->port;
	subject->port_counters_list[0] = &subject->port_counters;
	subject->log.line = log_line;
}

static void post_config(struct subject *subject)
{
	struct mail mail = {.kind = MAIL_CONFIG, .config = subject_config_root(subject->config_index)};

	INVARIANT(mailbox_post(worker_mailbox(subject->worker), &mail));
}

void subject_open(struct subject *subject, struct wire *wire, const struct host_memory *memory,
		  unsigned number, const struct subject_limits *limits, uint64_t seed,
		  uint64_t now_ns)
{
	memset(subject, 0, sizeof(*subject));
	subject->wire = wire;
	subject->memory = memory;
	subject->now_ns = now_ns;
	host_netif(&subject->port.netif, number);
	subject->port.ops = &port_ops;
	subject->port.wait_fd = -1;
	subject->by_kernel = limits->by_kernel;
	if (subject->by_kernel)
		kernel_boot(&subject->kernel, wire, memory, number, limits->stream_budget_bytes, seed,
			    now_ns);
	else
		subject->end = wire_attach(wire, subject->port.netif.mac, memory->frames);
	lend_counters(subject);
	struct worker_params params = {
		.port_count = subject->by_kernel ? 0 : 1,
		.kernel = subject->by_kernel ? &subject->kernel.io : NULL,
		.ports = subject->ports,
		.header_pool = memory->headers,
		.indirect_pool = memory->indirect,
		.counters = &subject->counters,
		.port_counters = subject->port_counters_list,
		.tcp_counters = &subject->tcp,
		.drops = &subject->drops,
		.stats = &subject->stats,
		.holds = {subject->holds, SUBJECT_HOLDS},
		.log = &subject->log,
		.seed = seed,
		.now_ns = now_ns,
		.wall_offset_ns = INT64_C(1767225600000000000),
		.connections_max = limits->connections_max,
		.timewait_max = 128,
		.slices_max = limits->slices_max,
		.stream_budget_bytes = limits->stream_budget_bytes,
	};

	subject->worker = worker_create(&params);
	INVARIANT(subject->worker);
	post_config(subject);
}

void subject_swap_config(struct subject *subject)
{
	subject->config_index = (subject->config_index + 1) % SUBJECT_CONFIGS;
	post_config(subject);
}

void subject_drain(struct subject *subject)
{
	struct mail mail = {.kind = MAIL_DRAIN};

	INVARIANT(mailbox_post(worker_mailbox(subject->worker), &mail));
}

/* The worker between two looks at its kernel; returns its next deadline, or what of it comes first. */
static uint64_t run_by_kernel(struct subject *subject, uint64_t now_ns)
{
	struct worker_result result;
	unsigned rounds = 0;

	kernel_tick(&subject->kernel, now_ns);
	do {
		INVARIANT(rounds++ < ROUNDS_MAX);
		host_run(&subject->kernel.host, now_ns);
		malloc_guard_begin();
		result = worker_poll(subject->worker, now_ns);
		subject->allocations += malloc_guard_end();
		if (subject->starved && !result.worked && result.deadline_ns <= now_ns)
			return now_ns + SPIN_NS;
	} while (result.worked || result.deadline_ns <= now_ns);
	/* It would be woken, and asks its kernel when it is time. */
	if (kernel_has_events(&subject->kernel))
		return now_ns + SPIN_NS;
	return deadline_earlier_ns(result.deadline_ns, host_deadline_ns(&subject->kernel.host));
}

uint64_t subject_run(struct subject *subject, uint64_t now_ns)
{
	struct worker_result result;
	unsigned rounds = 0;

	subject->now_ns = now_ns;
	if (subject->by_kernel)
		return run_by_kernel(subject, now_ns);
	do {
		INVARIANT(rounds++ < ROUNDS_MAX);
		malloc_guard_begin();
		result = worker_poll(subject->worker, now_ns);
		subject->allocations += malloc_guard_end();
		/* Without memory it can but try again: it spins, and time goes on. */
		if (subject->starved && !result.worked && result.deadline_ns <= now_ns)
			return now_ns + SPIN_NS;
	} while (result.worked || result.deadline_ns <= now_ns);
	return result.deadline_ns;
}

static bool nothing_outstanding(const struct subject *subject, struct why *why)
{
	struct gateway_outstanding left;

	gateway_outstanding(worker_gateway(subject->worker), &left);
	if (left.downstream_connections || left.upstream_connections || left.exchanges ||
	    left.arena_chunks)
		return why_set(why, "left over in the gateway: %u downstream, %u upstream connections, "
				    "%u exchanges, %u arena chunks",
			       left.downstream_connections, left.upstream_connections, left.exchanges,
			       left.arena_chunks);
	if (subject->counters.kernel_connections != 0)
		return why_set(why, "%lu kernel connections left over",
			       subject->counters.kernel_connections);
	if (subject->tcp.connections != 0)
		return why_set(why, "%lu TCP connections left over", subject->tcp.connections);
	return true;
}

/* Every request that was counted ended in an answer or in one counted reset. */
static bool requests_balance(const struct subject *subject, struct why *why)
{
	const struct http_stats *http = &subject->https[subject_config_http_slot()];
	uint64_t ended = http->downstream_rq_completed + http->downstream_rq_rx_reset +
			 http->downstream_rq_tx_reset;

	if (http->downstream_rq_active != 0)
		return why_set(why, "downstream_rq_active is %ld", (long)http->downstream_rq_active);
	if (http->downstream_rq_total != ended)
		return why_set(why, "%lu requests, but %lu answered + %lu reset by clients + %lu by us",
			       http->downstream_rq_total, http->downstream_rq_completed,
			       http->downstream_rq_rx_reset, http->downstream_rq_tx_reset);
	if (http->downstream_cx_active != 0 || http->downstream_cx_total != http->downstream_cx_destroy)
		return why_set(why, "%lu connections opened, %lu closed", http->downstream_cx_total,
			       http->downstream_cx_destroy);
	return true;
}

static bool upstreams_balance(const struct subject *subject, struct why *why)
{
	uint64_t requests = 0, ended = 0;

	for (unsigned i = 0; i < SUBJECT_SLOTS; i++) {
		const struct cluster_stats *cluster = &subject->clusters[i];
		const struct endpoint_stats *endpoint = &subject->endpoints[i];
		const struct listener_stats *listener = &subject->listeners[i];

		if (cluster->upstream_cx_total != cluster->upstream_cx_destroy ||
		    cluster->upstream_cx_destroy !=
			    cluster->upstream_cx_destroy_local + cluster->upstream_cx_destroy_remote)
			return why_set(why, "cluster: %lu connections opened, %lu closed: %lu by us, %lu "
					    "by the peer", cluster->upstream_cx_total,
				       cluster->upstream_cx_destroy, cluster->upstream_cx_destroy_local,
				       cluster->upstream_cx_destroy_remote);
		if (cluster->upstream_cx_active || cluster->upstream_rq_active ||
		    cluster->upstream_rq_pending_active || endpoint->cx_active || endpoint->rq_active ||
		    listener->downstream_cx_active || subject->tcp_proxies[i].downstream_cx_active)
			return why_set(why, "slot %u: a gauge of what is active is not 0", i);
		requests += cluster->upstream_rq_total;
		ended += cluster->upstream_rq_tx_reset + endpoint->rq_success + endpoint->rq_error;
	}
	/* Not by upstream_rq_completed: that counts answers given in a cluster's stead too. */
	return ended >= requests || why_set(why, "upstream: %lu requests, but %lu answered, failed or "
						 "reset by us", requests, ended);
}

bool subject_is_clean(const struct subject *subject, struct why *why)
{
	if (subject->allocations > 0)
		return why_set(why, "the worker called the allocator %u times", subject->allocations);
	if (subject->tcp.timewait != 0)
		return why_set(why, "%ld TIME-WAIT entries left over", (long)subject->tcp.timewait);
	return nothing_outstanding(subject, why) && requests_balance(subject, why) &&
	       upstreams_balance(subject, why);
}

void subject_close(struct subject *subject)
{
	worker_destroy(subject->worker);
	if (subject->by_kernel)
		kernel_halt(&subject->kernel);
	for (unsigned i = 0; i < SUBJECT_HOLDS; i++)
		INVARIANT(subject->holds[i] == 0);
}
