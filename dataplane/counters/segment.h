/* The shared segment from the side of the data plane: made at boot, written by its threads.
 *
 *     segment_create ---> file in /dev/shm (sparse, 0644), locked while the process lives
 *        worker i    ---> segment_worker(i): its own blocks, no other writer
 *        control     ---> registry (slots by name), process and device counters, segment_tick,
 *                         segment_control(): a block like a worker's, added to the sums
 *        readers     ---> segment_reader.h, read-only, in other processes
 *
 * A worker never takes memory here: what it writes to was backed when the slot was given out, so a
 * full /dev/shm gives the overflow slot to newcomers and SIGBUS to nobody. */
#ifndef DATAPLANE_COUNTERS_SEGMENT_H
#define DATAPLANE_COUNTERS_SEGMENT_H

#include <stdint.h>

#include "dataplane/counters/segment_layout.h"
#include "dataplane/counters/worker_counters.h"
#include "gateway/stats/stats.h"
#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/base/why.h"
#include "stack/tcp/tcp_counters.h"

struct segment;

struct segment_params {
	const char *name;       /* NULL = "hydrofoil"; with a slash: a path */
	uint16_t worker_count;  /* 1 … SEGMENT_WORKERS_MAX */
	const char *version;    /* of the program */
	uint64_t wall_ns;       /* UNIX time now */
};

/* What one worker writes; lives as long as the segment. */
struct segment_worker {
	struct worker_counters *worker;
	struct tcp_counters *tcp;
	struct drop_counters *drops;
	struct gateway_stats gateway;
	struct segment *segment;
	uint32_t index;
	uint32_t histograms_used CACHE_ALIGNED;   /* written by the worker */
	uint32_t histograms_backed CACHE_ALIGNED; /* written by segment_tick */
};

/* Replaces what a dead process left; fails when a live one has the same name, when the name is
 * not ours to write, or when there is no memory. */
MUST_USE bool segment_create(struct segment **out, const struct segment_params *params,
			     struct why *why);
/* Removes the file.  No worker may run any more. */
void segment_destroy(struct segment *segment);

struct segment_worker *segment_worker(struct segment *segment, uint16_t index);
/* The block of the control thread: what it counts itself by slot (DNS, members of a cluster), and
 * what segment_reset_counters took away.  Its gateway.record is NULL. */
struct segment_worker *segment_control(struct segment *segment);
/* The worker's counters of a port (index < SEGMENT_PORTS_MAX). */
struct port_counters *segment_worker_port(struct segment_worker *worker, uint16_t port);

/* Control threads; any of them at any time. */
struct stat_registry *segment_registry(struct segment *segment);
/* Names a port, so that readers show its counters. */
MUST_USE bool segment_port(struct segment *segment, uint16_t port, const char *name,
			   struct why *why);
struct process_counters *segment_process(struct segment *segment);
struct port_device_counters *segment_device(struct segment *segment, uint16_t port);
/* Where foilctl finds the admin server: "127.0.0.1:15000" or "unix:/path". */
void segment_set_admin(struct segment *segment, const char *address);
/* stats_config (envoy.config.metrics.v3.StatsConfig) as JSON, for all who show counters.  Once,
 * before anything is served. */
MUST_USE bool segment_set_settings(struct segment *segment, const char *json, struct why *why);
/* About once a second, from one control thread: heartbeat, and room for more histograms. */
void segment_tick(struct segment *segment, uint64_t wall_ns);
/* From here on all counters that are sums (not those of one worker, nor those of endpoints) are
 * counted from zero; gauges and distributions stay, as in Envoy.  From the thread that writes the
 * control block. */
void segment_reset_counters(struct segment *segment);
const char *segment_file(const struct segment *segment);

#endif
