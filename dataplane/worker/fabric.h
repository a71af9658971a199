/* What workers share to pass frames among themselves; made once, before they start.
 *
 *            frames[from][to]: received here, belongs there        out[from][port]: to be sent by the
 *     worker 0 ────────────────────────────────> worker 1          worker that owns a queue of the port
 *        ^ └──────────── each ring has one producer and one consumer ────────────┘
 *        └ owns queue 0 of every port
 *                                    travel[from][to]: connections, and answers (worker_travel.h)
 *
 * A queue of a device has one user.  Worker i owns queue i of a port where there is one; where the port
 * has fewer queues than there are workers, worker i mod queues receives for the others (which is the
 * dispatcher: by software Toeplitz into buckets) and sends for them.  A lock around the device
 * instead would have workers write one line and wait for a system call of another (af_packet).
 *
 * Frames in a ring belong to the ring.  Rings are bounded: a received frame that finds its ring full is
 * dropped and counted (HANDOVER_FULL); one to be sent stays with its sender, who tries again. */
#ifndef DATAPLANE_WORKER_FABRIC_H
#define DATAPLANE_WORKER_FABRIC_H

#include <rte_ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/buckets.h"
#include "dataplane/worker/doorbell.h"
#include "stack/base/compiler.h"
#include "stack/base/toeplitz.h"
#include "stack/base/why.h"

#define FABRIC_WORKERS_MAX BUCKET_WORKERS_MAX
#define FABRIC_PORTS_MAX 16
#define FABRIC_FRAMES 1024 /* of a ring for received frames */
#define FABRIC_OUT_FRAMES 256
/* Of a ring for connections: all that one worker may have under way, and its answers to all of the other's. */
#define FABRIC_TRAVELLERS_MAX 32
#define FABRIC_TRAVEL_SLOTS 128
#define FABRIC_EXCEPTION_FRAMES 1024 /* for the kernel */

struct mailbox;

struct fabric {
	uint16_t workers;
	uint16_t ports;
	uint16_t queues[FABRIC_PORTS_MAX]; /* of each port */
	struct rte_ring **frames;          /* [from * workers + to]; NULL where from == to */
	struct rte_ring **travel;          /* [from * workers + to]; NULL where from == to */
	struct rte_ring **out;             /* [from * ports + port]; NULL where from owns a queue */
	struct rte_ring **exceptions;      /* [from], to worker 0, which has none; NULL without exception ports */
	/* Set by fabric_attach before any worker runs; read-only from then on. */
	struct doorbell *bells[FABRIC_WORKERS_MAX];
	struct mailbox *boxes[FABRIC_WORKERS_MAX];
	/* Of each worker, by bucket: its connections and TIME-WAIT entries.  Its own to write; set when it is made. */
	const uint32_t *flows[FABRIC_WORKERS_MAX];
	struct toeplitz toeplitz;
	struct buckets buckets;
};

struct fabric_params {
	uint16_t workers;
	uint16_t ports;
	const uint16_t *queues; /* of each port, at least 1 */
	bool exceptions;        /* some port has an exception port */
	const uint8_t *key;     /* of Toeplitz, TOEPLITZ_KEY_BYTES; NULL = the default */
};

MUST_USE bool fabric_create(struct fabric **out, const struct fabric_params *params, struct why *why);
/* Frees what is in the rings.  No worker runs any more. */
void fabric_destroy(struct fabric *fabric);
/* bell: NULL where nobody sleeps (simulator, tests). */
void fabric_attach(struct fabric *fabric, uint16_t worker, struct mailbox *box,
		   struct doorbell *bell);

static inline struct rte_ring *fabric_frames(const struct fabric *fabric, uint16_t from, uint16_t to)
{
	return fabric->frames[from * fabric->workers + to];
}

static inline struct rte_ring *fabric_travel(const struct fabric *fabric, uint16_t from, uint16_t to)
{
	return fabric->travel[from * fabric->workers + to];
}

static inline struct rte_ring *fabric_out(const struct fabric *fabric, uint16_t from, uint16_t port)
{
	return fabric->out[from * fabric->ports + port];
}

static inline struct rte_ring *fabric_exceptions(const struct fabric *fabric, uint16_t from)
{
	return fabric->exceptions[from];
}

static inline bool fabric_owns_queue(const struct fabric *fabric, uint16_t worker, uint16_t port)
{
	return worker < fabric->queues[port];
}

/* Who receives and sends on a port for this worker. */
static inline uint16_t fabric_owner(const struct fabric *fabric, uint16_t worker, uint16_t port)
{
	return (uint16_t)(worker % fabric->queues[port]);
}

static inline void fabric_wake(const struct fabric *fabric, uint16_t worker)
{
	if (fabric->bells[worker])
		doorbell_ring(fabric->bells[worker]);
}

/* Whether a ring holds connections, or answers, for this worker. */
bool fabric_has_travel(const struct fabric *fabric, uint16_t worker);
/* Whether a ring holds received frames for this worker. */
bool fabric_has_frames(const struct fabric *fabric, uint16_t worker);
/* Whether a ring holds frames that this worker is to send on the port, of which it owns a queue. */
bool fabric_has_out(const struct fabric *fabric, uint16_t worker, uint16_t port);

#endif
