#include "stack/tcp/tcp_export.h"

#include "stack/base/invariant.h"
#include "stack/base/planted.h"
#include "stack/tcp/tcp_cc.h"
#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_open.h"
#include "stack/tcp/tcp_timer.h"

/* A FIN ahead of a gap comes again with what is missing. */
#define TRAVELLING_FLAGS (TCP_F_FIN_QUEUED | TCP_F_TIMESTAMPS | TCP_F_WSCALE)

static void export_fields(const struct tcp_conn *conn, const struct tcp_cold *cold,
			  struct tcp_export_state *out, uint64_t now_ns)
{
	*out = (struct tcp_export_state){
		.version = TCP_EXPORT_VERSION,
		.flags = conn->flags & TRAVELLING_FLAGS,
		.key = cold->key,
		.state = conn->state,
		.snd_wscale = conn->snd_wscale,
		.rcv_wscale = conn->rcv_wscale,
		.peer_mss_bytes = cold->peer_mss_bytes,
		.path_mtu_bytes = cold->route.mtu_bytes,
		.iss = cold->iss,
		.irs = cold->irs,
		.snd_una = conn->snd_una,
		.snd_nxt = conn->snd_nxt,
		.snd_max = conn->snd_max,
		.snd_wnd = conn->snd_wnd,
		.snd_wnd_max = cold->snd_wnd_max,
		.snd_wl1 = conn->snd_wl1,
		.snd_wl2 = conn->snd_wl2,
		.rcv_nxt = conn->rcv_nxt,
		.rcv_edge = conn->rcv_edge,
		.last_ack_sent = conn->last_ack_sent,
		.fin_seq = cold->fin_seq,
		.ts_recent = conn->ts_recent,
		.ts_recent_age_ms = tcp_now_ms(now_ns) - conn->ts_recent_ms,
		.ts_clock = tcp_now_ms(now_ns) + cold->ts_offset,
		.cwnd = conn->cwnd,
		.ssthresh = conn->ssthresh,
		.srtt_us = cold->srtt_us,
		.rttvar_us = cold->rttvar_us,
		.rto_us = conn->rto_us,
		.rx_bytes = cold->rx_bytes,
		.tx_bytes = cold->tx_bytes,
	};
	if ((conn->flags & TCP_F_ACK_NOW) || conn->acks_owed > 0 || conn->ack_deadline_ns > 0)
		out->flags |= TCP_F_ACK_NOW;
	/* The FIN has been taken in these: it must not be waited for again. */
	if (conn->state == TCP_CLOSE_WAIT || conn->state == TCP_CLOSING ||
	    conn->state == TCP_LAST_ACK)
		out->flags |= TCP_F_FIN_SEEN;
}

bool tcp_export(struct tcp *tcp, struct stream *stream, struct tcp_export_state *out,
		uint64_t now_ns)
{
	struct tcp_cold *cold = container_of_member(stream, struct tcp_cold, stream);
	struct tcp_conn *conn = tcp_conn_of(cold);

	if (!tcp_conn_synchronized(conn))
		return false;
	export_fields(conn, cold, out, now_ns);
	slice_queue_append(&out->rx, &stream->rx);
	slice_queue_append(&out->tx, &conn->tx);
	tcp_conn_free(tcp, conn);
	return true;
}

static uint32_t node_count(const struct slice_queue *queue)
{
	uint32_t count = 0;

	for (const struct slice_node *node = queue->head; node; node = node->next)
		count++;
	return count;
}

/* Without from_pool: shares. */
static void move_queue(struct slice_pool *to_pool, struct slice_queue *to,
		       struct slice_pool *from_pool, struct slice_queue *from)
{
	struct slice slice;

	if (!from_pool) {
		for (const struct slice_node *node = from->head; node; node = node->next)
			INVARIANT(slice_queue_push(to_pool, to, slice_share(&node->slice)));
		return;
	}
	if (to_pool == from_pool) {
		slice_queue_append(to, from);
		return;
	}
	while (slice_queue_pop(from_pool, from, &slice))
		INVARIANT(slice_queue_push(to_pool, to, slice));
}

static void import_fields(struct tcp_conn *conn, struct tcp_cold *cold,
			  const struct tcp_export_state *state, uint64_t now_ns)
{
	conn->flags = (conn->flags & TCP_F_IN_TABLE) | (state->flags & ~(uint32_t)TCP_F_ACK_NOW);
	conn->snd_wscale = state->snd_wscale;
	conn->rcv_wscale = state->rcv_wscale;
	conn->rcv_nxt = state->rcv_nxt;
	conn->rcv_edge = state->rcv_edge;
	conn->last_ack_sent = state->last_ack_sent;
	conn->ts_recent = state->ts_recent;
	conn->ts_recent_ms = tcp_now_ms(now_ns) - state->ts_recent_age_ms;
	conn->snd_una = state->snd_una;
	conn->snd_nxt = state->snd_nxt + PLANTED(TRAVELLER_SEQ_OFF);
	conn->snd_max = state->snd_max;
	conn->snd_wnd = state->snd_wnd;
	conn->snd_wl1 = state->snd_wl1;
	conn->snd_wl2 = state->snd_wl2;
	conn->cwnd = state->cwnd;
	conn->ssthresh = state->ssthresh;
	conn->rto_us = state->rto_us;
	cold->iss = state->iss;
	cold->irs = state->irs;
	cold->recover = state->snd_una;
	cold->snd_wnd_max = state->snd_wnd_max;
	cold->fin_seq = state->fin_seq;
	/* The peer must not see our timestamps go back (RFC 7323 5). */
	cold->ts_offset = state->ts_clock - tcp_now_ms(now_ns);
	cold->srtt_us = state->srtt_us;
	cold->rttvar_us = state->rttvar_us;
	cold->rx_bytes = state->rx_bytes;
	cold->tx_bytes = state->tx_bytes;
	cold->peer_mss_bytes = state->peer_mss_bytes;
	if (state->path_mtu_bytes < cold->route.mtu_bytes)
		cold->route.mtu_bytes = state->path_mtu_bytes;
	tcp_open_update_mss(conn, cold);
}

struct stream *tcp_import(struct tcp *tcp, struct tcp_export_state *state,
			  struct slice_pool *from_pool, uint64_t now_ns)
{
	uint64_t hash = tcp_table_hash(&tcp->table, &state->key);

	if (state->version != TCP_EXPORT_VERSION || state->state < TCP_ESTABLISHED ||
	    state->state > TCP_LAST_ACK ||
	    tcp_table_find(&tcp->table, hash, &state->key) != TCP_TABLE_NONE ||
	    tcp_table_find(&tcp->timewait.table, hash, &state->key) != TCP_TABLE_NONE)
		return NULL;
	if (tcp->params.slices != from_pool &&
	    node_count(&state->rx) + node_count(&state->tx) > tcp->params.slices->available)
		return NULL;
	struct tcp_conn *conn = tcp_conn_new(tcp, &state->key, hash);

	if (!conn)
		return NULL;
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (!tcp_open_prepare(tcp, conn, now_ns)) {
		tcp_conn_free(tcp, conn);
		return NULL;
	}
	import_fields(conn, cold, state, now_ns);
	tcp_conn_set_state(tcp, conn, state->state);
	move_queue(tcp->params.slices, &cold->stream.rx, from_pool, &state->rx);
	move_queue(tcp->params.slices, &conn->tx, from_pool, &state->tx);
	if (conn->snd_una != conn->snd_max && !PLANTED(TRAVELLER_NOT_TIMED))
		tcp_timer_start_rtx(tcp, conn, now_ns);
	/* Whatever was owed over there is settled by one ACK and one spurious event.  No ACK without
	 * need: three of them in a row would have the peer send something again (RFC 5681 3.2). */
	if (state->flags & TCP_F_ACK_NOW)
		conn->flags |= TCP_F_ACK_NOW;
	tcp_conn_want_output(tcp, conn);
	tcp_conn_event(tcp, conn,
		       STREAM_READABLE | STREAM_WRITABLE |
			       (conn->flags & TCP_F_FIN_SEEN ? STREAM_ENDED : 0));
	return &cold->stream;
}

void tcp_export_discard(struct tcp_export_state *state, struct slice_pool *from_pool)
{
	slice_queue_clear(from_pool, &state->rx);
	slice_queue_clear(from_pool, &state->tx);
}

#define UNSETTLED_FLAGS                                                                            \
	(TCP_F_RELEASED | TCP_F_ACCEPT_PENDING | TCP_F_FIN_QUEUED | TCP_F_FIN_SEEN |               \
	 TCP_F_PERSIST | TCP_F_RECOVERY | TCP_F_AFTER_RTO | TCP_F_RTX_NOW | TCP_F_PROBE_NOW)

bool tcp_is_stream(const struct stream *stream)
{
	return stream->ops == &tcp_stream_ops;
}

bool tcp_may_travel(const struct stream *stream, uint32_t slices_max)
{
	struct tcp_cold *cold = container_of_member((struct stream *)(uintptr_t)stream,
						    struct tcp_cold, stream);

	if (!cold->tcp)
		return false;
	const struct tcp_conn *conn = tcp_conn_of(cold);

	return conn->state == TCP_ESTABLISHED && !(conn->flags & UNSETTLED_FLAGS) &&
	       cold->ooo_head == POOL_NO_INDEX && conn->dup_acks == 0 && conn->snd_nxt == conn->snd_max &&
	       conn->snd_nxt - conn->snd_una == conn->tx.bytes &&
	       node_count(&conn->tx) + node_count(&stream->rx) <= slices_max;
}

void tcp_suspend(struct tcp *tcp, struct stream *stream, struct tcp_export_state *out,
		 uint64_t now_ns)
{
	struct tcp_cold *cold = container_of_member(stream, struct tcp_cold, stream);
	struct tcp_conn *conn = tcp_conn_of(cold);

	export_fields(conn, cold, out, now_ns);
	out->rx = stream->rx;
	out->tx = conn->tx;
	tcp_list_remove(tcp, &tcp->output, conn);
	tcp_list_remove(tcp, &tcp->ready, conn);
	wheel_disarm(&tcp->wheel, &cold->timer);
	/* The last of these may still grow while nobody else shares it. */
	cold->rx_packed = NULL;
}

void tcp_resume(struct tcp *tcp, struct stream *stream)
{
	struct tcp_conn *conn = tcp_conn_of(container_of_member(stream, struct tcp_cold, stream));

	tcp_timer_update(tcp, conn);
	tcp_conn_want_output(tcp, conn);
	tcp_conn_event(tcp, conn, STREAM_READABLE | STREAM_WRITABLE);
}

void tcp_forget(struct tcp *tcp, struct stream *stream)
{
	tcp_conn_free(tcp, tcp_conn_of(container_of_member(stream, struct tcp_cold, stream)));
}
