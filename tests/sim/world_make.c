/* A world from its seed: weather, events, clients, limits. */
#include <string.h>

#include "stack/base/time.h"
#include "tests/sim/world_private.h"

/* Kinds of weather: calm, lossy, stormy; the hostile worlds add a partition, killed origins and
 * peers that vanish. */
void world_make_faults(struct world *world, struct wire_faults *faults)
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
	if (weather == 1 || weather == 2)
		faults->cut_bytes = prng_below(prng, 3) ? 0 : 200 + prng_below(prng, 1200);
	if (world->hostile && prng_below(prng, 4) == 0) {
		faults->partition_from_ns = NS_PER_MS * (1 + prng_below(prng, 500));
		faults->partition_until_ns =
			faults->partition_from_ns + NS_PER_MS * (1 + prng_below(prng, 3000));
	}
}

void world_make_events(struct world *world)
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

void world_make_clients(struct world *world)
{
	world->client_count = 1 + prng_below(&world->prng, CLIENTS_MAX);
	for (unsigned i = 0; i < world->client_count; i++) {
		client_init(&world->clients[i], &world->client_host, &world->prng,
			    1 + i * CLIENT_REQUESTS_MAX, world->hostile);
		world->clients[i].pause_ns = world->pauses_ns[i];
		world->start_at_ns[i] = NS_PER_US * (1 + prng_below(&world->prng, 300000));
	}
}

/* Small buffers, so that windows close and writers wait. */
uint32_t world_pick_budget_bytes(struct prng *prng)
{
	return UINT32_C(1) << (14 + prng_below(prng, 6));
}

void world_pick_limits(struct world *world, uint64_t seed, struct subject_limits *limits)
{
	struct prng *prng = &world->prng;
	bool scarce = world->hostile && prng_below(prng, 4) == 0;

	limits->connections_max = scarce ? 2 + prng_below(prng, 20) : 128;
	/* Not drawn, so that the other worlds are what they were. */
	limits->by_kernel = seed % KERNEL_WORLDS == KERNEL_WORLDS - 1;
	limits->slices_max = scarce ? 16 + prng_below(prng, 300) : 4096;
	limits->stream_budget_bytes = 2 * world_pick_budget_bytes(prng);
}

void world_make_behind(struct world *world, uint64_t seed, struct subject_limits *limits)
{
	struct prng prng;

	world->has_behind = seed % EXCEPTION_WORLDS == 5 || seed % EXCEPTION_WORLDS == 10;
	if (!world->has_behind)
		return;
	prng_seed(&prng, seed ^ UINT64_C(0x65786365));
	behind_open(&world->behind, SUBJECT_NUMBER, &world->memory->worker, &world->memory->origins, &prng,
		    world->hostile, 1 + CLIENTS_MAX * CLIENT_REQUESTS_MAX, 0);
	origin_open(&world->stranger, &world->wire, &world->memory->origins, STRANGER_NUMBER,
		    world_pick_budget_bytes(&prng), 0, prng_next(&prng), 0);
	limits->behind = &world->behind;
}

void world_make_crew(struct world *world, uint64_t seed, struct subject_limits *limits)
{
	struct prng prng;

	prng_seed(&prng, seed ^ UINT64_C(0x63726577));
	limits->workers = seed % 2 ? 1 : 2 + prng_below(&prng, SUBJECT_WORKERS_MAX - 1);
	limits->queues = prng_below(&prng, 3) ? 1 : limits->workers;
	/* On several queues, each polled when its worker is, one frame overtakes another. */
	if (limits->queues > 1)
		world->orderly = false;
	for (unsigned i = 0; limits->workers > 1 && i < BUCKET_MOVES_MAX; i++)
		if (prng_below(&prng, 2))
			world->bucket_moves_at_ns[i] = NS_PER_MS * (1 + prng_below(&prng, 600));
	limits->rss = limits->queues > 1 ? prng_below(&prng, SUBJECT_RSS_COUNT) : SUBJECT_RSS_NONE;
	if (limits->workers > 1 && !limits->by_kernel && prng_below(&prng, 2))
		world->claim_at_ns = NS_PER_MS * (1 + prng_below(&prng, 600));
	for (unsigned i = 0; limits->workers > 1 && i < CLIENTS_MAX; i++)
		world->pauses_ns[i] = prng_below(&prng, 2) * NS_PER_MS * prng_below(&prng, 100);
}
