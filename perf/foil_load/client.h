/* The client side of foil-load: keeps connections to a target busy, one request in flight on each. */
#ifndef PERF_FOIL_LOAD_CLIENT_H
#define PERF_FOIL_LOAD_CLIENT_H

#include "gateway/stats/histogram.h"
#include "perf/foil_load/traffic.h"
#include "stack/stack.h"

struct load_connection;

struct load_client_params {
	struct stack *stack;
	struct rte_mempool *pool;
	struct slice_pool *slices;
	struct ip_addr target;
	uint16_t port;
	uint32_t connections;
	uint32_t paths;               /* requests go to /route/0 … /route/(paths - 1) in turn */
	uint32_t header_bytes;        /* of every request head, at least */
	const char *host;
	uint64_t pause_ns;            /* between an answer and the next request */
	bool reconnect;               /* a fresh connection for every request */
};

struct load_client {
	struct load_client_params params;
	struct canned *requests;      /* one a path */
	struct load_connection *connections;
	uint32_t open;                /* established */
	uint32_t next_path;
	uint64_t answers;
	uint64_t answer_bytes;
	uint64_t errors;              /* answers other than 200, resets, broken heads */
	struct histogram latency;
};

MUST_USE bool load_client_open(struct load_client *client, const struct load_client_params *params);
/* Opens connections that are not open, at most max of them. */
void load_client_connect(struct load_client *client, uint32_t max, uint64_t now_ns);
/* Sends what is due after a pause. */
void load_client_resume(struct load_client *client, uint64_t now_ns);
/* Forgets what was counted: the measurement starts here. */
void load_client_reset(struct load_client *client);

#endif
