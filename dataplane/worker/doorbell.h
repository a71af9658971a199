/* Wakes a sleeping worker.  Ringing one that is awake costs a load and a fence, no system call.
 *
 *     worker: asleep = 1; fence; look into the mailbox once more; poll(fd)
 *     sender: put the message; fence; if asleep: write(fd) */
#ifndef DATAPLANE_WORKER_DOORBELL_H
#define DATAPLANE_WORKER_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct doorbell {
	int fd;          /* an eventfd */
	uint32_t asleep;
} CACHE_ALIGNED;

MUST_USE bool doorbell_open(struct doorbell *bell, struct why *why);
void doorbell_close(struct doorbell *bell);
void doorbell_ring(struct doorbell *bell);
/* The worker: before it sleeps (then it looks into its mailbox once more). */
void doorbell_arm(struct doorbell *bell);
/* The worker: after it slept; readable: poll() said so of fd. */
void doorbell_disarm(struct doorbell *bell, bool readable);

#endif
