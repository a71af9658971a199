#include "dataplane/port/ethdev_watch.h"

#include <string.h>

#include "dataplane/port/ethdev_calls.h"
#include "dataplane/port/burst_guard.h"

void ethdev_watch_tell_reset(struct ethdev_watch *watch)
{
	__atomic_store_n(&watch->reset_wanted, 1, __ATOMIC_RELEASE);
}

void ethdev_gate_close(struct ethdev_watch *watch)
{
	__atomic_store_n(&watch->gate_closed, 1, __ATOMIC_SEQ_CST);
	burst_wait_all();
}

void ethdev_gate_open(struct ethdev_watch *watch)
{
	__atomic_store_n(&watch->gate_closed, 0, __ATOMIC_SEQ_CST);
}

bool ethdev_gate_enter(const struct ethdev_watch *watch, uint16_t queue)
{
	if (unlikely_true(__atomic_load_n(&watch->gate_closed, __ATOMIC_RELAXED)))
		return false;
	burst_enter(queue);
	/* Entered and looked again: either the closer sees us inside, or we see it closed. */
	if (likely_true(!__atomic_load_n(&watch->gate_closed, __ATOMIC_SEQ_CST)))
		return true;
	burst_leave(queue);
	return false;
}

void ethdev_gate_leave(uint16_t queue)
{
	burst_leave(queue);
}

static bool reset(struct ethdev_watch *watch, const struct ethdev_calls *calls, uint16_t id,
		  const struct ethdev_plan *plan, void (*again)(void *context), void *context,
		  struct why *why)
{
	ethdev_gate_close(watch);
	/* What is told from here on is another reset. */
	__atomic_store_n(&watch->reset_wanted, 0, __ATOMIC_RELEASE);
	calls->stop(id);
	int result = calls->reset(id);

	if (result != 0 && result != -ENOTSUP)
		why_set(why, "port %s: %s does not come back from its reset (%s); tried again",
			plan->name, plan->device, strerror(-result));
	else if (ethdev_start(calls, id, plan, why))
		result = 0;
	else
		result = -EIO;
	if (result != 0) {
		ethdev_watch_tell_reset(watch);
		return false;
	}
	if (again)
		again(context);
	watch->resets++;
	ethdev_gate_open(watch);
	why_set(why, "port %s: %s was reset by its PF and set up again", plan->name, plan->device);
	return true;
}

enum ethdev_event ethdev_watch_step(struct ethdev_watch *watch, const struct ethdev_calls *calls,
				    uint16_t id, const struct ethdev_plan *plan,
				    void (*again)(void *context), void *context, struct why *why)
{
	struct rte_eth_link link = {0};

	if (__atomic_load_n(&watch->reset_wanted, __ATOMIC_ACQUIRE))
		return reset(watch, calls, id, plan, again, context, why) ? ETHDEV_RESET :
									     ETHDEV_RESET_FAILED;
	if (calls->link_get(id, &link) != 0 || watch->link_up == link.link_status)
		return ETHDEV_NOTHING;
	watch->link_up = link.link_status;
	why_set(why, "port %s: link of %s is %s", plan->name, plan->device,
		watch->link_up ? "up" : "down");
	if (watch->link_up)
		return ETHDEV_LINK_UP;
	watch->link_downs++;
	return ETHDEV_LINK_DOWN;
}
