/* The gateway of one worker: streams in, streams out, and HTTP or bytes in between.
 *
 * Pure like the stack: time, chance, memory, config, streams and log sink are handed in. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/config/config.h"
#include "gateway/stats/stats.h"
#include "stack/base/compiler.h"
#include "stack/base/slice.h"
#include "stack/base/stream.h"

struct gateway;

/* Where finished log lines go; never blocks, drops and counts when its ring is full. */
struct log_sink {
	void (*line)(struct log_sink *self, uint32_t sink, const char *text, uint32_t length);
};

struct gateway_params {
	struct stream_opener *opener;
	struct rte_mempool *header_pool;  /* for message heads that are written here */
	struct slice_pool *slices;
	struct config_holds *holds;
	struct gateway_stats *stats;
	struct log_sink *log;
	uint64_t seed;
	uint64_t now_ns;
	int64_t wall_offset_ns;           /* now_ns + this = UNIX time, for Date and the access log */
	uint32_t connections_max;         /* downstream */
	uint32_t upstreams_max;
	uint32_t exchanges_max;
	uint32_t arena_chunks_max;        /* of ARENA_CHUNK_BYTES each, for requests in flight */
	uint32_t clusters_max;            /* cluster ids below this can be used; 0 = 4096 */
	uint32_t hosts_max;               /* upstream hosts with connections; 0 = upstreams_max */
};

/* Boot: all memory is taken here.  NULL when it is not to be had. */
struct gateway *gateway_create(const struct gateway_params *params);
/* Resets what is open, releases all streams and holds. */
void gateway_destroy(struct gateway *gateway);

/* The root for everything that starts from now on; called by the worker between polls. */
void gateway_set_config(struct gateway *gateway, const struct config *config, uint64_t now_ns);

/* A connection was accepted for this listener.  False = no memory: the caller resets it. */
MUST_USE bool gateway_accept(struct gateway *gateway, const struct config_listener *listener,
			     struct stream *stream, uint64_t now_ns);

uint64_t gateway_deadline_ns(const struct gateway *gateway);
uint32_t gateway_expire(struct gateway *gateway, uint64_t now_ns, uint32_t max_fired);
/* Work that was put off so that no stream call re-enters (resumed producers, pool waiters).
 * Returns how many items were served. */
uint32_t gateway_run(struct gateway *gateway, uint64_t now_ns);
bool gateway_has_work(const struct gateway *gateway);

/* Drain: idle HTTP connections close after half a second without a request, busy ones after their
 * answer (Connection: close).  directions: bits 1 << enum config_direction, of the listeners whose
 * connections are meant. */
#define GATEWAY_DRAIN_ALL UINT32_MAX
void gateway_drain(struct gateway *gateway, uint32_t directions, uint64_t now_ns);

struct request_memory;
/* The last failed and slow requests: other threads may read it (exchange/request_memory.h). */
struct request_memory *gateway_requests(struct gateway *gateway);

struct trace;
/* What is traced tells it from now on (stack/base/trace.h); NULL = nobody listens. */
void gateway_set_trace(struct gateway *gateway, struct trace *trace);

/* Downstream connections still open. */
uint32_t gateway_connections(const struct gateway *gateway);

/* Everything that still hangs on this gateway, for leak checks: all 0 when idle and closed. */
struct gateway_outstanding {
	uint32_t downstream_connections;
	uint32_t upstream_connections;
	uint32_t exchanges;
	uint32_t arena_chunks;
	uint32_t timers;
};
void gateway_outstanding(const struct gateway *gateway, struct gateway_outstanding *out);

#endif
