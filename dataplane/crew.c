#include "dataplane/crew.h"

#include <inttypes.h>
#include <rte_lcore.h>
#include <string.h>

#include "dataplane/assembly.h"
#include "dataplane/counters/segment.h"
#include "dataplane/logger.h"
#include "stack/base/counter.h"

/* A gap that lasts: a burst of connections is none. */
#define UNEVEN_TICKS 3
/* How long evening out leaves a bucket alone that has moved: its connections travel, and show what they
 * are worth where they are now. */
#define STAY_TICKS 15

void crew_init(struct crew *crew, struct assembly *assembly)
{
	memset(crew, 0, sizeof(*crew));
	crew->assembly = assembly;
	crew->view.workers = assembly->settings.workers;
	pthread_mutex_init(&crew->lock, NULL);
}

static struct buckets *buckets_of(struct crew *crew)
{
	return &crew->assembly->fabric->buckets;
}

static void look(struct crew *crew)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		crew->view.home[i] = bucket_home(bucket_stops(buckets_of(crew), i));
		crew->view.flows[i] = 0;
		for (uint16_t w = 0; w < crew->view.workers; w++)
			crew->view.flows[i] += __atomic_load_n(
				&worker_bucket_flows(crew->assembly->workers[w].worker)[i],
				__ATOMIC_RELAXED);
	}
}

static void measure(struct crew *crew)
{
	for (uint16_t i = 0; i < crew->view.workers; i++) {
		const struct worker_counters *counters = crew->assembly->workers[i].thread.counters;
		uint64_t busy = counter_read(&counters->busy_cycles);
		uint64_t idle = counter_read(&counters->idle_cycles);
		uint64_t spent = busy - crew->busy_cycles[i];
		uint64_t all = spent + idle - crew->idle_cycles[i];

		crew->view.busy_permille[i] = all ? (uint32_t)(spent * 1000 / all) : 0;
		crew->busy_cycles[i] = busy;
		crew->idle_cycles[i] = idle;
	}
}

/* Buckets that have no stop left stay where they are; returns how many moved. */
static uint32_t carry_out(struct crew *crew)
{
	struct mail mail = {.kind = MAIL_BUCKETS};
	uint32_t moved = 0;

	for (uint32_t i = 0; i < crew->plan.count; i++) {
		moved += bucket_move(buckets_of(crew), crew->plan.bucket[i], crew->plan.to[i]);
		crew->view.stay[crew->plan.bucket[i]] = STAY_TICKS;
	}
	crew->moves += moved;
	/* Whoever has a full mailbox looks when its next flow ends, or at the next move. */
	if (moved > 0)
		(void)assembly_tell(crew->assembly, &mail);
	return moved;
}

void crew_tick(struct crew *crew)
{
	if (!crew->assembly->fabric)
		return;
	pthread_mutex_lock(&crew->lock);
	measure(crew);
	look(crew);
	for (uint32_t i = 0; i < BUCKETS; i++)
		crew->view.stay[i] -= crew->view.stay[i] > 0;
	bucket_plan_even_out(&crew->view, &crew->plan);
	crew->uneven_ticks = crew->plan.count > 0 ? crew->uneven_ticks + 1 : 0;
	if (crew->uneven_ticks >= UNEVEN_TICKS) {
		carry_out(crew);
		crew->uneven_ticks = 0;
	}
	pthread_mutex_unlock(&crew->lock);
}

static bool is_worker(const struct crew *crew, uint32_t worker, struct why *why)
{
	if (worker < crew->view.workers)
		return true;
	return why_set(why, "there is no worker %u; there are %u, counted from 0", worker,
		       crew->view.workers);
}

static bool has_choice(const struct crew *crew, struct why *why)
{
	return crew->assembly->fabric || why_set(why, "there is one worker, which does everything");
}

bool crew_rest(struct crew *crew, uint32_t worker, struct why *why)
{
	if (!is_worker(crew, worker, why) || !has_choice(crew, why))
		return false;
	pthread_mutex_lock(&crew->lock);
	look(crew);
	bool possible = bucket_plan_rest(&crew->view, (uint16_t)worker, &crew->plan);

	if (possible) {
		crew->view.resting[worker] = true;
		log_info("worker", "worker %u rests: %u buckets move", worker, carry_out(crew));
	} else {
		why_set(why, "all other workers rest; add one of them first");
	}
	pthread_mutex_unlock(&crew->lock);
	return possible;
}

bool crew_add(struct crew *crew, uint32_t worker, struct why *why)
{
	if (!is_worker(crew, worker, why) || !has_choice(crew, why))
		return false;
	pthread_mutex_lock(&crew->lock);
	look(crew);
	crew->view.resting[worker] = false;
	bucket_plan_add(&crew->view, (uint16_t)worker, &crew->plan);
	log_info("worker", "worker %u is added: %u buckets move", worker, carry_out(crew));
	pthread_mutex_unlock(&crew->lock);
	return true;
}

bool crew_move(struct crew *crew, uint32_t from, uint32_t to, uint32_t count, struct why *why)
{
	if (!is_worker(crew, from, why) || !is_worker(crew, to, why) || !has_choice(crew, why))
		return false;
	pthread_mutex_lock(&crew->lock);
	look(crew);
	bool possible = !crew->view.resting[to];

	if (possible) {
		bucket_plan_move(&crew->view, (uint16_t)from, (uint16_t)to,
				 count < BUCKETS ? count : BUCKETS, &crew->plan);
		log_info("worker", "%u buckets move from worker %u to worker %u", carry_out(crew), from,
			 to);
	} else {
		why_set(why, "worker %u rests; add it first", to);
	}
	pthread_mutex_unlock(&crew->lock);
	return possible;
}

static void write_worker(struct crew *crew, uint16_t worker, struct text *out)
{
	const uint32_t *flows = worker_bucket_flows(crew->assembly->workers[worker].worker);
	uint32_t homes = 0, leaving = 0, sum = 0;

	for (uint32_t i = 0; crew->assembly->fabric && i < BUCKETS; i++) {
		uint32_t stops = bucket_stops(buckets_of(crew), i);

		homes += bucket_home(stops) == worker;
		leaving += bucket_home(stops) != worker && bucket_has(stops, worker);
		sum += __atomic_load_n(&flows[i], __ATOMIC_RELAXED);
	}
	const struct eal_plan *plan = &crew->assembly->plan;
	const struct segment_worker *counted = segment_worker(crew->assembly->segment, worker);

	text_printf(out,
		    "{\"worker\":%u,\"cpu\":%u,\"node\":%u,\"resting\":%s,\"busy\":%u.%03u,\"buckets\":%u,\"leaving\":%u,"
		    "\"flows\":%u,\"connections\":%" PRIu64 ",\"travelled_in\":%" PRIu64
		    ",\"travelled_out\":%" PRIu64 "}",
		    worker, plan->worker_cpus[worker],
		    rte_lcore_to_socket_id(plan->worker_lcores[worker]), crew->view.resting[worker] ? "true" : "false",
		    crew->view.busy_permille[worker] / 1000, crew->view.busy_permille[worker] % 1000,
		    crew->assembly->fabric ? homes : BUCKETS, leaving, sum,
		    counter_read(&counted->tcp->connections_established),
		    counter_read(&counted->worker->travelled_in),
		    counter_read(&counted->worker->travelled_out));
}

void crew_write(struct crew *crew, struct text *out)
{
	pthread_mutex_lock(&crew->lock);
	text_printf(out, "{\"buckets\":%u,\"moves\":%" PRIu64 ",\"workers\":[", BUCKETS, crew->moves);
	for (uint16_t i = 0; i < crew->view.workers; i++) {
		text_add(out, i ? ",\n" : "\n");
		write_worker(crew, i, out);
	}
	text_add(out, "\n]}\n");
	pthread_mutex_unlock(&crew->lock);
}
