#include "stack/tcp/tcp_timer.h"

#include "stack/base/planted.h"
#include "stack/tcp/tcp_recovery.h"
#include "stack/tcp/tcp_reset.h"
#include "stack/tcp/tcp_rto.h"
#include "stack/tcp/tcp_trace.h"

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
	if (a_ns == 0 || b_ns == 0)
		return a_ns | b_ns;
	return deadline_earlier_ns(a_ns, b_ns);
}

void tcp_timer_update(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	uint64_t deadline_ns = earlier(earlier(conn->rtx_deadline_ns, conn->ack_deadline_ns),
				       cold->life_deadline_ns);

	if (deadline_ns == 0)
		return;
	if (!wheel_is_armed(&cold->timer) || cold->timer.deadline_ns > deadline_ns)
		wheel_arm(&tcp->wheel, &cold->timer, deadline_ns);
}

void tcp_timer_start_rtx(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	conn->flags &= ~TCP_F_PERSIST;
	conn->rtx_deadline_ns = PLANTED(RTO_NOT_ARMED) ? 0 : now_ns + tcp_rto_ns(conn);
	tcp_timer_update(tcp, conn);
}

void tcp_timer_start_persist(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	if ((conn->flags & TCP_F_PERSIST) && conn->rtx_deadline_ns)
		return;
	conn->flags |= TCP_F_PERSIST;
	conn->backoff = 0;
	conn->rtx_deadline_ns = now_ns + tcp_rto_ns(conn);
	tcp_timer_update(tcp, conn);
}

static void rtx_expired(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	bool opening = conn->state == TCP_SYN_SENT || conn->state == TCP_SYN_RECEIVED;
	unsigned retries_max = opening ? TCP_SYN_RETRIES_MAX : TCP_RETRIES_MAX;

	/* RFC 9293 3.8.3: R2. */
	if (conn->unanswered >= retries_max) {
		tcp_reset_conn(tcp, conn, STREAM_FAILURE_TIMEOUT, now_ns);
		return;
	}
	conn->unanswered++;
	if (conn->flags & TCP_F_PERSIST) {
		conn->flags |= TCP_F_PROBE_NOW;
	} else {
		counter_inc(&tcp->params.counters->retransmission_timeouts);
		if (opening)
			conn->snd_nxt = conn->snd_una;
		else
			tcp_recovery_timeout(tcp, conn);
	}
	/* RFC 6298 5.5, 5.6; Karn: a segment sent again is not timed. */
	if (conn->backoff < 16)
		conn->backoff++;
	conn->flags &= ~TCP_F_RTT_RUNNING;
	conn->rtx_deadline_ns = now_ns + tcp_rto_ns(conn);
	if (!(conn->flags & TCP_F_PERSIST))
		TCP_TRACE(tcp, conn, TIMEOUT, .n = {conn->unanswered, tcp_rto_ns(conn)});
	tcp_conn_want_output(tcp, conn);
}

static void life_expired(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	tcp_conn_cold(tcp, conn)->life_deadline_ns = 0;
	if (conn->state == TCP_FIN_WAIT_2)
		tcp_conn_close(tcp, conn, STREAM_FAILURE_NONE);
	else
		tcp_reset_conn(tcp, conn, STREAM_FAILURE_TIMEOUT, now_ns);
}

void tcp_timer_fire(struct wheel_timer *timer, void *context, uint64_t now_ns)
{
	struct tcp *tcp = context;
	struct tcp_cold *cold = container_of_member(timer, struct tcp_cold, timer);
	struct tcp_conn *conn = tcp_conn_of(cold);

	if (cold->life_deadline_ns && cold->life_deadline_ns <= now_ns) {
		life_expired(tcp, conn, now_ns);
		if (conn->state == TCP_CLOSED)
			return;
	}
	if (conn->ack_deadline_ns && conn->ack_deadline_ns <= now_ns) {
		conn->ack_deadline_ns = 0;
		counter_inc(&tcp->params.counters->delayed_acks);
		tcp_conn_ack_now(tcp, conn);
	}
	if (conn->rtx_deadline_ns && conn->rtx_deadline_ns <= now_ns)
		rtx_expired(tcp, conn, now_ns);
	if (conn->state != TCP_CLOSED)
		tcp_timer_update(tcp, conn);
}
