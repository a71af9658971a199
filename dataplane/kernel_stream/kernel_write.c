/* From tx into the kernel: the slices themselves are written, as many at once as one call takes. */
#include <errno.h>

#include "dataplane/kernel_stream/kernel_conn.h"
#include "stack/base/planted.h"

static unsigned gather(const struct kernel_conn *conn, struct iovec *pieces, uint64_t *bytes)
{
	unsigned count = 0;

	*bytes = 0;
	for (const struct slice_node *at = conn->tx.head; at && count < KERNEL_WRITE_PIECES;
	     at = at->next) {
		pieces[count++] = (struct iovec){slice_data(&at->slice), at->slice.length_bytes};
		*bytes += at->slice.length_bytes;
	}
	return count;
}

/* The peer has closed a Unix socket, or has been closed after its own end: nothing can be written
 * any more, but what it had sent before may still be read, an early answer for example. */
static void become_mute(struct kernel_conn *conn)
{
	conn->flags |= KERNEL_F_MUTE | KERNEL_F_MAY_READ | KERNEL_F_ENDING;
	slice_queue_clear(conn->all->params.slices, &conn->tx);
	kernel_conn_want_read(conn);
	kernel_conn_end_if_deaf(conn);
}

/* False: it cannot go on now. */
static bool write_once(struct kernel_conn *conn, uint64_t *written)
{
	struct kernel_streams *all = conn->all;
	struct iovec pieces[KERNEL_WRITE_PIECES];
	uint64_t bytes;
	unsigned count = gather(conn, pieces, &bytes);
	int64_t n = all->params.io->ops->write(all->params.io, conn->handle, pieces, count);

	if (n < 0) {
		if (n == -EAGAIN)
			conn->flags &= ~KERNEL_F_MAY_WRITE;
		else if (n == -EPIPE)
			become_mute(conn);
		else
			kernel_conn_close(conn, true, kernel_failure((int)-n));
		return false;
	}
	slice_queue_skip(all->params.slices, &conn->tx, (uint32_t)n);
	conn->tx_bytes += (uint64_t)n;
	*written += (uint64_t)n;
	counter_add(&all->params.counters->kernel_tx_bytes, (uint64_t)n);
	KERNEL_TRACE(conn, WRITTEN, .n = {(uint64_t)n, conn->tx.bytes});
	if ((uint64_t)n < bytes && !PLANTED(KERNEL_SHORT_WRITE_LOST))
		conn->flags &= ~KERNEL_F_MAY_WRITE;
	if ((uint64_t)n < bytes && PLANTED(KERNEL_SHORT_WRITE_LOST))
		slice_queue_skip(all->params.slices, &conn->tx, (uint32_t)(bytes - (uint64_t)n));
	return true;
}

static void all_written(struct kernel_conn *conn)
{
	struct kernel_io *io = conn->all->params.io;

	if ((conn->flags & KERNEL_F_SHUT_WANTED) && !(conn->flags & (KERNEL_F_SHUT | KERNEL_F_MUTE)) &&
	    !PLANTED(KERNEL_SHUTDOWN_LOST)) {
		conn->flags |= KERNEL_F_SHUT;
		io->ops->shutdown(io, conn->handle);
	}
	if (conn->flags & KERNEL_F_RELEASED)
		kernel_conn_close(conn, false, STREAM_FAILURE_NONE);
}

void kernel_write_turn(struct kernel_conn *conn, uint64_t now_ns)
{
	uint64_t written = 0;

	if (conn->state != KERNEL_OPEN)
		return;
	while (conn->tx.bytes > 0 && (conn->flags & KERNEL_F_MAY_WRITE) &&
	       written < KERNEL_WRITE_BYTES_A_TURN && write_once(conn, &written))
		;
	if (conn->state != KERNEL_OPEN)
		return;
	if ((conn->flags & KERNEL_F_NO_ROOM) && !PLANTED(KERNEL_WRITABLE_LOST) &&
	    conn->tx.charge_bytes < kernel_budget(conn->all)) {
		conn->flags &= ~KERNEL_F_NO_ROOM;
		kernel_conn_event(conn, STREAM_WRITABLE);
	}
	if (conn->tx.bytes > 0) {
		kernel_conn_want_write(conn);
		return;
	}
	if (written > 0)
		kernel_conn_event(conn, STREAM_DRAINED);
	all_written(conn);
}
