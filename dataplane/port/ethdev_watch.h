/* What happens to a running device: its link goes and comes, its PF resets it.
 *
 *     driver's interrupt thread ── ethdev_watch_tell_reset ──> reset_wanted
 *     control thread, each tick ── ethdev_watch_step ──> close gate, wait until no worker is inside
 *                                     a burst, reset, set up and start again, open gate
 *
 * While the gate is closed a port receives nothing and takes nothing to send: frames stay with the
 * workers, who offer them again, and no connection is lost.  A reset that fails is tried again at
 * the next step. */
#ifndef DATAPLANE_PORT_ETHDEV_WATCH_H
#define DATAPLANE_PORT_ETHDEV_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port/ethdev_start.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

enum ethdev_event { ETHDEV_NOTHING, ETHDEV_LINK_UP, ETHDEV_LINK_DOWN, ETHDEV_RESET,
		    ETHDEV_RESET_FAILED };

struct ethdev_watch {
	uint32_t gate_closed;  /* read by workers before each burst */
	uint32_t reset_wanted; /* by the driver's thread */
	bool link_up;
	uint64_t link_downs;
	uint64_t resets;
};

/* Any thread. */
void ethdev_watch_tell_reset(struct ethdev_watch *watch);
/* One event at a time: call until ETHDEV_NOTHING or ETHDEV_RESET_FAILED.  `again` runs between setting
 * the device up and opening the gate (RSS); NULL = nothing to do. */
enum ethdev_event ethdev_watch_step(struct ethdev_watch *watch, const struct ethdev_calls *calls,
				    uint16_t id, const struct ethdev_plan *plan,
				    void (*again)(void *context), void *context, struct why *why);

/* Returns when no worker is inside a burst; none enters until the gate opens. */
void ethdev_gate_close(struct ethdev_watch *watch);
void ethdev_gate_open(struct ethdev_watch *watch);
/* For a worker, before and after a burst; false: leave the device alone. */
MUST_USE bool ethdev_gate_enter(const struct ethdev_watch *watch, uint16_t queue);
void ethdev_gate_leave(uint16_t queue);

#endif
