/* Live connections go to the home of their bucket when that has moved, as soon as they are idle.
 *
 *     worker A                                                     worker B, the bucket's home
 *     sweep, or a connection becomes idle
 *       suspend it, keep it ──────── offer: struct traveller * ───────> import what A still has,
 *       hold back what comes for it                                     count the bucket's travel
 *       forget it, pass on what came <──────── answer: taken ─────────┘ │
 *       resume it                    <──────── answer: refused ─────────┘ no memory, no longer a stop,
 *                                                                          older config, drain
 *
 * Nothing is given up before the other side has it, so nothing can be lost on the way, and no frame is
 * answered by somebody who does not know the connection.  Both directions lie in one ring, in order: an
 * answer is read before a later offer of the same connection back.  A traveller is A's, and only
 * read by B.
 *
 * Idle: the gateway says so (gateway/travel.h), TCP has sent all that is queued and recovers nothing
 * (tcp_may_travel); what is not yet acknowledged goes along, its buffers shared.  Whoever is busy is
 * asked again when he becomes idle.  Streams of tcp_proxy stay until they end: both of a pair are
 * bound to one worker, and the reply of only one of them would hash to the other.
 *
 * One owner, the worker; called between bursts. */
#ifndef DATAPLANE_WORKER_WORKER_TRAVEL_H
#define DATAPLANE_WORKER_WORKER_TRAVEL_H

#include "dataplane/worker/worker.h"
#include "dataplane/worker/worker_handover.h"
#include "gateway/travel.h"
#include "stack/tcp/tcp_export.h"

#define TRAVELLERS_MAX FABRIC_TRAVELLERS_MAX
/* Frames held back for one connection, an unscaled window's worth; more are dropped and counted
 * (TRAVEL_FRAMES_FULL).  They are passed on in one go. */
#define TRAVELLER_FRAMES_MAX 64
/* Connections with more slices than this wait until they are acknowledged. */
#define TRAVELLER_SLICES_MAX 64
#define TRAVEL_IDLE_MAX 64

struct traveller {
	struct tcp_export_state tcp;
	struct gateway_traveller gateway;
	struct stream *stream; /* suspended; NULL = free */
	uint32_t hash;
	uint32_t frame_count;
	struct rte_mbuf *frames[TRAVELLER_FRAMES_MAX];
} CACHE_ALIGNED;

struct worker_travel {
	struct traveller travellers[TRAVELLERS_MAX];
	struct fabric *fabric;
	struct worker_handover *handover;
	struct tcp *tcp;
	struct stack *stack;
	struct gateway *gateway;
	struct worker_counters *counters;
	struct drop_counters *drops;
	void (*record)(void *context, uint16_t worker, const void *bytes, uint32_t length_bytes);
	void *record_context;
	uint64_t now_ns;         /* of worker_travel_run */
	uint16_t self;
	bool leaving;            /* connections live here in buckets whose home is elsewhere */
	bool stopped;            /* drains: nobody goes, nobody comes */
	uint32_t cursor;         /* of the sweep; 0 = none is under way */
	uint32_t moved;          /* in this sweep */
	uint64_t pause_ns;
	uint64_t sweep_at_ns;
	uint32_t idle_count;
	struct stream *idle[TRAVEL_IDLE_MAX]; /* became idle since the last burst; may have ended since */
};

/* Then, when they are there: handover, stack, tcp, gateway. */
void worker_travel_init(struct worker_travel *travel, const struct worker_params *params,
			struct worker_handover *handover);
/* leaving: see above.  restart: buckets have moved, so look through all at once. */
void worker_travel_look(struct worker_travel *travel, bool leaving, bool restart);
/* Answers, takes answers, and sends who may go; true when somebody moved. */
bool worker_travel_run(struct worker_travel *travel, uint64_t now_ns);
/* Whether the other workers have put something here, or somebody waits to be sent. */
bool worker_travel_has_input(const struct worker_travel *travel);
uint64_t worker_travel_deadline_ns(const struct worker_travel *travel);
/* A drain begins. */
void worker_travel_stop(struct worker_travel *travel);
/* The end: whoever is under way is here again, what was held back is freed. */
void worker_travel_clear(struct worker_travel *travel, uint64_t now_ns);

#endif
