#include "tests/sim/world.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/sim/client.h"
#include "tests/sim/famine.h"
#include "tests/sim/origin.h"
#include "tests/sim/subject.h"

#define CLIENTS_MAX 12
#define ORIGINS 2
#define CLIENT_HOST_NUMBER 1
#define SUBJECT_NUMBER 2
#define ORIGIN_NUMBER 11
#define FRAMES 8192
/* How long after the last client the worker may take to be clean: pool idle timeout, FIN-WAIT-2,
 * TIME-WAIT and orphaned connections that give up. */
#define SETTLE_NS (900 * NS_PER_SECOND)
#define KERNEL_WORLDS 4 /* one in so many runs on a kernel, without a port */
#define TURNS_MAX 2000000

enum event_kind {
	EVENT_SWAP_CONFIG,
	EVENT_KILL_ORIGIN,
	EVENT_STARVE, /* somebody else takes the worker's mbufs for a while */
	EVENT_KIND_COUNT
};

#define EVENTS_MAX 6

struct event {
	enum event_kind kind;
	uint64_t at_ns;
	uint64_t until_ns;   /* of EVENT_STARVE */
	unsigned origin;
};

struct world {
	uint64_t now_ns;
	struct prng prng;
	bool hostile;        /* faults that may cost an answer */
	bool calm;           /* no frame is lost: no retransmission timer may expire */
	bool orderly;        /* and none is overtaken: nothing may be sent again */
	bool impatient;      /* origins close idle connections when they like */
	const struct world_memory *memory;
	struct famine famine;
	struct wire wire;
	struct host client_host;
	struct client clients[CLIENTS_MAX];
	uint64_t start_at_ns[CLIENTS_MAX]; /* 0 = started */
	unsigned client_count;
	struct subject subject;
	struct origin origins[ORIGINS];
	struct event events[EVENTS_MAX];
	unsigned event_count;
};

static void memory_create(struct host_memory *memory, const char *name)
{
	char pool_name[32];

	snprintf(pool_name, sizeof(pool_name), "%s-frames", name);
	memory->frames = test_mbuf_pool(pool_name, FRAMES);
	snprintf(pool_name, sizeof(pool_name), "%s-headers", name);
	memory->headers = test_mbuf_pool(pool_name, FRAMES);
	snprintf(pool_name, sizeof(pool_name), "%s-indirect", name);
	memory->indirect = test_indirect_pool(pool_name, FRAMES);
}

void world_memory_create(struct world_memory *memory)
{
	memory_create(&memory->worker, "worker");
	memory_create(&memory->clients, "clients");
	memory_create(&memory->origins, "origins");
	subject_configs_create(ORIGINS);
}

/* Weather: calm, lossy, stormy; hostile worlds add a partition, killed origins, lost peers. */
static void make_faults(struct world *world, struct wire_faults *faults)
{
	struct prng *prng = &world->prng;
	uint32_t weather = prng_below(prng, 4);

	memset(faults, 0, sizeof(*faults));
	faults->delay_min_ns = NS_PER_US * (10 + prng_below(prng, 2000));
	faults->delay_max_ns = faults->delay_min_ns + NS_PER_US * prng_below(prng, 3000);
	world->hostile = prng_below(prng, 2);
	world->calm = weather == 0 && !world->hostile;
	world->orderly = world->calm && prng_below(prng, 2);
	if (world->orderly)
		faults->delay_max_ns = faults->delay_min_ns;
	world->impatient = prng_below(prng, 4) == 0;
	if (weather >= 1) {
		faults->loss_ppm = prng_below(prng, weather == 3 ? 100000 : 20000);
		faults->duplicate_ppm = prng_below(prng, 20000);
		faults->corrupt_ppm = prng_below(prng, weather == 3 ? 20000 : 5000);
	}
	/* A cut packet is lost with each of its parts, and a burst of them exceeds what is kept. */
	faults->cut_bytes = weather % 3 && prng_below(prng, 3) == 0 ? 200 + prng_below(prng, 1200) : 0;
	if (world->hostile && prng_below(prng, 4) == 0) {
		faults->partition_from_ns = NS_PER_MS * (1 + prng_below(prng, 500));
		faults->partition_until_ns =
			faults->partition_from_ns + NS_PER_MS * (1 + prng_below(prng, 3000));
	}
}

static void make_events(struct world *world)
{
	struct prng *prng = &world->prng;

	world->event_count = prng_below(prng, EVENTS_MAX);
	for (unsigned i = 0; i < world->event_count; i++)
		world->events[i] = (struct event){
			.kind = world->hostile ? prng_below(prng, EVENT_KIND_COUNT) : EVENT_SWAP_CONFIG,
			.at_ns = NS_PER_MS * (1 + prng_below(prng, 800)),
			.until_ns = NS_PER_MS * (1 + prng_below(prng, 2000)),
			.origin = prng_below(prng, ORIGINS)};
}

static void make_clients(struct world *world)
{
	world->client_count = 1 + prng_below(&world->prng, CLIENTS_MAX);
	for (unsigned i = 0; i < world->client_count; i++) {
		client_init(&world->clients[i], &world->client_host, &world->prng,
			    1 + i * CLIENT_REQUESTS_MAX, world->hostile);
		world->start_at_ns[i] = NS_PER_US * (1 + prng_below(&world->prng, 300000));
	}
}

/* Small buffers, so that windows close and writers wait. */
static uint32_t pick_budget_bytes(struct prng *prng)
{
	return UINT32_C(1) << (14 + prng_below(prng, 6));
}

static void pick_limits(struct world *world, uint64_t seed, struct subject_limits *limits)
{
	struct prng *prng = &world->prng;
	bool scarce = world->hostile && prng_below(prng, 4) == 0;

	limits->connections_max = scarce ? 2 + prng_below(prng, 20) : 128;
	limits->slices_max = scarce ? 16 + prng_below(prng, 300) : 4096;
	limits->stream_budget_bytes = 2 * pick_budget_bytes(prng);
	/* Not drawn, so that the other worlds are what they were. */
	limits->by_kernel = seed % KERNEL_WORLDS == KERNEL_WORLDS - 1;
}

static void world_open(struct world *world, struct world_memory *memory, uint64_t seed, bool trace)
{
	struct wire_faults faults;
	struct subject_limits limits;

	memset(world, 0, sizeof(*world));
	prng_seed(&world->prng, seed);
	make_faults(world, &faults);
	wire_init(&world->wire, &faults, prng_next(&world->prng), trace);
	host_open(&world->client_host, &world->wire, &memory->clients, CLIENT_HOST_NUMBER,
		  pick_budget_bytes(&world->prng), prng_next(&world->prng), 0);
	pick_limits(world, seed, &limits);
	subject_open(&world->subject, &world->wire, &memory->worker, SUBJECT_NUMBER, &limits,
		     prng_next(&world->prng), 0);
	for (unsigned i = 0; i < ORIGINS; i++) {
		uint32_t budget_bytes = pick_budget_bytes(&world->prng);
		uint64_t idle_ns = world->impatient ? NS_PER_MS * (1 + prng_below(&world->prng, 50)) : 0;

		origin_open(&world->origins[i], &world->wire, &memory->origins, ORIGIN_NUMBER + i,
			    budget_bytes, idle_ns, prng_next(&world->prng), 0);
	}
	world->memory = memory;
	make_clients(world);
	make_events(world);
}

/* Some speak to the listener that passes bytes on; not where the close of an idle connection could
 * cross a request there, nor where pipelined requests could meet a close. */
static uint16_t port_of(const struct world *world, unsigned index)
{
	bool passes = index % 4 == 3 && !world->impatient &&
		      world->clients[index].manner != CLIENT_PIPELINES;

	return passes ? SUBJECT_TCP_PORT : SUBJECT_HTTP_PORT;
}

static void start_clients(struct world *world)
{
	for (unsigned i = 0; i < world->client_count; i++) {
		const struct netif *netif = &world->subject.port.netif;

		if (world->start_at_ns[i] == 0 || world->start_at_ns[i] > world->now_ns)
			continue;
		world->start_at_ns[i] = 0;
		client_start(&world->clients[i], &netif->addresses[i % 2].addr, port_of(world, i),
			     world->now_ns);
	}
}

static void happen(struct world *world)
{
	if (world->famine.until_ns && world->famine.until_ns <= world->now_ns)
		famine_end(&world->famine);
	for (unsigned i = 0; i < world->event_count; i++) {
		struct event *event = &world->events[i];

		if (event->at_ns == 0 || event->at_ns > world->now_ns)
			continue;
		event->at_ns = 0;
		if (event->kind == EVENT_SWAP_CONFIG)
			subject_swap_config(&world->subject);
		else if (event->kind == EVENT_STARVE)
			famine_begin(&world->famine, world->memory->worker.headers,
				     world->now_ns + event->until_ns);
		else
			origin_kill(&world->origins[event->origin], world->now_ns);
	}
}

/* Runs everything that is due now; returns the next moment at which something is. */
static uint64_t turn(struct world *world)
{
	uint64_t now_ns = world->now_ns;

	wire_deliver(&world->wire, now_ns);
	start_clients(world);
	happen(world);
	for (unsigned i = 0; i < world->client_count; i++)
		if (world->start_at_ns[i] == 0)
			client_run(&world->clients[i], now_ns);
	host_run(&world->client_host, now_ns);
	world->subject.starved = world->famine.until_ns != 0;
	uint64_t next_ns = subject_run(&world->subject, now_ns);

	for (unsigned i = 0; i < ORIGINS; i++) {
		origin_run(&world->origins[i], now_ns);
		next_ns = deadline_earlier_ns(next_ns, origin_deadline_ns(&world->origins[i]));
	}
	next_ns = deadline_earlier_ns(next_ns, host_deadline_ns(&world->client_host));
	if (world->famine.until_ns)
		next_ns = deadline_earlier_ns(next_ns, world->famine.until_ns);
	next_ns = deadline_earlier_ns(next_ns, wire_deadline_ns(&world->wire));
	for (unsigned i = 0; i < world->client_count; i++)
		next_ns = deadline_earlier_ns(next_ns, world->start_at_ns[i]
							       ? world->start_at_ns[i]
							       : client_deadline_ns(&world->clients[i]));
	for (unsigned i = 0; i < world->event_count; i++)
		if (world->events[i].at_ns)
			next_ns = deadline_earlier_ns(next_ns, world->events[i].at_ns);
	return next_ns;
}

static bool clients_done(const struct world *world)
{
	for (unsigned i = 0; i < world->client_count; i++)
		if (!world->clients[i].done)
			return false;
	return true;
}

static void add_outcomes(const struct client *client, struct world_verdict *verdict)
{
	for (unsigned i = 0; i < client->count; i++) {
		verdict->requests++;
		verdict->answered += client->outcomes[i] == OUTCOME_ANSWERED;
		verdict->refused += client->outcomes[i] == OUTCOME_REFUSED;
		verdict->cut += client->outcomes[i] == OUTCOME_CUT;
	}
}

/* What the gateway may send once more when the connection turns out to have been closed. */
static bool may_repeat(const struct plan *plan)
{
	return plan->method != PLAN_POST && plan->request_bytes == 0 && !plan->request_chunked;
}

/* RFC 9110 9.2.2: an origin sees a POST as often as its client sent it, at most. */
static bool posts_once(const struct world *world, unsigned index, struct why *why)
{
	const struct client *client = &world->clients[index];

	for (unsigned i = 0; i < client->count; i++) {
		uint32_t id = client->plans[i].id;
		unsigned seen = 0;

		for (unsigned k = 0; k < ORIGINS; k++)
			seen += world->origins[k].posts[id];
		if (seen > client->sends[i])
			return why_set(why, "client %u request %u: a POST sent %u times was seen %u times",
				       index, i, client->sends[i], seen);
	}
	return true;
}

static bool tcp_is_calm(const struct world *world, const struct tcp_counters *tcp, struct why *why)
{
	/* An ACK that rides on a FIN sent again comes below the window, and is not looked at. */
	if (world->orderly && tcp->retransmission_timeouts > 0)
		return why_set(why, "%lu retransmission timeouts though nothing was lost",
			       tcp->retransmission_timeouts);
	/* The byte of a probe is sent again when the window opens. */
	if (world->orderly && tcp->retransmitted_segments > tcp->zero_window_probes)
		return why_set(why, "%lu segments sent again though nothing was lost or overtaken",
			       tcp->retransmitted_segments);
	return true;
}

static bool all_are_calm(const struct world *world, struct why *why)
{
	for (unsigned i = 0; i < ORIGINS; i++)
		if (!tcp_is_calm(world, &world->origins[i].host.tcp_counters, why))
			return false;
	/* The world's readers take less time for a window's worth than a probe waits. */
	if (world->subject.tcp.zero_window_probes > 0)
		return why_set(why, "a client or an origin did not say that its window is open");
	return tcp_is_calm(world, &world->subject.tcp, why) &&
	       tcp_is_calm(world, &world->client_host.tcp_counters, why);
}

/* In a world without hostility every request that was sent has its answer, whatever the weather. */
static bool check_client(const struct world *world, unsigned index, struct why *why)
{
	const struct client *client = &world->clients[index];

	for (unsigned i = 0; i < client->count; i++) {
		enum client_outcome outcome = client->outcomes[i];
		bool closed_before = false;

		for (unsigned k = 0; k < i; k++)
			closed_before |= client->outcomes[k] == OUTCOME_ANSWERED &&
					 client->plans[k].mode == MODE_UNTIL_CLOSE;
		if (outcome == OUTCOME_WRONG)
			return why_set(why, "client %u request %u: wrong answer, status %u", index, i,
				       client->statuses[i]);
		if (!world->hostile && outcome != OUTCOME_ANSWERED && !closed_before &&
		    !(world->impatient && outcome == OUTCOME_REFUSED && !may_repeat(&client->plans[i])))
			return why_set(why, "client %u (manner %u) request %u of %u (mode %u): no answer in "
					    "a peaceful world: outcome %u, status %u", index, client->manner, i,
				       client->count, client->plans[i].mode, outcome, client->statuses[i]);
	}
	return true;
}

static bool check(const struct world *world, struct why *why)
{
	for (unsigned i = 0; i < world->client_count; i++)
		if (!check_client(world, i, why) || !posts_once(world, i, why))
			return false;
	if (world->calm && !all_are_calm(world, why))
		return false;
	for (unsigned i = 0; !world->hostile && i < SUBJECT_SLOTS; i++)
		if (world->subject.tcp_proxies[i].idle_timeout > 0)
			return why_set(why, "a proxied connection did not end with its ends");
	for (unsigned i = 0; i < ORIGINS; i++)
		if (world->origins[i].late_requests > 0)
			return why_set(why, "origin %u got a request after its Connection: close", i);
	for (unsigned i = 0; i < ORIGINS; i++)
		if (world->origins[i].body_errors > 0)
			return why_set(why, "origin %u: %lu bytes of request bodies were wrong", i,
				       world->origins[i].body_errors);
	return subject_is_clean(&world->subject, why);
}

static bool run_until(struct world *world, uint64_t until_ns, bool until_clients_done,
		      struct why *why)
{
	for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
		uint64_t next_ns = turn(world);

		if (until_clients_done && clients_done(world))
			return true;
		if (next_ns > until_ns) {
			world->now_ns = until_ns;
			if (!until_clients_done)
				return true;
			return why_set(why, "clients wait for ever");
		}
		if (next_ns > world->now_ns)
			world->now_ns = next_ns;
	}
	return why_set(why, "does not come to rest");
}

#define POOLS 9
static void count_in_use(const struct world_memory *memory, unsigned counts[POOLS])
{
	const struct host_memory *sides[] = {&memory->worker, &memory->clients, &memory->origins};

	for (unsigned i = 0; i < 3; i++) {
		counts[3 * i] = rte_mempool_in_use_count(sides[i]->frames);
		counts[3 * i + 1] = rte_mempool_in_use_count(sides[i]->headers);
		counts[3 * i + 2] = rte_mempool_in_use_count(sides[i]->indirect);
	}
}

/* Every mbuf that the world took has come back. */
static bool nothing_lost(const unsigned before[POOLS], const unsigned after[POOLS], struct why *why)
{
	static const char *const sides[] = {"worker", "clients", "origins"};
	static const char *const pools[] = {"frames", "headers", "indirect"};

	for (unsigned i = 0; i < POOLS; i++)
		if (before[i] != after[i])
			return why_set(why, "%d mbufs of the %s' %s pool were lost",
				       (int)(after[i] - before[i]), sides[i / 3], pools[i % 3]);
	return true;
}

static void world_close(struct world *world)
{
	famine_end(&world->famine);
	subject_close(&world->subject);
	for (unsigned i = 0; i < ORIGINS; i++)
		origin_close(&world->origins[i], world->now_ns);
	for (unsigned i = 0; i < world->client_count; i++)
		INVARIANT(!world->clients[i].stream);
	host_close(&world->client_host);
	wire_close(&world->wire);
}

void world_run(struct world_memory *memory, uint64_t seed, bool trace, struct world_verdict *verdict)
{
	static struct world world;
	unsigned before[POOLS], after[POOLS];

	count_in_use(memory, before);
	memset(verdict, 0, sizeof(*verdict));
	world_open(&world, memory, seed, trace);
	verdict->ok = run_until(&world, 3600 * NS_PER_SECOND, true, &verdict->why);
	if (verdict->ok) {
		subject_drain(&world.subject);
		verdict->ok = run_until(&world, world.now_ns + SETTLE_NS, false, &verdict->why) &&
			      check(&world, &verdict->why);
	}
	for (unsigned i = 0; i < world.client_count; i++)
		add_outcomes(&world.clients[i], verdict);
	verdict->hash = world.wire.hash ^ world.subject.log_hash;
	verdict->frames = world.wire.frames;
	verdict->now_ns = world.now_ns;
	if (!verdict->ok)
		for (unsigned i = 0; i < world.client_count; i++)
			world.clients[i].give_up_at_ns = 0;
	for (unsigned i = 0; !verdict->ok && i < world.client_count; i++)
		client_run(&world.clients[i], world.now_ns);
	world_close(&world);
	count_in_use(memory, after);
	if (verdict->ok)
		verdict->ok = nothing_lost(before, after, &verdict->why);
}
