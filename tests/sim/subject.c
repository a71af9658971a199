#include "tests/sim/subject.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/port/ethdev_calls.h"
#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/steer.h"
#include "gateway/config/config.h"
#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/lib/malloc_guard.h"
#include "tests/sim/subject_config.h"
#include "tests/sim/tracer.h"

#define ROUNDS_MAX 100000
#define SPIN_NS (100 * NS_PER_US)

static struct subject *subject_of(struct port *port)
{
	return container_of_member(port, struct subject, port);
}

/* As a device does it: what it knows the ports of by these, all else by addresses. */
static void hash_frame(const struct subject *subject, struct rte_mbuf *frame)
{
	struct steering steering;

	steer_look(frame, &steering);
	if (steering.kind == STEER_HERE)
		return;
	if (!steering.rss_type)
		steering.kind = STEER_FRAGMENT;
	frame->hash.rss = steer_hash(&subject->fabric->toeplitz, &steering);
	if (subject->rss == SUBJECT_RSS_WRONG)
		frame->hash.rss = ~frame->hash.rss;
	frame->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
}

/* An ARP answer that nobody asked for, to us alone (RFC 5227 2.4). */
static bool receive_claim(struct subject *subject, struct rte_mbuf **frame)
{
	static const uint8_t other[6] = {2, 0, 0, 0, 0, 0x77};
	const struct netif *netif = &subject->port.netif;
	uint8_t bytes[60] = {[12] = 8, [13] = 6, [15] = 1, [16] = 8, [18] = 6, [19] = 4, [21] = 2};
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(subject->memory->frames);

	if (!mbuf)
		return false;
	memcpy(bytes, netif->mac, 6);
	memcpy(bytes + 6, other, 6);
	memcpy(bytes + 22, other, 6);
	memcpy(bytes + 28, netif->addresses[0].addr.bytes + 12, 4);
	memcpy(bytes + 32, netif->mac, 6);
	memcpy(bytes + 38, netif->addresses[0].addr.bytes + 12, 4);
	memcpy(rte_pktmbuf_append(mbuf, sizeof(bytes)), bytes, sizeof(bytes));
	*frame = mbuf;
	return true;
}

static uint32_t rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	struct subject *subject = subject_of(port);

	INVARIANT(queue < port->queues);
	if (subject->claim_waits && queue == port->queues - 1 && receive_claim(subject, frames)) {
		subject->claim_waits = false;
		subject->claims++;
		return 1;
	}
	/* With several queues some of what there is comes in on each: a device that hashes otherwise. */
	if (port->queues > 1 && max > 2)
		max = 1 + prng_below(&subject->prng, 2);
	/* In small bites, so that connections travel between two frames. */
	else if (subject->worker_count > 1 && max > 4)
		max = 1 + prng_below(&subject->prng, 4);
	uint32_t count = wire_receive(subject->wire, subject->end, frames, max);

	for (uint32_t i = 0; subject->rss != SUBJECT_RSS_NONE && i < count; i++)
		hash_frame(subject, frames[i]);
	return count;
}

static uint32_t tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	struct subject *subject = subject_of(port);

	INVARIANT(queue < port->queues);
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

static uint64_t mix(uint64_t hash, const void *data, uint32_t length_bytes)
{
	const uint8_t *bytes = data;

	for (uint32_t i = 0; i < length_bytes; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void record_input(void *context, uint16_t worker, const void *bytes, uint32_t length_bytes)
{
	struct subject *subject = context;

	subject->input_hash = mix(mix(subject->input_hash, &worker, sizeof(worker)), bytes, length_bytes);
}

static void post_to_all(struct subject *subject, const struct mail *mail)
{
	for (unsigned i = 0; i < subject->worker_count; i++)
		INVARIANT(mailbox_post(worker_mailbox(subject->workers[i].worker), mail));
}

static void post_config(struct subject *subject)
{
	struct mail mail = {.kind = MAIL_CONFIG, .config = subject_config_root(subject->config_index)};

	post_to_all(subject, &mail);
}

static void open_worker(struct subject *subject, uint16_t index, const struct subject_limits *limits,
			uint64_t seed)
{
	struct subject_worker *w = &subject->workers[index];

	w->stats = (struct gateway_stats){.listeners = w->listeners,
					  .https = w->https,
					  .clusters = w->clusters,
					  .endpoints = w->endpoints,
					  .routes = w->routes,
					  .tcp_proxies = w->tcp_proxies,
					  .record = record};
	w->port_counters_list[0] = &w->port_counters;
	struct worker_params params = {
		.index = index,
		.queue = index,
		.fabric = subject->fabric,
		.exceptions = subject->behind ? subject->behind->ports : NULL,
		.port_count = subject->by_kernel ? 0 : 1,
		.kernel = subject->by_kernel ? &subject->kernel.io : NULL,
		.ports = subject->ports,
		.header_pool = subject->memory->headers,
		.indirect_pool = subject->memory->indirect,
		.counters = &w->counters,
		.port_counters = w->port_counters_list,
		.tcp_counters = &w->tcp,
		.drops = &w->drops,
		.stats = &w->stats,
		.holds = {.counts = w->holds, .capacity = SUBJECT_HOLDS},
		.log = &subject->log,
		.seed = seed + index,
		.now_ns = subject->now_ns,
		.wall_offset_ns = INT64_C(1767225600000000000),
		.connections_max = limits->connections_max,
		.timewait_max = 128,
		.slices_max = limits->slices_max,
		.stream_budget_bytes = limits->stream_budget_bytes,
		.record = record_input,
		.record_context = subject,
	};

	w->worker = worker_create(&params);
	INVARIANT(w->worker);
	tracer_attach(w->worker, index, subject->now_ns);
	if (subject->fabric)
		fabric_attach(subject->fabric, index, worker_mailbox(w->worker), NULL);
}

static void open_fabric(struct subject *subject)
{
	struct fabric_params params = {.workers = (uint16_t)subject->worker_count,
				       .ports = 1,
				       .queues = &subject->port.queues,
				       .exceptions = subject->behind != NULL};
	struct why why;

	if (subject->worker_count > 1)
		INVARIANT(fabric_create(&subject->fabric, &params, &why));
}

void subject_open(struct subject *subject, struct wire *wire, const struct host_memory *memory,
		  unsigned number, const struct subject_limits *limits, uint64_t seed,
		  uint64_t now_ns)
{
	memset(subject, 0, sizeof(*subject));
	prng_seed(&subject->prng, seed);
	subject->wire = wire;
	subject->memory = memory;
	subject->now_ns = now_ns;
	subject->worker_count = limits->workers;
	subject->behind = limits->behind;
	host_netif(&subject->port.netif, number);
	subject->port.netif.has_exception = subject->behind != NULL;
	subject->port.ops = &port_ops;
	subject->port.wait_fd = -1;
	subject->port.queues = (uint16_t)limits->queues;
	subject->rss = limits->rss;
	if (subject->rss != SUBJECT_RSS_NONE) {
		subject->port.rss.state = PORT_RSS_TESTING;
		subject->port.rss.types = ETHDEV_RSS_TYPES;
	}
	subject->ports[0] = &subject->port;
	subject->log.line = log_line;
	subject->by_kernel = limits->by_kernel;
	if (subject->by_kernel)
		kernel_boot(&subject->kernel, wire, memory, number, limits->stream_budget_bytes, seed,
			    now_ns);
	else
		subject->end = wire_attach(wire, subject->port.netif.mac, memory->frames);
	open_fabric(subject);
	for (uint16_t i = 0; i < subject->worker_count; i++)
		open_worker(subject, i, limits, seed);
	post_config(subject);
}

void subject_swap_config(struct subject *subject)
{
	subject->config_index = (subject->config_index + 1) % SUBJECT_CONFIGS;
	post_config(subject);
}

/* Frames lie in a ring between workers, or connections, or answers about them. */
static bool something_is_under_way(const struct subject *subject)
{
	for (uint16_t i = 0; i < subject->worker_count; i++)
		if (fabric_has_frames(subject->fabric, i) || fabric_has_travel(subject->fabric, i))
			return true;
	return false;
}

void subject_move_buckets(struct subject *subject, bool all)
{
	subject->moves += subject->fabric ? 1 + prng_below(&subject->prng, 3) : 0;
	subject->moves_are_whole = all;
	if (!subject->fabric || prng_below(&subject->prng, 2))
		return;
	subject->late = prng_below(&subject->prng, subject->worker_count);
	subject->late_until_ns = subject->now_ns + NS_PER_US * (1 + prng_below(&subject->prng, 5000));
}

static void move_buckets(struct subject *subject, bool all)
{
	struct prng *prng = &subject->prng;
	uint16_t from = (uint16_t)prng_below(prng, subject->worker_count);
	uint16_t to = (uint16_t)prng_below(prng, subject->worker_count);
	uint32_t share = 1 + prng_below(prng, 4);
	struct mail mail = {.kind = MAIL_BUCKETS};

	if (all && to == from)
		to = (uint16_t)((from + 1) % subject->worker_count);
	for (uint32_t i = 0; i < BUCKETS; i++) {
		bool chosen = all ? bucket_home(bucket_stops(&subject->fabric->buckets, i)) == from
				  : prng_below(prng, share) == 0;

		/* Refused where it has been moved too often: the next time, then. */
		chosen = chosen && bucket_move(&subject->fabric->buckets, i, to);
	}
	post_to_all(subject, &mail);
}

void subject_hear_claim(struct subject *subject)
{
	subject->claim_waits = true;
}

uint64_t subject_travelled(const struct subject *subject)
{
	uint64_t travelled = 0;

	for (unsigned i = 0; i < subject->worker_count; i++)
		travelled += subject->workers[i].counters.travelled_in;
	return travelled;
}

void subject_drain(struct subject *subject)
{
	struct mail mail = {.kind = MAIL_DRAIN};

	post_to_all(subject, &mail);
}

/* One worker's turn; false when it had nothing to do. */
static bool is_late(const struct subject *subject, const struct subject_worker *w)
{
	return subject->late_until_ns > subject->now_ns && w == &subject->workers[subject->late];
}

static bool poll_one(struct subject *subject, struct subject_worker *w, uint64_t *deadline_ns)
{
	if (is_late(subject, w)) {
		*deadline_ns = deadline_earlier_ns(*deadline_ns, subject->late_until_ns);
		return false;
	}
	malloc_guard_begin();
	struct worker_result result = worker_poll(w->worker, subject->now_ns);

	subject->allocations += malloc_guard_end();
	tracer_read((unsigned)(w - subject->workers));
	/* What others put into its rings later is seen in the next round. */
	*deadline_ns = deadline_earlier_ns(*deadline_ns, result.deadline_ns);
	/* Without memory it can but try again: it spins, and time goes on. */
	if (subject->starved && !result.worked && result.deadline_ns <= subject->now_ns) {
		*deadline_ns = subject->now_ns + SPIN_NS;
		return false;
	}
	return result.worked || result.deadline_ns <= subject->now_ns;
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
		result = worker_poll(subject->workers[0].worker, now_ns);
		subject->allocations += malloc_guard_end();
		tracer_read(0);
		if (subject->starved && !result.worked && result.deadline_ns <= now_ns)
			return now_ns + SPIN_NS;
	} while (result.worked || result.deadline_ns <= now_ns);
	/* It would be woken, and asks its kernel when it is time. */
	if (kernel_has_events(&subject->kernel))
		return now_ns + SPIN_NS;
	return deadline_earlier_ns(result.deadline_ns, host_deadline_ns(&subject->kernel.host));
}

/* As a control thread does it now and then. */
static void judge_rss(struct subject *subject)
{
	const struct port_rss_seen *seen[SUBJECT_WORKERS_MAX];
	struct why verdict;

	for (unsigned i = 0; i < subject->worker_count; i++)
		seen[i] = &subject->port.lanes[i].rss_seen;
	if (port_rss_judge(&subject->port.rss, seen, (uint16_t)subject->worker_count, &verdict))
		INVARIANT(subject->port.rss.state == (subject->rss == SUBJECT_RSS_WRONG ? PORT_RSS_WRONG :
										       PORT_RSS_TRUSTED));
}

uint64_t subject_run(struct subject *subject, uint64_t now_ns)
{
	unsigned rounds = 0, quiet = 0;
	uint64_t deadline_ns = DEADLINE_NEVER_NS;

	subject->now_ns = now_ns;
	if (subject->by_kernel)
		return run_by_kernel(subject, now_ns);
	/* At rest when all have had nothing to do one after the other. */
	while (quiet < subject->worker_count) {
		INVARIANT(rounds++ < ROUNDS_MAX);
		unsigned turn = rounds % subject->worker_count;

		if (quiet == 0 && subject->worker_count > 1)
			turn = prng_below(&subject->prng, subject->worker_count);
		else if (subject->worker_count > 1)
			turn = (subject->last_turn + 1) % subject->worker_count;
		subject->last_turn = turn;
		if (quiet == 0)
			deadline_ns = DEADLINE_NEVER_NS;
		quiet = poll_one(subject, &subject->workers[turn], &deadline_ns) ? 0 : quiet + 1;
		/* The first worker has the device, and what lies there waits for it. */
		if (subject->behind && behind_run(subject->behind, now_ns) &&
		    !is_late(subject, &subject->workers[0]))
			quiet = 0;
		if (subject->moves > 0 && something_is_under_way(subject)) {
			subject->moves--;
			move_buckets(subject, subject->moves_are_whole);
			quiet = 0;
		}
	}
	judge_rss(subject);
	if (subject->behind)
		deadline_ns = deadline_earlier_ns(deadline_ns, behind_deadline_ns(subject->behind));
	return deadline_ns;
}

void subject_close(struct subject *subject)
{
	for (unsigned i = 0; i < subject->worker_count; i++)
		worker_destroy(subject->workers[i].worker);
	if (subject->fabric)
		fabric_destroy(subject->fabric);
	if (subject->by_kernel)
		kernel_halt(&subject->kernel);
	for (unsigned i = 0; i < subject->worker_count; i++)
		for (unsigned k = 0; k < SUBJECT_HOLDS; k++)
			INVARIANT(subject->workers[i].holds[k] == 0);
}
