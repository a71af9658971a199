/* The structs made from worker.def, port.def, port_device.def and process.def.
 *
 * All members are uint64_t, in the order of the .def file, so that a struct is also an array
 * (metric_table.h names its elements).  One writer each; see stack/base/counter.h. */
#ifndef DATAPLANE_COUNTERS_WORKER_COUNTERS_H
#define DATAPLANE_COUNTERS_WORKER_COUNTERS_H

#include <stdint.h>

#define WORKER_COUNTERS_MEMBER(name, help) uint64_t name;
#define COUNTER WORKER_COUNTERS_MEMBER
#define GAUGE WORKER_COUNTERS_MEMBER
/* Written by the worker. */
struct worker_counters {
#include "dataplane/counters/worker.def"
};
/* Written by the worker, one for every port. */
struct port_counters {
#include "dataplane/counters/port.def"
};
/* Written by one control thread. */
struct port_device_counters {
#include "dataplane/counters/port_device.def"
};
#undef COUNTER
#undef GAUGE

/* Each is written by one control thread. */
struct process_counters {
#define COUNTER(name, envoy_name, help) uint64_t name;
#define GAUGE(name, envoy_name, help) uint64_t name;
#include "dataplane/counters/process.def"
#undef COUNTER
#undef GAUGE
};

#endif
