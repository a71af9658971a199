/* Moving a live connection from one TCP instance to another (another core, another process).
 *
 * Plain data, versioned.  Queued bytes travel as slices: their references move, their nodes belong to
 * the pool of the instance that they came from until tcp_import has moved them into its own.
 * Segments that waited ahead of a gap are left behind; the peer sends them again.
 *
 * Between two workers of one process nothing is given up before the other side has it:
 *
 *     tcp_may_travel ─> tcp_suspend ─┬─> there: tcp_import(…, NULL, …) ─> here: tcp_forget
 *                                    └─> refused there ────────────────> here: tcp_resume
 *
 * A suspended connection keeps its place in the flow table; no frame of its may be given to tcp_input. */
#ifndef STACK_TCP_TCP_EXPORT_H
#define STACK_TCP_TCP_EXPORT_H

#include "stack/tcp/tcp.h"

#define TCP_EXPORT_VERSION 1

struct tcp_export_state {
	uint32_t version;
	uint32_t flags;          /* options in force, FIN queued or seen, whether an ACK is owed */
	struct flow_key key;
	uint8_t state;
	uint8_t snd_wscale;
	uint8_t rcv_wscale;
	uint16_t peer_mss_bytes;
	uint16_t path_mtu_bytes;
	uint32_t iss;
	uint32_t irs;
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_max;
	uint32_t snd_wnd;
	uint32_t snd_wnd_max;
	uint32_t snd_wl1;
	uint32_t snd_wl2;
	uint32_t rcv_nxt;
	uint32_t rcv_edge;
	uint32_t last_ack_sent;
	uint32_t fin_seq;
	uint32_t ts_recent;
	uint32_t ts_recent_age_ms;
	uint32_t ts_clock;       /* what our next timestamp would have been */
	uint32_t cwnd;
	uint32_t ssthresh;
	uint32_t srtt_us;
	uint32_t rttvar_us;
	uint32_t rto_us;
	uint64_t rx_bytes;
	uint64_t tx_bytes;
	struct slice_queue rx;
	struct slice_queue tx;
};

/* Takes a synchronised connection out of `tcp`; the stream is gone afterwards and must not be
 * released.  Called between polls.  False when its state cannot travel (opening, over). */
MUST_USE bool tcp_export(struct tcp *tcp, struct stream *stream, struct tcp_export_state *out,
			 uint64_t now_ns);
/* Puts it into `tcp`; from_pool holds the nodes of its queues, which are empty afterwards, or is NULL:
 * then the slices are shared, and the state is only read.  The owner is set by the caller.  NULL when there is no block, no slice node, no route, the version is unknown or the place is taken;
 * the state is untouched then. */
struct stream *tcp_import(struct tcp *tcp, struct tcp_export_state *state,
			  struct slice_pool *from_pool, uint64_t now_ns);
/* Releases the slices of a state that nobody imported. */
void tcp_export_discard(struct tcp_export_state *state, struct slice_pool *from_pool);

/* Whether the stream is TCP's; the kernel's have no such way to travel. */
bool tcp_is_stream(const struct stream *stream);
/* Whether it can travel at this moment without being sent anything twice: established both ways, nothing
 * waits ahead of a gap, nothing is being recovered, all that is queued has been sent, in slices_max
 * pieces at most.  The stream may have ended since: then it cannot. */
bool tcp_may_travel(const struct stream *stream, uint32_t slices_max);
/* Between polls: it stands still.  Queues in *out are still the connection's. */
void tcp_suspend(struct tcp *tcp, struct stream *stream, struct tcp_export_state *out,
		 uint64_t now_ns);
/* As if nothing had been. */
void tcp_resume(struct tcp *tcp, struct stream *stream);
/* Without a word to anybody: it lives elsewhere.  The stream is gone afterwards. */
void tcp_forget(struct tcp *tcp, struct stream *stream);

#endif
