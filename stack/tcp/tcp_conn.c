#include "stack/tcp/tcp_conn.h"

#include <string.h>

#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_reassembly.h"
#include "stack/tcp/tcp_trace.h"

const char *tcp_state_name(enum tcp_state state)
{
	static const char *const names[] = {
#define STATE(name, text) [TCP_##name] = text,
		TCP_STATES(STATE)
#undef STATE
	};

	return (unsigned)state < TCP_STATE_COUNT ? names[state] : "?";
}

static struct tcp_link *link_of(const struct tcp_list *list, struct tcp_conn *conn)
{
	return (struct tcp_link *)((uint8_t *)conn + list->link_offset);
}

void tcp_list_append(struct tcp *tcp, struct tcp_list *list, struct tcp_conn *conn)
{
	if (conn->flags & list->flag)
		return;
	uint32_t index = tcp_conn_index(tcp, conn);

	*link_of(list, conn) = (struct tcp_link){.previous = list->tail, .next = TCP_NO_CONN};
	if (list->tail != TCP_NO_CONN)
		link_of(list, tcp_conn_at(tcp, list->tail))->next = index;
	else
		list->head = index;
	list->tail = index;
	list->count++;
	conn->flags |= list->flag;
}

void tcp_list_remove(struct tcp *tcp, struct tcp_list *list, struct tcp_conn *conn)
{
	if (!(conn->flags & list->flag))
		return;
	struct tcp_link link = *link_of(list, conn);

	if (link.previous != TCP_NO_CONN)
		link_of(list, tcp_conn_at(tcp, link.previous))->next = link.next;
	else
		list->head = link.next;
	if (link.next != TCP_NO_CONN)
		link_of(list, tcp_conn_at(tcp, link.next))->previous = link.previous;
	else
		list->tail = link.previous;
	list->count--;
	conn->flags &= ~list->flag;
}

struct tcp_conn *tcp_conn_new(struct tcp *tcp, const struct flow_key *key, uint64_t hash)
{
	struct tcp_conn *conn = pool_take(&tcp->conns);

	if (!conn)
		return NULL;
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	memset(cold, 0, sizeof(*cold));
	cold->tcp = tcp;
	cold->key = *key;
	cold->hash = hash;
	cold->stream.ops = &tcp_stream_ops;
	cold->ooo_head = POOL_NO_INDEX;
	cold->listener = TCP_LISTENERS_MAX;
	tcp_table_insert(&tcp->table, hash, tcp_conn_index(tcp, conn));
	conn->flags = TCP_F_IN_TABLE;
	tcp_trace_new(tcp, conn);
	gauge_add(&tcp->params.counters->connections, 1);
	return conn;
}

static bool counts_as_established(enum tcp_state state)
{
	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}

void tcp_conn_set_state(struct tcp *tcp, struct tcp_conn *conn, enum tcp_state state)
{
	int change = counts_as_established(state) - counts_as_established(conn->state);

	if (change)
		gauge_add(&tcp->params.counters->connections_established, change);
	if (tcp_is_traced(conn))
		tcp_trace_state(tcp, conn, state);
	conn->state = state;
}

void tcp_conn_want_output(struct tcp *tcp, struct tcp_conn *conn)
{
	tcp_list_append(tcp, &tcp->output, conn);
}

void tcp_conn_event(struct tcp *tcp, struct tcp_conn *conn, uint32_t events)
{
	conn->events |= (uint16_t)events;
	tcp_list_append(tcp, &tcp->ready, conn);
}

void tcp_conn_detach(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	if (tcp_is_traced(conn))
		tcp_trace_end(tcp, conn);
	if (conn->flags & TCP_F_IN_TABLE)
		tcp_table_remove(&tcp->table, cold->hash, tcp_conn_index(tcp, conn));
	conn->flags &= ~(TCP_F_IN_TABLE | TCP_F_ACK_NOW | TCP_F_RTX_NOW | TCP_F_PROBE_NOW);
	tcp_list_remove(tcp, &tcp->output, conn);
	wheel_disarm(&tcp->wheel, &cold->timer);
	conn->rtx_deadline_ns = 0;
	conn->ack_deadline_ns = 0;
	cold->life_deadline_ns = 0;
	cold->cursor = NULL;
	slice_queue_clear(tcp->params.slices, &conn->tx);
	tcp_reassembly_clear(tcp, conn);
	tcp_listener_forget(tcp, conn);
	if (conn->flags & TCP_F_RELEASED)
		tcp_conn_event(tcp, conn, 0);
}

void tcp_conn_close(struct tcp *tcp, struct tcp_conn *conn, enum stream_failure failure)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	enum tcp_state before = conn->state;
	bool owned = !(conn->flags & (TCP_F_RELEASED | TCP_F_ACCEPT_PENDING));

	if (before == TCP_CLOSED)
		return;
	/* Nobody has been told of it yet: there is no one to release it. */
	if (conn->flags & TCP_F_ACCEPT_PENDING)
		conn->flags |= TCP_F_RELEASED;
	conn->flags &= ~TCP_F_ACCEPT_PENDING;
	cold->failure = (uint8_t)failure;
	tcp_conn_set_state(tcp, conn, TCP_CLOSED);
	tcp_conn_detach(tcp, conn);
	if (before == TCP_SYN_SENT || before == TCP_SYN_RECEIVED)
		counter_inc(&tcp->params.counters->attempt_fails);
	else if (failure != STREAM_FAILURE_NONE)
		counter_inc(&tcp->params.counters->established_resets);
	if (failure == STREAM_FAILURE_NONE)
		return;
	slice_queue_clear(tcp->params.slices, &cold->stream.rx);
	conn->events = 0;
	if (owned && failure != STREAM_FAILURE_LOCAL_RESET)
		tcp_conn_event(tcp, conn, STREAM_RESET);
}

void tcp_conn_free(struct tcp *tcp, struct tcp_conn *conn)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

	tcp_conn_set_state(tcp, conn, TCP_CLOSED);
	tcp_conn_detach(tcp, conn);
	tcp_list_remove(tcp, &tcp->ready, conn);
	slice_queue_clear(tcp->params.slices, &cold->stream.rx);
	pool_give(&tcp->conns, conn);
	cold->tcp = NULL;
	gauge_add(&tcp->params.counters->connections, -1);
}
