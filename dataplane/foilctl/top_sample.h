/* What foilctl top knows at one moment, and how much happened between two of them.
 *
 *     segment --top_sample_take--> sample (sums since start)  --+
 *                                  sample of the time before  --+--top_rates--> rates
 *
 * Plain data: the screen and --json are made of the same rates. */
#ifndef DATAPLANE_FOILCTL_TOP_SAMPLE_H
#define DATAPLANE_FOILCTL_TOP_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/segment_reader.h"
#include "stack/base/drops.h"

/* Clusters beyond are not shown one by one. */
#define TOP_CLUSTERS_MAX 256

struct top_worker_sample {
	uint64_t busy_cycles;
	uint64_t idle_cycles;
	uint64_t polls;
	uint64_t rests;
	uint64_t rx_frames;
	uint64_t tx_frames;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint64_t connections;      /* open now */
	uint64_t mbufs_available;
	uint64_t mbufs_capacity;
	uint64_t requests;
	uint64_t requests_5xx;
	uint64_t drops;
	struct histogram latency;
};

struct top_cluster_sample {
	uint32_t slot;
	uint64_t generation;
	char name[SEGMENT_NAME_BYTES];
	uint64_t requests;
	uint64_t requests_5xx;
	uint64_t retries;
	uint64_t connections;      /* open now */
	uint64_t active;           /* requests in flight now */
	struct histogram latency;
};

struct top_sample {
	uint64_t at_ns;
	uint64_t state;            /* enum admin_state */
	uint64_t uptime_seconds;
	uint16_t worker_count;
	uint32_t cluster_count;
	uint64_t drops[DROP_REASON_COUNT];
	struct top_worker_sample *workers;
	struct top_cluster_sample *clusters;
};

/* False and *why: no memory, or a directory that cannot be read. */
MUST_USE bool top_sample_take(struct top_sample *out, const struct segment_reader *reader,
			      uint64_t now_ns, struct why *why);
void top_sample_free(struct top_sample *sample);

/* All per second, but for what is of now. */
struct top_worker {
	double busy;               /* 0 … 1 */
	double polls;
	double rests;
	double rx_frames;
	double tx_frames;
	double rx_bytes;
	double tx_bytes;
	double requests;
	double requests_5xx;
	double drops;
	uint64_t connections;
	double mbufs_free;         /* 0 … 1 */
	uint64_t p50_ns;           /* 0: no request ended */
	uint64_t p99_ns;
};

struct top_cluster {
	const char *name;          /* the newer sample's */
	double requests;
	double requests_5xx;
	double retries;
	uint64_t connections;
	uint64_t active;
	uint64_t p50_ns;
	uint64_t p99_ns;
};

struct top_drop {
	enum drop_reason reason;
	double rate;
	uint64_t total;
};

struct top_rates {
	double seconds;
	uint16_t worker_count;
	uint32_t cluster_count;    /* most requests first */
	uint32_t drop_count;       /* those that ever occurred; the most frequent of now first */
	struct top_worker all;     /* busy: the mean */
	struct top_worker *workers;
	struct top_cluster *clusters;
	struct top_drop drops[DROP_REASON_COUNT];
};

/* Both of one data plane, `now` the later one.  What counted backwards counts from 0: another
 * process has begun. */
MUST_USE bool top_rates_make(struct top_rates *out, const struct top_sample *before,
			     const struct top_sample *now, struct why *why);
void top_rates_free(struct top_rates *rates);

#endif
