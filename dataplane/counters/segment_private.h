/* Inside of the segment: shared by segment.c (file, memory) and segment_registry.c (slots). */
#ifndef DATAPLANE_COUNTERS_SEGMENT_PRIVATE_H
#define DATAPLANE_COUNTERS_SEGMENT_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/segment.h"

/* Names of one kind -> slots; in the memory of this process only. */
struct segment_names {
	uint32_t *heads;      /* hash -> slot, 0 = none (slot 0 is never looked up by name) */
	uint32_t *next;       /* by slot */
	uint32_t *references; /* by slot */
	uint32_t mask;
	uint32_t backed;      /* slots that have memory behind them */
	uint32_t cursor;      /* where the search for a retired slot goes on */
};

struct segment {
	struct stat_registry registry;
	struct segment_layout layout;
	struct segment_header *header;
	char *base;
	int fd;
	char path[256];
	pthread_mutex_t lock; /* of the directory and names */
	struct segment_names names[STAT_KIND_COUNT];
	struct segment_worker *workers;
};

MUST_USE bool segment_names_init(struct segment *segment, struct why *why);
void segment_names_free(struct segment *segment);
/* Makes sure that [offset, offset + length) of the file has memory. */
MUST_USE bool segment_back(struct segment *segment, uint64_t offset, uint64_t length);
char *segment_worker_base(struct segment *segment, uint16_t worker);
/* Between these two the directory may be written; the lock is held. */
void segment_directory_open(struct segment *segment);
void segment_directory_close(struct segment *segment);
/* Writes an entry: state, name (cut when too long), generation + 1.  Between open and close. */
void segment_entry_write(struct segment *segment, uint32_t kind, uint32_t slot, const char *name);

#endif
