/* Where everything lies in the shared segment; writer and readers compute it alike.
 *
 *     0        struct segment_header            one page
 *     directory[kind]   struct segment_entry[]  slot -> name, generation
 *     settings          char[SEGMENT_SETTINGS_BYTES], header.settings_bytes of it used
 *     process           struct process_counters, then another one: what a reset took away, negative
 *     devices           struct port_device_counters[SEGMENT_PORTS_MAX], one cache line each
 *     workers           worker_count + 1 blocks of worker_stride bytes, page aligned, the last
 *                       one the control thread's own (no histograms):
 *         +worker       struct worker_counters
 *         +tcp          struct tcp_counters
 *         +drops        struct drop_counters
 *         +ports        struct port_counters[SEGMENT_PORTS_MAX]
 *         +stats[kind]  struct listener_stats[] …, by slot
 *         +histogram_index[which]  uint32_t[], by slot: number of the histogram + 1, 0 = none
 *         +histograms   struct histogram[SEGMENT_HISTOGRAMS_MAX], taken in order
 *
 * All offsets are from the start of the file.  layout_hash covers the names of all counters, their
 * order, and all capacities: two programs with the same hash agree on every byte. */
#ifndef DATAPLANE_COUNTERS_SEGMENT_LAYOUT_H
#define DATAPLANE_COUNTERS_SEGMENT_LAYOUT_H

#include <stdint.h>

#include "dataplane/counters/limits.h"
#include "dataplane/counters/worker_counters.h"
#include "gateway/stats/histogram.h"
#include "gateway/stats/stats.h"
#include "stack/base/compiler.h"

#define SEGMENT_MAGIC "FOILSHM"
#define SEGMENT_MAJOR 2
#define SEGMENT_MINOR 0

#define SEGMENT_DEFAULT_NAME "hydrofoil"
#define SEGMENT_FOLDER "/dev/shm/"

/* Kinds of named objects: those of enum stat_kind, then ours. */
enum segment_kind {
	SEGMENT_PORT = STAT_KIND_COUNT,
	SEGMENT_KIND_COUNT
};

enum segment_entry_state { SEGMENT_ENTRY_FREE, SEGMENT_ENTRY_USED, SEGMENT_ENTRY_RETIRED };

struct segment_entry {
	uint32_t state;       /* enum segment_entry_state */
	uint32_t name_length;
	uint64_t generation;  /* grows when another name gets the slot */
	char name[SEGMENT_NAME_BYTES]; /* ended by NUL */
};
_Static_assert(sizeof(struct segment_entry) % 8 == 0, "entries are copied word by word");

struct segment_header {
	char magic[8];
	uint16_t major;
	uint16_t minor;
	uint16_t worker_count;
	uint16_t reserved;
	uint64_t size_bytes;
	uint64_t layout_hash;
	uint64_t start_wall_ns;
	uint32_t pid;
	uint32_t reserved2;
	char version[64];
	uint32_t settings_bytes;      /* length of stats_config as JSON; 0 = none */
	char admin_address[128];      /* "127.0.0.1:15000", "unix:/path", or "" */
	/* Odd while the directory is being changed. */
	uint64_t epoch CACHE_ALIGNED;
	uint64_t used[SEGMENT_KIND_COUNT]; /* slots ever given out; the rest needs no look */
	uint64_t heartbeat_wall_ns CACHE_ALIGNED;
};
_Static_assert(sizeof(struct segment_header) <= SEGMENT_PAGE_BYTES, "the header is one page");

struct segment_layout {
	uint64_t directory[SEGMENT_KIND_COUNT];
	uint64_t process;
	uint64_t process_reset;
	uint64_t settings;
	uint64_t devices;
	uint64_t workers;
	uint64_t worker_stride;
	/* From the start of a worker's block. */
	uint64_t tcp;
	uint64_t drops;
	uint64_t ports;
	uint64_t fixed_bytes; /* worker, tcp, drops and ports */
	uint64_t stats[STAT_KIND_COUNT];
	uint64_t histogram_index[STAT_HISTOGRAM_COUNT];
	uint64_t histograms;
	uint64_t size_bytes;
};

void segment_layout_make(struct segment_layout *layout, uint16_t worker_count);
uint64_t segment_layout_hash(void);
uint32_t segment_kind_capacity(uint32_t kind);
/* Bytes of one slot's counters. */
uint32_t segment_kind_bytes(uint32_t kind);
enum stat_kind segment_histogram_kind(enum stat_histogram which);
/* One element of the per-port arrays: whole cache lines. */
uint32_t segment_port_stride(void);
uint32_t segment_device_stride(void);
/* FNV-1a, 64 bits. */
uint64_t segment_hash(uint64_t hash, const void *data, uint64_t length);
#define SEGMENT_HASH_START UINT64_C(0xcbf29ce484222325)

/* "hydrofoil" -> "/dev/shm/hydrofoil"; what has a slash is a path already.  NULL text means the
 * default name.  Returns out. */
const char *segment_path(const char *text, char *out, uint32_t size);

#endif
