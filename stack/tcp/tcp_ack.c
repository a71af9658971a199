#include "stack/tcp/tcp_ack.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_output.h"
#include "stack/tcp/tcp_path.h"
#include "stack/tcp/tcp_pressure.h"
#include "stack/tcp/tcp_recovery.h"
#include "stack/tcp/tcp_rto.h"
#include "stack/tcp/tcp_timer.h"
#include "stack/tcp/tcp_trace.h"

static bool advance(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment,
		    uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint32_t acked = segment->ack - conn->snd_una;
	bool fin_acked = tcp_output_fin_due(conn) && acked == conn->tx.bytes + 1;
	uint32_t had_bytes = conn->tx.bytes;

	slice_queue_skip(tcp->params.slices, &conn->tx, acked);
	conn->snd_una = segment->ack;
	if (seq_lt(conn->snd_nxt, conn->snd_una))
		conn->snd_nxt = conn->snd_una;
	if (cold->cursor && seq_geq(conn->snd_una, cold->cursor_end_seq))
		cold->cursor = NULL;
	tcp_rto_acked(conn, cold, segment, now_ns);
	tcp_path_progress(tcp, cold, now_ns);
	conn->backoff = 0;
	conn->unanswered = 0;
	tcp_recovery_acked(tcp, conn, acked);
	/* RFC 6298 5.2, 5.3 */
	conn->flags &= ~TCP_F_PERSIST;
	if (conn->snd_una == conn->snd_max)
		conn->rtx_deadline_ns = 0;
	else
		tcp_timer_start_rtx(tcp, conn, now_ns);
	if (conn->flags & TCP_F_RELEASED)
		cold->life_deadline_ns = now_ns + TCP_ORPHAN_NS;
	if (had_bytes > 0 && conn->tx.bytes == 0)
		tcp_conn_event(tcp, conn, STREAM_DRAINED);
	if ((conn->flags & TCP_F_NO_ROOM) && conn->tx.charge_bytes < tcp_tx_budget(tcp)) {
		conn->flags &= ~TCP_F_NO_ROOM;
		tcp_conn_event(tcp, conn, PLANTED(WRITABLE_LOST) ? 0 : STREAM_WRITABLE);
	}
	return fin_acked;
}

/* RFC 9293 3.10.7.4: only a segment that is not older than the last update may move the window. */
static bool update_window(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment)
{
	uint32_t window = (uint32_t)segment->window << conn->snd_wscale;
	uint32_t before = conn->snd_wnd;

	if (!seq_lt(conn->snd_wl1, segment->seq) &&
	    !(conn->snd_wl1 == segment->seq && seq_leq(conn->snd_wl2, segment->ack)))
		return false;
	conn->snd_wl1 = segment->seq;
	conn->snd_wl2 = segment->ack;
	conn->snd_wnd = window;
	if (window == before)
		return false;
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (window == 0)
		TCP_TRACE(tcp, conn, WINDOW_CLOSED, .n = {conn->tx.bytes});
	else if (before == 0)
		TCP_TRACE(tcp, conn, WINDOW_OPEN, .n = {window});
	if (window > cold->snd_wnd_max)
		cold->snd_wnd_max = window;
	if (before == 0 && (conn->flags & TCP_F_PERSIST)) {
		conn->flags &= ~TCP_F_PERSIST;
		conn->backoff = 0;
		conn->rtx_deadline_ns = 0;
	}
	return true;
}

bool tcp_ack_input(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment,
		   uint64_t now_ns)
{
	bool fin_acked = false;
	bool advances = seq_gt(segment->ack, conn->snd_una);
	bool in_flight = conn->snd_max != conn->snd_una && !(conn->flags & TCP_F_PERSIST);

	/* Whatever it says, the peer is there (persist may go on for ever, RFC 9293 3.8.6.1). */
	if (conn->flags & TCP_F_PERSIST)
		conn->unanswered = 0;
	if (advances)
		fin_acked = advance(tcp, conn, segment, now_ns);
	bool window_moved = update_window(tcp, conn, segment);

	/* RFC 5681 2: what counts as a duplicate. */
	if (!advances && !window_moved && in_flight && segment->ack == conn->snd_una &&
	    tcp_segment_seq_bytes(segment) == 0)
		tcp_recovery_duplicate(tcp, conn);
	if ((advances || window_moved) && (conn->tx.bytes > 0 || tcp_output_fin_due(conn)))
		tcp_conn_want_output(tcp, conn);
	return fin_acked;
}
