/* Access logs: from the workers' rings into files, by a thread of its own.
 *
 *     worker 0 --log_sink--> ring --\
 *     worker 1 --log_sink--> ring ---+--> log thread --> /var/log/a.log, /dev/stdout, …
 *
 * A worker copies a line into its ring and goes on; when the ring is full (a disk or a reader of
 * stdout that is too slow) the line is dropped and counted in the worker's log_lines_dropped. */
#ifndef DATAPLANE_LOG_LOG_WRITER_H
#define DATAPLANE_LOG_LOG_WRITER_H

#include <stdint.h>

#include "dataplane/counters/worker_counters.h"
#include "gateway/gateway.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define LOG_SINKS_MAX 256
#define LOG_RING_BYTES_DEFAULT (UINT32_C(4) << 20)

struct log_writer;

struct log_writer_params {
	uint16_t worker_count;
	uint32_t ring_bytes;                /* per worker, a power of two; 0 = the default */
	struct worker_counters **counters;  /* worker_count of them; log_lines, log_lines_dropped */
	struct process_counters *process;   /* log_bytes_written, log_write_failures */
};

/* Boot: takes all memory of the workers' side. */
MUST_USE bool log_writer_create(struct log_writer **out, const struct log_writer_params *params,
				struct why *why);
/* Starts the log thread. */
MUST_USE bool log_writer_start(struct log_writer *writer, struct why *why);
/* Writes what is in the rings, but does not wait long for a reader that takes nothing; joins the
 * thread, closes the files, frees.  No worker may run any more. */
void log_writer_destroy(struct log_writer *writer);

/* The worker's end: worker_params.log. */
struct log_sink *log_writer_worker(struct log_writer *writer, uint16_t worker);

/* Control threads: the sink of a path, opened for appending (made with 0644).  The same path gives
 * the same sink again.  False when it cannot be opened or there are too many. */
MUST_USE bool log_writer_open(struct log_writer *writer, const char *path, uint32_t *sink,
			      struct why *why);
/* Opens all paths again, as after logrotate; done by the log thread.  Safe in a signal handler. */
void log_writer_reopen(struct log_writer *writer);

/* One round of the log thread; returns how many bytes of the rings were freed.  For tests, and
 * where no thread was started. */
uint64_t log_writer_drain(struct log_writer *writer);

#endif
