/* circuit_breakers.default.*: made when somebody looks, of what workers count anyway and of the limits
 * that the control thread wrote, so that requests pay nothing for them.
 *
 * A breaker is each worker's own: it shows as open when any worker's is, and what remains is what the
 * worker with the most connections (requests, retries) has left. */
#ifndef DATAPLANE_COUNTERS_BREAKER_GAUGES_H
#define DATAPLANE_COUNTERS_BREAKER_GAUGES_H

#include <stdint.h>

#include "dataplane/counters/segment_reader.h"

/* The value of a gauge that is not shown. */
#define BREAKER_NOT_TRACKED UINT64_MAX

/* Fills the circuit_breakers_* words of a cluster's sum. */
void breaker_gauges_fill(const struct segment_reader *reader, uint32_t slot,
			 struct cluster_stats *sum);

#endif
