/* The subject of the simulation: real workers on an end of the wire, with their config.
 *
 *     wire ── port of one queue, or of one a worker (frames come in on any) ── worker 0 … n-1
 *
 * Which worker is polled next, and which has to wait, follows from the seed. */
#ifndef TESTS_SIM_SUBJECT_H
#define TESTS_SIM_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/worker/fabric.h"
#include "dataplane/worker/worker.h"
#include "stack/base/prng.h"
#include "stack/base/why.h"
#include "tests/sim/behind.h"
#include "tests/sim/host.h"
#include "tests/sim/kernel.h"

#define SUBJECT_HTTP_PORT 80
#define SUBJECT_TCP_PORT 81
#define SUBJECT_SLOTS 32
#define SUBJECT_HOLDS 64
/* Configs that say the same in other objects; a world may swap them while it runs. */
#define SUBJECT_CONFIGS 2

struct subject_config; /* a translated bootstrap, made once a process */

/* Boot of the process: parses and translates the bootstraps.  Aborts when they are refused. */
void subject_configs_create(unsigned origins);

/* What hashes the port's frames come with.  It is tested by its hashes alone, for they come in on any
 * queue. */
enum subject_rss { SUBJECT_RSS_NONE, SUBJECT_RSS_RIGHT, SUBJECT_RSS_WRONG, SUBJECT_RSS_COUNT };

/* What the worker may use; small in some worlds. */
struct subject_limits {
	unsigned workers;
	unsigned queues;           /* of the port: one, or one a worker */
	enum subject_rss rss;
	uint32_t connections_max;
	uint32_t slices_max;
	uint32_t stream_budget_bytes;
	bool by_kernel;         /* it has no port: a kernel serves it */
	struct behind *behind;  /* NULL = its port has no exception port */
};

#define SUBJECT_WORKERS_MAX 3

/* A worker and what it alone writes. */
struct subject_worker {
	struct worker *worker;
	struct worker_counters counters;
	struct port_counters port_counters;
	struct port_counters *port_counters_list[1];
	struct tcp_counters tcp;
	struct drop_counters drops;
	struct gateway_stats stats;
	struct listener_stats listeners[SUBJECT_SLOTS];
	struct http_stats https[SUBJECT_SLOTS];
	struct cluster_stats clusters[SUBJECT_SLOTS];
	struct endpoint_stats endpoints[SUBJECT_SLOTS];
	struct route_stats routes[SUBJECT_SLOTS];
	struct tcp_proxy_stats tcp_proxies[SUBJECT_SLOTS];
	uint32_t holds[SUBJECT_HOLDS];
};

struct subject {
	struct port port;
	struct port *ports[1];
	bool by_kernel;
	struct kernel kernel;
	struct wire *wire;
	unsigned end;
	uint64_t now_ns;
	const struct host_memory *memory;
	struct prng prng;          /* who is polled */
	struct fabric *fabric;     /* NULL = one worker */
	struct behind *behind;     /* its exception port; NULL = it has none */
	unsigned worker_count;
	unsigned last_turn;
	enum subject_rss rss;
	bool claim_waits;          /* a claim on our first address, for the last worker's queue */
	unsigned claims;           /* that came in */
	unsigned moves;            /* of buckets, still to come */
	bool moves_are_whole;
	unsigned late;             /* this worker does not get its turn … */
	uint64_t late_until_ns;    /* … before this; 0 = none is late */
	struct subject_worker workers[SUBJECT_WORKERS_MAX];
	struct log_sink log;
	uint64_t log_lines;
	uint64_t log_hash;
	uint64_t input_hash;       /* of all mail and all frames handed over */
	unsigned config_index;
	bool starved;           /* its mbufs are held back */
	unsigned allocations;   /* calls of malloc and its like inside worker_poll */
};

void subject_open(struct subject *subject, struct wire *wire, const struct host_memory *memory,
		  unsigned number, const struct subject_limits *limits, uint64_t seed,
		  uint64_t now_ns);
/* Posts the next config to the mailbox. */
void subject_swap_config(struct subject *subject);
/* Some buckets get another home, or (`all`) all that one worker has: it is to rest.  Once or a few times,
 * each when frames or connections lie in a ring between workers.  One worker may be held up meanwhile, as by
 * a kernel that has other things to do. */
void subject_move_buckets(struct subject *subject, bool all);
/* Another host says that it has our first address, and the last worker hears of it. */
void subject_hear_claim(struct subject *subject);
/* Connections that went from one worker to another, so far. */
uint64_t subject_travelled(const struct subject *subject);
void subject_drain(struct subject *subject);
/* Polls until nothing moves any more at this moment; returns the next deadline. */
uint64_t subject_run(struct subject *subject, uint64_t now_ns);
/* After all clients are gone and it is drained: says what is left over that should not be. */
MUST_USE bool subject_is_clean(const struct subject *subject, struct why *why);
void subject_close(struct subject *subject);

#endif
