/* The stream face of a connection (stack/base/stream.h). */
#include "dataplane/kernel_stream/kernel_conn.h"

static struct kernel_conn *conn_of(const struct stream *stream)
{
	return container_of_member((struct stream *)(uintptr_t)stream, struct kernel_conn, stream);
}

static bool may_write(const struct kernel_conn *conn)
{
	return (conn->state == KERNEL_OPENING || conn->state == KERNEL_OPEN) &&
	       !(conn->flags & (KERNEL_F_SHUT_WANTED | KERNEL_F_MUTE));
}

static void taken(struct stream *stream, uint32_t bytes, uint32_t charge_bytes, uint64_t now_ns)
{
	struct kernel_conn *conn = conn_of(stream);

	kernel_conn_want_read(conn);
	kernel_conn_end_if_deaf(conn);
}

static uint32_t room(const struct stream *stream)
{
	struct kernel_conn *conn = conn_of(stream);
	uint32_t budget = kernel_budget(conn->all);

	if (!may_write(conn))
		return 0;
	if (conn->tx.charge_bytes < budget)
		return budget - conn->tx.charge_bytes;
	conn->flags |= KERNEL_F_NO_ROOM;
	return 0;
}

static void write_bytes(struct stream *stream, struct slice_queue *bytes, uint64_t now_ns)
{
	struct kernel_conn *conn = conn_of(stream);

	if (!may_write(conn)) {
		slice_queue_clear(conn->all->params.slices, bytes);
		kernel_conn_end_if_deaf(conn);
		return;
	}
	slice_queue_append(&conn->tx, bytes);
	if (conn->tx.charge_bytes >= kernel_budget(conn->all))
		conn->flags |= KERNEL_F_NO_ROOM;
	kernel_conn_want_write(conn);
}

static void shut_down(struct stream *stream, uint64_t now_ns)
{
	struct kernel_conn *conn = conn_of(stream);

	conn->flags |= KERNEL_F_SHUT_WANTED;
	/* With nothing to write it needs no leave of the kernel's. */
	if (conn->tx.bytes == 0 && conn->state == KERNEL_OPEN)
		kernel_write_turn(conn, now_ns);
}

static void reset(struct stream *stream, uint64_t now_ns)
{
	struct kernel_conn *conn = conn_of(stream);

	kernel_conn_close(conn, true, STREAM_FAILURE_LOCAL_RESET);
	slice_queue_clear(conn->all->params.slices, &stream->rx);
}

static void release(struct stream *stream, uint64_t now_ns)
{
	struct kernel_conn *conn = conn_of(stream);
	bool unread = stream->rx.bytes > 0 && !(conn->flags & KERNEL_F_ENDED);

	conn->flags |= KERNEL_F_RELEASED;
	slice_queue_clear(conn->all->params.slices, &stream->rx);
	conn->rx_packed = NULL;
	if (conn->state == KERNEL_CLOSED) {
		kernel_conn_event(conn, 0);
	} else if (unread || conn->state == KERNEL_OPENING) {
		/* RFC 2525 2.17: data that nobody will read means a reset, not a FIN, to a peer that
		 * goes on sending. */
		kernel_conn_close(conn, true, STREAM_FAILURE_LOCAL_RESET);
	} else if (conn->tx.bytes == 0) {
		kernel_conn_close(conn, false, STREAM_FAILURE_NONE);
	} else {
		conn->deadline_ns = now_ns + KERNEL_ORPHAN_NS;
		wheel_arm(&conn->all->wheel, &conn->timer, conn->deadline_ns);
		kernel_conn_want_write(conn);
	}
}

static const char *state_name(const struct kernel_conn *conn)
{
	switch ((enum kernel_state)conn->state) {
	case KERNEL_OPENING:
		return "OPENING";
	case KERNEL_OPEN:
		return conn->flags & KERNEL_F_RELEASED ? "CLOSING" : "OPEN";
	case KERNEL_FREE:
	case KERNEL_CLOSED:
		break;
	}
	return "CLOSED";
}

static enum stream_blocked blocked(const struct kernel_conn *conn)
{
	if (conn->state == KERNEL_OPENING)
		return STREAM_BLOCKED_OPENING;
	if (conn->tx.bytes > 0)
		return conn->flags & KERNEL_F_MAY_WRITE ? STREAM_BLOCKED_NOT
							: STREAM_BLOCKED_PEER_WINDOW;
	return conn->stream.rx.bytes > 0 ? STREAM_BLOCKED_OWNER_NOT_READING
					 : STREAM_BLOCKED_NOTHING_TO_SEND;
}

static void info(const struct stream *stream, struct stream_info *out)
{
	const struct kernel_conn *conn = conn_of(stream);

	*out = (struct stream_info){
		.key = conn->ends.key,
		.pipe = conn->pipe,
		.pipe_is_local = conn->pipe && (conn->flags & KERNEL_F_PASSIVE),
		.has_credentials = conn->ends.has_credentials,
		.peer_pid = conn->ends.pid,
		.peer_uid = conn->ends.uid,
		.peer_gid = conn->ends.gid,
		.transport = conn->pipe ? "unix" : "kernel",
		.state = state_name(conn),
		.failure = conn->failure,
		.blocked = blocked(conn),
		.rx_bytes = conn->rx_bytes,
		.tx_bytes = conn->tx_bytes,
		.queued_bytes = conn->tx.bytes,
	};
}

const struct stream_ops kernel_stream_ops = {
	.taken = taken,
	.room = room,
	.write = write_bytes,
	.shutdown = shut_down,
	.reset = reset,
	.release = release,
	.info = info,
};
