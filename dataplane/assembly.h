/* The data plane put together, and taken apart again in the opposite order.
 *
 *     settings -> EAL -> packet buffers -> ports -> segment, log, publisher -> workers
 *
 * What fails names itself and its cure; assembly_close then takes apart what had been made. */
#ifndef DATAPLANE_ASSEMBLY_H
#define DATAPLANE_ASSEMBLY_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/config/publish.h"
#include "dataplane/complaints.h"
#include "dataplane/counters/segment.h"
#include "dataplane/eal.h"
#include "dataplane/kernel_stream/kernel_socket.h"
#include "dataplane/log/log_writer.h"
#include "dataplane/port/exception_port.h"
#include "dataplane/port/port_ethdev.h"
#include "dataplane/settings.h"
#include "dataplane/worker/doorbell.h"
#include "dataplane/worker/fabric.h"
#include "dataplane/worker/worker_loop.h"

struct assembled_worker {
	struct worker *worker;
	struct worker_thread thread;
	struct doorbell doorbell;
	struct kernel_socket kernel;
	struct rte_mempool *header_pool;
	struct rte_mempool *indirect_pool;
	struct port_counters *port_counters[SETTINGS_PORTS_MAX];
};

struct assembly {
	struct dataplane_settings settings;
	struct eal_plan plan;
	struct rte_mempool *rx_pool;
	struct port ports[SETTINGS_PORTS_MAX];
	struct port *port_list[SETTINGS_PORTS_MAX];
	uint16_t ports_open;
	struct exception_port exceptions[SETTINGS_PORTS_MAX];
	struct exception_port *exception_list[SETTINGS_PORTS_MAX]; /* NULL where a port has none */
	bool has_exceptions;
	uint16_t kernel_port_first; /* where has_exceptions: ports that the kernel opens from */
	uint16_t kernel_port_last;
	struct complaints complaints;
	struct segment *segment;
	struct log_writer *log;
	struct publisher *publisher;
	struct fabric *fabric; /* between workers; NULL where there is one */
	uint16_t workers_made;
	struct assembled_worker workers[SETTINGS_WORKERS_MAX];
};

/* Everything but the workers' threads; `out` is all zero.  `version`: of the program. */
MUST_USE bool assembly_open(struct assembly *out, const struct dataplane_settings *settings,
			    const char *version, struct why *why);
MUST_USE bool assembly_start_workers(struct assembly *a, struct why *why);
/* Stops the workers and takes everything apart. */
void assembly_close(struct assembly *a);

/* Sends a message to every worker; false when a mailbox was full (the others have it). */
bool assembly_tell(struct assembly *a, const struct mail *mail);
bool assembly_is_drained(const struct assembly *a);
uint32_t assembly_connections(const struct assembly *a);
/* Copies what the devices count into the segment, and says in the log what somebody has to cure. */
void assembly_look_at_ports(struct assembly *a);

#endif
