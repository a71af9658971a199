/* Names to slots: the directory of the segment, from the side that writes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/segment_private.h"
#include "stack/base/counter.h"
#include "stack/base/invariant.h"

/* Counters get memory in steps of about so many bytes of one worker's array. */
#define BACK_STEP_BYTES 16384

static struct segment_entry *entry_at(struct segment *segment, uint32_t kind, uint32_t slot)
{
	return (struct segment_entry *)(void *)(segment->base + segment->layout.directory[kind]) +
	       slot;
}

void segment_directory_open(struct segment *segment)
{
	uint64_t *epoch = &segment->header->epoch;

	__atomic_store_n(epoch, *epoch + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void segment_directory_close(struct segment *segment)
{
	uint64_t *epoch = &segment->header->epoch;

	__atomic_store_n(epoch, *epoch + 1, __ATOMIC_RELEASE);
}

static void store_words(void *to, const void *from, uint32_t bytes)
{
	uint64_t word;

	for (uint32_t at = 0; at < bytes; at += 8) {
		memcpy(&word, (const char *)from + at, 8);
		__atomic_store_n((uint64_t *)(void *)((char *)to + at), word, __ATOMIC_RELAXED);
	}
}

/* A name as it stands in the directory: what does not fit ends in the hash of the whole. */
static uint32_t fit_name(const char *name, char out[SEGMENT_NAME_BYTES])
{
	size_t length = strlen(name);

	memset(out, 0, SEGMENT_NAME_BYTES);
	if (length < SEGMENT_NAME_BYTES) {
		memcpy(out, name, length);
		return (uint32_t)length;
	}
	uint64_t hash = segment_hash(SEGMENT_HASH_START, name, length);
	uint32_t kept = SEGMENT_NAME_BYTES - 18;

	memcpy(out, name, kept);
	snprintf(out + kept, 18, "~%016llx", (unsigned long long)hash);
	return SEGMENT_NAME_BYTES - 1;
}

void segment_entry_write(struct segment *segment, uint32_t kind, uint32_t slot, const char *name)
{
	struct segment_entry *entry = entry_at(segment, kind, slot);
	struct segment_entry made = {.state = SEGMENT_ENTRY_USED,
				     .generation = entry->generation + 1};

	made.name_length = fit_name(name, made.name);
	store_words(entry, &made, sizeof(made));
	if (slot >= segment->header->used[kind])
		__atomic_store_n(&segment->header->used[kind], slot + 1, __ATOMIC_RELAXED);
}

static void entry_set_state(struct segment *segment, uint32_t kind, uint32_t slot,
			    enum segment_entry_state state)
{
	segment_directory_open(segment);
	__atomic_store_n(&entry_at(segment, kind, slot)->state, (uint32_t)state, __ATOMIC_RELAXED);
	segment_directory_close(segment);
}

/* Memory for the next step of slots: their entries, and every worker's counters. */
static bool back_slots(struct segment *segment, enum stat_kind kind)
{
	struct segment_names *names = &segment->names[kind];
	const struct segment_layout *layout = &segment->layout;
	uint32_t bytes = segment_kind_bytes(kind);
	uint32_t left = segment_kind_capacity(kind) - names->backed;
	uint32_t step = BACK_STEP_BYTES / bytes < left ? BACK_STEP_BYTES / bytes : left;
	uint64_t from = names->backed;

	if (step == 0 ||
	    !segment_back(segment, layout->directory[kind] + from * sizeof(struct segment_entry),
			  step * sizeof(struct segment_entry)))
		return false;
	for (uint16_t w = 0; w <= segment->header->worker_count; w++) {
		uint64_t block = layout->workers + w * layout->worker_stride;

		if (!segment_back(segment, block + layout->stats[kind] + from * bytes,
				  (uint64_t)step * bytes))
			return false;
		for (uint32_t h = 0; h < STAT_HISTOGRAM_COUNT; h++)
			if (segment_histogram_kind(h) == kind &&
			    !segment_back(segment, block + layout->histogram_index[h] + from * 4,
					  (uint64_t)step * 4))
				return false;
	}
	names->backed += step;
	return true;
}

static void zero_words(uint64_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		__atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
}

/* The slot gets another name: nobody writes there now, so this thread may. */
static void zero_slot(struct segment *segment, enum stat_kind kind, uint32_t slot)
{
	const struct segment_layout *layout = &segment->layout;
	uint32_t bytes = segment_kind_bytes(kind);

	for (uint16_t w = 0; w <= segment->header->worker_count; w++) {
		char *block = segment_worker_base(segment, w);
		void *stats = block + layout->stats[kind] + (uint64_t)slot * bytes;

		zero_words(stats, bytes / 8);
		for (uint32_t h = 0; h < STAT_HISTOGRAM_COUNT; h++) {
			if (segment_histogram_kind(h) != kind)
				continue;
			void *index = block + layout->histogram_index[h];
			uint32_t number = ((uint32_t *)index)[slot];

			if (number == 0)
				continue;
			void *histogram = block + layout->histograms +
					  (number - 1) * sizeof(struct histogram);
			zero_words(histogram, sizeof(struct histogram) / 8);
		}
	}
}

static uint32_t *name_head(struct segment *segment, enum stat_kind kind, const char *name,
			   uint32_t length)
{
	struct segment_names *names = &segment->names[kind];

	return &names->heads[segment_hash(SEGMENT_HASH_START, name, length) & names->mask];
}

static void names_unlink(struct segment *segment, enum stat_kind kind, uint32_t slot)
{
	const struct segment_entry *entry = entry_at(segment, kind, slot);
	uint32_t *at = name_head(segment, kind, entry->name, entry->name_length);

	while (*at != slot)
		at = &segment->names[kind].next[*at];
	*at = segment->names[kind].next[slot];
}

static uint32_t find_retired(struct segment *segment, enum stat_kind kind)
{
	struct segment_names *names = &segment->names[kind];
	uint32_t used = (uint32_t)segment->header->used[kind];

	for (uint32_t n = 1; n < used; n++) {
		uint32_t slot = 1 + (names->cursor + n) % (used - 1);

		if (entry_at(segment, kind, slot)->state == SEGMENT_ENTRY_RETIRED) {
			names->cursor = slot;
			return slot;
		}
	}
	return 0;
}

static uint32_t take_slot(struct segment *segment, enum stat_kind kind)
{
	struct segment_names *names = &segment->names[kind];
	uint32_t fresh = (uint32_t)segment->header->used[kind];

	if (fresh < segment_kind_capacity(kind) &&
	    (fresh < names->backed || back_slots(segment, kind)))
		return fresh;
	uint32_t slot = find_retired(segment, kind);

	if (slot != 0) {
		names_unlink(segment, kind, slot);
		zero_slot(segment, kind, slot);
	}
	return slot;
}

static uint32_t find_or_make(struct segment *segment, enum stat_kind kind, const char *name)
{
	struct segment_names *names = &segment->names[kind];
	char fitted[SEGMENT_NAME_BYTES];
	uint32_t length = fit_name(name, fitted);
	uint32_t *head = name_head(segment, kind, fitted, length);

	for (uint32_t slot = *head; slot != 0; slot = names->next[slot]) {
		struct segment_entry *entry = entry_at(segment, kind, slot);

		if (entry->name_length != length || memcmp(entry->name, fitted, length) != 0)
			continue;
		if (entry->state == SEGMENT_ENTRY_RETIRED)
			entry_set_state(segment, kind, slot, SEGMENT_ENTRY_USED);
		names->references[slot]++;
		return slot;
	}
	uint32_t slot = take_slot(segment, kind);

	if (slot == 0)
		return STAT_SLOT_OVERFLOW;
	segment_directory_open(segment);
	segment_entry_write(segment, kind, slot, fitted);
	segment_directory_close(segment);
	names->next[slot] = *head;
	*head = slot;
	names->references[slot] = 1;
	return slot;
}

static uint32_t registry_slot(struct stat_registry *self, enum stat_kind kind, const char *name)
{
	struct segment *segment = container_of_member(self, struct segment, registry);

	INVARIANT(kind < STAT_KIND_COUNT);
	pthread_mutex_lock(&segment->lock);
	uint32_t slot = find_or_make(segment, kind, name);

	pthread_mutex_unlock(&segment->lock);
	return slot;
}

static void registry_release(struct stat_registry *self, enum stat_kind kind, uint32_t slot)
{
	struct segment *segment = container_of_member(self, struct segment, registry);

	INVARIANT(kind < STAT_KIND_COUNT && slot < segment_kind_capacity(kind));
	if (slot == STAT_SLOT_OVERFLOW)
		return;
	pthread_mutex_lock(&segment->lock);
	INVARIANT(segment->names[kind].references[slot] > 0);
	if (--segment->names[kind].references[slot] == 0)
		entry_set_state(segment, kind, slot, SEGMENT_ENTRY_RETIRED);
	pthread_mutex_unlock(&segment->lock);
}

bool segment_names_init(struct segment *segment, struct why *why)
{
	segment->registry.slot = registry_slot;
	segment->registry.release = registry_release;
	for (uint32_t kind = 0; kind < STAT_KIND_COUNT; kind++) {
		struct segment_names *names = &segment->names[kind];
		uint32_t capacity = segment_kind_capacity(kind);

		names->mask = capacity - 1; /* capacities are powers of two */
		INVARIANT((capacity & names->mask) == 0);
		names->heads = calloc(capacity, sizeof(uint32_t));
		names->next = calloc(capacity, sizeof(uint32_t));
		names->references = calloc(capacity, sizeof(uint32_t));
		if (!names->heads || !names->next || !names->references)
			return why_set(why, "no memory for the names of %u counters", capacity);
		if (!back_slots(segment, kind))
			return why_set(why, "%s: no room for counters; /dev/shm is full, or too "
				       "small (docker: --shm-size, Kubernetes: an emptyDir with "
				       "medium Memory)", segment->path);
		segment_entry_write(segment, kind, STAT_SLOT_OVERFLOW, "overflow");
	}
	return true;
}

void segment_names_free(struct segment *segment)
{
	for (uint32_t kind = 0; kind < STAT_KIND_COUNT; kind++) {
		free(segment->names[kind].heads);
		free(segment->names[kind].next);
		free(segment->names[kind].references);
	}
}
