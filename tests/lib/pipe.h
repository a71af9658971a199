/* Streams inside one process, for tests: pairs of ends that the test may throttle, split and cut.
 *
 *     end a: write ──> tx ── pipes_deliver: at most step_bytes, at most window_bytes unread ──> rx :b
 *
 * An end may be owned by the gateway or by a scripted client or origin. */
#ifndef TESTS_LIB_PIPE_H
#define TESTS_LIB_PIPE_H

#include "stack/base/stream.h"

#define PIPES_MAX 64

struct pipe_end {
	struct stream stream;       /* first: a stream is cast to its end */
	struct pipes *pipes;
	struct pipe_end *peer;
	struct slice_queue tx;
	struct flow_key key;
	uint32_t events;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	enum stream_failure failure;
	bool used;
	bool opening;               /* an active open that nobody has answered */
	bool tx_ended;              /* shutdown or released */
	bool end_delivered;
	bool was_full;
	bool reset;
	bool released;
};

struct pipes {
	struct slice_pool *slices;
	uint32_t step_bytes;        /* of one end in one deliver */
	uint32_t window_bytes;
	uint32_t queue_bytes;       /* what an end takes before stream_room is 0 */
	struct pipe_end ends[PIPES_MAX * 2];
};

void pipes_init(struct pipes *pipes, struct slice_pool *slices);
/* A pair; both unowned.  NULL when there are none left. */
struct pipe_end *pipes_pair(struct pipes *pipes);
/* Moves bytes and hands out events; returns whether anything happened. */
bool pipes_deliver(struct pipes *pipes, uint64_t now_ns);
/* How many ends are not yet released by their owners. */
unsigned pipes_in_use(const struct pipes *pipes);
/* The peer's end breaks with this failure. */
void pipe_break(struct pipe_end *end, enum stream_failure failure);
/* Drops everything. */
void pipes_clear(struct pipes *pipes);

#endif
