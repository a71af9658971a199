/* Kernel sockets as streams: the driver of one worker, with the four verbs of every layer.
 *
 *     kernel_streams_input    events, accepts, reads      (start of a poll)
 *     kernel_streams_deliver  events to stream owners     (with stack_deliver)
 *     kernel_streams_output   writes                      (end of a poll)
 *     kernel_streams_expire   connect timeouts, orphans
 *
 * Bytes are read straight into mbufs and leave straight from slices; nothing is copied here but by
 * the kernel.  One worker's, not safe across threads; time is an argument, sockets are behind
 * struct kernel_io. */
#ifndef DATAPLANE_KERNEL_STREAM_KERNEL_STREAMS_H
#define DATAPLANE_KERNEL_STREAM_KERNEL_STREAMS_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/kernel_stream/kernel_io.h"
#include "stack/base/compiler.h"
#include "stack/base/slice.h"
#include "stack/base/stream.h"
#include "stack/base/trace.h"
#include "stack/tcp/tcp.h"

struct kernel_streams;
struct kernel_listener;
struct worker_counters; /* dataplane/counters/worker.def: kernel_… */

#define KERNEL_LISTENERS_MAX 256

struct kernel_streams_params {
	struct kernel_io *io;
	struct rte_mempool *rx_pool;
	struct slice_pool *slices;
	struct worker_counters *counters;
	uint32_t connections_max;
	uint32_t budget_bytes; /* what a connection may buffer each way, in charge_bytes */
	uint64_t now_ns;
};

/* Boot: takes all memory.  NULL when it is not to be had. */
struct kernel_streams *kernel_streams_create(const struct kernel_streams_params *params);
/* All streams must have been released; what is still being written is cut off. */
void kernel_streams_destroy(struct kernel_streams *all);

/* --- the verbs: how many things each of them did ------------------------------------------- */

uint32_t kernel_streams_input(struct kernel_streams *all, uint64_t now_ns);
uint32_t kernel_streams_deliver(struct kernel_streams *all, uint64_t now_ns);
uint32_t kernel_streams_output(struct kernel_streams *all, uint64_t now_ns);
uint32_t kernel_streams_expire(struct kernel_streams *all, uint64_t now_ns, uint32_t max_fired);
uint64_t kernel_streams_deadline_ns(const struct kernel_streams *all);
/* Whether a verb would do something now without a further event. */
bool kernel_streams_has_work(const struct kernel_streams *all);

/* New connections wait in the kernel at LOW; at RESERVE a connection pins two buffers at most. */
void kernel_streams_set_pressure(struct kernel_streams *all, enum tcp_pressure pressure);

/* --- listeners ----------------------------------------------------------------------------- */

struct kernel_listen_params {
	int socket;              /* struct config_listen_address.kernel_socket */
	const char *pipe;        /* its path, for stream_info; NULL unless it is a Unix socket */
	/* As of tcp_listen: from deliver only; false resets the connection. */
	bool (*accept)(void *context, struct stream *stream, uint64_t now_ns);
	void *context;
};

/* NULL when there is no room, or the socket is none. */
struct kernel_listener *kernel_listen(struct kernel_streams *all,
				      const struct kernel_listen_params *params);
/* What waits to be accepted is still taken, as far as one bite goes.  for_good: the socket is
 * nobody's any more, and whoever comes now is refused at once. */
void kernel_listener_close(struct kernel_streams *all, struct kernel_listener *listener,
			   bool for_good, uint64_t now_ns);

/* --- opening and looking ------------------------------------------------------------------- */

/* Valid as long as the streams are. */
struct stream_opener *kernel_opener(struct kernel_streams *all);
/* Traced connections tell it from now on, new ones may be traced; NULL = nobody listens. */
void kernel_streams_set_trace(struct kernel_streams *all, struct trace *trace);
/* As tcp_visit. */
void kernel_streams_visit(struct kernel_streams *all, uint32_t *cursor, uint32_t max,
			  void (*visit)(void *context, const struct stream_info *info),
			  void *context);
/* Connections that are not given back yet, for leak checks. */
uint32_t kernel_streams_open(const struct kernel_streams *all);

#endif
