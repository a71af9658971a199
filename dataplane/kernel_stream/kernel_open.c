/* Active opens: a connection that fails at once fails as one that is refused later does. */
#include <errno.h>

#include "dataplane/kernel_stream/kernel_conn.h"

static void opened(struct kernel_conn *conn)
{
	struct kernel_io *io = conn->all->params.io;

	conn->state = KERNEL_OPEN;
	conn->flags |= KERNEL_F_MAY_READ | KERNEL_F_MAY_WRITE;
	io->ops->ends(io, conn->handle, &conn->ends);
	KERNEL_TRACE(conn, CONNECTED, .n = {0});
	if (wheel_is_armed(&conn->timer))
		wheel_disarm(&conn->all->wheel, &conn->timer);
	kernel_conn_event(conn, STREAM_OPENED);
	kernel_conn_want_read(conn);
	if (conn->tx.bytes > 0 || (conn->flags & KERNEL_F_SHUT_WANTED))
		kernel_conn_want_write(conn);
}

static void try_connect(struct kernel_conn *conn, uint64_t now_ns)
{
	struct kernel_streams *all = conn->all;
	struct kernel_io *io = all->params.io;
	bool done = false;
	int handle = io->ops->connect(io, &conn->target, pool_index(&all->conns, conn), &done);

	if (handle == -EAGAIN) {
		uint64_t retry_ns = now_ns + KERNEL_RETRY_NS;

		wheel_arm(&all->wheel, &conn->timer,
			  retry_ns < conn->deadline_ns ? retry_ns : conn->deadline_ns);
		return;
	}
	if (handle < 0) {
		kernel_conn_close(conn, false, kernel_failure(-handle));
		return;
	}
	conn->handle = handle;
	if (done)
		opened(conn);
	else
		wheel_arm(&all->wheel, &conn->timer, conn->deadline_ns);
}

struct stream *kernel_open(struct stream_opener *self, const struct stream_target *target,
			   enum stream_failure *why, uint64_t now_ns)
{
	struct kernel_streams *all = container_of_member(self, struct kernel_streams, opener);
	struct kernel_conn *conn = all->pressure == TCP_PRESSURE_NONE ? kernel_conn_new(all) : NULL;

	if (!conn) {
		counter_inc(&all->params.counters->kernel_shed);
		*why = STREAM_FAILURE_RESOURCES;
		return NULL;
	}
	conn->target = *target;
	conn->pipe = target->pipe;
	conn->ends.key = (struct flow_key){.local = target->local,
					   .remote = target->remote,
					   .remote_port = target->remote_port};
	conn->deadline_ns = target->connect_timeout_ns ? now_ns + target->connect_timeout_ns
						       : DEADLINE_NEVER_NS - 1;
	counter_inc(&all->params.counters->kernel_opens);
	try_connect(conn, now_ns);
	return &conn->stream;
}

void kernel_open_step(struct kernel_conn *conn, bool broken, uint64_t now_ns)
{
	struct kernel_io *io = conn->all->params.io;
	int error = io->ops->failed(io, conn->handle);

	if (error < 0)
		kernel_conn_close(conn, false, kernel_failure(-error));
	else if (broken)
		kernel_conn_close(conn, false, STREAM_FAILURE_REFUSED);
	else
		opened(conn);
}

void kernel_open_retry(struct kernel_conn *conn, uint64_t now_ns)
{
	if (now_ns >= conn->deadline_ns)
		kernel_conn_close(conn, true, STREAM_FAILURE_TIMEOUT);
	else if (conn->handle < 0)
		try_connect(conn, now_ns);
	else
		wheel_arm(&conn->all->wheel, &conn->timer, conn->deadline_ns);
}
