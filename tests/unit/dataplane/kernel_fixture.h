/* Kernel streams on a scripted kernel, with one listener: what the tests of this folder share. */
#ifndef TESTS_UNIT_DATAPLANE_KERNEL_FIXTURE_H
#define TESTS_UNIT_DATAPLANE_KERNEL_FIXTURE_H

#include "dataplane/counters/worker_counters.h"
#include "dataplane/kernel_stream/kernel_streams.h"
#include "stack/base/time.h"
#include "tests/lib/fake_kernel.h"

#define BUFFERS 255
#define BUDGET_BYTES (24 * 2048)
#define kernel fake_sockets

extern struct rte_mempool *pool;
extern struct slice_pool slices;
extern struct worker_counters counters;
extern struct kernel_streams *all;
extern struct kernel_listener *listener; /* on the Unix socket /run/a */
extern struct stream *mine[8];           /* that were accepted */
extern uint32_t mine_count;
extern uint32_t seen;                    /* events, of all streams */
extern uint64_t now_ns;
extern bool refuse;                      /* what comes next is not accepted */
extern const struct stream_owner_ops owner;

void fixture_start(void);
/* Everything has been given back. */
void fixture_finish(void);
/* One poll, as the worker does it. */
void poll_once(void);
/* The next connection, on this socket. */
struct stream *accepted(int handle);
/* rx is what the script sent, from this byte on. */
void check_rx(const struct stream *stream, uint32_t from);
void fixture_send(struct stream *stream, uint32_t bytes);

#endif
