/* A segment with known counts for the tests of what reads it. */
#ifndef TESTS_UNIT_DATAPLANE_FIXTURE_H
#define TESTS_UNIT_DATAPLANE_FIXTURE_H

#include "dataplane/counters/segment.h"
#include "dataplane/counters/segment_reader.h"

/* Two workers, port "eth0", cluster, endpoint, listener, http, route, some drops; the name of the
 * cluster has all that needs escaping.  Aborts when it cannot be made. */
struct segment *fixture_segment(void);
struct segment_reader *fixture_reader(void);
/* Path of the segment's file. */
const char *fixture_path(void);

#endif
