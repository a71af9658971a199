#include <stdio.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/sim/world_private.h"

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

static void world_open(struct world *world, struct world_memory *memory, uint64_t seed, bool trace)
{
	struct wire_faults faults;
	struct subject_limits limits = {0};

	memset(world, 0, sizeof(*world));
	prng_seed(&world->prng, seed);
	world_make_faults(world, &faults);
	wire_init(&world->wire, &faults, prng_next(&world->prng), trace);
	host_open(&world->client_host, &world->wire, &memory->clients, CLIENT_HOST_NUMBER,
		  world_pick_budget_bytes(&world->prng), prng_next(&world->prng), 0);
	world_pick_limits(world, seed, &limits);
	world_make_crew(world, seed, &limits);
	world->memory = memory;
	world_make_behind(world, seed, &limits);
	subject_open(&world->subject, &world->wire, &memory->worker, SUBJECT_NUMBER, &limits,
		     prng_next(&world->prng), 0);
	for (unsigned i = 0; i < ORIGINS; i++) {
		uint32_t budget_bytes = world_pick_budget_bytes(&world->prng);
		uint64_t idle_ns = world->impatient ? NS_PER_MS * (1 + prng_below(&world->prng, 50)) : 0;

		origin_open(&world->origins[i], &world->wire, &memory->origins, ORIGIN_NUMBER + i,
			    budget_bytes, idle_ns, prng_next(&world->prng), 0);
	}
	world_make_clients(world);
	world_make_events(world);
}

/* Some speak to the listener that passes bytes on; not where the close of an idle connection could
 * cross a request there, nor where pipelined requests could meet a close. */
static uint16_t port_of(const struct world *world, unsigned index)
{
	bool passes = index % 4 == 3 && !world->impatient &&
		      world->clients[index].manner != CLIENT_PIPELINES;

	/* The kernel behind the exception port serves there. */
	if (world->has_behind && index % 4 == 1 && world->clients[index].manner != CLIENT_PIPELINES)
		return ORIGIN_PORT;
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

/* The kernel's own client and whom it asks; returns when they want to go on. */
static uint64_t run_behind(struct world *world)
{
	struct client *client = &world->behind.client;

	if (!world->has_behind)
		return DEADLINE_NEVER_NS;
	if (!client->done && client->give_up_at_ns == 0)
		client_start(client, &world->stranger.host.netif.addresses[world->client_count % 2].addr,
			     ORIGIN_PORT, world->now_ns);
	client_run(client, world->now_ns);
	origin_run(&world->stranger, world->now_ns);
	return deadline_earlier_ns(client_deadline_ns(client), origin_deadline_ns(&world->stranger));
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

/* Every other one empties a worker. */
static void move_buckets(struct world *world)
{
	for (unsigned i = 0; i < BUCKET_MOVES_MAX; i++) {
		if (world->bucket_moves_at_ns[i] == 0 || world->bucket_moves_at_ns[i] > world->now_ns)
			continue;
		world->bucket_moves_at_ns[i] = 0;
		subject_move_buckets(&world->subject, i % 2);
	}
}

static void claim(struct world *world)
{
	if (world->claim_at_ns == 0 || world->claim_at_ns > world->now_ns)
		return;
	world->claim_at_ns = 0;
	subject_hear_claim(&world->subject);
}

/* Runs everything that is due now; returns the next moment at which something is. */
static uint64_t turn(struct world *world)
{
	uint64_t now_ns = world->now_ns;

	wire_deliver(&world->wire, now_ns);
	start_clients(world);
	happen(world);
	move_buckets(world);
	claim(world);
	for (unsigned i = 0; i < world->client_count; i++)
		if (world->start_at_ns[i] == 0)
			client_run(&world->clients[i], now_ns);
	host_run(&world->client_host, now_ns);
	world->subject.starved = world->famine.until_ns != 0;
	uint64_t behind_ns = run_behind(world);
	uint64_t next_ns = deadline_earlier_ns(subject_run(&world->subject, now_ns), behind_ns);

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
	if (world->claim_at_ns)
		next_ns = deadline_earlier_ns(next_ns, world->claim_at_ns);
	for (unsigned i = 0; i < BUCKET_MOVES_MAX; i++)
		if (world->bucket_moves_at_ns[i])
			next_ns = deadline_earlier_ns(next_ns, world->bucket_moves_at_ns[i]);
	return next_ns;
}

static bool clients_done(const struct world *world)
{
	for (unsigned i = 0; i < world->client_count; i++)
		if (!world->clients[i].done)
			return false;
	return !world->has_behind || world->behind.client.done;
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
	if (world->has_behind) {
		behind_close(&world->behind, world->now_ns);
		origin_close(&world->stranger, world->now_ns);
	}
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
			      world_check(&world, &verdict->why);
	}
	for (unsigned i = 0; i < world.client_count; i++)
		add_outcomes(&world.clients[i], verdict);
	if (world.has_behind)
		add_outcomes(&world.behind.client, verdict);
	verdict->hash = world.wire.hash ^ world.behind.cable.hash ^ world.subject.log_hash ^ world.subject.input_hash;
	verdict->frames = world.wire.frames;
	verdict->travelled = subject_travelled(&world.subject);
	verdict->now_ns = world.now_ns;
	if (!verdict->ok)
		for (unsigned i = 0; i < world.client_count; i++)
			world.clients[i].give_up_at_ns = 0;
	for (unsigned i = 0; !verdict->ok && i < world.client_count; i++)
		client_run(&world.clients[i], world.now_ns);
	if (!verdict->ok && world.has_behind) {
		world.behind.client.give_up_at_ns = 0;
		client_run(&world.behind.client, world.now_ns);
	}
	world_close(&world);
	count_in_use(memory, after);
	if (verdict->ok)
		verdict->ok = nothing_lost(before, after, &verdict->why);
}
