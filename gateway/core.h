/* One worker's gateway from the inside: memory, time and deferred work shared by its parts.
 *
 *     stream events ──> h1_server ──> exchange ──> filters ──> router ──> pool ──> h1_client
 *                           └───────────────── all of them ────────────────┘
 *                                                │ defer
 *                              gateway_run  <────┘   (nothing re-enters a caller)
 *
 * Included by gateway's own .c files and tests only. */
#ifndef GATEWAY_CORE_H
#define GATEWAY_CORE_H

#include "gateway/gateway.h"
#include "gateway/memory/arena.h"
#include "stack/base/counter.h"
#include "stack/base/pool.h"
#include "stack/base/prng.h"
#include "stack/base/trace.h"
#include "stack/base/wheel.h"

#define GATEWAY_SCRATCH_BYTES 65536
_Static_assert(CONFIG_HEADERS_KB_MAX * 1024 <= GATEWAY_SCRATCH_BYTES, "a large head fits its block");
#define GATEWAY_LOG_LINE_BYTES 8192
#define GATEWAY_RUN_MAX 256        /* deferred items served by one gateway_run */
#define GATEWAY_LARGE_HEADS 64     /* heads over one arena chunk that may be in flight */
#define GATEWAY_EXCHANGE_CHUNKS 16 /* arena chunks that one exchange may take */
#define GATEWAY_DATE_BYTES 32

/* Put off to gateway_run; all zero = not queued. */
struct work {
	struct work *next;
	void (*run)(struct work *work, uint64_t now_ns);
	bool queued;
};

/* A timer that knows whose it is.  Owners arm it late: it is moved forward only when it would come
 * too late, and looks at the real deadline when it fires. */
struct gateway_timer {
	struct wheel_timer wheel;
	void (*fire)(struct gateway_timer *timer, uint64_t now_ns);
};

struct list {
	struct list *next;
	struct list *previous;
};

struct cluster_state;
struct host;

struct gateway {
	struct gateway_params params;
	const struct config *config;
	struct prng prng;
	struct pool chunks;
	struct pool exchanges;
	struct pool downstreams;
	struct pool tcp_proxies;
	struct pool upstreams;
	struct pool hosts;
	struct pool large_heads;           /* of GATEWAY_SCRATCH_BYTES */
	struct list downstream_list;
	struct list tcp_proxy_list;
	struct list upstream_list;
	struct cluster_state *clusters;    /* by cluster id, clusters_max of them */
	uint32_t *host_buckets;            /* pool indices of the first host in each chain */
	uint32_t host_bucket_mask;
	struct work *work_first;
	struct work **work_last;
	uint32_t draining;                 /* bits 1 << enum config_direction */
	/* travel.h; NULL = nobody asks. */
	void (*idle_watch)(void *context, struct stream *stream);
	void *idle_watch_context;
	struct request_memory *requests;   /* the last failed and slow ones */
	struct trace *trace;               /* NULL = nobody traces */
	uint64_t date_second;
	char date[GATEWAY_DATE_BYTES];     /* IMF-fixdate of date_second */
	char scratch[GATEWAY_SCRATCH_BYTES];
	char log_line[GATEWAY_LOG_LINE_BYTES];
	struct wheel wheel;
};

void gateway_defer(struct gateway *gateway, struct work *work,
		   void (*run)(struct work *work, uint64_t now_ns));
/* The date of now as RFC 9110 5.6.7 wants it; good until the next call in another second. */
struct str gateway_date(struct gateway *gateway, uint64_t now_ns);
static inline uint64_t gateway_wall_ns(const struct gateway *gateway, uint64_t now_ns)
{
	return now_ns + (uint64_t)gateway->params.wall_offset_ns;
}

/* Sees to it that the timer fires at deadline_ns or before. */
static inline void gateway_timer_by(struct gateway *gateway, struct gateway_timer *timer,
				    uint64_t deadline_ns)
{
	if (deadline_ns == DEADLINE_NEVER_NS)
		return;
	if (!wheel_is_armed(&timer->wheel) || deadline_ns < timer->wheel.deadline_ns)
		wheel_arm(&gateway->wheel, &timer->wheel, deadline_ns);
}

static inline void gateway_timer_stop(struct gateway *gateway, struct gateway_timer *timer)
{
	if (wheel_is_armed(&timer->wheel))
		wheel_disarm(&gateway->wheel, &timer->wheel);
}

/* Whoever watches hears that nothing is under way on this stream any more. */
static inline void gateway_is_idle(struct gateway *gateway, struct stream *stream)
{
	if (unlikely_true(gateway->idle_watch != NULL))
		gateway->idle_watch(gateway->idle_watch_context, stream);
}

static inline void list_init(struct list *list)
{
	list->next = list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_add(struct list *list, struct list *item)
{
	item->next = list->next;
	item->previous = list;
	list->next->previous = item;
	list->next = item;
}

static inline void list_add_last(struct list *list, struct list *item)
{
	list_add(list->previous, item);
}

/* Safe on an item that is in no list when it is all zero. */
static inline void list_remove(struct list *item)
{
	if (!item->next)
		return;
	item->next->previous = item->previous;
	item->previous->next = item->next;
	item->next = item->previous = NULL;
}

/* Whether connections of this listener are to go. */
static inline bool gateway_drains(const struct gateway *gateway,
				  const struct config_listener *listener)
{
	return gateway->draining & (1u << listener->direction);
}

/* Counts what has arrived on a stream since it was last asked: a connection may live for months.
 * counted_bytes: of this stream, modulo 2^32, which is more than arrives in between. */
static inline void count_received(const struct stream *stream, uint32_t *counted_bytes,
				  uint64_t *total_bytes)
{
	struct stream_info info;

	stream_info(stream, &info);
	counter_add(total_bytes, (uint32_t)info.rx_bytes - *counted_bytes);
	*counted_bytes = (uint32_t)info.rx_bytes;
}

/* Writes, and counts what is written as sent. */
static inline void write_counted(struct stream *stream, struct slice_queue *bytes,
				 uint64_t *total_bytes, uint64_t now_ns)
{
	counter_add(total_bytes, bytes->bytes);
	stream_write(stream, bytes, now_ns);
}

static inline void stats_record(struct gateway *gateway, enum stat_histogram which, uint32_t slot,
				uint64_t value_ns)
{
	struct gateway_stats *stats = gateway->params.stats;

	if (stats->record)
		stats->record(stats, which, slot, value_ns);
}

static inline struct http_stats *stats_http(struct gateway *gateway, uint32_t slot)
{
	return &gateway->params.stats->https[slot];
}

static inline struct cluster_stats *stats_cluster(struct gateway *gateway, uint32_t slot)
{
	return &gateway->params.stats->clusters[slot];
}

static inline struct endpoint_stats *stats_endpoint(struct gateway *gateway, uint32_t slot)
{
	return &gateway->params.stats->endpoints[slot];
}

static inline struct listener_stats *stats_listener(struct gateway *gateway, uint32_t slot)
{
	return &gateway->params.stats->listeners[slot];
}

#endif
