/* Counters by status (upstream_rq_503), made from codes.def. */
#ifndef GATEWAY_STATS_CODES_H
#define GATEWAY_STATS_CODES_H

#include <stdint.h>

/* first: the struct's first member of codes.def, such as &stats->upstream_rq_200.  Statuses that
 * are not in the table count nowhere. */
void stats_count_code(uint64_t *first, uint16_t status);

#endif
