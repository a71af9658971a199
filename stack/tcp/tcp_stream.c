/* The stream face of a connection (stack/base/stream.h; RFC 9293 3.10.2 to 3.10.6). */
#include "stack/tcp/tcp_conn.h"
#include "stack/base/planted.h"
#include "stack/tcp/tcp_data.h"
#include "stack/tcp/tcp_pressure.h"
#include "stack/tcp/tcp_reset.h"
#include "stack/tcp/tcp_timer.h"
#include "stack/tcp/tcp_trace.h"

static struct tcp_cold *cold_of(const struct stream *stream)
{
	return container_of_member((struct stream *)(uintptr_t)stream, struct tcp_cold, stream);
}

static bool may_write(const struct tcp_conn *conn)
{
	return (conn->state == TCP_SYN_SENT || conn->state == TCP_SYN_RECEIVED ||
		conn->state == TCP_ESTABLISHED || conn->state == TCP_CLOSE_WAIT) &&
	       !(conn->flags & TCP_F_FIN_QUEUED);
}

static void stream_taken(struct stream *stream, uint32_t bytes, uint32_t charge_bytes,
			 uint64_t now_ns)
{
	struct tcp_cold *cold = cold_of(stream);
	struct tcp_conn *conn = tcp_conn_of(cold);
	struct tcp *tcp = cold->tcp;

	if (!tcp_conn_receives(conn))
		return;
	/* A window update is worth a segment when the window has opened by two full segments, or by a
	 * quarter of the budget (RFC 9293 3.8.6.2.2). */
	uint32_t opened = tcp_data_window_edge(tcp, conn) - conn->rcv_edge;
	uint32_t worth = 2u * conn->mss_bytes;

	if (worth > tcp_rx_budget(tcp) / 8)
		worth = tcp_rx_budget(tcp) / 8;
	if (opened > 0 && !PLANTED(WINDOW_UPDATE_LOST) &&
	    (opened >= worth || conn->rcv_edge == conn->rcv_nxt))
		tcp_conn_ack_now(tcp, conn);
}

static uint32_t room(const struct stream *stream)
{
	struct tcp_cold *cold = cold_of(stream);
	struct tcp_conn *conn = tcp_conn_of(cold);
	uint32_t budget = tcp_tx_budget(cold->tcp);

	if (!may_write(conn))
		return 0;
	if (conn->tx.charge_bytes < budget)
		return budget - conn->tx.charge_bytes;
	conn->flags |= TCP_F_NO_ROOM;
	return 0;
}

static void stream_write_bytes(struct stream *stream, struct slice_queue *bytes, uint64_t now_ns)
{
	struct tcp_cold *cold = cold_of(stream);
	struct tcp_conn *conn = tcp_conn_of(cold);

	if (!may_write(conn)) {
		slice_queue_clear(cold->tcp->params.slices, bytes);
		return;
	}
	slice_queue_append(&conn->tx, bytes);
	if (conn->tx.charge_bytes >= tcp_tx_budget(cold->tcp))
		conn->flags |= TCP_F_NO_ROOM;
	if (conn->state == TCP_ESTABLISHED || conn->state == TCP_CLOSE_WAIT)
		tcp_conn_want_output(cold->tcp, conn);
}

/* RFC 9293 3.10.4, CLOSE: the FIN follows what is queued. */
static void queue_fin(struct tcp *tcp, struct tcp_conn *conn)
{
	if (conn->flags & TCP_F_FIN_QUEUED)
		return;
	conn->flags |= TCP_F_FIN_QUEUED;
	if (conn->state == TCP_ESTABLISHED)
		tcp_conn_set_state(tcp, conn, TCP_FIN_WAIT_1);
	else if (conn->state == TCP_CLOSE_WAIT)
		tcp_conn_set_state(tcp, conn, TCP_LAST_ACK);
	else
		return;
	tcp_conn_want_output(tcp, conn);
}

static void shut_down(struct stream *stream, uint64_t now_ns)
{
	struct tcp_cold *cold = cold_of(stream);

	queue_fin(cold->tcp, tcp_conn_of(cold));
}

static void reset(struct stream *stream, uint64_t now_ns)
{
	struct tcp_cold *cold = cold_of(stream);

	tcp_reset_conn(cold->tcp, tcp_conn_of(cold), STREAM_FAILURE_LOCAL_RESET, now_ns);
	slice_queue_clear(cold->tcp->params.slices, &stream->rx);
}

static void release(struct stream *stream, uint64_t now_ns)
{
	struct tcp_cold *cold = cold_of(stream);
	struct tcp_conn *conn = tcp_conn_of(cold);
	struct tcp *tcp = cold->tcp;
	bool unread = stream->rx.bytes > 0 || cold->ooo_head != POOL_NO_INDEX;

	conn->flags |= TCP_F_RELEASED;
	slice_queue_clear(tcp->params.slices, &stream->rx);
	if (conn->state == TCP_CLOSED || conn->state == TCP_TIME_WAIT) {
		tcp_conn_event(tcp, conn, 0);
		return;
	}
	/* RFC 2525 2.17: data that nobody will read means a reset, not a FIN. */
	if ((unread && tcp_conn_receives(conn)) || conn->state == TCP_SYN_SENT) {
		tcp_reset_conn(tcp, conn, STREAM_FAILURE_LOCAL_RESET, now_ns);
		return;
	}
	queue_fin(tcp, conn);
	cold->life_deadline_ns =
		now_ns + (conn->state == TCP_FIN_WAIT_2 ? TCP_FIN_WAIT_2_NS : TCP_ORPHAN_NS);
	tcp_timer_update(tcp, conn);
}

static enum stream_blocked blocked(const struct tcp_conn *conn, const struct stream *stream)
{
	uint32_t in_flight = conn->snd_nxt - conn->snd_una;

	if (conn->state == TCP_SYN_SENT || conn->state == TCP_SYN_RECEIVED)
		return STREAM_BLOCKED_OPENING;
	if (conn->tx.bytes > in_flight) {
		if (conn->snd_wnd <= in_flight || (conn->flags & TCP_F_PERSIST))
			return STREAM_BLOCKED_PEER_WINDOW;
		if (conn->cwnd <= in_flight)
			return STREAM_BLOCKED_CONGESTION_WINDOW;
		return STREAM_BLOCKED_NOT;
	}
	if (stream->rx.bytes > 0)
		return STREAM_BLOCKED_OWNER_NOT_READING;
	return STREAM_BLOCKED_NOTHING_TO_SEND;
}

/* Payload that left, or (with timestamps) a segment that came; the opening counts as the first. */
static uint32_t active_ms(const struct tcp_conn *conn, const struct tcp_cold *cold)
{
	bool sent_later = cold->sent_ms != 0 && (int32_t)(cold->sent_ms - conn->ts_recent_ms) > 0;

	return sent_later ? cold->sent_ms : conn->ts_recent_ms;
}

static void info(const struct stream *stream, struct stream_info *out)
{
	const struct tcp_cold *cold = cold_of(stream);
	const struct tcp_conn *conn = tcp_conn_of(cold);

	*out = (struct stream_info){
		.key = cold->key,
		.transport = "tcp",
		.state = tcp_state_name(conn->state),
		.failure = cold->failure,
		.blocked = blocked(conn, stream),
		.rx_bytes = cold->rx_bytes,
		.tx_bytes = cold->tx_bytes,
		.srtt_us = cold->srtt_us,
		.queued_bytes = conn->tx.bytes,
		.active_ms = active_ms(conn, cold),
	};
}

const struct stream_ops tcp_stream_ops = {
	.taken = stream_taken,
	.room = room,
	.write = stream_write_bytes,
	.shutdown = shut_down,
	.reset = reset,
	.release = release,
	.info = info,
	.traced = tcp_trace_stream,
};
