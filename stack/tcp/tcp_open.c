#include "stack/tcp/tcp_open.h"

#include "stack/tcp/tcp_cc.h"
#include "stack/tcp/tcp_isn.h"
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_path.h"
#include "stack/tcp/tcp_port.h"
#include "stack/tcp/tcp_rto.h"
#include "stack/tcp/tcp_timer.h"

#define TIMESTAMPS_BYTES 12
#define MSS_MIN_BYTES 48

void tcp_open_set_iss(struct tcp_conn *conn, struct tcp_cold *cold, uint32_t iss)
{
	cold->iss = iss;
	cold->recover = iss;
	conn->snd_una = iss;
	conn->snd_nxt = iss;
	conn->snd_max = iss;
}

static uint8_t window_scale(uint32_t window)
{
	uint8_t scale = 0;

	while (scale < 14 && window >> scale > UINT16_MAX)
		scale++;
	return scale;
}

bool tcp_open_prepare(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	struct ip_addr source = cold->key.local;

	if (ip_route_resolve(tcp->params.ip, cold->key.vrf, &cold->key.remote, &source,
			     &cold->route) != DROP_NONE)
		return false;
	cold->cc = &tcp_newreno;
	cold->ts_offset = tcp_timestamp_offset(&tcp->isn_key, &cold->key);
	tcp_open_set_iss(conn, cold, tcp_isn(&tcp->isn_key, &cold->key, now_ns));
	conn->rto_us = TCP_RTO_INITIAL_US;
	conn->rcv_wscale = window_scale(tcp->params.rx_budget_bytes / 2);
	conn->flags |= TCP_F_TIMESTAMPS | TCP_F_WSCALE;
	tcp_open_update_mss(conn, cold);
	return true;
}

void tcp_open_update_mss(struct tcp_conn *conn, struct tcp_cold *cold)
{
	bool v4 = ip_addr_is_v4(&cold->key.remote);
	uint32_t peer = cold->peer_mss_bytes;
	uint32_t path = cold->route.mtu_bytes - (v4 ? 40 : 60);

	if (peer == 0)
		peer = v4 ? TCP_DEFAULT_MSS_V4_BYTES : TCP_DEFAULT_MSS_V6_BYTES;
	uint32_t mss = peer < path ? peer : path;

	if (mss < MSS_MIN_BYTES)
		mss = MSS_MIN_BYTES;
	/* RFC 6691: options come out of the segment. */
	if (conn->flags & TCP_F_TIMESTAMPS)
		mss -= TIMESTAMPS_BYTES;
	conn->mss_bytes = (uint16_t)mss;
}

void tcp_open_take_syn(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment,
		       uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	cold->irs = segment->seq;
	conn->rcv_nxt = segment->seq + 1;
	conn->rcv_edge = conn->rcv_nxt;
	conn->last_ack_sent = conn->rcv_nxt;
	/* RFC 7323 1.3: an option is on when both SYNs carry it. */
	if (segment->wscale == TCP_NO_WSCALE) {
		conn->flags &= ~TCP_F_WSCALE;
		conn->rcv_wscale = 0;
	} else {
		conn->snd_wscale = segment->wscale;
	}
	if (!segment->has_timestamp)
		conn->flags &= ~TCP_F_TIMESTAMPS;
	conn->ts_recent = segment->ts_val;
	conn->ts_recent_ms = tcp_now_ms(now_ns);
	cold->peer_mss_bytes = segment->mss_bytes;
	tcp_open_update_mss(conn, cold);
	conn->snd_wnd = segment->window;
	cold->snd_wnd_max = segment->window;
	conn->snd_wl1 = segment->seq;
	conn->snd_wl2 = segment->ack;
}

void tcp_open_established(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *segment,
			  uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	conn->snd_una = segment->ack;
	conn->snd_nxt = seq_max(conn->snd_nxt, conn->snd_una);
	conn->snd_wnd = segment->window;
	/* The window of a segment with SYN is never scaled (RFC 7323 2.2). */
	if (!(segment->flags & TCP_SYN))
		conn->snd_wnd <<= conn->snd_wscale;
	if (conn->snd_wnd > cold->snd_wnd_max)
		cold->snd_wnd_max = conn->snd_wnd;
	conn->snd_wl1 = segment->seq;
	conn->snd_wl2 = segment->ack;
	tcp_rto_acked(conn, cold, segment, now_ns);
	tcp_path_progress(tcp, cold, now_ns);
	cold->cc->start(conn, cold);
	conn->backoff = 0;
	conn->unanswered = 0;
	conn->rtx_deadline_ns = 0;
	cold->life_deadline_ns = 0;
	tcp_conn_set_state(tcp, conn,
			   conn->flags & TCP_F_FIN_QUEUED ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED);
	if (conn->flags & TCP_F_PASSIVE) {
		counter_inc(&tcp->params.counters->passive_opens);
		tcp_conn_event(tcp, conn, 0);
	} else {
		tcp_conn_event(tcp, conn, STREAM_OPENED | STREAM_WRITABLE);
	}
	tcp_conn_want_output(tcp, conn);
}

static struct stream *fail(enum stream_failure *why, enum stream_failure failure)
{
	*why = failure;
	return NULL;
}

struct stream *tcp_open(struct stream_opener *self, const struct stream_target *target,
			enum stream_failure *why, uint64_t now_ns)
{
	struct tcp *tcp = container_of_member(self, struct tcp, opener);
	struct flow_key key = {.local = target->local,
			       .remote = target->remote,
			       .local_port = target->local_port,
			       .remote_port = target->remote_port,
			       .vrf = target->vrf};
	struct ip_route route = {0};

	if (tcp->pressure != TCP_PRESSURE_NONE) {
		drop_count(tcp->params.drops, DROP_TCP_MBUF_WATERMARK);
		return fail(why, STREAM_FAILURE_RESOURCES);
	}
	if (ip_route_resolve(tcp->params.ip, key.vrf, &key.remote, &key.local, &route) != DROP_NONE)
		return fail(why, STREAM_FAILURE_NO_ROUTE);
	if (key.local_port == 0 && !(ip_addr_is_any(&target->local) ?
					     tcp_port_choose_source(tcp, &route, &key) :
					     tcp_port_choose(tcp, &key)))
		return fail(why, STREAM_FAILURE_RESOURCES);
	uint64_t hash = tcp_table_hash(&tcp->table, &key);

	if (tcp_table_find(&tcp->table, hash, &key) != TCP_TABLE_NONE ||
	    tcp_table_find(&tcp->timewait.table, hash, &key) != TCP_TABLE_NONE)
		return fail(why, STREAM_FAILURE_RESOURCES);
	struct tcp_conn *conn = tcp_conn_new(tcp, &key, hash);

	if (!conn) {
		drop_count(tcp->params.drops, DROP_TCP_CONNECTIONS_FULL);
		return fail(why, STREAM_FAILURE_RESOURCES);
	}
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (!tcp_open_prepare(tcp, conn, now_ns)) {
		tcp_conn_free(tcp, conn);
		return fail(why, STREAM_FAILURE_NO_ROUTE);
	}
	tcp_conn_set_state(tcp, conn, TCP_SYN_SENT);
	counter_inc(&tcp->params.counters->active_opens);
	if (target->connect_timeout_ns) {
		cold->life_deadline_ns = now_ns + target->connect_timeout_ns;
		tcp_timer_update(tcp, conn);
	}
	tcp_conn_want_output(tcp, conn);
	return &cold->stream;
}

struct stream_opener *tcp_opener(struct tcp *tcp)
{
	return &tcp->opener;
}
