#include "dataplane/kernel_stream/kernel_streams.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/kernel_stream/kernel_conn.h"

static void timer_fired(struct wheel_timer *timer, void *context, uint64_t now_ns)
{
	struct kernel_conn *conn = container_of_member(timer, struct kernel_conn, timer);

	if (conn->state == KERNEL_OPENING)
		kernel_open_retry(conn, now_ns);
	else if (now_ns >= conn->deadline_ns)
		kernel_conn_close(conn, true, STREAM_FAILURE_TIMEOUT);
	else
		wheel_arm(&conn->all->wheel, timer, conn->deadline_ns);
}

struct kernel_streams *kernel_streams_create(const struct kernel_streams_params *params)
{
	struct kernel_streams *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->params = *params;
	all->opener.open = kernel_open;
	wheel_init(&all->wheel, params->now_ns, timer_fired, all);
	if (!pool_create(&all->conns, sizeof(struct kernel_conn), params->connections_max)) {
		free(all);
		return NULL;
	}
	/* Looking at all of them has to tell who is free. */
	for (uint32_t i = 0; i < params->connections_max; i++)
		((struct kernel_conn *)pool_at(&all->conns, i))->state = KERNEL_FREE;
	return all;
}

void kernel_streams_destroy(struct kernel_streams *all)
{
	struct kernel_conn *conn;

	for (unsigned i = 0; i < KERNEL_LISTENERS_MAX; i++)
		if (all->listeners[i].used)
			kernel_listener_close(all, &all->listeners[i], false, all->asked_ns);
	for (uint32_t i = 0; i < all->conns.capacity; i++) {
		conn = pool_at(&all->conns, i);
		if (conn->state == KERNEL_FREE)
			continue;
		slice_queue_clear(all->params.slices, &conn->stream.rx);
		kernel_conn_close(conn, false, STREAM_FAILURE_LOCAL_RESET);
		conn->flags = KERNEL_F_RELEASED;
		kernel_conn_settle(conn);
	}
	rte_pktmbuf_free_bulk(all->spares, all->spare_count);
	pool_destroy(&all->conns);
	free(all);
}

/* --- input --------------------------------------------------------------------------------- */

static void connection_event(struct kernel_conn *conn, uint32_t ready, uint64_t now_ns)
{
	struct kernel_io *io = conn->all->params.io;

	if (conn->state == KERNEL_OPENING) {
		kernel_open_step(conn, ready & KERNEL_BROKEN, now_ns);
		return;
	}
	if (conn->state != KERNEL_OPEN)
		return;
	if (ready & KERNEL_BROKEN) {
		int error = io->ops->failed(io, conn->handle);

		if (error < 0) {
			kernel_conn_close(conn, true, kernel_failure(-error));
			return;
		}
	}
	if (ready & (KERNEL_READABLE | KERNEL_ENDING | KERNEL_BROKEN))
		conn->flags |= KERNEL_F_MAY_READ;
	if (ready & KERNEL_ENDING)
		conn->flags |= KERNEL_F_ENDING;
	if (ready & (KERNEL_WRITABLE | KERNEL_BROKEN))
		conn->flags |= KERNEL_F_MAY_WRITE;
	kernel_conn_want_read(conn);
	if (conn->tx.bytes > 0)
		kernel_conn_want_write(conn);
}

/* A call into the kernel: not in every poll of a worker that is busy with its ports. */
static uint32_t take_events(struct kernel_streams *all, uint64_t now_ns)
{
	struct kernel_event events[KERNEL_EVENTS];
	struct kernel_io *io = all->params.io;

	if (pool_in_use(&all->conns) == 0 && all->listener_count == 0)
		return 0;
	if (!all->asked_well && now_ns - all->asked_ns < KERNEL_PACE_NS)
		return 0;
	uint32_t count = io->ops->wait(io, events, KERNEL_EVENTS);

	all->asked_ns = now_ns;
	all->asked_well = count > 0;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t token = events[i].token;

		if (token & KERNEL_TOKEN_LISTENER)
			kernel_listener_ready(&all->listeners[token & UINT32_MAX]);
		else
			connection_event(pool_at(&all->conns, (uint32_t)token), events[i].ready,
					 now_ns);
	}
	return count;
}

uint32_t kernel_streams_input(struct kernel_streams *all, uint64_t now_ns)
{
	uint32_t served = take_events(all, now_ns) + kernel_accept_all(all, now_ns);

	if (now_ns >= all->starved_until_ns)
		all->starved_until_ns = 0;
	for (uint32_t i = 0; i < KERNEL_READS_A_POLL && !all->starved_until_ns; i++) {
		struct kernel_conn *conn = kernel_list_pop(&all->reading,
							   offsetof(struct kernel_conn, next_reading));

		if (!conn)
			break;
		conn->flags &= ~KERNEL_F_IN_READING;
		kernel_read_turn(conn, now_ns);
		kernel_conn_settle(conn);
		served++;
	}
	return served;
}

/* --- deliver, output, expire ------------------------------------------------------------------ */

uint32_t kernel_streams_deliver(struct kernel_streams *all, uint64_t now_ns)
{
	struct kernel_conn *last = all->ready.last, *conn = NULL;
	uint32_t served = 0;

	/* What gets ready meanwhile waits for the next round. */
	while (conn != last) {
		uint32_t events;

		conn = kernel_list_pop(&all->ready, offsetof(struct kernel_conn, next_ready));
		conn->flags &= ~KERNEL_F_IN_READY;
		served++;
		if (!(conn->flags & KERNEL_F_TO_ACCEPT) || kernel_accept_deliver(conn, now_ns)) {
			events = conn->events;
			conn->events = 0;
			if (unlikely_true(all->trace != NULL))
				kernel_trace_events(conn, events);
			if (events && !(conn->flags & KERNEL_F_RELEASED))
				conn->stream.owner_ops->ready(&conn->stream, events, now_ns);
		}
		kernel_conn_settle(conn);
	}
	return served;
}

uint32_t kernel_streams_output(struct kernel_streams *all, uint64_t now_ns)
{
	uint32_t served = 0;

	while (served < KERNEL_WRITES_A_POLL) {
		struct kernel_conn *conn = kernel_list_pop(&all->writing,
							   offsetof(struct kernel_conn, next_writing));

		if (!conn)
			break;
		conn->flags &= ~KERNEL_F_IN_WRITING;
		kernel_write_turn(conn, now_ns);
		kernel_conn_settle(conn);
		served++;
	}
	return served;
}

uint32_t kernel_streams_expire(struct kernel_streams *all, uint64_t now_ns, uint32_t max_fired)
{
	return wheel_expire(&all->wheel, now_ns, max_fired);
}

uint64_t kernel_streams_deadline_ns(const struct kernel_streams *all)
{
	uint64_t deadline_ns = wheel_deadline_ns(&all->wheel);

	if (all->acceptable > 0 && all->accept_retry_ns)
		deadline_ns = deadline_earlier_ns(deadline_ns, all->accept_retry_ns);
	if (all->starved_until_ns && all->reading.first)
		deadline_ns = deadline_earlier_ns(deadline_ns, all->starved_until_ns);
	return deadline_ns;
}

bool kernel_streams_has_work(const struct kernel_streams *all)
{
	return all->ready.first || all->writing.first || (all->reading.first && !all->starved_until_ns) ||
	       (all->acceptable > 0 && !all->accept_retry_ns && all->pressure == TCP_PRESSURE_NONE);
}

/* --- what the worker says and asks ---------------------------------------------------------- */

void kernel_streams_set_pressure(struct kernel_streams *all, enum tcp_pressure pressure)
{
	bool eased = pressure < all->pressure;

	all->pressure = pressure;
	if (!eased)
		return;
	/* Budgets have grown: who was stopped by the old one goes on. */
	for (uint32_t i = 0; i < all->conns.capacity; i++) {
		struct kernel_conn *conn = pool_at(&all->conns, i);

		if (conn->state != KERNEL_OPEN)
			continue;
		kernel_conn_want_read(conn);
		if ((conn->flags & KERNEL_F_NO_ROOM) &&
		    conn->tx.charge_bytes < kernel_budget(all)) {
			conn->flags &= ~KERNEL_F_NO_ROOM;
			kernel_conn_event(conn, STREAM_WRITABLE);
		}
	}
}

struct stream_opener *kernel_opener(struct kernel_streams *all)
{
	return &all->opener;
}

void kernel_streams_visit(struct kernel_streams *all, uint32_t *cursor, uint32_t max,
			  void (*visit)(void *context, const struct stream_info *info),
			  void *context)
{
	uint32_t end = all->conns.capacity - *cursor < max ? all->conns.capacity : *cursor + max;

	for (; *cursor < end; (*cursor)++) {
		struct kernel_conn *conn = pool_at(&all->conns, *cursor);
		struct stream_info info;

		if (conn->state == KERNEL_FREE || conn->state == KERNEL_CLOSED)
			continue;
		stream_info(&conn->stream, &info);
		visit(context, &info);
	}
	if (*cursor == all->conns.capacity)
		*cursor = 0;
}

uint32_t kernel_streams_open(const struct kernel_streams *all)
{
	return pool_in_use(&all->conns);
}
