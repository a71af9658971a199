/* One worker: one core, its stack, its gateway, its queues of the ports.
 *
 *     worker_poll:  rx bursts -> stack_input -> mailbox -> timers -> deliver / gateway_run
 *                   -> stack_output -> tx bursts
 *
 * worker_poll is pure: its only inputs are ports, mailboxes, now_ns, the seed and a config
 * snapshot.  Resting happens outside of it (worker_rest.c). */
#ifndef DATAPLANE_WORKER_WORKER_H
#define DATAPLANE_WORKER_WORKER_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port/port.h"
#include "gateway/gateway.h"
#include "stack/stack.h"

struct worker;
struct mailbox; /* dataplane/worker/mailbox.h: typed messages, multi-producer, bounded */
struct fabric;  /* dataplane/worker/fabric.h: frames between workers */

struct trace_sink;      /* stack/base/trace.h */
struct exception_port;  /* dataplane/port/exception_port.h: what is nobody's here goes to the kernel */
struct capture_tap;     /* dataplane/capture/capture_tap.h */
struct worker_counters; /* dataplane/counters/worker.def */
struct port_counters;   /* dataplane/counters/port.def */

#define WORKER_PORTS_MAX 16

struct worker_params {
	uint16_t index;
	uint16_t port_count;
	struct port **ports;
	uint16_t queue;                     /* this worker's queue on the ports of which it owns one */
	struct exception_port **exceptions; /* by port, NULL where it has none; NULL = no port has */
	uint16_t kernel_port_first;         /* of local ports that the kernel opens connections from, there */
	uint16_t kernel_port_last;          /* 0 = it leaves all to us */
	struct fabric *fabric;              /* to the other workers; NULL = there are none */
	struct rte_mempool *rx_pool;        /* of the ports; NULL = the header pool serves both */
	struct rte_mempool *header_pool;
	struct rte_mempool *indirect_pool;
	struct worker_counters *counters;
	struct port_counters **port_counters; /* by port */
	struct tcp_counters *tcp_counters;
	struct drop_counters *drops;
	struct gateway_stats *stats;
	struct config_holds holds;
	struct log_sink *log;
	uint64_t seed;
	uint64_t now_ns;
	int64_t wall_offset_ns;
	uint32_t connections_max;
	uint32_t timewait_max;
	uint32_t slices_max;
	uint32_t stream_budget_bytes; /* what a connection may buffer each way; 0 = 1 MiB */
	/* Sockets of the kernel, for addresses that no port has; NULL: there are none. */
	struct kernel_io *kernel;
	/* Hears of every message, and of every frame that another worker handed over, before it is worked
	 * on: the simulator's trace.  NULL = nobody listens. */
	void (*record)(void *context, uint16_t worker, const void *bytes, uint32_t length_bytes);
	void *record_context;
	struct doorbell *doorbell; /* rung by those who post to the mailbox; NULL where nobody sleeps */
};

struct worker_result {
	bool worked;             /* something moved */
	uint64_t deadline_ns;    /* nothing to do before this, unless a frame or message comes */
};

/* Boot: takes all memory.  NULL when it is not to be had. */
struct worker *worker_create(const struct worker_params *params);
/* Resets what is open; all buffers are back in their pools afterwards. */
void worker_destroy(struct worker *worker);

struct worker_result worker_poll(struct worker *worker, uint64_t now_ns);

/* Whether a message or a frame of another worker waits; ports are not asked.  The worker's thread. */
bool worker_has_input(const struct worker *worker);

/* Threads other than the worker's post here; the worker reads it in worker_poll. */
struct mailbox *worker_mailbox(struct worker *worker);
struct gateway *worker_gateway(struct worker *worker);
/* The worker's thread (a MAIL_CALL): frames are copied into the tap from now on; NULL = no more. */
void worker_set_tap(struct worker *worker, struct capture_tap *tap);
/* The same with what a tracer wants (stack/base/trace.h), at one of TRACE_SINKS_MAX places. */
void worker_set_trace(struct worker *worker, unsigned place, struct trace_sink *sink,
		      uint64_t now_ns);
struct stack *worker_stack(struct worker *worker);

/* For other threads, with acquire order.  Version of the config that the worker uses: nothing of
 * an older root is looked at any more, but for what is held. */
const uint64_t *worker_config_version(const struct worker *worker);
/* A drain has begun and no downstream connection is open any more. */
bool worker_is_drained(const struct worker *worker);
/* Connections and TIME-WAIT entries by bucket, BUCKETS of them, for other threads (relaxed); NULL where
 * there is one worker. */
const uint32_t *worker_bucket_flows(const struct worker *worker);
/* Listening places that could not be had, since start. */
uint32_t worker_listen_failures(const struct worker *worker);

#endif
