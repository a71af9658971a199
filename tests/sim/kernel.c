#include "tests/sim/kernel.h"

#include <errno.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "tests/sim/stream_io.h"

static struct kernel *kernel_of(struct kernel_io *io)
{
	return container_of_member(io, struct kernel, io);
}

static struct kernel_socket_state *take_socket(struct kernel *kernel)
{
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++) {
		struct kernel_socket_state *s = &kernel->sockets[i];

		if (s->used)
			continue;
		*s = (struct kernel_socket_state){.kernel = kernel, .accepted_by = -1, .used = true};
		return s;
	}
	return NULL;
}

static int handle_of(const struct kernel_socket_state *s)
{
	return (int)(s - s->kernel->sockets);
}

static int error_of(enum stream_failure failure)
{
	switch (failure) {
	case STREAM_FAILURE_REFUSED:
		return ECONNREFUSED;
	case STREAM_FAILURE_TIMEOUT:
		return ETIMEDOUT;
	case STREAM_FAILURE_RESOURCES:
		return ENOBUFS;
	case STREAM_FAILURE_NO_ROUTE:
		return EHOSTUNREACH;
	default:
		return ECONNRESET;
	}
}

static void ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct kernel_socket_state *s = stream->owner;

	(void)now_ns;
	if (events & STREAM_READABLE)
		s->ready |= KERNEL_READABLE;
	if (events & (STREAM_WRITABLE | STREAM_OPENED))
		s->ready |= KERNEL_WRITABLE;
	if (events & STREAM_ENDED) {
		s->ended = true;
		s->ready |= KERNEL_READABLE | KERNEL_ENDING;
	}
	if (events & STREAM_RESET) {
		struct stream_info info;

		stream_info(stream, &info);
		s->gone = true;
		s->error = error_of(info.failure);
		s->ready |= KERNEL_BROKEN | KERNEL_ENDING | KERNEL_READABLE;
	}
}

static const struct stream_owner_ops owner = {.ready = ready};

/* --- the host's side ----------------------------------------------------------------------- */

static bool arrive(void *context, struct stream *stream, uint64_t now_ns)
{
	struct kernel_socket_state *listener = context, *s = take_socket(listener->kernel);

	(void)now_ns;
	if (!s)
		return false;
	s->stream = stream;
	s->accepted_by = handle_of(listener);
	stream->owner = s;
	stream->owner_ops = &owner;
	listener->ready |= KERNEL_READABLE;
	return true;
}

static void let_go(struct kernel_socket_state *s, bool abort)
{
	struct kernel *kernel = s->kernel;

	if (abort && !s->gone)
		stream_reset(s->stream, kernel->now_ns);
	stream_release(s->stream, kernel->now_ns);
	s->used = false;
}

/* --- system calls -------------------------------------------------------------------------- */

static int do_listen(struct kernel_io *io, int socket, uint64_t token)
{
	struct kernel *kernel = kernel_of(io);
	struct kernel_socket_state *s = take_socket(kernel);
	struct tcp_listen_params params = {.any_family = true, .local_port = (uint16_t)socket,
					   .backlog = 64, .accept = arrive, .context = s};

	INVARIANT(s);
	s->listener = tcp_listen(stack_tcp(kernel->host.stack), &params);
	INVARIANT(s->listener);
	s->token = token;
	return handle_of(s);
}

static void do_refuse(struct kernel_io *io, int listener)
{
	struct kernel *kernel = kernel_of(io);
	struct kernel_socket_state *s = &kernel->sockets[listener];

	if (s->listener)
		tcp_listener_close(stack_tcp(kernel->host.stack), s->listener, kernel->now_ns);
	s->listener = NULL;
}

static void do_ends(struct kernel_io *io, int handle, struct kernel_ends *ends)
{
	struct stream_info info;

	stream_info(kernel_of(io)->sockets[handle].stream, &info);
	ends->key = info.key;
}

static int do_accept(struct kernel_io *io, int listener, uint64_t token, struct kernel_ends *ends)
{
	struct kernel *kernel = kernel_of(io);

	for (int i = 0; i < KERNEL_SOCKETS; i++) {
		struct kernel_socket_state *s = &kernel->sockets[i];

		if (!s->used || s->accepted_by != listener)
			continue;
		s->accepted_by = -1;
		s->token = token;
		do_ends(io, i, ends);
		return i;
	}
	return -EAGAIN;
}

static int do_connect(struct kernel_io *io, const struct stream_target *target, uint64_t token,
		      bool *done)
{
	struct kernel *kernel = kernel_of(io);
	struct kernel_socket_state *s = take_socket(kernel);
	struct stream_opener *opener = tcp_opener(stack_tcp(kernel->host.stack));
	enum stream_failure why = STREAM_FAILURE_RESOURCES;

	*done = false;
	if (!s)
		return -EMFILE;
	s->stream = opener->open(opener, target, &why, kernel->now_ns);
	if (!s->stream) {
		s->used = false;
		return -error_of(why);
	}
	s->stream->owner = s;
	s->stream->owner_ops = &owner;
	s->token = token;
	return handle_of(s);
}

static int do_failed(struct kernel_io *io, int handle)
{
	struct kernel_socket_state *s = &kernel_of(io)->sockets[handle];
	int error = s->error;

	s->error = 0;
	return -error;
}

/* Nothing for now, though there is something: it will be told again. */
static bool is_moody(struct kernel_socket_state *s, uint32_t ready_again)
{
	if (prng_below(&s->kernel->prng, 8) != 0)
		return false;
	s->ready |= ready_again;
	return true;
}

static int64_t do_read(struct kernel_io *io, int handle, const struct iovec *to, unsigned count)
{
	struct kernel *kernel = kernel_of(io);
	struct kernel_socket_state *s = &kernel->sockets[handle];
	uint32_t left = s->stream->rx.bytes, moved = 0;

	if (s->gone)
		return -ECONNRESET;
	if (left == 0)
		return s->ended ? 0 : -EAGAIN;
	if (is_moody(s, KERNEL_READABLE))
		return -EAGAIN;
	if (prng_below(&kernel->prng, 4) == 0)
		left = 1 + prng_below(&kernel->prng, left);
	for (unsigned i = 0; i < count && moved < left; i++) {
		uint32_t here = left - moved < to[i].iov_len ? left - moved : (uint32_t)to[i].iov_len;

		slice_queue_copy(&s->stream->rx, moved, to[i].iov_base, here);
		moved += here;
	}
	stream_skip(s->stream, &kernel->host.slices, moved, kernel->now_ns);
	if (s->stream->rx.bytes > 0)
		s->ready |= KERNEL_READABLE;
	return moved;
}

static int64_t do_write(struct kernel_io *io, int handle, const struct iovec *from, unsigned count)
{
	struct kernel *kernel = kernel_of(io);
	struct kernel_socket_state *s = &kernel->sockets[handle];
	uint32_t room = s->gone ? 0 : stream_room(s->stream), moved = 0;

	if (s->gone)
		return -EPIPE;
	if (room == 0)
		return -EAGAIN;
	if (is_moody(s, KERNEL_WRITABLE))
		return -EAGAIN;
	if (prng_below(&kernel->prng, 4) == 0)
		room = 1 + prng_below(&kernel->prng, room);
	for (unsigned i = 0; i < count && moved < room; i++) {
		uint32_t here = room - moved < from[i].iov_len ? room - moved : (uint32_t)from[i].iov_len;
		uint32_t done = stream_io_write(&kernel->host, s->stream, from[i].iov_base, here,
						kernel->now_ns);

		moved += done;
		if (done < here)
			break;
	}
	/* Without memory of its own it says so when it may have some again. */
	if (moved == 0)
		s->later |= KERNEL_WRITABLE;
	else if (stream_room(s->stream) > 0)
		s->ready |= KERNEL_WRITABLE;
	return moved > 0 ? (int64_t)moved : -EAGAIN;
}

static void do_shutdown(struct kernel_io *io, int handle)
{
	struct kernel *kernel = kernel_of(io);

	stream_shutdown(kernel->sockets[handle].stream, kernel->now_ns);
}

static void do_close(struct kernel_io *io, int handle, bool abort)
{
	struct kernel *kernel = kernel_of(io);
	struct kernel_socket_state *s = &kernel->sockets[handle];

	if (s->stream) {
		let_go(s, abort);
		return;
	}
	do_refuse(io, handle);
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++)
		if (kernel->sockets[i].used && kernel->sockets[i].accepted_by == handle)
			let_go(&kernel->sockets[i], true);
	s->used = false;
}

static uint32_t do_wait(struct kernel_io *io, struct kernel_event *out, uint32_t max)
{
	struct kernel *kernel = kernel_of(io);
	uint32_t count = 0;

	for (unsigned i = 0; i < KERNEL_SOCKETS && count < max; i++) {
		struct kernel_socket_state *s = &kernel->sockets[i];

		if (!s->used || s->ready == 0 || s->accepted_by >= 0)
			continue;
		out[count++] = (struct kernel_event){s->token, s->ready};
		s->ready = 0;
	}
	return count;
}

static const struct kernel_io_ops ops = {
	.listen = do_listen, .refuse = do_refuse, .accept = do_accept, .connect = do_connect, .failed = do_failed,
	.ends = do_ends, .read = do_read, .write = do_write, .shutdown = do_shutdown,
	.close = do_close, .wait = do_wait,
};

void kernel_boot(struct kernel *kernel, struct wire *wire, const struct host_memory *memory,
		 unsigned number, uint32_t budget_bytes, uint64_t seed, uint64_t now_ns)
{
	memset(kernel, 0, sizeof(*kernel));
	kernel->io = (struct kernel_io){.ops = &ops, .wait_fd = -1};
	kernel->now_ns = now_ns;
	prng_seed(&kernel->prng, seed);
	host_open(&kernel->host, wire, memory, number, budget_bytes, prng_next(&kernel->prng), now_ns);
}

void kernel_halt(struct kernel *kernel)
{
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++)
		INVARIANT(!kernel->sockets[i].used);
	host_close(&kernel->host);
}

void kernel_tick(struct kernel *kernel, uint64_t now_ns)
{
	kernel->now_ns = now_ns;
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++) {
		kernel->sockets[i].ready |= kernel->sockets[i].later;
		kernel->sockets[i].later = 0;
	}
}

bool kernel_has_events(const struct kernel *kernel)
{
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++)
		if (kernel->sockets[i].used &&
		    (kernel->sockets[i].ready | kernel->sockets[i].later) && kernel->sockets[i].accepted_by < 0)
			return true;
	return false;
}
