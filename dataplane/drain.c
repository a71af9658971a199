#include "dataplane/drain.h"

#include <string.h>

#include "dataplane/clock.h"
#include "stack/base/time.h"

#define STEP_MS 10

void drain_init(struct drain *drain, uv_loop_t *loop, struct assembly *assembly,
		void (*done)(void *context, bool in_time), void *context)
{
	memset(drain, 0, sizeof(*drain));
	drain->assembly = assembly;
	drain->done = done;
	drain->context = context;
	uv_timer_init(loop, &drain->timer);
	drain->timer.data = drain;
}

/* Runs on the worker.  An end that is not acknowledged would leave the peer waiting. */
static void look_at(void *context, const struct stream_info *info)
{
	struct drain_look *look = context;

	if (info->queued_bytes > 0 || strcmp(info->state, "FIN-WAIT-1") == 0 ||
	    strcmp(info->state, "LAST-ACK") == 0 || strcmp(info->state, "CLOSING") == 0)
		look->unsent++;
}

static void begin_look(struct drain *drain)
{
	struct assembly *a = drain->assembly;

	for (uint16_t i = 0; i < a->workers_made; i++) {
		struct drain_look *look = &drain->looks[i];
		struct mail mail = {.kind = MAIL_VISIT, .visit = &look->visit};

		*look = (struct drain_look){.visit = {.visit = look_at, .context = look}};
		if (!mailbox_post(worker_mailbox(a->workers[i].worker), &mail)) {
			/* A full box: nothing is known, so another look is needed. */
			look->visit.done = true;
			look->unsent = 1;
		}
	}
	drain->looking = true;
}

/* Whether all workers have looked; *unsent is what they found. */
static bool looked(const struct drain *drain, uint32_t *unsent)
{
	*unsent = 0;
	for (uint16_t i = 0; i < drain->assembly->workers_made; i++) {
		if (!__atomic_load_n(&drain->looks[i].visit.done, __ATOMIC_ACQUIRE))
			return false;
		*unsent += drain->looks[i].unsent;
	}
	return true;
}

static void finish(struct drain *drain, bool in_time)
{
	uv_timer_stop(&drain->timer);
	drain->done(drain->context, in_time);
}

static void step(uv_timer_t *timer)
{
	struct drain *drain = timer->data;
	struct mail mail = {.kind = MAIL_DRAIN};
	uint32_t unsent;

	if (!drain->told)
		drain->told = assembly_tell(drain->assembly, &mail);
	if (drain->looking) {
		if (looked(drain, &unsent)) {
			drain->looking = false;
			if (unsent == 0) {
				finish(drain, true);
				return;
			}
		}
	} else if (assembly_is_drained(drain->assembly)) {
		begin_look(drain);
	}
	if (clock_now_ns() >= drain->deadline_ns)
		finish(drain, false);
}

void drain_begin(struct drain *drain, uint32_t seconds)
{
	drain->begun = true;
	drain->deadline_ns = clock_now_ns() + seconds * NS_PER_SECOND;
	uv_timer_start(&drain->timer, step, 0, STEP_MS);
}

void drain_close(struct drain *drain)
{
	uv_close((uv_handle_t *)&drain->timer, NULL);
}
