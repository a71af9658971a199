#include "dataplane/worker/doorbell.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool doorbell_open(struct doorbell *bell, struct why *why)
{
	bell->asleep = 0;
	bell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (bell->fd < 0)
		return why_set(why, "no descriptor for a worker's doorbell: %s; raise the limit of "
				    "open files (ulimit -n)", strerror(errno));
	return true;
}

void doorbell_close(struct doorbell *bell)
{
	close(bell->fd);
	bell->fd = -1;
}

void doorbell_ring(struct doorbell *bell)
{
	static const uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* A load first: an awake worker's line stays where it is. */
	if (!__atomic_load_n(&bell->asleep, __ATOMIC_RELAXED) ||
	    !__atomic_exchange_n(&bell->asleep, 0, __ATOMIC_SEQ_CST))
		return;
	ssize_t written = write(bell->fd, &one, sizeof(one));
	(void)written; /* EAGAIN: it has been rung 2^64 - 2 times and is still ringing */
}

void doorbell_arm(struct doorbell *bell)
{
	__atomic_store_n(&bell->asleep, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void doorbell_disarm(struct doorbell *bell, bool readable)
{
	uint64_t count;

	__atomic_store_n(&bell->asleep, 0, __ATOMIC_SEQ_CST);
	/* A ring that comes after this wakes the next sleep at once: spurious, and drained then. */
	if (!readable)
		return;
	ssize_t got = read(bell->fd, &count, sizeof(count));
	(void)got;
}
