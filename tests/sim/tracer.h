/* Traces in worlds: every connection and every request of every worker, so that a world that is run
 * twice, once traced, shows that tracing changes nothing. */
#ifndef TESTS_SIM_TRACER_H
#define TESTS_SIM_TRACER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/worker.h"

/* Workers that are opened from now on are traced, or not (at first). */
void tracer_set(bool on);
void tracer_attach(struct worker *worker, unsigned index, uint64_t now_ns);
/* Reads what has been told.  Every event has to be one that can be put into words. */
void tracer_read(unsigned index);

#endif
