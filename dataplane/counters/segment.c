#include "dataplane/counters/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/counters/segment_private.h"
#include "stack/base/counter.h"
#include "stack/base/invariant.h"

/* Another process may replace the file between our open and our lock, but not for ever. */
#define CLAIM_TRIES_MAX 16

static bool lock_whole(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool is_still(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

static bool refuse_taken(int fd, const char *path, struct why *why)
{
	struct segment_header header = {0};
	ssize_t got = pread(fd, &header, sizeof(header), 0);

	if (got == (ssize_t)sizeof(header))
		return why_set(why,
			       "%s is in use by the running process %u; stop it, or choose "
			       "another name for this one's counters",
			       path, header.pid);
	return why_set(why, "%s is in use by a process that is starting", path);
}

/* The name is ours when we hold the lock of the file that stands there: an old one whose process
 * is dead, or an empty one that we made. */
static bool claim(const char *path, int *out, struct why *why)
{
	for (int tries = 0; tries < CLAIM_TRIES_MAX; tries++) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

		if (fd < 0)
			return why_set(why, "%s: %s; remove it, or choose another name", path,
				       strerror(errno));
		if (!lock_whole(fd)) {
			refuse_taken(fd, path, why);
			close(fd);
			return false;
		}
		if (is_still(fd, path)) {
			*out = fd;
			return true;
		}
		close(fd);
	}
	return why_set(why, "%s is replaced again and again by other processes", path);
}

bool segment_back(struct segment *segment, uint64_t offset, uint64_t length)
{
	return posix_fallocate(segment->fd, (off_t)offset, (off_t)length) == 0;
}

char *segment_worker_base(struct segment *segment, uint16_t worker)
{
	return segment->base + segment->layout.workers + segment->layout.worker_stride * worker;
}

static void record(struct gateway_stats *self, enum stat_histogram which, uint32_t slot,
		   uint64_t value_ns)
{
	struct segment_worker *worker = container_of_member(self, struct segment_worker, gateway);
	const struct segment_layout *layout = &worker->segment->layout;
	char *block = (char *)worker->worker;
	void *index_base = block + layout->histogram_index[which];
	uint32_t *index = (uint32_t *)index_base + slot;

	INVARIANT(slot < segment_kind_capacity(segment_histogram_kind(which)));
	if (*index == 0) {
		uint32_t backed = __atomic_load_n(&worker->histograms_backed, __ATOMIC_ACQUIRE);

		if (worker->histograms_used >= backed) {
			counter_inc(&worker->worker->distribution_values_lost);
			return;
		}
		uint32_t number = worker->histograms_used + 1;

		__atomic_store_n(&worker->histograms_used, number, __ATOMIC_RELAXED);
		__atomic_store_n(index, number, __ATOMIC_RELEASE);
	}
	void *histogram = block + layout->histograms + (*index - 1) * sizeof(struct histogram);

	histogram_record(histogram, value_ns);
}

static bool back_histograms(struct segment_worker *worker)
{
	struct segment *segment = worker->segment;
	uint32_t used = __atomic_load_n(&worker->histograms_used, __ATOMIC_RELAXED);
	uint32_t wanted = used + SEGMENT_HISTOGRAMS_AHEAD;

	if (wanted > SEGMENT_HISTOGRAMS_MAX)
		wanted = SEGMENT_HISTOGRAMS_MAX;
	if (wanted <= worker->histograms_backed)
		return true;
	uint64_t base = segment->layout.workers + segment->layout.worker_stride * worker->index +
			segment->layout.histograms;
	uint64_t size = sizeof(struct histogram);

	if (!segment_back(segment, base + worker->histograms_backed * size,
			  (wanted - worker->histograms_backed) * size))
		return false;
	__atomic_store_n(&worker->histograms_backed, wanted, __ATOMIC_RELEASE);
	return true;
}

static bool worker_init(struct segment *segment, uint16_t index)
{
	struct segment_worker *worker = &segment->workers[index];
	const struct segment_layout *layout = &segment->layout;
	char *block = segment_worker_base(segment, index);

	worker->segment = segment;
	worker->index = index;
	worker->worker = (void *)block;
	worker->tcp = (void *)(block + layout->tcp);
	worker->drops = (void *)(block + layout->drops);
	worker->gateway = (struct gateway_stats){
		.listeners = (void *)(block + layout->stats[STAT_LISTENER]),
		.https = (void *)(block + layout->stats[STAT_HTTP]),
		.clusters = (void *)(block + layout->stats[STAT_CLUSTER]),
		.endpoints = (void *)(block + layout->stats[STAT_ENDPOINT]),
		.routes = (void *)(block + layout->stats[STAT_ROUTE]),
		.tcp_proxies = (void *)(block + layout->stats[STAT_TCP_PROXY]),
		.record = index < segment->header->worker_count ? record : NULL,
	};
	return segment_back(segment, layout->workers + layout->worker_stride * index,
			    layout->fixed_bytes) &&
	       (!worker->gateway.record || back_histograms(worker));
}

static void header_init(struct segment *segment, const struct segment_params *params)
{
	struct segment_header *header = segment->header;

	header->major = SEGMENT_MAJOR;
	header->minor = SEGMENT_MINOR;
	header->worker_count = params->worker_count;
	header->size_bytes = segment->layout.size_bytes;
	header->layout_hash = segment_layout_hash();
	header->start_wall_ns = params->wall_ns;
	header->heartbeat_wall_ns = params->wall_ns;
	header->pid = (uint32_t)getpid();
	snprintf(header->version, sizeof(header->version), "%s",
		 params->version ? params->version : "");
	memcpy(header->magic, SEGMENT_MAGIC, sizeof(SEGMENT_MAGIC));
}

static bool make_file(struct segment *segment, const char *fresh, struct why *why)
{
	uint64_t size = segment->layout.size_bytes;

	unlink(fresh);
	segment->fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (segment->fd < 0)
		return why_set(why, "%s: %s", fresh, strerror(errno));
	if (fchmod(segment->fd, 0644) != 0 || !lock_whole(segment->fd) ||
	    ftruncate(segment->fd, (off_t)size) != 0)
		return why_set(why, "%s: %s", fresh, strerror(errno));
	if (!segment_back(segment, 0, SEGMENT_PAGE_BYTES) ||
	    !segment_back(segment, segment->layout.directory[SEGMENT_PORT],
			  SEGMENT_PORTS_MAX * sizeof(struct segment_entry)) ||
	    !segment_back(segment, segment->layout.process,
			  segment->layout.workers - segment->layout.process))
		return why_set(why, "%s: no room for counters; /dev/shm is full", fresh);
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, segment->fd, 0);

	if (base == MAP_FAILED)
		return why_set(why, "%s: cannot be mapped: %s", fresh, strerror(errno));
	segment->base = base;
	segment->header = base;
	return true;
}

static bool fill(struct segment *segment, const struct segment_params *params, struct why *why)
{
	uint64_t bytes = sizeof(struct segment_worker) * (params->worker_count + 1u);

	segment->workers = aligned_alloc(CACHE_LINE_BYTES, bytes);
	if (!segment->workers)
		return why_set(why, "no memory for %u workers' counters", params->worker_count);
	memset(segment->workers, 0, bytes);
	header_init(segment, params);
	for (uint16_t i = 0; i <= params->worker_count; i++)
		if (!worker_init(segment, i))
			return why_set(why, "%s: no room for the counters of %u workers; /dev/shm "
				       "is full", segment->path, params->worker_count);
	return segment_names_init(segment, why);
}

static void segment_free(struct segment *segment)
{
	if (segment->base)
		munmap(segment->base, segment->layout.size_bytes);
	if (segment->fd >= 0)
		close(segment->fd);
	segment_names_free(segment);
	free(segment->workers);
	pthread_mutex_destroy(&segment->lock);
	free(segment);
}

bool segment_create(struct segment **out, const struct segment_params *params, struct why *why)
{
	char fresh[300];
	int old = -1;

	INVARIANT(params->worker_count >= 1 && params->worker_count <= SEGMENT_WORKERS_MAX);
	struct segment *segment = calloc(1, sizeof(*segment));

	if (!segment)
		return why_set(why, "no memory for the counters");
	segment->fd = -1;
	pthread_mutex_init(&segment->lock, NULL);
	segment_layout_make(&segment->layout, params->worker_count);
	segment_path(params->name, segment->path, sizeof(segment->path));
	snprintf(fresh, sizeof(fresh), "%s.new", segment->path);
	if (!claim(segment->path, &old, why)) {
		segment_free(segment);
		return false;
	}
	/* A reader may still have the old file mapped: it is replaced as a whole, never cut. */
	bool done = make_file(segment, fresh, why) && fill(segment, params, why);

	if (done && rename(fresh, segment->path) != 0)
		done = why_set(why, "%s: %s", segment->path, strerror(errno));
	if (!done) {
		unlink(fresh);
		unlink(segment->path);
		segment_free(segment);
	}
	close(old);
	if (done)
		*out = segment;
	return done;
}

void segment_destroy(struct segment *segment)
{
	if (!segment)
		return;
	if (is_still(segment->fd, segment->path))
		unlink(segment->path);
	segment_free(segment);
}

struct segment_worker *segment_worker(struct segment *segment, uint16_t index)
{
	INVARIANT(index < segment->header->worker_count);
	return &segment->workers[index];
}

struct port_counters *segment_worker_port(struct segment_worker *worker, uint16_t port)
{
	INVARIANT(port < SEGMENT_PORTS_MAX);
	return (void *)((char *)worker->worker + worker->segment->layout.ports +
			(uint64_t)segment_port_stride() * port);
}

struct stat_registry *segment_registry(struct segment *segment)
{
	return &segment->registry;
}

bool segment_port(struct segment *segment, uint16_t port, const char *name, struct why *why)
{
	if (port >= SEGMENT_PORTS_MAX)
		return why_set(why, "port %s: only %u ports can be counted", name,
			       SEGMENT_PORTS_MAX);
	pthread_mutex_lock(&segment->lock);
	segment_directory_open(segment);
	segment_entry_write(segment, SEGMENT_PORT, port, name);
	segment_directory_close(segment);
	pthread_mutex_unlock(&segment->lock);
	return true;
}

struct segment_worker *segment_control(struct segment *segment)
{
	return &segment->workers[segment->header->worker_count];
}

struct process_counters *segment_process(struct segment *segment)
{
	return (void *)(segment->base + segment->layout.process);
}

struct port_device_counters *segment_device(struct segment *segment, uint16_t port)
{
	INVARIANT(port < SEGMENT_PORTS_MAX);
	return (void *)(segment->base + segment->layout.devices +
			(uint64_t)segment_device_stride() * port);
}

void segment_set_admin(struct segment *segment, const char *address)
{
	snprintf(segment->header->admin_address, sizeof(segment->header->admin_address), "%s",
		 address);
}

bool segment_set_settings(struct segment *segment, const char *json, struct why *why)
{
	size_t length = strlen(json);
	uint64_t offset = segment->layout.settings;

	if (length >= SEGMENT_SETTINGS_BYTES)
		return why_set(why, "stats_config has %zu bytes as JSON; %u are the most", length,
			       SEGMENT_SETTINGS_BYTES - 1);
	if (!segment_back(segment, offset, SEGMENT_SETTINGS_BYTES))
		return why_set(why, "%s: no room for stats_config; /dev/shm is full", segment->path);
	memcpy(segment->base + offset, json, length);
	__atomic_store_n(&segment->header->settings_bytes, (uint32_t)length, __ATOMIC_RELEASE);
	return true;
}

void segment_tick(struct segment *segment, uint64_t wall_ns)
{
	/* Where there is no memory for more histograms the worker counts what it could not keep. */
	for (uint16_t i = 0; i < segment->header->worker_count; i++)
		(void)!back_histograms(&segment->workers[i]);
	__atomic_store_n(&segment->header->heartbeat_wall_ns, wall_ns, __ATOMIC_RELAXED);
}

const char *segment_file(const struct segment *segment)
{
	return segment->path;
}
