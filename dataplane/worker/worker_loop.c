#include "dataplane/worker/worker_loop.h"

#include <rte_launch.h>
#include <rte_lcore.h>
#include <sys/prctl.h>

#include "dataplane/clock.h"
#include "dataplane/counters/worker_counters.h"
#include "stack/base/counter.h"

static void account(struct worker_counters *counters, bool worked, uint64_t cycles)
{
	counter_inc(&counters->polls);
	if (worked) {
		counter_inc(&counters->busy_polls);
		counter_add(&counters->busy_cycles, cycles);
	} else {
		counter_add(&counters->idle_cycles, cycles);
	}
}

static bool has_input(const void *worker)
{
	return worker_has_input(worker);
}

static int loop(void *argument)
{
	struct worker_thread *t = argument;
	uint64_t before = clock_cycles();

	prctl(PR_SET_NAME, "foil-worker");
	while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
		uint64_t now_ns = clock_now_ns();
		struct worker_result result = worker_poll(t->worker, now_ns);
		uint64_t after = clock_cycles();

		account(t->counters, result.worked, after - before);
		before = after;
		uint64_t sleep_ns = worker_rest_decide(&t->rest, result, now_ns);
		if (sleep_ns == 0)
			continue;
		counter_inc(&t->counters->rests);
		if (worker_rest_sleep(&t->rest, t->doorbell, has_input, t->worker, sleep_ns))
			counter_inc(&t->counters->wakeups);
		after = clock_cycles();
		counter_add(&t->counters->idle_cycles, after - before);
		before = after;
	}
	return 0;
}

struct making {
	const struct worker_params *params;
	struct worker *worker;
};

static int make(void *argument)
{
	struct making *making = argument;

	making->worker = worker_create(making->params);
	return 0;
}

struct worker *worker_thread_create(unsigned lcore, const struct worker_params *params)
{
	struct making making = {.params = params};

	if (rte_eal_remote_launch(make, &making, lcore) == 0)
		rte_eal_wait_lcore(lcore);
	return making.worker;
}

bool worker_thread_start(struct worker_thread *t, struct why *why)
{
	t->stop = false;
	if (rte_eal_remote_launch(loop, t, t->lcore) != 0)
		return why_set(why, "the worker on lcore %u cannot be started", t->lcore);
	t->running = true;
	return true;
}

void worker_thread_stop(struct worker_thread *t)
{
	if (!t->running)
		return;
	__atomic_store_n(&t->stop, true, __ATOMIC_RELEASE);
	doorbell_ring(t->doorbell);
	rte_eal_wait_lcore(t->lcore);
	t->running = false;
}
