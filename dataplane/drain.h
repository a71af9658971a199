/* The orderly end: no new connections, requests in flight end, what was written is delivered.
 *
 *     drain_begin --> workers: MAIL_DRAIN --> all connections gone --> nothing queued in TCP --> done
 *                                    \______________ or the time is up ______________________/ */
#ifndef DATAPLANE_DRAIN_H
#define DATAPLANE_DRAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "dataplane/assembly.h"

struct drain_look {
	struct worker_visit visit;
	uint32_t unsent; /* connections with bytes or an end not yet acknowledged */
} CACHE_ALIGNED; /* each is written by another worker */

struct drain {
	struct assembly *assembly;
	uv_timer_t timer;
	bool begun;
	bool told;
	uint64_t deadline_ns;
	bool looking;
	struct drain_look looks[SETTINGS_WORKERS_MAX];
	void (*done)(void *context, bool in_time);
	void *context;
};

/* done is called once, on the loop, after drain_begin. */
void drain_init(struct drain *drain, uv_loop_t *loop, struct assembly *assembly,
		void (*done)(void *context, bool in_time), void *context);
void drain_begin(struct drain *drain, uint32_t seconds);
/* Before the loop is closed. */
void drain_close(struct drain *drain);

#endif
