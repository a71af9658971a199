/* What a world is made of.  For world.c, world_make.c and world_check.c. */
#ifndef TESTS_SIM_WORLD_PRIVATE_H
#define TESTS_SIM_WORLD_PRIVATE_H

#include "tests/sim/client.h"
#include "tests/sim/famine.h"
#include "tests/sim/origin.h"
#include "tests/sim/subject.h"
#include "tests/sim/world.h"

#define CLIENTS_MAX 12
#define ORIGINS 2
#define CLIENT_HOST_NUMBER 1
#define SUBJECT_NUMBER 2
#define ORIGIN_NUMBER 11
#define STRANGER_NUMBER 21
#define FRAMES 8192
/* How long after the last client the worker may take to be clean: pool idle timeout, FIN-WAIT-2,
 * TIME-WAIT and orphaned connections that give up. */
#define SETTLE_NS (900 * NS_PER_SECOND)
#define EXCEPTION_WORLDS 16 /* two in so many have an exception port: one or several workers */
#define KERNEL_WORLDS 4 /* one in so many runs on a kernel, without a port */
#define TURNS_MAX 2000000

enum event_kind {
	EVENT_SWAP_CONFIG,
	EVENT_KILL_ORIGIN,
	EVENT_STARVE, /* somebody else takes the worker's mbufs for a while */
	EVENT_KIND_COUNT
};

#define EVENTS_MAX 6
#define BUCKET_MOVES_MAX 96

struct event {
	enum event_kind kind;
	uint64_t at_ns;
	uint64_t until_ns;   /* of EVENT_STARVE */
	unsigned origin;
};

struct world {
	uint64_t now_ns;
	struct prng prng;
	bool hostile;        /* faults that may cost an answer */
	bool calm;           /* no frame is lost: no retransmission timer may expire */
	bool orderly;        /* and none is overtaken: nothing may be sent again */
	bool impatient;      /* origins close idle connections when they like */
	const struct world_memory *memory;
	struct famine famine;
	struct wire wire;
	struct host client_host;
	struct client clients[CLIENTS_MAX];
	uint64_t start_at_ns[CLIENTS_MAX]; /* 0 = started */
	uint64_t pauses_ns[CLIENTS_MAX];   /* between an answer and the next request */
	unsigned client_count;
	struct subject subject;
	struct origin origins[ORIGINS];
	bool has_behind;       /* the subject has an exception port */
	struct behind behind;
	struct origin stranger; /* serves the kernel there, and nobody else */
	struct event events[EVENTS_MAX];
	unsigned event_count;
	uint64_t claim_at_ns; /* 0 = none, or it has happened */
	uint64_t bucket_moves_at_ns[BUCKET_MOVES_MAX]; /* 0 = none, or it has happened */
};

/* --- world_make.c: all that follows from the seed ---------------------------------------------- */

void world_make_faults(struct world *world, struct wire_faults *faults);
void world_make_events(struct world *world);
void world_make_clients(struct world *world);
/* What a connection may buffer each way. */
uint32_t world_pick_budget_bytes(struct prng *prng);
void world_pick_limits(struct world *world, uint64_t seed, struct subject_limits *limits);
/* How many workers, on how many queues, when buckets move, and how long clients pause meanwhile.  By chance of its own, so that the worlds
 * of odd seeds, which have one worker, stay what they were. */
void world_make_crew(struct world *world, uint64_t seed, struct subject_limits *limits);

/* Some worlds of either kind have an exception port; before the subject is opened. */
void world_make_behind(struct world *world, uint64_t seed, struct subject_limits *limits);

/* --- world_check.c ----------------------------------------------------------------------------- */

/* When all is over: whether everything went as it has to in such a world. */
MUST_USE bool world_check(const struct world *world, struct why *why);

#endif
