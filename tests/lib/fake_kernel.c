#include "tests/lib/fake_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fake_socket fake_sockets[FAKE_SOCKETS];
int fake_connect_answer;
bool fake_connect_done, fake_refused;
uint32_t fake_connects, fake_waits;
static int accepts[16];
static uint32_t accept_count, accept_at;
static struct kernel_event events[16];
static uint32_t event_count;
static uint64_t listener_token;

static int do_listen(struct kernel_io *io, int socket, uint64_t token)
{
	listener_token = token;
	return FAKE_LISTENER;
}

static void do_refuse(struct kernel_io *io, int listener)
{
	fake_refused = true;
}

static int do_accept(struct kernel_io *io, int listener, uint64_t token, struct kernel_ends *ends)
{
	int answer = accept_at < accept_count ? accepts[accept_at++] : -EAGAIN;

	if (answer >= 0) {
		fake_sockets[answer].token = token;
		ends->key.remote_port = 777;
		ends->has_credentials = true;
		ends->pid = 12;
	}
	return answer;
}

static int do_connect(struct kernel_io *io, const struct stream_target *target, uint64_t token,
		      bool *done)
{
	fake_connects++;
	*done = fake_connect_done;
	if (fake_connect_answer >= 0)
		fake_sockets[fake_connect_answer].token = token;
	return fake_connect_answer;
}

static int do_failed(struct kernel_io *io, int handle)
{
	return fake_sockets[handle].failed;
}

static void do_ends(struct kernel_io *io, int handle, struct kernel_ends *ends)
{
	ends->key.local_port = 4242;
}

static int64_t do_read(struct kernel_io *io, int handle, const struct iovec *to, unsigned count)
{
	struct fake_socket *s = &fake_sockets[handle];
	uint32_t left = s->in_bytes - s->in_at, moved = 0;

	if (left == 0)
		return s->read_error ? s->read_error : s->ended ? 0 : -EAGAIN;
	if (s->read_max && left > s->read_max)
		left = s->read_max;
	for (unsigned i = 0; i < count && moved < left; i++) {
		uint32_t here = left - moved < to[i].iov_len ? left - moved : (uint32_t)to[i].iov_len;

		memcpy(to[i].iov_base, s->in + s->in_at + moved, here);
		moved += here;
	}
	s->in_at += moved;
	return moved;
}

static int64_t do_write(struct kernel_io *io, int handle, const struct iovec *from, unsigned count)
{
	struct fake_socket *s = &fake_sockets[handle];
	uint32_t moved = 0;

	if (s->write_error)
		return s->write_error;
	for (unsigned i = 0; i < count && s->room > 0; i++) {
		uint32_t here = s->room < from[i].iov_len ? s->room : (uint32_t)from[i].iov_len;

		memcpy(s->out + s->out_bytes, from[i].iov_base, here);
		s->out_bytes += here;
		s->room -= here;
		moved += here;
	}
	return moved > 0 ? (int64_t)moved : -EAGAIN;
}

static void do_shutdown(struct kernel_io *io, int handle)
{
	fake_sockets[handle].shut = true;
}

static void do_close(struct kernel_io *io, int handle, bool abort)
{
	if (handle == FAKE_LISTENER)
		return;
	fake_sockets[handle].closed = true;
	fake_sockets[handle].aborted = abort;
}

static uint32_t do_wait(struct kernel_io *io, struct kernel_event *out, uint32_t max)
{
	uint32_t count = event_count;

	fake_waits++;
	memcpy(out, events, count * sizeof(*out));
	event_count = 0;
	return count;
}

static const struct kernel_io_ops ops = {
	.listen = do_listen, .refuse = do_refuse, .accept = do_accept, .connect = do_connect, .failed = do_failed,
	.ends = do_ends, .read = do_read, .write = do_write, .shutdown = do_shutdown,
	.close = do_close, .wait = do_wait,
};
struct kernel_io fake_kernel = {.ops = &ops, .wait_fd = -1};

void fake_kernel_reset(void)
{
	memset(fake_sockets, 0, sizeof(fake_sockets));
	for (unsigned i = 0; i < FAKE_SOCKETS; i++)
		fake_sockets[i].room = FAKE_BYTES;
	accept_count = accept_at = event_count = 0;
	fake_connect_answer = 0;
	fake_connect_done = fake_refused = false;
	fake_connects = fake_waits = 0;
}

void fake_kernel_accepts(int answer)
{
	accepts[accept_count++] = answer;
}

void fake_kernel_event(int handle, uint32_t ready)
{
	events[event_count++] = (struct kernel_event){fake_sockets[handle].token, ready};
}

void fake_kernel_knocks(int answer)
{
	fake_kernel_accepts(answer);
	events[event_count++] = (struct kernel_event){listener_token, KERNEL_READABLE};
}

void fake_kernel_arrives(int handle, uint32_t bytes)
{
	struct fake_socket *s = &fake_sockets[handle];

	for (uint32_t i = 0; i < bytes; i++)
		s->in[s->in_bytes + i] = (uint8_t)((s->in_bytes + i) * 7);
	s->in_bytes += bytes;
	fake_kernel_event(handle, KERNEL_READABLE);
}
