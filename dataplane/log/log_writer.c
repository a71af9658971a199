#include "dataplane/log/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dataplane/log/log_ring.h"
#include "stack/base/counter.h"
#include "stack/base/invariant.h"

#define BATCH_BYTES 65536
#define WAIT_BUSY_MS 5   /* lines came in the last round */
#define WAIT_IDLE_MS 20
#define WAIT_WRITE_MS 100
#define WAIT_WRITE_TRIES_STOPPING_MAX 10

struct log_file {
	char *path;
	int fd; /* -1 = could not be opened again */
};

struct log_worker {
	struct log_sink sink;
	struct log_ring ring;
	struct worker_counters *counters;
};

struct log_writer {
	uint16_t worker_count;
	struct log_worker *workers;
	char *memory; /* of all rings */
	struct process_counters *process;
	pthread_mutex_t lock; /* of files */
	struct log_file files[LOG_SINKS_MAX];
	uint32_t file_count;
	pthread_t thread;
	bool started;
	bool stopping;
	bool reopen_wanted;
	int wake_fd;
	uint32_t waits_stopping;
	/* Bytes for one sink that were not written yet. */
	uint32_t batch_sink;
	uint32_t batch_length;
	char batch[BATCH_BYTES];
};

static void sink_line(struct log_sink *self, uint32_t sink, const char *text, uint32_t length)
{
	struct log_worker *worker = container_of_member(self, struct log_worker, sink);

	counter_inc(log_ring_put(&worker->ring, sink, text, length)
			    ? &worker->counters->log_lines
			    : &worker->counters->log_lines_dropped);
}

bool log_writer_create(struct log_writer **out, const struct log_writer_params *params,
		       struct why *why)
{
	uint64_t size = params->ring_bytes ? params->ring_bytes : LOG_RING_BYTES_DEFAULT;
	uint64_t workers_bytes = sizeof(struct log_worker) * params->worker_count;
	struct log_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return why_set(why, "no memory for the access log");
	pthread_mutex_init(&writer->lock, NULL);
	writer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	writer->process = params->process;
	writer->workers = aligned_alloc(CACHE_LINE_BYTES, workers_bytes);
	writer->memory = aligned_alloc(CACHE_LINE_BYTES, params->worker_count * size);
	if (writer->wake_fd < 0 || !writer->workers || !writer->memory) {
		log_writer_destroy(writer);
		return why_set(why, "no memory for the access logs of %u workers",
			       params->worker_count);
	}
	memset(writer->workers, 0, workers_bytes);
	writer->worker_count = params->worker_count;
	for (uint16_t i = 0; i < params->worker_count; i++) {
		struct log_worker *worker = &writer->workers[i];

		worker->sink.line = sink_line;
		worker->counters = params->counters[i];
		log_ring_init(&worker->ring, writer->memory + size * i, size);
	}
	*out = writer;
	return true;
}

struct log_sink *log_writer_worker(struct log_writer *writer, uint16_t worker)
{
	INVARIANT(worker < writer->worker_count);
	return &writer->workers[worker].sink;
}

/* Sockets that stand behind /dev/stdout cannot be opened by name. */
static int open_path(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);

	if (fd < 0 && strcmp(path, "/dev/stdout") == 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0 && strcmp(path, "/dev/stderr") == 0)
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd;
}

static bool open_new(struct log_writer *writer, const char *path, uint32_t *sink, struct why *why)
{
	struct log_file *file = &writer->files[writer->file_count];

	if (writer->file_count == LOG_SINKS_MAX)
		return why_set(why, "access log %s: more than %u different files", path,
			       LOG_SINKS_MAX);
	file->fd = open_path(path);
	if (file->fd < 0)
		return why_set(why, "access log %s cannot be opened: %s", path, strerror(errno));
	file->path = strdup(path);
	if (!file->path) {
		close(file->fd);
		return why_set(why, "access log %s: no memory", path);
	}
	*sink = writer->file_count++;
	return true;
}

bool log_writer_open(struct log_writer *writer, const char *path, uint32_t *sink, struct why *why)
{
	bool done = false;

	pthread_mutex_lock(&writer->lock);
	for (uint32_t i = 0; i < writer->file_count && !done; i++) {
		done = strcmp(writer->files[i].path, path) == 0;
		if (done)
			*sink = i;
	}
	if (!done)
		done = open_new(writer, path, sink, why);
	pthread_mutex_unlock(&writer->lock);
	return done;
}

static void wake(struct log_writer *writer)
{
	uint64_t one = 1;

	/* A counter that is full wakes as well. */
	(void)!write(writer->wake_fd, &one, sizeof(one));
}

void log_writer_reopen(struct log_writer *writer)
{
	__atomic_store_n(&writer->reopen_wanted, true, __ATOMIC_RELEASE);
	wake(writer);
}

static void reopen_all(struct log_writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	for (uint32_t i = 0; i < writer->file_count; i++) {
		struct log_file *file = &writer->files[i];
		int fd = open_path(file->path);

		/* What cannot be opened again goes on into the old file. */
		if (fd < 0) {
			counter_inc(&writer->process->log_reopen_failures);
			continue;
		}
		close(file->fd);
		file->fd = fd;
	}
	pthread_mutex_unlock(&writer->lock);
}

static int sink_fd(struct log_writer *writer, uint32_t sink)
{
	int fd = -1;

	pthread_mutex_lock(&writer->lock);
	if (sink < writer->file_count)
		fd = writer->files[sink].fd;
	pthread_mutex_unlock(&writer->lock);
	return fd;
}

/* A pipe that is full is waited for; while stopping, not for long. */
static bool wait_writable(struct log_writer *writer, int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	if (__atomic_load_n(&writer->stopping, __ATOMIC_ACQUIRE) &&
	    ++writer->waits_stopping > WAIT_WRITE_TRIES_STOPPING_MAX)
		return false;
	poll(&wait, 1, WAIT_WRITE_MS);
	return true;
}

static void write_batch(struct log_writer *writer)
{
	int fd = sink_fd(writer, writer->batch_sink);
	uint32_t done = 0;

	while (done < writer->batch_length) {
		ssize_t n = write(fd, writer->batch + done, writer->batch_length - done);

		if (n > 0) {
			done += (uint32_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && wait_writable(writer, fd))
			continue;
		counter_inc(&writer->process->log_write_failures);
		break;
	}
	if (done == writer->batch_length)
		counter_inc(&writer->process->log_writes);
	counter_add(&writer->process->log_bytes_written, done);
	writer->batch_length = 0;
}

static void add_piece(void *context, uint32_t sink, const char *piece, uint32_t length)
{
	struct log_writer *writer = context;

	if (sink != writer->batch_sink && writer->batch_length > 0)
		write_batch(writer);
	writer->batch_sink = sink;
	while (length > 0) {
		uint32_t room = BATCH_BYTES - writer->batch_length;
		uint32_t n = length < room ? length : room;

		memcpy(writer->batch + writer->batch_length, piece, n);
		writer->batch_length += n;
		piece += n;
		length -= n;
		if (writer->batch_length == BATCH_BYTES)
			write_batch(writer);
	}
}

uint64_t log_writer_drain(struct log_writer *writer)
{
	uint64_t freed = 0;

	if (__atomic_exchange_n(&writer->reopen_wanted, false, __ATOMIC_ACQ_REL))
		reopen_all(writer);
	for (uint16_t i = 0; i < writer->worker_count; i++) {
		struct log_ring *ring = &writer->workers[i].ring;

		freed += log_ring_take(ring, ring->size, add_piece, writer);
	}
	if (writer->batch_length > 0)
		write_batch(writer);
	return freed;
}

static void *log_thread(void *context)
{
	struct log_writer *writer = context;
	struct pollfd wait = {.fd = writer->wake_fd, .events = POLLIN};
	uint64_t count;

	while (!__atomic_load_n(&writer->stopping, __ATOMIC_ACQUIRE)) {
		uint64_t freed = log_writer_drain(writer);

		if (poll(&wait, 1, freed > 0 ? WAIT_BUSY_MS : WAIT_IDLE_MS) > 0)
			(void)!read(writer->wake_fd, &count, sizeof(count));
	}
	return NULL;
}

bool log_writer_start(struct log_writer *writer, struct why *why)
{
	sigset_t all, old;

	/* Signals are for the main thread; a reader of stdout that went away is an EPIPE here. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&writer->thread, NULL, log_thread, writer);

	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		return why_set(why, "cannot start the log thread: %s", strerror(error));
	writer->started = true;
	return true;
}

void log_writer_destroy(struct log_writer *writer)
{
	if (!writer)
		return;
	__atomic_store_n(&writer->stopping, true, __ATOMIC_RELEASE);
	if (writer->started) {
		wake(writer);
		pthread_join(writer->thread, NULL);
	}
	log_writer_drain(writer);
	for (uint32_t i = 0; i < writer->file_count; i++) {
		close(writer->files[i].fd);
		free(writer->files[i].path);
	}
	if (writer->wake_fd >= 0)
		close(writer->wake_fd);
	pthread_mutex_destroy(&writer->lock);
	free(writer->workers);
	free(writer->memory);
	free(writer);
}
