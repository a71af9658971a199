#include "dataplane/worker/worker_rest.h"

#include <poll.h>
#include <string.h>
#include <time.h>

void worker_rest_init(struct worker_rest *rest, struct port *const *ports, uint32_t count,
		      uint16_t queue)
{
	memset(rest, 0, sizeof(*rest));
	rest->spin_ns = WORKER_REST_SPIN_NS;
	for (uint32_t i = 0; i < count; i++) {
		int fd = queue < ports[i]->queues ? ports[i]->lanes[queue].wait_fd : ports[i]->wait_fd;

		if (fd >= 0)
			rest->fds[rest->fd_count++] = fd;
		else
			rest->nap = true;
	}
}

void worker_rest_watch(struct worker_rest *rest, int fd)
{
	if (fd < 0)
		rest->nap = true;
	else
		rest->fds[rest->fd_count++] = fd;
}

uint64_t worker_rest_decide(struct worker_rest *rest, struct worker_result result, uint64_t now_ns)
{
	uint64_t most_ns;

	if (result.worked || result.deadline_ns <= now_ns) {
		rest->idle_since_ns = 0;
		return 0;
	}
	if (rest->idle_since_ns == 0)
		rest->idle_since_ns = now_ns ? now_ns : 1;
	if (now_ns - rest->idle_since_ns < rest->spin_ns)
		return 0;
	if (rest->nap) {
		most_ns = (now_ns - rest->idle_since_ns) / WORKER_REST_NAP_SHARE;
		if (most_ns < WORKER_REST_NAP_LEAST_NS)
			most_ns = WORKER_REST_NAP_LEAST_NS;
		if (most_ns > WORKER_REST_NAP_MOST_NS)
			most_ns = WORKER_REST_NAP_MOST_NS;
	} else {
		most_ns = WORKER_REST_SLEEP_MOST_NS;
	}
	return deadline_earlier_ns(result.deadline_ns - now_ns, most_ns);
}

bool worker_rest_sleep(struct worker_rest *rest, struct doorbell *bell,
		       bool (*has_input)(const void *context), const void *context,
		       uint64_t sleep_ns)
{
	struct pollfd waits[ARRAY_LEN(rest->fds) + 1];
	struct timespec longest = {.tv_sec = (time_t)(sleep_ns / NS_PER_SECOND),
				   .tv_nsec = (long)(sleep_ns % NS_PER_SECOND)};
	int woken = 0;

	waits[0] = (struct pollfd){.fd = bell->fd, .events = POLLIN};
	for (uint32_t i = 0; i < rest->fd_count; i++)
		waits[i + 1] = (struct pollfd){.fd = rest->fds[i], .events = POLLIN};
	doorbell_arm(bell);
	if (!has_input(context))
		woken = ppoll(waits, rest->fd_count + 1, &longest, NULL);
	doorbell_disarm(bell, woken > 0 && (waits[0].revents & POLLIN));
	/* POLLERR (interface down) comes back at once and for ever: its descriptor rests as a nap. */
	for (uint32_t i = 0; woken > 0 && i < rest->fd_count; i++)
		if (waits[i + 1].revents & POLLERR && !(waits[i + 1].revents & POLLIN)) {
			longest = (struct timespec){.tv_nsec = WORKER_REST_NAP_MOST_NS};
			nanosleep(&longest, NULL);
			break;
		}
	return woken > 0;
}
