/* A stream: bytes both ways, as slices, with back-pressure, half-close, reset and information.
 *
 * Behind it stands our TCP, TLS over any stream, a kernel socket, a pipe inside the process or a
 * tunnel inside an HTTP/2 CONNECT; the gateway cannot tell which, and must not want to.
 *
 *        owner (gateway)                         implementation (tcp, tls, …)
 *        ----------------                        ----------------------------
 *        owner_ops->ready(stream, events)  <---  from the worker's ready list only
 *        stream_take / stream_skip         --->  window opens
 *        stream_write (moves slices)       --->  queued, sent by output
 *        stream_room                       --->  advice: how much it wants now
 *
 * Rules
 * - No call into a stream ever calls back its owner.  Events are collected, and delivered by the
 *   worker after the batch; several may be joined in one call, and an event may be spurious.
 * - In-order bytes not yet taken are in `rx`.  The owner may look at them in place, and takes them
 *   when it can pass them on: leaving them there is the back-pressure.
 * - stream_write moves all slices of the queue and always succeeds; an owner that writes more than
 *   stream_room() said (a message head, at most) is within its rights.
 * - After STREAM_RESET nothing can be read or written.  The owner still has to stream_release.
 * - The owner ends its interest with stream_release exactly once.  After that no event comes, and
 *   the implementation closes in an orderly way by itself: what was written is still delivered. */
#ifndef STACK_BASE_STREAM_H
#define STACK_BASE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/slice.h"

enum stream_event {
	STREAM_OPENED = 1u << 0,   /* an active open has succeeded */
	STREAM_READABLE = 1u << 1, /* rx has grown */
	STREAM_WRITABLE = 1u << 2, /* stream_room has become > 0 after having been 0 */
	STREAM_ENDED = 1u << 3,    /* the peer has half-closed; what is in rx is all there is */
	STREAM_RESET = 1u << 4,    /* gone; stream_info says why */
	STREAM_DRAINED = 1u << 5,  /* all that was written has been acknowledged by the peer */
};

enum stream_failure {
	STREAM_FAILURE_NONE,
	STREAM_FAILURE_REFUSED,     /* RST in answer to our SYN, or ICMP unreachable */
	STREAM_FAILURE_TIMEOUT,     /* connect or retransmission timed out */
	STREAM_FAILURE_PEER_RESET,  /* RST from the peer */
	STREAM_FAILURE_LOCAL_RESET, /* we reset it */
	STREAM_FAILURE_RESOURCES,   /* no memory, no port */
	STREAM_FAILURE_NO_ROUTE,
	STREAM_FAILURE_INVARIANT,
};

/* Why nothing moves, for foilctl. */
enum stream_blocked {
	STREAM_BLOCKED_NOT,
	STREAM_BLOCKED_OPENING,
	STREAM_BLOCKED_PEER_WINDOW,
	STREAM_BLOCKED_CONGESTION_WINDOW,
	STREAM_BLOCKED_OWNER_NOT_READING,
	STREAM_BLOCKED_NOTHING_TO_SEND,
};

/* What the owner says of its stream, for foilctl; texts are the owner's, not ended by NUL. */
struct stream_owner_info {
	const char *listener;
	const char *cluster;
	uint32_t listener_length; /* 0 = of none */
	uint32_t cluster_length;
};

struct stream_info {
	struct flow_key key;
	const char *pipe;         /* path of the Unix socket; NULL: it is none, and key says all */
	bool pipe_is_local;       /* we listen there; the peer has no name */
	bool has_credentials;     /* of the peer's process: below */
	uint32_t peer_pid;
	uint32_t peer_uid;
	uint32_t peer_gid;
	const char *transport;    /* "tcp", "kernel", "unix", … */
	const char *state;        /* the transport's own name for its state: "ESTABLISHED" */
	enum stream_failure failure;
	enum stream_blocked blocked;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint32_t srtt_us;
	uint32_t queued_bytes;    /* written by the owner, not yet acknowledged */
	uint32_t active_ms;       /* of the worker's clock: when anything last came or was sent */
	const struct stream_owner_info *owner; /* while connections are visited; else NULL */
};

struct stream;

struct stream_owner_ops {
	/* events: bits of enum stream_event.  The owner may release the stream inside the call. */
	void (*ready)(struct stream *stream, uint32_t events, uint64_t now_ns);
	/* May be NULL. */
	void (*describe)(const struct stream *stream, struct stream_owner_info *out);
};

struct stream_ops {
	void (*taken)(struct stream *stream, uint32_t bytes, uint32_t charge_bytes, uint64_t now_ns);
	uint32_t (*room)(const struct stream *stream);
	void (*write)(struct stream *stream, struct slice_queue *bytes, uint64_t now_ns);
	void (*shutdown)(struct stream *stream, uint64_t now_ns);
	void (*reset)(struct stream *stream, uint64_t now_ns);
	void (*release)(struct stream *stream, uint64_t now_ns);
	void (*info)(const struct stream *stream, struct stream_info *out);
	/* stream->trace has changed; NULL: it tells no events of its own. */
	void (*traced)(struct stream *stream);
};

struct stream {
	const struct stream_ops *ops;
	const struct stream_owner_ops *owner_ops; /* set by whoever holds the stream */
	void *owner;
	struct slice_queue rx;
	uint32_t trace; /* word of stack/base/trace.h, 0 = nobody wants to know; by stream_set_trace */
};

/* Takes at most max_bytes of rx into `to`; returns how many. */
uint32_t stream_take(struct stream *stream, struct slice_pool *pool, struct slice_queue *to,
		     uint32_t max_bytes, uint64_t now_ns);
/* Releases at most max_bytes of rx unread; returns how many. */
uint32_t stream_skip(struct stream *stream, struct slice_pool *pool, uint32_t max_bytes,
		     uint64_t now_ns);

/* How many bytes it wants now; 0 = wait for STREAM_WRITABLE. */
static inline uint32_t stream_room(const struct stream *stream)
{
	return stream->ops->room(stream);
}

/* Moves all of `bytes` into the send queue. */
static inline void stream_write(struct stream *stream, struct slice_queue *bytes, uint64_t now_ns)
{
	stream->ops->write(stream, bytes, now_ns);
}

/* Half-close: end of stream after all that was written. */
static inline void stream_shutdown(struct stream *stream, uint64_t now_ns)
{
	stream->ops->shutdown(stream, now_ns);
}

/* Abort: the peer sees a reset, both queues are dropped.  stream_release is still due. */
static inline void stream_reset(struct stream *stream, uint64_t now_ns)
{
	stream->ops->reset(stream, now_ns);
}

static inline void stream_release(struct stream *stream, uint64_t now_ns)
{
	stream->ops->release(stream, now_ns);
}

static inline void stream_info(const struct stream *stream, struct stream_info *out)
{
	stream->ops->info(stream, out);
}

static inline void stream_set_trace(struct stream *stream, uint32_t word)
{
	if (likely_true(stream->trace == word))
		return;
	stream->trace = word;
	if (stream->ops->traced)
		stream->ops->traced(stream);
}

#define STREAM_END_BYTES 112
_Static_assert(STREAM_END_BYTES >= IP_ADDR_TEXT_BYTES, "a path or an address with its port");
/* One end as text: "10.0.0.1:80", without the port where that is not wanted; of a Unix socket the
 * path, "pid=7,uid=0,gid=0" for a peer that has no name, or "". */
const char *stream_end_text(const struct stream_info *info, bool local, bool port,
			    char text[STREAM_END_BYTES]);

#define STREAM_EVENTS_BYTES 64
/* "OPENED WRITABLE": bits of enum stream_event. */
const char *stream_events_text(uint32_t events, char text[STREAM_EVENTS_BYTES]);
const char *stream_failure_name(enum stream_failure failure);
const char *stream_blocked_name(enum stream_blocked blocked);

/* Where an active open goes. */
struct stream_target {
	struct ip_addr remote;
	uint16_t remote_port;
	uint16_t vrf;
	struct ip_addr local;  /* any = the stack chooses */
	uint16_t local_port;   /* 0 = the stack chooses */
	const char *pipe;      /* path of a Unix socket, outlives all streams; NULL: an address */
	uint64_t connect_timeout_ns;
};

/* Opens streams for the gateway; the composition root decides what stands behind it. */
struct stream_opener {
	/* Returns NULL and *why when nothing can be started; otherwise a stream owned by the caller
	 * that will report STREAM_OPENED or STREAM_RESET. */
	struct stream *(*open)(struct stream_opener *self, const struct stream_target *target,
			       enum stream_failure *why, uint64_t now_ns);
};

#endif
