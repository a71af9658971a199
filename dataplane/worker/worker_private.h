/* What a worker is made of.  For worker.c and worker_create.c. */
#ifndef DATAPLANE_WORKER_WORKER_PRIVATE_H
#define DATAPLANE_WORKER_WORKER_PRIVATE_H

#include "dataplane/counters/worker_counters.h"
#include "dataplane/kernel_stream/kernel_streams.h"
#include "dataplane/trace/trace_tap.h"
#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/worker.h"
#include "dataplane/worker/worker_exceptions.h"
#include "dataplane/worker/worker_listeners.h"
#include "dataplane/worker/worker_peers.h"
#include "dataplane/worker/worker_tx.h"

#define WORKER_VISITS_WAITING_MAX 8

struct worker {
	struct worker_params params;
	struct slice_pool slices;
	struct stack *stack;
	struct kernel_streams *kernel; /* NULL: there are none */
	struct stream_opener opener;
	struct gateway *gateway;
	struct worker_exceptions *exceptions; /* NULL = no port has an exception port */
	struct worker_peers *peers; /* NULL = this is the only worker */
	struct port *ports[WORKER_PORTS_MAX]; /* the device's, or what stands for it */
	struct config_holds holds;
	struct worker_visit *visits[WORKER_VISITS_WAITING_MAX];
	uint32_t visit_count;
	bool draining;
	enum tcp_pressure pressure;
	uint64_t tx_retry_ns;
	struct capture_tap *tap; /* NULL = no capture runs */
	struct trace_tap *tracing; /* NULL = nobody traces */
	struct trace_tap trace_tap;
	struct worker_tx tx[WORKER_PORTS_MAX];
	struct netif netifs[WORKER_PORTS_MAX];
	struct worker_listeners listeners;
	struct mailbox mailbox;
	/* Read by other threads; written only when it changes. */
	uint64_t config_version CACHE_ALIGNED;
	uint64_t new_config_version;
	bool drained;
};

#endif
