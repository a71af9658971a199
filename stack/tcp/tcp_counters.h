/* One worker's TCP counters, made from tcp_counters.def. */
#ifndef STACK_TCP_TCP_COUNTERS_H
#define STACK_TCP_TCP_COUNTERS_H

#include <stdint.h>

struct tcp_counters {
#define COUNTER(name, help) uint64_t name;
#define GAUGE(name, help) uint64_t name;
#include "stack/tcp/tcp_counters.def"
#undef COUNTER
#undef GAUGE
};

#endif
