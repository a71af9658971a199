#include "stack/tcp/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "stack/tcp/tcp_conn.h"
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_open.h"
#include "stack/tcp/tcp_reassembly.h"
#include "stack/tcp/tcp_reset.h"
#include "stack/tcp/tcp_timer.h"
#include "stack/tcp/tcp_timewait.h"
#include "stack/tcp/tcp_trace.h"

#define OOO_NODES_MIN 1024
#define OOO_NODES_MAX 65536

static bool create_tables(struct tcp *tcp)
{
	const struct tcp_params *params = &tcp->params;
	uint32_t ooo_nodes = params->connections_max < OOO_NODES_MIN   ? OOO_NODES_MIN
			     : params->connections_max > OOO_NODES_MAX ? OOO_NODES_MAX
								       : params->connections_max;
	struct siphash_key table_key;
	struct prng prng;

	prng_seed(&prng, params->seed);
	table_key = (struct siphash_key){prng_next(&prng), prng_next(&prng)};
	tcp->isn_key = (struct siphash_key){prng_next(&prng), prng_next(&prng)};
	tcp->port_key = (struct siphash_key){prng_next(&prng), prng_next(&prng)};
	tcp->colds = calloc(params->connections_max, sizeof(*tcp->colds));
	return tcp->colds &&
	       pool_create(&tcp->conns, sizeof(struct tcp_conn), params->connections_max) &&
	       pool_create(&tcp->ooo_nodes, sizeof(struct tcp_ooo_node), ooo_nodes) &&
	       tcp_table_create(&tcp->table, params->connections_max, &tcp->colds[0].key,
				sizeof(struct tcp_cold), &table_key) &&
	       tcp_timewait_create(&tcp->timewait, params->timewait_max, &table_key);
}

static void destroy_tables(struct tcp *tcp)
{
	tcp_timewait_destroy(&tcp->timewait);
	tcp_table_destroy(&tcp->table);
	if (tcp->ooo_nodes.blocks)
		pool_destroy(&tcp->ooo_nodes);
	if (tcp->conns.blocks)
		pool_destroy(&tcp->conns);
	free(tcp->colds);
}

struct tcp *tcp_create(const struct tcp_params *params)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (!tcp)
		return NULL;
	tcp->params = *params;
	if (tcp->params.timewait_max == 0)
		tcp->params.timewait_max = 1;
	tcp->opener.open = tcp_open;
	tcp->output = (struct tcp_list){.head = TCP_NO_CONN,
					.tail = TCP_NO_CONN,
					.link_offset = offsetof(struct tcp_conn, output),
					.flag = TCP_F_IN_OUTPUT};
	tcp->ready = (struct tcp_list){.head = TCP_NO_CONN,
				       .tail = TCP_NO_CONN,
				       .link_offset = offsetof(struct tcp_conn, ready),
				       .flag = TCP_F_IN_READY};
	tcp_listener_init(tcp);
	wheel_init(&tcp->wheel, params->now_ns, tcp_timer_fire, tcp);
	if (!create_tables(tcp)) {
		destroy_tables(tcp);
		free(tcp);
		return NULL;
	}
	return tcp;
}

void tcp_destroy(struct tcp *tcp)
{
	for (uint32_t i = 0; i < tcp->conns.capacity; i++)
		if (tcp->colds[i].tcp)
			tcp_conn_free(tcp, tcp_conn_at(tcp, i));
	destroy_tables(tcp);
	free(tcp);
}

void tcp_set_pressure(struct tcp *tcp, enum tcp_pressure pressure)
{
	tcp->pressure = pressure;
}

uint64_t tcp_deadline_ns(const struct tcp *tcp)
{
	return deadline_earlier_ns(wheel_deadline_ns(&tcp->wheel), tcp_timewait_deadline_ns(tcp));
}

uint32_t tcp_expire(struct tcp *tcp, uint64_t now_ns, uint32_t max_fired)
{
	uint32_t fired = wheel_expire(&tcp->wheel, now_ns, max_fired);

	return fired + tcp_timewait_expire(tcp, now_ns, max_fired - fired);
}

bool tcp_has_work(const struct tcp *tcp)
{
	return tcp->output.count > 0 || tcp->ready.count > 0;
}

/* Offers an established passive connection to its listener; false when it has been reset. */
static bool offer(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
	struct tcp_cold *cold = tcp_conn_cold(tcp, conn);
	struct tcp_listener *listener = tcp_listener_of(tcp, conn);

	tcp_listener_forget(tcp, conn);
	if (listener && listener->params.accept(listener->params.context, &cold->stream, now_ns)) {
		conn->flags &= ~TCP_F_ACCEPT_PENDING;
		conn->events |= STREAM_WRITABLE;
		return true;
	}
	tcp_reset_conn(tcp, conn, STREAM_FAILURE_LOCAL_RESET, now_ns);
	return false;
}

uint32_t tcp_deliver(struct tcp *tcp, uint64_t now_ns)
{
	uint32_t served = 0;

	/* What becomes ready meanwhile waits for the next turn. */
	for (uint32_t left = tcp->ready.count; left > 0 && tcp->ready.head != TCP_NO_CONN; left--) {
		struct tcp_conn *conn = tcp_conn_at(tcp, tcp->ready.head);
		struct tcp_cold *cold = tcp_conn_cold(tcp, conn);

		tcp_list_remove(tcp, &tcp->ready, conn);
		if ((conn->flags & TCP_F_ACCEPT_PENDING) && !offer(tcp, conn, now_ns))
			continue;
		if (conn->flags & TCP_F_RELEASED) {
			conn->events = 0;
			if (conn->state == TCP_CLOSED || conn->state == TCP_TIME_WAIT)
				tcp_conn_free(tcp, conn);
			continue;
		}
		uint32_t events = conn->events;

		conn->events = 0;
		if (events && cold->stream.owner_ops) {
			if (tcp_is_traced(conn))
				tcp_trace_events(tcp, conn, events);
			cold->stream.owner_ops->ready(&cold->stream, events, now_ns);
			served++;
		}
	}
	return served;
}
