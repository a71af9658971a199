/* The shared segment from the side of a reader: read-only, no lock that the data plane could wait
 * for, every loop bounded.
 *
 * Values are loaded word by word while workers write them: each word is whole, two words need not
 * be of the same moment.  The directory is guarded by the epoch (a seqlock). */
#ifndef DATAPLANE_COUNTERS_SEGMENT_READER_H
#define DATAPLANE_COUNTERS_SEGMENT_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/segment_layout.h"
#include "gateway/stats/histogram.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct segment_reader;
struct stat_settings;
struct tag_cache;

/* What stands in a slot; copied out of the directory. */
struct segment_object {
	uint32_t slot;
	uint32_t state;      /* enum segment_entry_state: used or retired */
	uint64_t generation;
	char name[SEGMENT_NAME_BYTES];
};

struct segment_objects {
	struct segment_object *items;
	uint32_t count;
};

/* Opens what stands under the name now (NULL = "hydrofoil"; with a slash: a path).  *why says
 * whether nothing is there, or it is of another version or make. */
MUST_USE bool segment_reader_open(struct segment_reader **out, const char *name, struct why *why);
void segment_reader_close(struct segment_reader *reader);

/* False when another file stands under the name: open again. */
bool segment_reader_is_current(const struct segment_reader *reader);
/* Whether the process that made the segment still lives. */
bool segment_reader_is_alive(const struct segment_reader *reader);
const struct segment_header *segment_reader_header(const struct segment_reader *reader);
uint16_t segment_reader_workers(const struct segment_reader *reader);

/* How counters are to be shown: stats_config of the data plane; NULL = it has none.  Lives as long
 * as the reader. */
const struct stat_settings *segment_reader_settings(const struct segment_reader *reader);

/* Names and labels worked out for stats_config whose tags shape them, kept as long as the reader;
 * NULL = there is no need. */
struct tag_cache *segment_reader_tags(const struct segment_reader *reader);

/* Copies the directory of one kind (enum stat_kind or segment_kind); freed by the caller with
 * segment_objects_free.  False when it was being changed at every try, or there is no memory. */
MUST_USE bool segment_reader_objects(const struct segment_reader *reader, uint32_t kind,
				     struct segment_objects *out, struct why *why);
void segment_objects_free(struct segment_objects *objects);

/* Sums a slot's counters over all workers and the control thread into values[segment_kind_bytes(kind) / 8].  False when
 * the slot has got another name since the object was copied. */
MUST_USE bool segment_reader_sum(const struct segment_reader *reader, uint32_t kind,
				 const struct segment_object *object, uint64_t *values);
/* Sums a slot's histogram over all workers; false when nothing was ever recorded. */
MUST_USE bool segment_reader_histogram(const struct segment_reader *reader,
				       enum stat_histogram which, uint32_t slot,
				       struct histogram *sum);

/* One worker's words of a slot, in the order of their .def file. */
const uint64_t *segment_reader_slot(const struct segment_reader *reader, uint16_t worker,
				    uint32_t kind, uint32_t slot);
/* One worker's part of the histogram, added to *sum; false when that worker never recorded anything. */
bool segment_reader_worker_histogram(const struct segment_reader *reader, uint16_t worker,
				     enum stat_histogram which, uint32_t slot,
				     struct histogram *sum);
/* Words of one worker's counters, in the order of their .def file. */
const uint64_t *segment_reader_worker(const struct segment_reader *reader, uint16_t worker);
const uint64_t *segment_reader_tcp(const struct segment_reader *reader, uint16_t worker);
const uint64_t *segment_reader_drops(const struct segment_reader *reader, uint16_t worker);
/* One TCP counter, or the drops of one reason, over all workers since the last reset. */
uint64_t segment_reader_tcp_total(const struct segment_reader *reader, uint32_t index);
uint64_t segment_reader_drops_total(const struct segment_reader *reader, uint32_t reason);
/* One word that a control thread writes. */
uint64_t segment_reader_process(const struct segment_reader *reader, uint32_t index);
const uint64_t *segment_reader_device(const struct segment_reader *reader, uint16_t port);

#endif
