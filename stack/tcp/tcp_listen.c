#include "stack/tcp/tcp_listen.h"

#include "stack/tcp/tcp_open.h"

#define ISS_GAP_BYTES (UINT32_C(1) << 18)

static bool family_matches(const struct tcp_listener *listener, const struct ip_addr *local)
{
	return listener->params.any_family ||
	       ip_addr_is_v4(&listener->params.local) == ip_addr_is_v4(local);
}

/* -1 = does not match; else how specific. */
static int score(const struct tcp_listener *listener, const struct flow_key *key)
{
	const struct tcp_listen_params *params = &listener->params;
	int points = 0;

	if (!listener->used || params->vrf != key->vrf)
		return -1;
	if (params->local_port) {
		if (params->local_port != key->local_port)
			return -1;
		points += 2;
	}
	if (!ip_addr_is_any(&params->local)) {
		if (!ip_addr_equal(&params->local, &key->local))
			return -1;
		points += 1;
	} else if (!family_matches(listener, &key->local)) {
		return -1;
	}
	return points;
}

struct tcp_listener *tcp_listener_find(struct tcp *tcp, const struct flow_key *key)
{
	struct tcp_listener *best = NULL;
	int best_points = -1;

	for (uint32_t i = 0; i < tcp->listener_count; i++) {
		int points = score(&tcp->listeners[i], key);

		if (points > best_points) {
			best = &tcp->listeners[i];
			best_points = points;
		}
	}
	return best;
}

static bool same_place(const struct tcp_listen_params *a, const struct tcp_listen_params *b)
{
	return a->vrf == b->vrf && a->local_port == b->local_port &&
	       ip_addr_equal(&a->local, &b->local) && a->any_family == b->any_family;
}

struct tcp_listener *tcp_listen(struct tcp *tcp, const struct tcp_listen_params *params)
{
	struct tcp_listener *place = NULL;

	for (uint32_t i = 0; i < tcp->listener_count; i++) {
		struct tcp_listener *listener = &tcp->listeners[i];

		if (!listener->used)
			place = listener;
		else if (same_place(&listener->params, params))
			return NULL;
	}
	if (!place && tcp->listener_count < TCP_LISTENERS_MAX)
		place = &tcp->listeners[tcp->listener_count++];
	if (!place)
		return NULL;
	place->params = *params;
	place->pending = 0;
	place->used = true;
	return place;
}

void tcp_listener_close(struct tcp *tcp, struct tcp_listener *listener, uint64_t now_ns)
{
	/* Connections that wait for accept find out by the generation. */
	listener->used = false;
	listener->generation++;
}

struct tcp_listener *tcp_listener_of(struct tcp *tcp, const struct tcp_conn *conn)
{
	const struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (cold->listener >= TCP_LISTENERS_MAX)
		return NULL;
	struct tcp_listener *listener = &tcp->listeners[cold->listener];

	return listener->used && listener->generation == cold->listener_generation ? listener : NULL;
}

void tcp_listener_forget(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_listener *listener = tcp_listener_of(tcp, conn);

	if ((conn->flags & TCP_F_BACKLOG) && listener)
		listener->pending--;
	conn->flags &= ~TCP_F_BACKLOG;
}

enum drop_reason tcp_listener_syn(struct tcp *tcp, struct tcp_listener *listener,
				  const struct flow_key *key, uint64_t hash,
				  const struct tcp_segment *segment, const uint32_t *iss_after,
				  uint64_t now_ns)
{
	if (listener->pending >= listener->params.backlog)
		return DROP_TCP_BACKLOG_FULL;
	if (rte_mempool_avail_count(tcp->params.header_pool) < tcp->mbuf_watermark)
		return DROP_TCP_MBUF_WATERMARK;
	struct tcp_conn *conn = tcp_conn_new(tcp, key, hash);

	if (!conn)
		return DROP_TCP_CONNECTIONS_FULL;
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	conn->flags |= TCP_F_PASSIVE | TCP_F_ACCEPT_PENDING | TCP_F_BACKLOG;
	cold->listener = (uint16_t)(listener - tcp->listeners);
	cold->listener_generation = listener->generation;
	listener->pending++;
	if (!tcp_open_prepare(tcp, conn, now_ns)) {
		tcp_conn_set_state(tcp, conn, TCP_SYN_RECEIVED);
		tcp_conn_close(tcp, conn, STREAM_FAILURE_NO_ROUTE);
		return DROP_IP_NO_ROUTE;
	}
	if (iss_after && seq_leq(cold->iss, *iss_after))
		tcp_open_set_iss(conn, cold, *iss_after + ISS_GAP_BYTES);
	tcp_open_take_syn(tcp, conn, segment, now_ns);
	tcp_conn_set_state(tcp, conn, TCP_SYN_RECEIVED);
	tcp_conn_want_output(tcp, conn);
	return DROP_NONE;
}
