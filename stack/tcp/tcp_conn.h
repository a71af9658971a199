/* What one connection and one worker's TCP are made of.  Private to stack/tcp.
 *
 *     tcp_conn (hot, two cache lines)          tcp_cold (same index, parallel array)
 *     +-----------------------------------+    +--------------------------------------+
 *     | state, sequence variables, cwnd   |    | stream (what the owner sees), key,   |
 *     | tx queue, deadlines, list links   |    | route, timer, out-of-order list, …   |
 *     +-----------------------------------+    +--------------------------------------+
 *
 *     tx: slices from SND.UNA on (after the SYN is acknowledged)
 *     +-------- in flight --------+------ not yet sent ------+ FIN
 *     ^ snd_una                   ^ snd_nxt                      snd_max >= snd_nxt: highest ever sent
 *
 * A block is given back by tcp_deliver only, so that a pointer stays good during input, output and
 * expire.  It is given back when it is CLOSED (or its TIME-WAIT has moved out) and released. */
#ifndef STACK_TCP_TCP_CONN_H
#define STACK_TCP_TCP_CONN_H

#include "stack/base/pool.h"
#include "stack/base/prng.h"
#include "stack/base/wheel.h"
#include "stack/tcp/tcp.h"
#include "stack/tcp/tcp_seq.h"
#include "stack/tcp/tcp_table.h"
#include "stack/tcp/tcp_wire.h"

/* RFC 9293 3.3.2; LISTEN belongs to listeners, not to connections. */
#define TCP_STATES(STATE)                                                                          \
	STATE(CLOSED, "CLOSED")                                                                    \
	STATE(SYN_SENT, "SYN-SENT")                                                                \
	STATE(SYN_RECEIVED, "SYN-RECEIVED")                                                        \
	STATE(ESTABLISHED, "ESTABLISHED")                                                          \
	STATE(FIN_WAIT_1, "FIN-WAIT-1")                                                            \
	STATE(FIN_WAIT_2, "FIN-WAIT-2")                                                            \
	STATE(CLOSE_WAIT, "CLOSE-WAIT")                                                            \
	STATE(CLOSING, "CLOSING")                                                                  \
	STATE(LAST_ACK, "LAST-ACK")                                                                \
	STATE(TIME_WAIT, "TIME-WAIT")

enum tcp_state {
#define STATE(name, text) TCP_##name,
	TCP_STATES(STATE)
#undef STATE
	TCP_STATE_COUNT
};

enum tcp_flag {
	TCP_F_ACK_NOW = 1u << 0,       /* an ACK is owed at the next output */
	TCP_F_FIN_QUEUED = 1u << 1,    /* the owner has half-closed */
	TCP_F_RELEASED = 1u << 2,
	TCP_F_ACCEPT_PENDING = 1u << 3, /* passive, the listener has not taken it yet */
	TCP_F_PASSIVE = 1u << 4,
	TCP_F_TIMESTAMPS = 1u << 5,
	TCP_F_PERSIST = 1u << 6,       /* the rtx deadline is the persist timer */
	TCP_F_RTT_RUNNING = 1u << 7,   /* cold->rtt_seq is being timed */
	TCP_F_RECOVERY = 1u << 8,      /* fast recovery (RFC 6582) until cold->recover */
	TCP_F_FIN_SEEN = 1u << 9,      /* the peer's FIN has arrived, perhaps ahead of a gap */
	TCP_F_NO_ROOM = 1u << 10,      /* room was 0: WRITABLE is owed when it opens */
	TCP_F_IN_OUTPUT = 1u << 11,
	TCP_F_IN_READY = 1u << 12,
	TCP_F_IN_TABLE = 1u << 13,
	TCP_F_RTX_NOW = 1u << 14,      /* send one segment from snd_una again at the next output */
	TCP_F_PROBE_NOW = 1u << 15,    /* send a window probe at the next output */
	TCP_F_AFTER_RTO = 1u << 16,    /* snd_una < cold->recover: no fast retransmit (RFC 6582 4.1) */
	TCP_F_BACKLOG = 1u << 17,      /* counted in its listener's backlog */
	TCP_F_WSCALE = 1u << 18,
	TCP_F_TRACED = 1u << 19,       /* cold->stream.trace is not 0 */
};

#define TCP_RTO_INITIAL_US 1000000u   /* RFC 6298 2.1 */
#define TCP_RTO_MIN_US 200000u        /* below RFC 6298's 1 s, as every current stack */
#define TCP_RTO_MAX_US 60000000u
#define TCP_ACK_DELAY_NS (40 * NS_PER_MS)
#define TCP_RETRIES_MAX 10            /* R2: over 100 s (RFC 9293 3.8.3) */
#define TCP_SYN_RETRIES_MAX 5
#define TCP_FIN_WAIT_2_NS (60 * NS_PER_SECOND)
#define TCP_ORPHAN_NS (120 * NS_PER_SECOND)
#define TCP_TIME_WAIT_NS (60 * NS_PER_SECOND) /* 2 MSL */
#define TCP_PAWS_IDLE_MS (UINT32_C(24) * 24 * 3600 * 1000) /* RFC 7323 5.5 */
#define TCP_COPY_BYTES_MAX 256
#define TCP_DEFAULT_MSS_V4_BYTES 536  /* RFC 9293 3.7.1 */
#define TCP_DEFAULT_MSS_V6_BYTES 1220
#define TCP_OUTPUT_BURST 64           /* segments a connection may send before the next one's turn */
#define TCP_NO_CONN UINT32_MAX

struct tcp_link {
	uint32_t previous;
	uint32_t next;
};

struct tcp_conn {
	uint8_t state;
	uint8_t snd_wscale;
	uint8_t rcv_wscale;
	uint8_t dup_acks;
	uint32_t flags;
	uint32_t rcv_nxt;
	uint32_t rcv_edge;        /* right edge of the advertised window */
	uint32_t last_ack_sent;
	uint32_t ts_recent;
	uint32_t ts_recent_ms;
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_max;
	uint32_t snd_wnd;
	uint32_t snd_wl1;
	uint32_t snd_wl2;
	uint32_t cwnd;
	uint32_t ssthresh;
	uint16_t mss_bytes;       /* payload of a full segment, options already taken off */
	uint8_t acks_owed;        /* duplicate ACKs owed for segments ahead of a gap */
	uint8_t unacked_segments; /* in-order segments since the last ACK */
	/* second line */
	struct slice_queue tx;
	uint64_t rtx_deadline_ns; /* retransmission or persist; 0 = off */
	uint64_t ack_deadline_ns; /* delayed ACK; 0 = off */
	struct tcp_link output;
	struct tcp_link ready;
	uint32_t rto_us;
	uint8_t backoff;          /* of the interval */
	uint8_t unanswered;       /* timeouts since the peer was last heard */
	uint16_t events;
};
_Static_assert(sizeof(struct tcp_conn) <= 2 * CACHE_LINE_BYTES, "hot block is two cache lines");

struct tcp_cc_ops;

struct tcp_cold {
	struct stream stream;
	struct flow_key key;
	struct ip_route route;
	uint32_t cursor_end_seq;        /* sequence number after cursor's last byte */
	struct slice_node *cursor;      /* in tx, the slice that holds snd_nxt; NULL = look from head */
	struct wheel_timer timer;
	struct tcp *tcp;
	const struct tcp_cc_ops *cc;
	uint64_t hash;
	uint64_t life_deadline_ns;      /* connect timeout, FIN-WAIT-2, orphan; 0 = off */
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	uint64_t rtt_sent_ns;
	struct rte_mbuf *rx_packed;     /* private buffer at the tail of rx that may still grow */
	uint32_t rtt_seq;
	uint32_t srtt_us;               /* 0 = no sample yet */
	uint32_t rttvar_us;
	uint32_t iss;
	uint32_t irs;
	uint32_t ts_offset;
	uint32_t snd_wnd_max;
	uint32_t recover;
	uint32_t ooo_head;
	uint32_t ooo_charge_bytes;
	uint32_t fin_seq;
	uint32_t acked_bytes;           /* towards the next congestion avoidance step */
	uint32_t sent_ms;               /* when payload last left (RFC 5681 4.1) */
	uint32_t progress_tick;         /* when tcp_path_progress last told the link */
	uint32_t answers_full_ms;       /* when tcp_reset.c may answer a whole burst again */
	uint16_t listener;
	uint16_t listener_generation;
	uint16_t peer_mss_bytes;
	uint8_t failure;
};
_Static_assert(sizeof(struct tcp_conn) + sizeof(struct tcp_cold) <= 512,
	       "an idle connection is 512 bytes in all");

struct tcp_list {
	uint32_t head;
	uint32_t tail;
	uint32_t count;
	uint32_t link_offset;
	uint32_t flag;
};

struct tcp_listener {
	struct tcp_listen_params params;
	uint32_t pending;
	uint16_t generation;
	uint16_t next;     /* in its bucket; TCP_LISTENERS_MAX = the last */
	bool used;
};

#define TCP_LISTENERS_MAX 256
#define TCP_LISTENER_BUCKETS 64

struct tcp_ooo_node;
struct tcp_timewait_entry;

struct tcp_timewait {
	struct tcp_table table;
	struct pool pool;
	uint32_t oldest;
	uint32_t newest;
};

struct tcp {
	struct tcp_params params;
	struct stream_opener opener;
	struct pool conns;
	struct tcp_cold *colds;
	struct pool ooo_nodes;
	struct tcp_table table;
	struct tcp_timewait timewait;
	struct wheel wheel;
	struct tcp_list output;
	struct tcp_list ready;
	struct siphash_key isn_key;
	struct siphash_key port_key;
	uint32_t port_counter;
	struct {
		struct flow_key to; /* the destination for which ports ran out last */
		uint8_t source;     /* of ip_route_sources: which had one */
	} scarce;
	/* Whether a reply to this local port would come to this worker; NULL = every port is fine. */
	bool (*port_filter)(void *context, const struct flow_key *key);
	void *port_filter_context;
	uint16_t left_port_first; /* of ports that active opens do not take */
	uint16_t left_port_count;
	enum tcp_pressure pressure;
	struct drop_watch *drop_watch; /* NULL = nobody wants to know */
	struct trace *trace;           /* the same */
	struct tcp_listener listeners[TCP_LISTENERS_MAX];
	uint16_t listener_heads[TCP_LISTENER_BUCKETS]; /* by port; port 0 listens on every port */
};

static inline struct tcp_conn *tcp_conn_at(const struct tcp *tcp, uint32_t index)
{
	return pool_at(&tcp->conns, index);
}

static inline uint32_t tcp_conn_index(const struct tcp *tcp, const struct tcp_conn *conn)
{
	return (uint32_t)(((const uint8_t *)conn - tcp->conns.blocks) / sizeof(*conn));
}

static inline struct tcp_cold *tcp_conn_cold(const struct tcp *tcp, const struct tcp_conn *conn)
{
	return &tcp->colds[tcp_conn_index(tcp, conn)];
}

static inline struct tcp_conn *tcp_conn_of(const struct tcp_cold *cold)
{
	return tcp_conn_at(cold->tcp, (uint32_t)(cold - cold->tcp->colds));
}

static inline uint32_t tcp_now_ms(uint64_t now_ns)
{
	return (uint32_t)(now_ns / NS_PER_MS);
}

static inline bool tcp_conn_synchronized(const struct tcp_conn *conn)
{
	return conn->state >= TCP_ESTABLISHED && conn->state != TCP_TIME_WAIT;
}

/* Whether the peer can still send us data that somebody reads (RFC 9293 3.10.7.4, seventh). */
static inline bool tcp_conn_receives(const struct tcp_conn *conn)
{
	return conn->state == TCP_ESTABLISHED || conn->state == TCP_FIN_WAIT_1 ||
	       conn->state == TCP_FIN_WAIT_2;
}

const char *tcp_state_name(enum tcp_state state);

/* A zeroed block with its cold half, in state CLOSED, entered in the flow table under *key.
 * NULL when no block is left. */
struct tcp_conn *tcp_conn_new(struct tcp *tcp, const struct flow_key *key, uint64_t hash);
void tcp_conn_set_state(struct tcp *tcp, struct tcp_conn *conn, enum tcp_state state);
/* Ends it now: CLOSED, out of the flow table, queues dropped (rx only on failure), timers off.
 * The owner hears STREAM_RESET when failure is not NONE. */
void tcp_conn_close(struct tcp *tcp, struct tcp_conn *conn, enum stream_failure failure);
/* Out of the flow table and off the timers, owner's rx stays: for CLOSED and TIME-WAIT. */
void tcp_conn_detach(struct tcp *tcp, struct tcp_conn *conn);
/* Gives the block back; from tcp_deliver and tcp_destroy only. */
void tcp_conn_free(struct tcp *tcp, struct tcp_conn *conn);
/* Puts it on the ready list with these bits of enum stream_event. */
void tcp_conn_event(struct tcp *tcp, struct tcp_conn *conn, uint32_t events);
/* Puts it on the output list. */
void tcp_conn_want_output(struct tcp *tcp, struct tcp_conn *conn);
void tcp_list_append(struct tcp *tcp, struct tcp_list *list, struct tcp_conn *conn);
void tcp_list_remove(struct tcp *tcp, struct tcp_list *list, struct tcp_conn *conn);

/* The rule for small payloads has a counter of its own, so that the other one stays 0 where nothing
 * forces a copy. */
static inline void tcp_count_copied(struct tcp *tcp, uint32_t bytes)
{
	struct tcp_counters *counters = tcp->params.counters;

	counter_add(bytes <= TCP_COPY_BYTES_MAX ? &counters->small_payload_bytes_copied
						: &counters->payload_bytes_copied, bytes);
}

static inline void tcp_conn_ack_now(struct tcp *tcp, struct tcp_conn *conn)
{
	conn->flags |= TCP_F_ACK_NOW;
	tcp_conn_want_output(tcp, conn);
}

extern const struct stream_ops tcp_stream_ops;

#endif
