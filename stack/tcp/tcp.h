/* TCP (RFC 9293) of one worker: the face that the composition root and the IP layer see.
 * The gateway does not include this; it is handed streams. */
#ifndef STACK_TCP_TCP_H
#define STACK_TCP_TCP_H

#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/drop_watch.h"
#include "stack/base/drops.h"
#include "stack/base/slice.h"
#include "stack/base/stream.h"
#include "stack/base/trace.h"
#include "stack/ip/ip_output.h"
#include "stack/ip/ip_packet.h"
#include "stack/netif.h"
#include "stack/tcp/tcp_counters.h"

struct tcp;
struct tcp_conn;

struct tcp_params {
	struct ip_layer *ip;
	const struct netif *netifs;        /* by netif index */
	struct rte_mempool *header_pool;   /* direct mbufs: headers, small payloads */
	struct rte_mempool *indirect_pool; /* mbufs without a buffer of their own */
	struct slice_pool *slices;
	struct tcp_counters *counters;
	struct drop_counters *drops;
	uint64_t seed;                     /* ISN secret, hash key, port choice */
	uint32_t connections_max;
	uint32_t timewait_max;
	uint32_t rx_budget_bytes;          /* per connection, in charge_bytes */
	uint32_t tx_budget_bytes;
	/* A segment for which there is neither connection nor listener; true when somebody else has taken
	 * it.  NULL = nobody does: it is answered with RST. */
	bool (*not_ours)(void *context, const struct ip_packet *packet, bool is_syn, uint64_t now_ns);
	void *not_ours_context;
	uint64_t now_ns;
};

/* Boot: all memory is taken here.  NULL when it is not to be had. */
struct tcp *tcp_create(const struct tcp_params *params);
/* All streams must have been released; connections still closing are dropped without a word. */
void tcp_destroy(struct tcp *tcp);

/* --- the four verbs ---------------------------------------------------------------------- */

/* Staged: parses all, looks all flows up, prefetches their state, then processes in order.
 * Takes every mbuf. */
void tcp_input(struct tcp *tcp, const struct ip_packet *packets, uint32_t count, uint64_t now_ns);
/* Sends segments of connections that have something to send until max_packets have been handed to
 * ip_output; returns how many.  What is left stays on the output list. */
uint32_t tcp_output(struct tcp *tcp, uint32_t max_packets, uint64_t now_ns);
uint64_t tcp_deadline_ns(const struct tcp *tcp);
uint32_t tcp_expire(struct tcp *tcp, uint64_t now_ns, uint32_t max_fired);

/* Delivers collected events to stream owners; returns how many streams were served. */
uint32_t tcp_deliver(struct tcp *tcp, uint64_t now_ns);
/* Whether tcp_output or tcp_deliver would do something now. */
bool tcp_has_work(const struct tcp *tcp);

/* ICMP says that the path of a flow is broken (mtu_bytes == 0) or narrow (mtu_bytes != 0).  False when
 * there is no such connection. */
bool tcp_path_error(struct tcp *tcp, const struct flow_key *key, uint32_t sequence,
		    uint16_t mtu_bytes, uint64_t now_ns);

/* How short the worker is of packet buffers.  What is up goes on at every level:
 *     LOW      new connections are shed, in and out; no queue may grow beyond a little
 *     RESERVE  no connection may pin more than a few buffers; payload beyond is left to the
 *              peer's retransmission, so that acknowledgements and answers find a buffer */
enum tcp_pressure { TCP_PRESSURE_NONE, TCP_PRESSURE_LOW, TCP_PRESSURE_RESERVE };

/* TCP_PRESSURE_NONE at first. */
void tcp_set_pressure(struct tcp *tcp, enum tcp_pressure pressure);

/* --- listeners --------------------------------------------------------------------------- */

struct tcp_listener;

struct tcp_listen_params {
	struct ip_addr local;      /* any (of either family, or ::) = every address */
	bool any_family;           /* with any: IPv4 and IPv6 */
	uint16_t local_port;       /* 0 = every port */
	uint16_t vrf;
	uint32_t backlog;          /* connections not yet established, and not yet taken by accept */
	/* A connection is established: set owner and owner_ops and return true, or return false and
	 * it is reset.  Called from tcp_deliver. */
	bool (*accept)(void *context, struct stream *stream, uint64_t now_ns);
	void *context;
};

/* The most specific listener gets a SYN: address and port, then port, then address, then any.
 * NULL when the same place is taken or the table is full. */
struct tcp_listener *tcp_listen(struct tcp *tcp, const struct tcp_listen_params *params);
/* Refuses new SYNs from now on (answered with RST); what is established lives on. */
void tcp_listener_close(struct tcp *tcp, struct tcp_listener *listener, uint64_t now_ns);

/* --- active open ------------------------------------------------------------------------- */

/* Gateway-facing opener; valid as long as the tcp. */
struct stream_opener *tcp_opener(struct tcp *tcp);

/* Whether a reply to the flow's local port would come to this worker: asked for every port that an
 * active open may take.  NULL (at first) = every port is fine. */
void tcp_set_port_filter(struct tcp *tcp, bool (*filter)(void *context, const struct flow_key *key),
			 void *context);

/* Active opens leave the ports first … last to others from now on: to the kernel behind an exception port,
 * which opens connections from the same addresses.  At most all but 1,024 of those from 1024 on. */
void tcp_leave_ports(struct tcp *tcp, uint16_t first, uint16_t last);

/* --- looking and moving ------------------------------------------------------------------ */

/* Whether there is a connection, or its TIME-WAIT entry, of this flow. */
bool tcp_knows(const struct tcp *tcp, const struct flow_key *key);
/* watch hears of every flow that begins (+1) and ends (-1) to be known, TIME-WAIT included: an entry
 * that turns into another one of the same flow is counted twice in between. */
void tcp_set_flow_watch(struct tcp *tcp,
			void (*watch)(void *context, const struct flow_key *key, int change),
			void *context);
/* It hears of every frame that is dropped from now on; NULL = nobody does. */
void tcp_set_drop_watch(struct tcp *tcp, struct drop_watch *watch);
/* Traced connections tell it from now on; NULL = nobody listens. */
void tcp_set_trace(struct tcp *tcp, struct trace *trace);
/* The connection of this flow, if there is one, is traced under this word (stack/base/trace.h). */
void tcp_trace_flow(struct tcp *tcp, const struct flow_key *key, uint32_t word);
/* Calls visit for connections from *cursor on (0 = from the first), at most max of them; *cursor
 * is advanced, and 0 again at the end.  Safe while the worker runs between polls. */
void tcp_visit(struct tcp *tcp, uint32_t *cursor, uint32_t max,
	       void (*visit)(void *context, const struct stream_info *info), void *context);
/* The same for the streams of established connections that have an owner; looks at max_slots places, taken
 * or not.  Nothing but tcp_export.h may be done to them inside. */
void tcp_visit_streams(struct tcp *tcp, uint32_t *cursor, uint32_t max_slots,
		       void (*visit)(void *context, struct stream *stream), void *context);

#endif
