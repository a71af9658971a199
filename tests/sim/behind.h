/* The kernel behind the subject's exception port: a host with the subject's own MAC and addresses, which
 * serves as an origin does, on a port where the gateway does not listen, and asks for things itself.
 *
 *     wire ── subject ── exception port ═ cable without faults ═ kernel: server :8080, one client */
#ifndef TESTS_SIM_BEHIND_H
#define TESTS_SIM_BEHIND_H

#include "dataplane/port/exception_port.h"
#include "tests/sim/client.h"
#include "tests/sim/origin.h"

struct behind {
	struct exception_port port;
	struct exception_port *ports[1]; /* worker_params.exceptions */
	struct wire cable;
	unsigned end;                    /* of the port */
	struct origin kernel;
	struct client client;
	uint64_t now_ns;
	unsigned allocations;            /* of the worker, seen while it sent */
};

/* number: the subject's; memory: of the worker, of the kernel. */
void behind_open(struct behind *behind, unsigned number, const struct host_memory *worker,
		 const struct host_memory *kernel, struct prng *prng, bool hostile, uint32_t first_id,
		 uint64_t now_ns);
/* Runs until nothing moves any more there; true when frames for the subject wait. */
bool behind_run(struct behind *behind, uint64_t now_ns);
uint64_t behind_deadline_ns(const struct behind *behind);
void behind_close(struct behind *behind, uint64_t now_ns);

#endif
