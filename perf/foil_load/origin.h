/* The origin side of foil-load: answers every request with the same canned bytes; a body larger than
 * what is canned is the same block again and again, as fast as the stream takes it. */
#ifndef PERF_FOIL_LOAD_ORIGIN_H
#define PERF_FOIL_LOAD_ORIGIN_H

#include "perf/foil_load/traffic.h"
#include "stack/base/pool.h"
#include "stack/stack.h"

#define ORIGIN_BLOCK_BYTES (32 * 1440)

struct load_origin {
	struct slice_pool *slices;
	struct canned answer;         /* head, and the body's first block */
	struct canned block;          /* of what is left of a large body */
	uint64_t left_bytes;          /* of every answer after `answer` */
	struct pool connections;
	uint64_t requests;
	uint64_t request_bytes;
	uint64_t accepted;
	uint64_t resets;
};

struct load_origin_params {
	struct stack *stack;
	struct rte_mempool *pool;
	struct slice_pool *slices;
	uint16_t port;
	uint64_t body_bytes;          /* of every answer; above ORIGIN_BLOCK_BYTES a multiple of it */
	uint32_t connections_max;
};

/* Listens on all addresses; false when memory or the port is not to be had. */
MUST_USE bool load_origin_open(struct load_origin *origin, const struct load_origin_params *params);

#endif
