/* The thread of a worker: clock, poll, rest, and the counters about them. */
#ifndef DATAPLANE_WORKER_WORKER_LOOP_H
#define DATAPLANE_WORKER_WORKER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/worker.h"
#include "dataplane/worker/worker_rest.h"

struct worker_thread {
	struct worker *worker;
	struct worker_counters *counters;
	struct doorbell *doorbell;
	struct worker_rest rest;
	unsigned lcore;
	bool stop;     /* set by the control thread, which then rings the doorbell */
	bool running;
};

/* worker_create by the thread that will run it: its memory is near its CPU, and comes from a part of the
 * heap in which no other worker's lies, so that the two never share a line. */
struct worker *worker_thread_create(unsigned lcore, const struct worker_params *params);
/* Starts the loop on thread->lcore. */
MUST_USE bool worker_thread_start(struct worker_thread *thread, struct why *why);
/* Ends the loop and waits for it. */
void worker_thread_stop(struct worker_thread *thread);

#endif
