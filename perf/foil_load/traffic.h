/* What both ends of foil-load share: message bytes that are made once and sent by reference, and a
 * minimal look at message heads. */
#ifndef PERF_FOIL_LOAD_TRAFFIC_H
#define PERF_FOIL_LOAD_TRAFFIC_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/slice.h"
#include "stack/base/stream.h"

#define CANNED_SLICES_MAX 64

/* Bytes in mbufs of their own; every use shares the references, so that sending copies nothing. */
struct canned {
	struct slice slices[CANNED_SLICES_MAX];
	uint32_t count;
	uint32_t bytes;
};

/* False when the pool is exhausted or the bytes are too many. */
MUST_USE bool canned_make(struct canned *canned, struct rte_mempool *pool, const void *bytes,
			  uint32_t length_bytes);
/* Sends all of it once more; false when a slice node is missing (nothing is sent then). */
MUST_USE bool canned_send(const struct canned *canned, struct stream *stream,
			  struct slice_pool *slices, uint64_t now_ns);

enum head_state { HEAD_MORE, HEAD_READY, HEAD_BAD };

struct head_facts {
	uint32_t head_bytes;
	uint64_t content_length_bytes;
	uint16_t status;       /* answers */
	bool close;
};

/* Looks at the head at the front of the stream's rx without taking it. */
enum head_state head_look(const struct stream *stream, struct head_facts *facts);

#endif
