#include "stack/tcp/tcp_fin.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_segment.h"
#include "stack/tcp/tcp_timer.h"
#include "stack/tcp/tcp_timewait.h"

/* The block leaves the output list, so an ACK that is owed goes now (RFC 9293 3.10.7.4: the peer's FIN and
 * its ACK of ours may have come in one burst); when there is no mbuf the peer's FIN comes again and
 * TIME-WAIT answers it. */
static void enter_timewait(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	if ((conn->flags & TCP_F_ACK_NOW) &&
	    !tcp_segment_send(tcp, conn, conn->snd_nxt, TCP_ACK, 0, now_ns))
		conn->flags &= ~TCP_F_ACK_NOW;
	tcp_timewait_enter(tcp, conn, now_ns);
}

void tcp_fin_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	switch (conn->state) {
	case TCP_FIN_WAIT_1:
		tcp_conn_set_state(tcp, conn, TCP_FIN_WAIT_2);
		if (conn->flags & TCP_F_RELEASED) {
			cold->life_deadline_ns = now_ns + TCP_FIN_WAIT_2_NS;
			tcp_timer_update(tcp, conn);
		}
		break;
	case TCP_CLOSING:
		enter_timewait(tcp, conn, now_ns);
		break;
	case TCP_LAST_ACK:
		tcp_conn_close(tcp, conn, STREAM_FAILURE_NONE);
		break;
	default:
		break;
	}
}

void tcp_fin_seen(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t seq)
{
	if (conn->flags & TCP_F_FIN_SEEN)
		return;
	conn->flags |= TCP_F_FIN_SEEN;
	cold->fin_seq = seq;
}

void tcp_fin_advance(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (conn->rcv_nxt != cold->fin_seq && !PLANTED(FIN_BEFORE_DATA))
		return;
	conn->rcv_nxt++;
	tcp_conn_event(tcp, conn, STREAM_ENDED);
	tcp_conn_ack_now(tcp, conn);
	switch (conn->state) {
	case TCP_ESTABLISHED:
		tcp_conn_set_state(tcp, conn, TCP_CLOSE_WAIT);
		break;
	case TCP_FIN_WAIT_1:
		tcp_conn_set_state(tcp, conn, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT_2:
		enter_timewait(tcp, conn, now_ns);
		break;
	default:
		break;
	}
}
