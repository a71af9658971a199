#include "dataplane/worker/bucket_plan.h"

#define NOBODY UINT16_MAX

static uint32_t load_of(const struct bucket_view *view, uint32_t bucket)
{
	return 1 + view->flows[bucket];
}

static void sum_loads(const struct bucket_view *view, uint64_t loads[BUCKET_WORKERS_MAX])
{
	for (uint16_t i = 0; i < view->workers; i++)
		loads[i] = 0;
	for (uint32_t i = 0; i < BUCKETS; i++)
		loads[view->home[i]] += load_of(view, i);
}

static void put(struct bucket_plan *plan, uint32_t bucket, uint16_t to)
{
	plan->bucket[plan->count] = (uint16_t)bucket;
	plan->to[plan->count++] = to;
}

static uint16_t least_loaded(const struct bucket_view *view, const uint64_t *loads, uint16_t but)
{
	uint16_t best = NOBODY;

	for (uint16_t i = 0; i < view->workers; i++)
		if (i != but && !view->resting[i] && (best == NOBODY || loads[i] < loads[best]))
			best = i;
	return best;
}

bool bucket_plan_rest(const struct bucket_view *view, uint16_t worker, struct bucket_plan *plan)
{
	uint64_t loads[BUCKET_WORKERS_MAX];

	plan->count = 0;
	sum_loads(view, loads);
	if (least_loaded(view, loads, worker) == NOBODY)
		return false;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		if (view->home[i] != worker)
			continue;
		uint16_t to = least_loaded(view, loads, worker);

		put(plan, i, to);
		loads[to] += load_of(view, i);
	}
	return true;
}

void bucket_plan_add(const struct bucket_view *view, uint16_t worker, struct bucket_plan *plan)
{
	uint64_t loads[BUCKET_WORKERS_MAX], share = 0;
	uint32_t active = 1;

	plan->count = 0;
	sum_loads(view, loads);
	for (uint16_t i = 0; i < view->workers; i++) {
		active += i != worker && !view->resting[i];
		share += loads[i];
	}
	share /= active;
	/* One bucket from each of the others in turn: from whoever has more than its share. */
	for (uint32_t i = 0; i < BUCKETS && loads[worker] < share; i++) {
		uint16_t from = view->home[i];
		uint64_t load = load_of(view, i);

		if (from == worker || loads[worker] + load > share ||
		    (loads[from] <= share && !view->resting[from]))
			continue;
		put(plan, i, worker);
		loads[from] -= load;
		loads[worker] += load;
	}
}

void bucket_plan_move(const struct bucket_view *view, uint16_t from, uint16_t to, uint32_t count,
		      struct bucket_plan *plan)
{
	bool taken[BUCKETS] = {false};

	plan->count = 0;
	while (plan->count < count) {
		uint32_t best = BUCKETS;

		for (uint32_t i = 0; i < BUCKETS; i++)
			if (view->home[i] == from && !taken[i] &&
			    (best == BUCKETS || view->flows[i] > view->flows[best]))
				best = i;
		if (best == BUCKETS)
			return;
		taken[best] = true;
		put(plan, best, to);
	}
}

/* Buckets of `from` that make up this much of its load, and may move, go to `to`. */
static void move_load(const struct bucket_view *view, uint16_t from, uint16_t to, uint64_t wanted,
		      struct bucket_plan *plan)
{
	uint64_t moved = 0;

	for (uint32_t i = 0; i < BUCKETS && plan->count < BUCKET_PLAN_EVEN_MAX; i++) {
		if (view->home[i] != from || view->stay[i] || moved + load_of(view, i) > wanted)
			continue;
		put(plan, i, to);
		moved += load_of(view, i);
	}
}

/* The two meet in the middle: of how busy they are … */
static bool even_out_busy(const struct bucket_view *view, const uint64_t *loads,
			  struct bucket_plan *plan)
{
	uint16_t busiest = NOBODY, idlest = NOBODY;

	for (uint16_t i = 0; i < view->workers; i++) {
		if (view->resting[i])
			continue;
		if (busiest == NOBODY || view->busy_permille[i] > view->busy_permille[busiest])
			busiest = i;
		if (idlest == NOBODY || view->busy_permille[i] < view->busy_permille[idlest])
			idlest = i;
	}
	if (busiest == NOBODY || view->busy_permille[busiest] < BUCKET_PLAN_BUSY_PERMILLE ||
	    view->busy_permille[busiest] - view->busy_permille[idlest] < BUCKET_PLAN_GAP_PERMILLE)
		return false;
	move_load(view, busiest, idlest,
		  loads[busiest] * (view->busy_permille[busiest] - view->busy_permille[idlest]) / 2 /
			  view->busy_permille[busiest],
		  plan);
	return true;
}

/* … or of how many connections they have; never to the busier one of them. */
static void even_out_flows(const struct bucket_view *view, const uint64_t *loads,
			   struct bucket_plan *plan)
{
	uint16_t fullest = NOBODY, emptiest = NOBODY;

	for (uint16_t i = 0; i < view->workers; i++) {
		if (view->resting[i])
			continue;
		if (fullest == NOBODY || loads[i] > loads[fullest])
			fullest = i;
		if (emptiest == NOBODY || loads[i] < loads[emptiest])
			emptiest = i;
	}
	if (fullest == NOBODY || loads[fullest] < loads[emptiest] * 5 / 4 ||
	    loads[fullest] < loads[emptiest] + BUCKET_PLAN_GAP_FLOWS ||
	    view->busy_permille[emptiest] > view->busy_permille[fullest])
		return;
	move_load(view, fullest, emptiest, (loads[fullest] - loads[emptiest]) / 2, plan);
}

void bucket_plan_even_out(const struct bucket_view *view, struct bucket_plan *plan)
{
	uint64_t loads[BUCKET_WORKERS_MAX];

	plan->count = 0;
	sum_loads(view, loads);
	if (!even_out_busy(view, loads, plan))
		even_out_flows(view, loads, plan);
}
