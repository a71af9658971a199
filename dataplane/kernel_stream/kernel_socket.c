#include "dataplane/kernel_stream/kernel_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS_MAX 256

_Static_assert(sizeof(((struct kernel_name *)0)->raw) >= sizeof(struct sockaddr_un), "fits all");

static struct kernel_socket *socket_of(struct kernel_io *io)
{
	return container_of_member(io, struct kernel_socket, io);
}

/* --- names --------------------------------------------------------------------------------- */

bool kernel_name_make(struct kernel_name *name, const struct ip_addr *addr, uint16_t port,
		      const char *pipe)
{
	memset(name, 0, sizeof(*name));
	if (pipe) {
		struct sockaddr_un *at = (struct sockaddr_un *)name->raw;
		size_t length = strlen(pipe);

		if (length >= sizeof(at->sun_path))
			return false;
		at->sun_family = AF_UNIX;
		memcpy(at->sun_path, pipe, length);
		if (pipe[0] == '@')
			at->sun_path[0] = '\0';
		name->bytes = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + length +
					 (pipe[0] != '@'));
	} else if (ip_addr_is_v4(addr)) {
		struct sockaddr_in *at = (struct sockaddr_in *)name->raw;

		at->sin_family = AF_INET;
		at->sin_port = htons(port);
		at->sin_addr.s_addr = htonl(ip_addr_v4(addr));
		name->bytes = sizeof(*at);
	} else {
		struct sockaddr_in6 *at = (struct sockaddr_in6 *)name->raw;

		at->sin6_family = AF_INET6;
		at->sin6_port = htons(port);
		memcpy(&at->sin6_addr, addr->bytes, sizeof(addr->bytes));
		name->bytes = sizeof(*at);
	}
	return true;
}

static const struct sockaddr *name_of(const struct kernel_name *name)
{
	return (const struct sockaddr *)name->raw;
}

static void read_name(const struct sockaddr_storage *name, struct ip_addr *addr, uint16_t *port)
{
	if (name->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)name;

		*addr = ip_addr_from_v4(ntohl(in->sin_addr.s_addr));
		*port = ntohs(in->sin_port);
	} else if (name->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)name;

		*addr = ip_addr_from_v6(in6->sin6_addr.s6_addr);
		*port = ntohs(in6->sin6_port);
	}
}

static void read_credentials(int fd, struct kernel_ends *ends)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
		return;
	ends->has_credentials = true;
	ends->pid = (uint32_t)peer.pid;
	ends->uid = peer.uid;
	ends->gid = peer.gid;
}

static void read_local(int fd, struct kernel_ends *ends)
{
	struct sockaddr_storage local;
	socklen_t length = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &length) == 0)
		read_name(&local, &ends->key.local, &ends->key.local_port);
}

static int spare_descriptor(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

/* --- handles ------------------------------------------------------------------------------- */

static int watch(struct kernel_io *io, int fd, uint64_t token, uint32_t events)
{
	struct epoll_event event = {.events = events | EPOLLET, .data.u64 = token};

	return epoll_ctl(io->wait_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* Gives fd up where it cannot be watched. */
static int watched(struct kernel_io *io, int fd, uint64_t token)
{
	int error = watch(io, fd, token, EPOLLIN | EPOLLOUT | EPOLLRDHUP);

	if (error == 0)
		return fd;
	close(fd);
	return error;
}

static int do_listen(struct kernel_io *io, int socket, uint64_t token)
{
	/* Of our own, so that the control thread may close its one whenever it likes. */
	int fd = fcntl(socket, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* One of several workers is woken, not all. */
	int error = watch(io, fd, token, EPOLLIN | EPOLLEXCLUSIVE);

	if (error == 0)
		return fd;
	close(fd);
	return error;
}

static void do_refuse(struct kernel_io *io, int listener)
{
	shutdown(listener, SHUT_RDWR);
}

/* Out of descriptors: the one kept for that takes the connection, and lets go of it. */
static int turn_away(struct kernel_socket *socket, int listener, int error)
{
	int fd;

	if (socket->spare >= 0)
		close(socket->spare);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		error = errno == EAGAIN ? EAGAIN : ENOBUFS;
	else
		close(fd);
	socket->spare = spare_descriptor();
	return -error;
}

static int do_accept(struct kernel_io *io, int listener, uint64_t token, struct kernel_ends *ends)
{
	struct sockaddr_storage remote;
	socklen_t length = sizeof(remote);
	int fd = accept4(listener, (struct sockaddr *)&remote, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ?
			       turn_away(socket_of(io), listener, errno) : -errno;
	if (remote.ss_family == AF_UNIX) {
		read_credentials(fd, ends);
	} else {
		/* TCP_NODELAY comes with the listener's. */
		read_name(&remote, &ends->key.remote, &ends->key.remote_port);
		read_local(fd, ends);
	}
	return watched(io, fd, token);
}

static int bind_source(int fd, const struct ip_addr *source)
{
	struct kernel_name name;
	int one = 1;

	if (ip_addr_is_any(source))
		return 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (!kernel_name_make(&name, source, 0, NULL))
		return -EINVAL;
	return bind(fd, name_of(&name), name.bytes) == 0 ? 0 : -errno;
}

static int do_connect(struct kernel_io *io, const struct stream_target *target, uint64_t token,
		      bool *done)
{
	struct kernel_name name;
	int one = 1, error = 0;

	if (!kernel_name_make(&name, &target->remote, target->remote_port, target->pipe))
		return -ENOENT;
	int fd = socket(name_of(&name)->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (!target->pipe) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		error = bind_source(fd, &target->local);
	}
	if (error == 0 && connect(fd, name_of(&name), name.bytes) != 0)
		error = -errno;
	*done = error == 0;
	if (error == 0 || error == -EINPROGRESS)
		return watched(io, fd, token);
	close(fd);
	return error;
}

static int do_failed(struct kernel_io *io, int handle)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		return -errno;
	return -error;
}

static void do_ends(struct kernel_io *io, int handle, struct kernel_ends *ends)
{
	struct sockaddr_storage remote;
	socklen_t length = sizeof(remote);

	if (getpeername(handle, (struct sockaddr *)&remote, &length) == 0 &&
	    remote.ss_family == AF_UNIX)
		read_credentials(handle, ends);
	else
		read_local(handle, ends);
}

static int64_t do_read(struct kernel_io *io, int handle, const struct iovec *to, unsigned count)
{
	ssize_t n = readv(handle, to, (int)count);

	return n < 0 ? (errno == EINTR ? -EAGAIN : -errno) : n;
}

static int64_t do_write(struct kernel_io *io, int handle, const struct iovec *from, unsigned count)
{
	struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)from, .msg_iovlen = count};
	ssize_t n = sendmsg(handle, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n < 0 ? -errno : n;
}

static void do_shutdown(struct kernel_io *io, int handle)
{
	shutdown(handle, SHUT_WR);
}

static void do_close(struct kernel_io *io, int handle, bool abort)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	/* A listener's file is open elsewhere as well, so closing it would not end the watch. */
	epoll_ctl(io->wait_fd, EPOLL_CTL_DEL, handle, NULL);
	if (abort)
		setsockopt(handle, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(handle);
}

static uint32_t do_wait(struct kernel_io *io, struct kernel_event *out, uint32_t max)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(io->wait_fd, events, (int)(max < EVENTS_MAX ? max : EVENTS_MAX), 0);

	for (int i = 0; i < count; i++) {
		uint32_t bits = events[i].events;

		out[i] = (struct kernel_event){
			.token = events[i].data.u64,
			.ready = (bits & EPOLLIN ? KERNEL_READABLE : 0) |
				 (bits & EPOLLOUT ? KERNEL_WRITABLE : 0) |
				 (bits & (EPOLLRDHUP | EPOLLHUP) ? KERNEL_ENDING : 0) |
				 (bits & EPOLLERR ? KERNEL_BROKEN : 0),
		};
	}
	return count < 0 ? 0 : (uint32_t)count;
}

static const struct kernel_io_ops ops = {
	.listen = do_listen,
	.refuse = do_refuse,
	.accept = do_accept,
	.connect = do_connect,
	.failed = do_failed,
	.ends = do_ends,
	.read = do_read,
	.write = do_write,
	.shutdown = do_shutdown,
	.close = do_close,
	.wait = do_wait,
};

bool kernel_socket_open(struct kernel_socket *socket, struct why *why)
{
	socket->io.ops = &ops;
	socket->io.wait_fd = epoll_create1(EPOLL_CLOEXEC);
	socket->spare = spare_descriptor();
	if (socket->io.wait_fd < 0 || socket->spare < 0) {
		int error = errno;

		kernel_socket_close(socket);
		return why_set(why, "no descriptor for the kernel's sockets: %s", strerror(error));
	}
	return true;
}

void kernel_socket_close(struct kernel_socket *socket)
{
	if (socket->io.wait_fd >= 0)
		close(socket->io.wait_fd);
	if (socket->spare >= 0)
		close(socket->spare);
	socket->io.wait_fd = socket->spare = -1;
}
