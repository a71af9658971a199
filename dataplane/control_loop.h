/* The control thread's event loop (libuv): timers, signals, DNS, and calls from other threads.
 *
 * All configuration and life-cycle decisions run here, one after the other, so they need no locks.
 * Other threads (admin) hand in a call with control_loop_post or wait for it with
 * control_loop_call. */
#ifndef DATAPLANE_CONTROL_LOOP_H
#define DATAPLANE_CONTROL_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

/* Calls that wait at one time. */
#define CONTROL_CALLS_MAX 256

struct control_loop;

MUST_USE bool control_loop_open(struct control_loop **out, struct why *why);
/* No thread posts any more, every handle that others made is closed. */
void control_loop_close(struct control_loop *loop);
uv_loop_t *control_loop_uv(struct control_loop *loop);
/* Runs until control_loop_stop. */
void control_loop_run(struct control_loop *loop);
/* From inside of the loop. */
void control_loop_stop(struct control_loop *loop);

/* Any thread: call(context) runs in the loop, in order of posting.  False when too many wait. */
MUST_USE bool control_loop_post(struct control_loop *loop, void (*call)(void *context),
				void *context);
/* Another thread: the same, and waits for its end.  False: not called (too many wait, or the loop
 * has ended). */
MUST_USE bool control_loop_call(struct control_loop *loop, void (*call)(void *context),
				void *context);

#endif
