/* From the kernel into mbufs of the worker's receive pool.
 *
 *     one readv:  [ room left behind the last byte ][ fresh mbuf ][ fresh mbuf ] …
 *
 * Buffers that were not reached are kept for the next read. */
#include <errno.h>

#include "dataplane/kernel_stream/kernel_conn.h"
#include "stack/base/planted.h"

/* How many fresh buffers this read may fill: bounded by what rx may pin, and by the nodes that
 * slices need, for bytes that were read cannot be put back. */
static uint32_t fresh_count(struct kernel_conn *conn)
{
	struct kernel_streams *all = conn->all;
	uint32_t budget = kernel_budget(all), charge = conn->stream.rx.charge_bytes;
	uint32_t count = (budget - charge) / all->params.rx_pool->elt_size + 1;

	if (count > KERNEL_READ_BUFFERS)
		count = KERNEL_READ_BUFFERS;
	if (count > all->params.slices->available)
		count = all->params.slices->available;
	while (all->spare_count < count) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(all->params.rx_pool);

		if (!mbuf)
			break;
		all->spares[all->spare_count++] = mbuf;
	}
	return count < all->spare_count ? count : all->spare_count;
}

/* Room behind the last byte of rx, where that buffer is ours alone. */
static uint32_t tail_room(const struct kernel_conn *conn)
{
	const struct slice_queue *rx = &conn->stream.rx;

	if (!conn->rx_packed || !rx->tail || rx->tail->slice.mbuf != conn->rx_packed ||
	    rte_mbuf_refcnt_read(conn->rx_packed) != 1)
		return 0;
	uint32_t room = rte_pktmbuf_tailroom(conn->rx_packed);

	return room > KERNEL_COPY_BYTES_MAX ? room : 0;
}

static void grow_tail(struct kernel_conn *conn, uint32_t bytes)
{
	struct slice_queue *rx = &conn->stream.rx;

	rte_pktmbuf_append(conn->rx_packed, (uint16_t)bytes);
	rx->tail->slice.length_bytes += bytes;
	rx->bytes += bytes;
}

/* Takes the buffers that were reached out of the spares; the last of them may grow. */
static void take_fresh(struct kernel_conn *conn, uint32_t bytes)
{
	struct kernel_streams *all = conn->all;
	uint32_t used = 0;

	while (bytes > 0) {
		struct rte_mbuf *mbuf = all->spares[used++];
		uint32_t here = rte_pktmbuf_tailroom(mbuf);

		if (here > bytes)
			here = bytes;
		struct slice slice = {mbuf, mbuf->data_off, here};

		rte_pktmbuf_append(mbuf, (uint16_t)here);
		/* fresh_count has seen to it that there is a node. */
		bool pushed = slice_queue_push(all->params.slices, &conn->stream.rx, slice);

		INVARIANT(pushed);
		conn->rx_packed = mbuf;
		bytes -= here;
	}
	all->spare_count -= used;
	for (uint32_t i = 0; i < all->spare_count; i++)
		all->spares[i] = all->spares[i + used];
}

static void read_nothing(struct kernel_conn *conn, int64_t n)
{
	conn->flags &= ~KERNEL_F_MAY_READ;
	if (n == 0) {
		conn->flags |= KERNEL_F_ENDED;
		if (!PLANTED(KERNEL_END_LOST))
			kernel_conn_event(conn, STREAM_ENDED);
		kernel_conn_end_if_deaf(conn);
	} else if (n != -EAGAIN) {
		kernel_conn_close(conn, true, kernel_failure((int)-n));
	}
}

/* Returns how many bytes came; 0: it cannot go on now. */
static uint32_t read_once(struct kernel_conn *conn, uint64_t now_ns)
{
	struct kernel_streams *all = conn->all;
	struct iovec pieces[KERNEL_READ_BUFFERS + 1];
	uint32_t fresh = fresh_count(conn), tail = tail_room(conn), asked = tail;
	unsigned count = 0;

	if (tail)
		pieces[count++] = (struct iovec){
			rte_pktmbuf_mtod_offset(conn->rx_packed, void *, conn->rx_packed->data_len), tail};
	for (uint32_t i = 0; i < fresh; i++) {
		struct rte_mbuf *mbuf = all->spares[i];

		pieces[count++] = (struct iovec){rte_pktmbuf_mtod(mbuf, void *),
						 rte_pktmbuf_tailroom(mbuf)};
		asked += rte_pktmbuf_tailroom(mbuf);
	}
	if (count == 0) {
		all->starved_until_ns = now_ns + KERNEL_STARVED_NS;
		counter_inc(&all->params.counters->kernel_starved);
		return 0;
	}
	int64_t n = all->params.io->ops->read(all->params.io, conn->handle, pieces, count);

	if (n <= 0) {
		read_nothing(conn, n);
		return 0;
	}
	uint32_t bytes = (uint32_t)n, grown = bytes < tail ? bytes : tail;

	if (grown)
		grow_tail(conn, grown);
	take_fresh(conn, bytes - grown);
	conn->rx_bytes += bytes;
	counter_add(&all->params.counters->kernel_rx_bytes, bytes);
	KERNEL_TRACE(conn, READ, .n = {bytes});
	if (bytes < asked && !(conn->flags & KERNEL_F_ENDING))
		conn->flags &= ~KERNEL_F_MAY_READ;
	return bytes;
}

void kernel_read_turn(struct kernel_conn *conn, uint64_t now_ns)
{
	uint32_t bytes = 0, n;

	if (conn->state != KERNEL_OPEN || (conn->flags & KERNEL_F_RELEASED))
		return;
	while ((conn->flags & KERNEL_F_MAY_READ) && bytes < KERNEL_READ_BYTES_A_TURN &&
	       conn->stream.rx.charge_bytes < kernel_budget(conn->all)) {
		n = read_once(conn, now_ns);
		if (n == 0)
			break;
		bytes += n;
	}
	if (bytes > 0)
		kernel_conn_event(conn, STREAM_READABLE);
	kernel_conn_want_read(conn);
}
