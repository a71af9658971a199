#include "stack/tcp/tcp_listen.h"

#include "stack/base/invariant.h"
#include "stack/tcp/tcp_open.h"

#define ISS_GAP_BYTES (UINT32_C(1) << 18)

static bool family_matches(const struct tcp_listener *listener, const struct ip_addr *local)
{
	return listener->params.any_family ||
	       ip_addr_is_v4(&listener->params.local) == ip_addr_is_v4(local);
}

/* -1 = does not match; else how specific: the port counts most, then the address, then the family. */
static int score(const struct tcp_listener *listener, const struct flow_key *key)
{
	const struct tcp_listen_params *params = &listener->params;
	int points = 0;

	if (params->vrf != key->vrf)
		return -1;
	if (params->local_port) {
		if (params->local_port != key->local_port)
			return -1;
		points += 4;
	}
	if (!ip_addr_is_any(&params->local)) {
		if (!ip_addr_equal(&params->local, &key->local))
			return -1;
		points += 2;
	} else if (!family_matches(listener, &key->local)) {
		return -1;
	}
	return points + !params->any_family;
}

static uint16_t *bucket_of(struct tcp *tcp, uint16_t port)
{
	return &tcp->listener_heads[port % TCP_LISTENER_BUCKETS];
}

static struct tcp_listener *best_in(struct tcp *tcp, uint16_t port, const struct flow_key *key,
				    int *best_points)
{
	struct tcp_listener *best = NULL;

	for (uint16_t at = *bucket_of(tcp, port); at != TCP_LISTENERS_MAX;
	     at = tcp->listeners[at].next) {
		int points = score(&tcp->listeners[at], key);

		if (points > *best_points) {
			best = &tcp->listeners[at];
			*best_points = points;
		}
	}
	return best;
}

struct tcp_listener *tcp_listener_find(struct tcp *tcp, const struct flow_key *key)
{
	int best_points = -1;
	struct tcp_listener *by_port = best_in(tcp, key->local_port, key, &best_points);
	struct tcp_listener *every_port = best_in(tcp, 0, key, &best_points);

	return every_port ? every_port : by_port;
}

void tcp_listener_init(struct tcp *tcp)
{
	for (unsigned i = 0; i < TCP_LISTENER_BUCKETS; i++)
		tcp->listener_heads[i] = TCP_LISTENERS_MAX;
}

static bool same_place(const struct tcp_listen_params *a, const struct tcp_listen_params *b)
{
	return a->vrf == b->vrf && a->local_port == b->local_port &&
	       ip_addr_equal(&a->local, &b->local) && a->any_family == b->any_family;
}

struct tcp_listener *tcp_listen(struct tcp *tcp, const struct tcp_listen_params *params)
{
	uint16_t *head = bucket_of(tcp, params->local_port);
	uint16_t place = 0;

	for (uint16_t at = *head; at != TCP_LISTENERS_MAX; at = tcp->listeners[at].next)
		if (same_place(&tcp->listeners[at].params, params))
			return NULL;
	while (place < TCP_LISTENERS_MAX && tcp->listeners[place].used)
		place++;
	if (place == TCP_LISTENERS_MAX)
		return NULL;
	struct tcp_listener *listener = &tcp->listeners[place];

	listener->params = *params;
	listener->pending = 0;
	listener->used = true;
	listener->next = *head;
	*head = place;
	return listener;
}

void tcp_listener_close(struct tcp *tcp, struct tcp_listener *listener, uint64_t now_ns)
{
	uint16_t *link = bucket_of(tcp, listener->params.local_port);

	INVARIANT(listener->used);
	while (&tcp->listeners[*link] != listener)
		link = &tcp->listeners[*link].next;
	*link = listener->next;
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
	if (tcp->pressure != TCP_PRESSURE_NONE)
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
