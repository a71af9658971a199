#include "dataplane/counters/segment_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/counters/stat_settings_json.h"
#include "dataplane/counters/tag_cache.h"
#include "stack/base/counter.h"
#include "stack/base/invariant.h"

struct segment_reader {
	struct segment_layout layout;
	const struct segment_header *header;
	const char *base;
	uint64_t mapped_bytes;
	uint16_t worker_count;
	int fd;
	struct stat_settings *settings; /* read at the first use */
	struct tag_cache *tags;         /* made at the first use */
	char path[256];
};

static bool check_header(struct segment_reader *reader, const struct segment_header *header,
			 uint64_t file_bytes, struct why *why)
{
	if (memcmp(header->magic, SEGMENT_MAGIC, sizeof(SEGMENT_MAGIC)) != 0)
		return why_set(why, "%s is not a segment of hydrofoil's counters", reader->path);
	if (header->major != SEGMENT_MAJOR)
		return why_set(why,
			       "%s has version %u.%u, this program reads %u.x; use the programs "
			       "of one release together",
			       reader->path, header->major, header->minor, SEGMENT_MAJOR);
	if (header->layout_hash != segment_layout_hash())
		return why_set(why,
			       "%s was made by another build of hydrofoil (%s) that counts other "
			       "things; use the programs of one release together",
			       reader->path, header->version);
	if (header->worker_count < 1 || header->worker_count > SEGMENT_WORKERS_MAX)
		return why_set(why, "%s is damaged: %u workers", reader->path,
			       header->worker_count);
	segment_layout_make(&reader->layout, header->worker_count);
	if (header->size_bytes != reader->layout.size_bytes || file_bytes < header->size_bytes)
		return why_set(why, "%s is damaged: it has %llu bytes instead of %llu",
			       reader->path, (unsigned long long)file_bytes,
			       (unsigned long long)reader->layout.size_bytes);
	return true;
}

static bool reader_map(struct segment_reader *reader, struct why *why)
{
	struct segment_header header;
	struct stat file;

	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (reader->fd < 0 && errno == ENOENT)
		return why_set(why, "%s does not exist: no hydrofoil runs here (or under another "
			       "name; see --segment)", reader->path);
	if (reader->fd < 0 || fstat(reader->fd, &file) != 0)
		return why_set(why, "%s: %s", reader->path, strerror(errno));
	if (pread(reader->fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return why_set(why, "%s is empty: hydrofoil is starting, or died while it did",
			       reader->path);
	if (!check_header(reader, &header, (uint64_t)file.st_size, why))
		return false;
	void *base = mmap(NULL, reader->layout.size_bytes, PROT_READ, MAP_SHARED, reader->fd, 0);

	if (base == MAP_FAILED)
		return why_set(why, "%s: cannot be mapped: %s", reader->path, strerror(errno));
	reader->base = base;
	reader->header = base;
	reader->mapped_bytes = reader->layout.size_bytes;
	reader->worker_count = header.worker_count;
	return true;
}

bool segment_reader_open(struct segment_reader **out, const char *name, struct why *why)
{
	struct segment_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return why_set(why, "no memory");
	reader->fd = -1;
	segment_path(name, reader->path, sizeof(reader->path));
	if (!reader_map(reader, why)) {
		segment_reader_close(reader);
		return false;
	}
	*out = reader;
	return true;
}

void segment_reader_close(struct segment_reader *reader)
{
	if (!reader)
		return;
	if (reader->base)
		munmap((void *)(uintptr_t)reader->base, reader->mapped_bytes);
	if (reader->fd >= 0)
		close(reader->fd);
	tag_cache_free(reader->tags);
	stat_settings_free(reader->settings);
	free(reader);
}

const struct stat_settings *segment_reader_settings(const struct segment_reader *constant)
{
	/* What is kept is no more than what stands in the segment. */
	struct segment_reader *reader = (struct segment_reader *)(uintptr_t)constant;
	uint32_t length = __atomic_load_n(&reader->header->settings_bytes, __ATOMIC_ACQUIRE);
	struct why why;
	char *text;

	if (reader->settings || length == 0 || length >= SEGMENT_SETTINGS_BYTES)
		return reader->settings;
	text = strndup(reader->base + reader->layout.settings, length);
	if (text)
		reader->settings = stat_settings_from_json(text, &why);
	free(text);
	return reader->settings;
}

struct tag_cache *segment_reader_tags(const struct segment_reader *constant)
{
	struct segment_reader *reader = (struct segment_reader *)(uintptr_t)constant;
	struct stat_tags *tags = stat_settings_tags(segment_reader_settings(reader));

	if (!reader->tags && stat_tags_shape_names(tags))
		reader->tags = tag_cache_create(tags);
	return reader->tags;
}

bool segment_reader_is_current(const struct segment_reader *reader)
{
	struct stat ours, there;

	return fstat(reader->fd, &ours) == 0 && stat(reader->path, &there) == 0 &&
	       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

bool segment_reader_is_alive(const struct segment_reader *reader)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	/* Asks only: a reader that took a lock could stop a data plane from starting. */
	return fcntl(reader->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

const struct segment_header *segment_reader_header(const struct segment_reader *reader)
{
	return reader->header;
}

uint16_t segment_reader_workers(const struct segment_reader *reader)
{
	return reader->worker_count;
}

static void load_words(void *to, const void *from, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes; at += 8) {
		uint64_t word = counter_read((const uint64_t *)(const void *)((const char *)from + at));

		memcpy((char *)to + at, &word, 8);
	}
}

static const struct segment_entry *entry_at(const struct segment_reader *reader, uint32_t kind,
					    uint32_t slot)
{
	return (const struct segment_entry *)(const void *)(reader->base +
							    reader->layout.directory[kind]) +
	       slot;
}

/* One try; false when the directory changed meanwhile. */
static bool copy_directory(const struct segment_reader *reader, uint32_t kind, uint32_t used,
			   uint64_t epoch, struct segment_objects *out)
{
	struct segment_entry entry;

	out->count = 0;
	for (uint32_t slot = 0; slot < used; slot++) {
		load_words(&entry, entry_at(reader, kind, slot), sizeof(entry));
		if (entry.state == SEGMENT_ENTRY_FREE)
			continue;
		struct segment_object *object = &out->items[out->count++];

		object->slot = slot;
		object->state = entry.state;
		object->generation = entry.generation;
		memcpy(object->name, entry.name, sizeof(object->name));
		object->name[sizeof(object->name) - 1] = '\0';
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return counter_read(&reader->header->epoch) == epoch;
}

bool segment_reader_objects(const struct segment_reader *reader, uint32_t kind,
			    struct segment_objects *out, struct why *why)
{
	uint32_t capacity = 0;

	INVARIANT(kind < SEGMENT_KIND_COUNT);
	out->items = NULL;
	out->count = 0;
	for (uint32_t tries = 0; tries < SEGMENT_READ_TRIES_MAX; tries++) {
		uint64_t epoch = __atomic_load_n(&reader->header->epoch, __ATOMIC_ACQUIRE);
		uint32_t used = (uint32_t)counter_read(&reader->header->used[kind]);

		if (epoch % 2 != 0) {
			sched_yield();
			continue;
		}
		if (used > segment_kind_capacity(kind))
			break;
		if (used > capacity || !out->items) {
			free(out->items);
			capacity = used + 1;
			out->items = malloc(capacity * sizeof(*out->items));
			if (!out->items)
				return why_set(why, "no memory for %u names", used);
		}
		if (copy_directory(reader, kind, used, epoch, out))
			return true;
	}
	segment_objects_free(out);
	return why_set(why, "%s: its directory is being changed all the time, or its writer died "
		       "while it did", reader->path);
}

void segment_objects_free(struct segment_objects *objects)
{
	free(objects->items);
	objects->items = NULL;
	objects->count = 0;
}

static const char *block_of(const struct segment_reader *reader, uint16_t worker)
{
	INVARIANT(worker <= reader->worker_count);
	return reader->base + reader->layout.workers + reader->layout.worker_stride * worker;
}

const uint64_t *segment_reader_slot(const struct segment_reader *reader, uint16_t worker,
				    uint32_t kind, uint32_t slot)
{
	const char *block = block_of(reader, worker);

	if (kind == SEGMENT_PORT)
		return (const void *)(block + reader->layout.ports +
				      (uint64_t)segment_port_stride() * slot);
	return (const void *)(block + reader->layout.stats[kind] +
			      (uint64_t)segment_kind_bytes(kind) * slot);
}

bool segment_reader_sum(const struct segment_reader *reader, uint32_t kind,
			const struct segment_object *object, uint64_t *values)
{
	uint32_t words = segment_kind_bytes(kind) / 8;

	INVARIANT(kind < SEGMENT_KIND_COUNT && object->slot < segment_kind_capacity(kind));
	memset(values, 0, words * sizeof(*values));
	for (uint16_t w = 0; w <= reader->worker_count; w++) {
		const uint64_t *from = segment_reader_slot(reader, w, kind, object->slot);

		for (uint32_t i = 0; i < words; i++)
			values[i] += counter_read(&from[i]);
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return counter_read(&entry_at(reader, kind, object->slot)->generation) ==
	       object->generation;
}

bool segment_reader_worker_histogram(const struct segment_reader *reader, uint16_t worker,
				     enum stat_histogram which, uint32_t slot,
				     struct histogram *sum)
{
	const char *block = block_of(reader, worker);
	const void *index = block + reader->layout.histogram_index[which];
	uint32_t number = __atomic_load_n((const uint32_t *)index + slot, __ATOMIC_ACQUIRE);

	INVARIANT(slot < segment_kind_capacity(segment_histogram_kind(which)));
	if (number == 0 || number > SEGMENT_HISTOGRAMS_MAX)
		return false;
	histogram_merge(sum, (const void *)(block + reader->layout.histograms +
					    (number - 1) * sizeof(struct histogram)));
	return true;
}

bool segment_reader_histogram(const struct segment_reader *reader, enum stat_histogram which,
			      uint32_t slot, struct histogram *sum)
{
	bool found = false;

	memset(sum, 0, sizeof(*sum));
	for (uint16_t w = 0; w < reader->worker_count; w++)
		found |= segment_reader_worker_histogram(reader, w, which, slot, sum);
	return found;
}

const uint64_t *segment_reader_worker(const struct segment_reader *reader, uint16_t worker)
{
	return (const void *)block_of(reader, worker);
}

const uint64_t *segment_reader_tcp(const struct segment_reader *reader, uint16_t worker)
{
	return (const void *)(block_of(reader, worker) + reader->layout.tcp);
}

const uint64_t *segment_reader_drops(const struct segment_reader *reader, uint16_t worker)
{
	return (const void *)(block_of(reader, worker) + reader->layout.drops);
}

uint64_t segment_reader_tcp_total(const struct segment_reader *reader, uint32_t index)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w <= reader->worker_count; w++)
		sum += counter_read(&segment_reader_tcp(reader, w)[index]);
	return sum;
}

uint64_t segment_reader_drops_total(const struct segment_reader *reader, uint32_t reason)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w <= reader->worker_count; w++)
		sum += counter_read(&segment_reader_drops(reader, w)[reason]);
	return sum;
}

uint64_t segment_reader_process(const struct segment_reader *reader, uint32_t index)
{
	const void *process = reader->base + reader->layout.process;
	const void *reset = reader->base + reader->layout.process_reset;

	return counter_read((const uint64_t *)process + index) +
	       counter_read((const uint64_t *)reset + index);
}

const uint64_t *segment_reader_device(const struct segment_reader *reader, uint16_t port)
{
	INVARIANT(port < SEGMENT_PORTS_MAX);
	return (const void *)(reader->base + reader->layout.devices +
			      (uint64_t)segment_device_stride() * port);
}
