/* What one kernel connection is made of.  Private to this folder.
 *
 *     reading ──────> rx (stream.rx: what the owner has not taken)      ──> owner
 *     writing <────── tx (slices that the kernel has not taken)         <── owner
 *     ready           has events for its owner, or is to be given back
 *
 * Each of the three lists is a queue in which a connection stands at most once (its flag says so);
 * one that has nothing to do there any more is passed over.  A block is given back by deliver only,
 * when it is closed, released and in no list. */
#ifndef DATAPLANE_KERNEL_STREAM_KERNEL_CONN_H
#define DATAPLANE_KERNEL_STREAM_KERNEL_CONN_H

#include "dataplane/counters/worker_counters.h"
#include "dataplane/kernel_stream/kernel_streams.h"
#include "stack/base/counter.h"
#include "stack/base/invariant.h"
#include "stack/base/pool.h"
#include "stack/base/wheel.h"

#define KERNEL_READ_BUFFERS 16              /* mbufs that one read may fill */
#define KERNEL_READS_A_POLL 256             /* of all connections */
#define KERNEL_READ_BYTES_A_TURN (128 * 1024) /* then it is the next one's turn */
#define KERNEL_WRITE_PIECES 64
#define KERNEL_WRITE_BYTES_A_TURN (256 * 1024)
#define KERNEL_WRITES_A_POLL 256
#define KERNEL_ACCEPTS_A_POLL 64
#define KERNEL_ACCEPTS_A_TURN 16            /* of one listener */
#define KERNEL_EVENTS 256
#define KERNEL_TOKEN_LISTENER (UINT64_C(1) << 32) /* or else a connection's index */
#define KERNEL_COPY_BYTES_MAX 256           /* room at the tail of rx below this is not worth a piece */
#define KERNEL_RETRY_NS (5 * NS_PER_MS)     /* a Unix socket's backlog is full */
#define KERNEL_ACCEPT_RETRY_NS (100 * NS_PER_MS) /* no descriptor could be had */
#define KERNEL_STARVED_NS NS_PER_MS         /* no buffer could be had */
#define KERNEL_ORPHAN_NS (120 * NS_PER_SECOND) /* released, and its peer does not read */
#define KERNEL_PACE_NS (10 * NS_PER_US)     /* how often a busy worker asks for events */

enum kernel_state { KERNEL_FREE, KERNEL_OPENING, KERNEL_OPEN, KERNEL_CLOSED };

enum kernel_flag {
	KERNEL_F_MAY_READ = 1u << 0,     /* the last read did not say that there is no more */
	KERNEL_F_MAY_WRITE = 1u << 1,
	KERNEL_F_ENDING = 1u << 2,       /* a short read is not the last one */
	KERNEL_F_ENDED = 1u << 3,        /* the peer's end has been read */
	KERNEL_F_SHUT_WANTED = 1u << 4,  /* half-close when tx is empty */
	KERNEL_F_SHUT = 1u << 5,
	KERNEL_F_MUTE = 1u << 6,         /* the peer takes no bytes any more */
	KERNEL_F_RELEASED = 1u << 7,
	KERNEL_F_PASSIVE = 1u << 13,
	KERNEL_F_TO_ACCEPT = 1u << 8,    /* to be shown to its listener */
	KERNEL_F_NO_ROOM = 1u << 9,      /* WRITABLE is owed */
	KERNEL_F_IN_READING = 1u << 10,
	KERNEL_F_IN_WRITING = 1u << 11,
	KERNEL_F_IN_READY = 1u << 12,
};

struct kernel_conn {
	struct stream stream;
	struct kernel_streams *all;
	struct kernel_conn *next_reading;
	struct kernel_conn *next_writing;
	struct kernel_conn *next_ready;
	struct slice_queue tx;
	struct rte_mbuf *rx_packed; /* buffer at the tail of rx that was read into and may still grow */
	int handle;                 /* -1 = none */
	uint8_t state;
	uint8_t failure;            /* enum stream_failure */
	uint16_t listener;
	uint16_t listener_generation;
	uint16_t flags;
	uint32_t events;            /* owed to the owner */
	struct wheel_timer timer;
	uint64_t deadline_ns;       /* of the connect; DEADLINE_NEVER_NS = none */
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	struct kernel_ends ends;
	const char *pipe;
	struct stream_target target; /* while opening */
};

struct kernel_listener {
	struct kernel_listen_params params;
	struct kernel_streams *all;
	int handle;
	uint16_t generation;
	bool used;
	bool may_accept;
};

struct kernel_list {
	struct kernel_conn *first;
	struct kernel_conn *last;
};

struct kernel_streams {
	struct kernel_streams_params params;
	struct stream_opener opener;
	struct pool conns;
	struct wheel wheel;
	struct kernel_list reading;
	struct kernel_list writing;
	struct kernel_list ready;
	enum tcp_pressure pressure;
	uint32_t listener_count;
	uint32_t acceptable;         /* listeners whose may_accept is set */
	uint16_t accept_turn;        /* whose turn it is */
	uint64_t starved_until_ns;   /* no buffer to read into: tried again then; 0 = not */
	uint64_t accept_retry_ns;    /* 0 = no need */
	uint64_t asked_ns;           /* when events were asked for */
	bool asked_well;             /* and there were some */
	struct trace *trace;         /* NULL = nobody traces */
	uint32_t spare_count;
	struct rte_mbuf *spares[KERNEL_READ_BUFFERS]; /* to read into */
	struct kernel_listener listeners[KERNEL_LISTENERS_MAX];
};

extern const struct stream_ops kernel_stream_ops;

/* --- kernel_conn.c --------------------------------------------------------------------------- */

/* A zeroed block without a handle; NULL when none is left. */
struct kernel_conn *kernel_conn_new(struct kernel_streams *all);
/* Gives it back where nothing holds it any more. */
void kernel_conn_settle(struct kernel_conn *conn);
/* Events for the owner; 0 only puts it on the list. */
void kernel_conn_event(struct kernel_conn *conn, uint32_t events);
void kernel_conn_want_read(struct kernel_conn *conn);
void kernel_conn_want_write(struct kernel_conn *conn);
/* Ends it now: the handle is closed, tx dropped; a failure is told to the owner, and rx dropped. */
void kernel_conn_close(struct kernel_conn *conn, bool abort, enum stream_failure failure);
/* The peer takes nothing any more and everything that it had sent has been taken. */
void kernel_conn_end_if_deaf(struct kernel_conn *conn);
enum stream_failure kernel_failure(int error);
struct kernel_conn *kernel_list_pop(struct kernel_list *list, size_t next_offset);
uint32_t kernel_budget(const struct kernel_streams *all);

/* --- kernel_trace.c -------------------------------------------------------------------------- */

/* KERNEL_TRACE(conn, READ, .n = {…}) is the event TRACE_KERNEL_READ. */
#define KERNEL_TRACE(conn, kind, ...)                                                              \
	TRACE((conn)->all->trace, (conn)->stream.trace, KERNEL_##kind, __VA_ARGS__)

/* While somebody traces: a connection that was accepted, or is the one that was asked for. */
COLD_CALL void kernel_trace_look(struct kernel_conn *conn, bool accepted);
COLD_CALL void kernel_trace_end(struct kernel_conn *conn);
COLD_CALL void kernel_trace_events(struct kernel_conn *conn, uint32_t events);

/* --- kernel_read.c, kernel_write.c, kernel_open.c, kernel_listen.c ---------------------------- */

/* A turn of one connection. */
void kernel_read_turn(struct kernel_conn *conn, uint64_t now_ns);
void kernel_write_turn(struct kernel_conn *conn, uint64_t now_ns);
struct stream *kernel_open(struct stream_opener *self, const struct stream_target *target,
			   enum stream_failure *why, uint64_t now_ns);
/* An event, or the timer, of a connection that is opening. */
void kernel_open_step(struct kernel_conn *conn, bool broken, uint64_t now_ns);
void kernel_open_retry(struct kernel_conn *conn, uint64_t now_ns);
uint32_t kernel_accept_all(struct kernel_streams *all, uint64_t now_ns);
void kernel_listener_ready(struct kernel_listener *listener);
/* Shows an accepted connection to its listener; false: it is gone. */
bool kernel_accept_deliver(struct kernel_conn *conn, uint64_t now_ns);

#endif
