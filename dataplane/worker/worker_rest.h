/* What a worker does when there is nothing to do: spin for a while, then sleep until a port, its
 * doorbell or its deadline wakes it.
 *
 *     worked --> SPIN (poll again) --SPIN_NS idle--> poll(port fds, doorbell, deadline)
 *                                                \-> where a port has no fd: naps that grow from
 *                                                    NAP_LEAST_NS to NAP_MOST_NS with the
 *                                                    time that nothing came
 *
 * The decision is pure (worker_rest_decide); worker_rest_sleep does it. */
#ifndef DATAPLANE_WORKER_WORKER_REST_H
#define DATAPLANE_WORKER_WORKER_REST_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/doorbell.h"
#include "dataplane/worker/worker.h"
#include "stack/base/time.h"

#define WORKER_REST_SPIN_NS (50 * NS_PER_US)
#define WORKER_REST_NAP_LEAST_NS (50 * NS_PER_US)
/* A frame waits for the end of a nap, so a nap is at most this share of the idle time so far. */
#define WORKER_REST_NAP_SHARE 8
#define WORKER_REST_NAP_MOST_NS (2 * NS_PER_MS)
/* Longest sleep with descriptors: a lost wake-up would be seen as this. */
#define WORKER_REST_SLEEP_MOST_NS (100 * NS_PER_MS)

struct worker_rest {
	int fds[2 * WORKER_PORTS_MAX + 1]; /* of ports, exception ports, and the kernel's sockets */
	uint32_t fd_count;
	uint64_t spin_ns;       /* of polling on before the first sleep; SPIN_NS unless set otherwise */
	bool nap;               /* some port has no descriptor */
	uint64_t idle_since_ns; /* of the first poll that did nothing; 0 = busy */
};

/* queue: of each of the ports, which the worker owns. */
void worker_rest_init(struct worker_rest *rest, struct port *const *ports, uint32_t count,
		      uint16_t queue);
/* One more descriptor that wakes it; -1: something that has none, so that it naps. */
void worker_rest_watch(struct worker_rest *rest, int fd);
/* How long to sleep now; 0 = poll again at once. */
uint64_t worker_rest_decide(struct worker_rest *rest, struct worker_result result, uint64_t now_ns);
/* Sleeps at most sleep_ns; true when something woke it.  has_input is asked once more when the doorbell
 * is armed: whoever puts something there rings afterwards. */
bool worker_rest_sleep(struct worker_rest *rest, struct doorbell *bell,
		       bool (*has_input)(const void *context), const void *context,
		       uint64_t sleep_ns);

#endif
