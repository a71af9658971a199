/* Passive opens. */
#include <errno.h>

#include "dataplane/kernel_stream/kernel_conn.h"

#define NO_TOKEN UINT64_MAX

static uint64_t listener_token(const struct kernel_listener *listener)
{
	return KERNEL_TOKEN_LISTENER | (uint64_t)(listener - listener->all->listeners);
}

struct kernel_listener *kernel_listen(struct kernel_streams *all,
				      const struct kernel_listen_params *params)
{
	struct kernel_io *io = all->params.io;

	for (unsigned i = 0; i < KERNEL_LISTENERS_MAX; i++) {
		struct kernel_listener *listener = &all->listeners[i];

		if (listener->used)
			continue;
		listener->params = *params;
		listener->all = all;
		listener->generation++;
		listener->handle = io->ops->listen(io, params->socket, listener_token(listener));
		if (listener->handle < 0)
			return NULL;
		listener->used = true;
		all->listener_count++;
		/* What waited before will not be told. */
		kernel_listener_ready(listener);
		return listener;
	}
	return NULL;
}

void kernel_listener_ready(struct kernel_listener *listener)
{
	if (listener->may_accept || !listener->used)
		return;
	listener->may_accept = true;
	listener->all->acceptable++;
}

static void rest(struct kernel_listener *listener)
{
	if (!listener->may_accept)
		return;
	listener->may_accept = false;
	listener->all->acceptable--;
}

static bool is_shortage(int error)
{
	return error == -ENOBUFS || error == -ENOMEM;
}

/* None waits, or the socket is no longer one to wait at. */
static bool is_over(int error)
{
	return error == -EAGAIN || error == -EINVAL || error == -EBADF || error == -ENOTSOCK;
}

/* False when no more can be accepted here now. */
static bool accept_one(struct kernel_listener *listener, uint64_t now_ns)
{
	struct kernel_streams *all = listener->all;
	struct kernel_io *io = all->params.io;
	struct kernel_conn *conn = kernel_conn_new(all);
	struct kernel_ends ends = {0};
	int handle = io->ops->accept(io, listener->handle,
				     conn ? pool_index(&all->conns, conn) : NO_TOKEN, &ends);

	if (handle < 0 && conn) {
		conn->flags |= KERNEL_F_RELEASED;
		conn->state = KERNEL_CLOSED;
		kernel_conn_settle(conn);
	}
	if (is_over(handle)) {
		rest(listener);
		return false;
	}
	if (handle == -EMFILE || handle == -ENFILE || (handle >= 0 && !conn))
		counter_inc(&all->params.counters->kernel_shed);
	if (handle >= 0 && !conn)
		io->ops->close(io, handle, true);
	if (is_shortage(handle)) {
		all->accept_retry_ns = now_ns + KERNEL_ACCEPT_RETRY_NS;
		return false;
	}
	if (handle < 0 || !conn)
		return true; /* that one is gone; the next may do better */
	conn->handle = handle;
	conn->state = KERNEL_OPEN;
	conn->ends = ends;
	conn->pipe = listener->params.pipe;
	conn->listener = (uint16_t)(listener - all->listeners);
	conn->listener_generation = listener->generation;
	conn->flags |= KERNEL_F_PASSIVE | KERNEL_F_TO_ACCEPT | KERNEL_F_MAY_READ | KERNEL_F_MAY_WRITE;
	counter_inc(&all->params.counters->kernel_accepts);
	if (unlikely_true(all->trace != NULL))
		kernel_trace_look(conn, true);
	kernel_conn_event(conn, 0);
	kernel_conn_want_read(conn);
	return true;
}

uint32_t kernel_accept_all(struct kernel_streams *all, uint64_t now_ns)
{
	uint32_t accepted = 0;

	/* While buffers are short, who comes waits in the kernel's backlog. */
	if (all->acceptable == 0 || all->pressure != TCP_PRESSURE_NONE || now_ns < all->accept_retry_ns)
		return 0;
	all->accept_retry_ns = 0;
	for (unsigned i = 0; i < KERNEL_LISTENERS_MAX && all->acceptable > 0; i++) {
		struct kernel_listener *listener =
			&all->listeners[(all->accept_turn + i) % KERNEL_LISTENERS_MAX];

		for (unsigned k = 0; k < KERNEL_ACCEPTS_A_TURN && listener->may_accept; k++) {
			if (!accept_one(listener, now_ns))
				break;
			if (++accepted < KERNEL_ACCEPTS_A_POLL)
				continue;
			all->accept_turn = (uint16_t)(all->accept_turn + i + 1);
			return accepted;
		}
	}
	return accepted;
}

bool kernel_accept_deliver(struct kernel_conn *conn, uint64_t now_ns)
{
	const struct kernel_listener *listener = &conn->all->listeners[conn->listener];

	conn->flags &= ~KERNEL_F_TO_ACCEPT;
	if (listener->generation == conn->listener_generation &&
	    listener->params.accept(listener->params.context, &conn->stream, now_ns))
		return true;
	conn->flags |= KERNEL_F_RELEASED;
	slice_queue_clear(conn->all->params.slices, &conn->stream.rx);
	kernel_conn_close(conn, true, STREAM_FAILURE_LOCAL_RESET);
	return false;
}

void kernel_listener_close(struct kernel_streams *all, struct kernel_listener *listener,
			   bool for_good, uint64_t now_ns)
{
	struct kernel_io *io = all->params.io;

	/* The kernel has told these that they are connected. */
	if (all->pressure == TCP_PRESSURE_NONE)
		for (unsigned k = 0; k < KERNEL_ACCEPTS_A_POLL; k++)
			if (!accept_one(listener, now_ns))
				break;
	rest(listener);
	if (for_good)
		io->ops->refuse(io, listener->handle);
	io->ops->close(io, listener->handle, false);
	listener->handle = -1;
	listener->used = false;
	all->listener_count--;
}
