#include "dataplane/kernel_stream/kernel_conn.h"

#include <errno.h>

#include "stack/base/invariant.h"

#define RESERVE_BUFFERS 2
#define LOW_BYTES (64 * 1024)

enum stream_failure kernel_failure(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ENOENT: /* of a Unix socket */
	case EACCES:
	case EPERM:
	case ENOTSOCK:
	case EPROTOTYPE:
		return STREAM_FAILURE_REFUSED;
	case ETIMEDOUT:
		return STREAM_FAILURE_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		return STREAM_FAILURE_NO_ROUTE;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EADDRNOTAVAIL:
	case EADDRINUSE:
		return STREAM_FAILURE_RESOURCES;
	default:
		return STREAM_FAILURE_PEER_RESET;
	}
}

uint32_t kernel_budget(const struct kernel_streams *all)
{
	uint32_t buffer = all->params.rx_pool->elt_size;

	if (all->pressure == TCP_PRESSURE_RESERVE)
		return RESERVE_BUFFERS * buffer;
	if (all->pressure == TCP_PRESSURE_LOW && all->params.budget_bytes > LOW_BYTES)
		return LOW_BYTES;
	return all->params.budget_bytes;
}

struct kernel_conn *kernel_conn_new(struct kernel_streams *all)
{
	struct kernel_conn *conn = pool_take(&all->conns);

	if (!conn)
		return NULL;
	conn->stream.ops = &kernel_stream_ops;
	conn->all = all;
	conn->handle = -1;
	conn->state = KERNEL_OPENING;
	conn->deadline_ns = DEADLINE_NEVER_NS;
	gauge_add(&all->params.counters->kernel_connections, 1);
	return conn;
}

void kernel_conn_settle(struct kernel_conn *conn)
{
	struct kernel_streams *all = conn->all;

	if (conn->state != KERNEL_CLOSED || !(conn->flags & KERNEL_F_RELEASED) ||
	    (conn->flags & (KERNEL_F_IN_READING | KERNEL_F_IN_WRITING | KERNEL_F_IN_READY)))
		return;
	INVARIANT(conn->tx.bytes == 0 && conn->stream.rx.bytes == 0);
	conn->state = KERNEL_FREE;
	pool_give(&all->conns, conn);
	gauge_add(&all->params.counters->kernel_connections, -1);
}

/* --- lists --------------------------------------------------------------------------------- */

static void push(struct kernel_list *list, struct kernel_conn *conn, struct kernel_conn **next)
{
	/* `next` of the last one is where the new one goes: the same member of another block. */
	size_t offset = (size_t)((uint8_t *)next - (uint8_t *)conn);

	*next = NULL;
	if (list->last)
		*(struct kernel_conn **)((uint8_t *)list->last + offset) = conn;
	else
		list->first = conn;
	list->last = conn;
}

struct kernel_conn *kernel_list_pop(struct kernel_list *list, size_t next_offset)
{
	struct kernel_conn *conn = list->first;

	if (!conn)
		return NULL;
	list->first = *(struct kernel_conn **)((uint8_t *)conn + next_offset);
	if (!list->first)
		list->last = NULL;
	return conn;
}

void kernel_conn_event(struct kernel_conn *conn, uint32_t events)
{
	conn->events |= events;
	if (conn->flags & KERNEL_F_IN_READY)
		return;
	conn->flags |= KERNEL_F_IN_READY;
	push(&conn->all->ready, conn, &conn->next_ready);
}

void kernel_conn_want_read(struct kernel_conn *conn)
{
	if (conn->state != KERNEL_OPEN || !(conn->flags & KERNEL_F_MAY_READ) ||
	    (conn->flags & (KERNEL_F_IN_READING | KERNEL_F_ENDED | KERNEL_F_RELEASED)) ||
	    conn->stream.rx.charge_bytes >= kernel_budget(conn->all))
		return;
	conn->flags |= KERNEL_F_IN_READING;
	push(&conn->all->reading, conn, &conn->next_reading);
}

void kernel_conn_want_write(struct kernel_conn *conn)
{
	if (conn->state != KERNEL_OPEN || !(conn->flags & KERNEL_F_MAY_WRITE) ||
	    (conn->flags & KERNEL_F_IN_WRITING))
		return;
	conn->flags |= KERNEL_F_IN_WRITING;
	push(&conn->all->writing, conn, &conn->next_writing);
}

/* --- ends ---------------------------------------------------------------------------------- */

void kernel_conn_close(struct kernel_conn *conn, bool abort, enum stream_failure failure)
{
	struct kernel_streams *all = conn->all;

	if (conn->state == KERNEL_CLOSED)
		return;
	if (conn->handle >= 0)
		all->params.io->ops->close(all->params.io, conn->handle, abort);
	conn->handle = -1;
	conn->state = KERNEL_CLOSED;
	slice_queue_clear(all->params.slices, &conn->tx);
	if (wheel_is_armed(&conn->timer))
		wheel_disarm(&all->wheel, &conn->timer);
	conn->failure = (uint8_t)failure;
	if (unlikely_true(conn->stream.trace != 0))
		kernel_trace_end(conn);
	conn->rx_packed = NULL;
	if (failure != STREAM_FAILURE_NONE)
		slice_queue_clear(all->params.slices, &conn->stream.rx);
	kernel_conn_event(conn, failure != STREAM_FAILURE_NONE ? STREAM_RESET : 0);
}

void kernel_conn_end_if_deaf(struct kernel_conn *conn)
{
	if (conn->state == KERNEL_OPEN && (conn->flags & KERNEL_F_MUTE) &&
	    (conn->flags & (KERNEL_F_ENDED | KERNEL_F_RELEASED)) && conn->stream.rx.bytes == 0)
		kernel_conn_close(conn, false, STREAM_FAILURE_PEER_RESET);
}
