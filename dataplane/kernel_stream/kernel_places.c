#include "dataplane/kernel_stream/kernel_places.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/kernel_stream/kernel_socket.h"

struct kernel_place {
	struct kernel_place *next;
	struct config_listen_address at;
	uint32_t backlog;
	int socket;
	bool wanted;
	bool listening;
	bool has_file;  /* of a Unix socket; removed only while it is still the same one */
	dev_t device;
	ino_t inode;
};

struct kernel_places {
	struct kernel_place *first;
};

struct kernel_places *kernel_places_create(void)
{
	return calloc(1, sizeof(struct kernel_places));
}

static const char *place_text(const struct config_listen_address *at, char *text, unsigned size)
{
	return at->pipe ? at->pipe : ip_endpoint_format(&at->addr, at->port, text, size);
}

static bool refuse(const struct config_listen_address *at, int error, struct why *why)
{
	char text[IP_ADDR_TEXT_BYTES];
	const char *cure = "";

	if (error == EADDRINUSE)
		cure = "; another process listens there, or another listener does";
	else if (error == EADDRNOTAVAIL)
		cure = "; no interface of the kernel has this address";
	else if (error == EACCES && !at->pipe)
		cure = "; ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE";
	else if (error == EMFILE || error == ENFILE)
		cure = "; raise the limit of open files (ulimit -n)";
	return why_set(why, "%s: %s%s", place_text(at, text, sizeof(text)), strerror(error), cure);
}

/* --- files of Unix sockets ----------------------------------------------------------------- */

/* Whether some process would answer there. */
static int knock(const struct kernel_name *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)name->raw, name->bytes) != 0)
		error = errno;
	close(fd);
	return error;
}

/* Makes way for bind: what a dead process left is removed. */
static bool clear_path(const struct config_listen_address *at, const struct kernel_name *name,
		       struct why *why)
{
	struct stat found;

	if (lstat(at->pipe, &found) != 0)
		return errno == ENOENT || refuse(at, errno, why);
	if (!S_ISSOCK(found.st_mode))
		return why_set(why, "%s: it exists and is no socket; remove it, or take another path",
			       at->pipe);
	int error = knock(name);

	if (error == 0 || error == EAGAIN)
		return refuse(at, EADDRINUSE, why);
	if (error != ECONNREFUSED)
		return refuse(at, error, why);
	return unlink(at->pipe) == 0 || errno == ENOENT || refuse(at, errno, why);
}

/* Before it listens, so that nobody comes in by other permissions. */
static bool finish_file(struct kernel_place *place, struct why *why)
{
	struct stat made;

	if ((place->at.pipe_mode && chmod(place->at.pipe, place->at.pipe_mode) != 0) ||
	    lstat(place->at.pipe, &made) != 0)
		return refuse(&place->at, errno, why);
	place->has_file = true;
	place->device = made.st_dev;
	place->inode = made.st_ino;
	return true;
}

static void remove_file(struct kernel_place *place)
{
	struct stat found;

	if (place->has_file && lstat(place->at.pipe, &found) == 0 && found.st_dev == place->device &&
	    found.st_ino == place->inode)
		unlink(place->at.pipe);
	place->has_file = false;
}

/* --- sockets ------------------------------------------------------------------------------- */

static bool bind_place(struct kernel_place *place, struct why *why)
{
	const struct config_listen_address *at = &place->at;
	bool has_path = at->pipe && at->pipe[0] != '@';
	int one = 1, only_v6 = !at->any_family;
	struct kernel_name name;

	if (!kernel_name_make(&name, &at->addr, at->port, at->pipe))
		return refuse(at, ENAMETOOLONG, why);
	if (has_path && !clear_path(at, &name, why))
		return false;
	int family = ((const struct sockaddr *)name.raw)->sa_family;

	place->socket = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (place->socket < 0)
		return refuse(at, errno, why);
	if (family == AF_INET6)
		setsockopt(place->socket, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6));
	if (family != AF_UNIX) {
		setsockopt(place->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		setsockopt(place->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	if (bind(place->socket, (const struct sockaddr *)name.raw, name.bytes) != 0)
		return refuse(at, errno, why);
	return !has_path || finish_file(place, why);
}

static void close_place(struct kernel_place *place)
{
	remove_file(place);
	if (place->socket >= 0)
		close(place->socket);
	place->socket = -1;
}

static bool same_place(const struct config_listen_address *a, const struct config_listen_address *b)
{
	if (a->pipe || b->pipe)
		return a->pipe && b->pipe && strcmp(a->pipe, b->pipe) == 0 &&
		       a->pipe_mode == b->pipe_mode;
	return ip_addr_equal(&a->addr, &b->addr) && a->port == b->port &&
	       a->any_family == b->any_family;
}

/* --- what is wanted ------------------------------------------------------------------------ */

void kernel_places_begin(struct kernel_places *all)
{
	for (struct kernel_place *place = all->first; place; place = place->next)
		place->wanted = false;
}

bool kernel_places_want(struct kernel_places *all, const struct config_listen_address *at,
			uint32_t backlog, int *socket, struct why *why)
{
	struct kernel_place *place = all->first;

	while (place && !same_place(&place->at, at))
		place = place->next;
	if (!place) {
		place = calloc(1, sizeof(*place));
		if (!place)
			return why_set(why, "no memory for a listening socket");
		*place = (struct kernel_place){.at = *at, .backlog = backlog, .socket = -1};
		if (!bind_place(place, why)) {
			close_place(place);
			free(place);
			return false;
		}
		place->next = all->first;
		all->first = place;
	}
	place->wanted = true;
	*socket = place->socket;
	return true;
}

bool kernel_places_listen(struct kernel_places *all, struct why *why)
{
	for (struct kernel_place *place = all->first; place; place = place->next) {
		if (!place->wanted || place->listening)
			continue;
		if (listen(place->socket, (int)place->backlog) != 0)
			return refuse(&place->at, errno, why);
		place->listening = true;
	}
	return true;
}

static void close_unless_wanted(struct kernel_places *all)
{
	struct kernel_place **link = &all->first;

	while (*link) {
		struct kernel_place *place = *link;

		if (place->wanted) {
			link = &place->next;
			continue;
		}
		*link = place->next;
		close_place(place);
		free(place);
	}
}

void kernel_places_settle(struct kernel_places *all)
{
	close_unless_wanted(all);
}

void kernel_places_close(struct kernel_places *all)
{
	kernel_places_begin(all);
	close_unless_wanted(all);
}

void kernel_places_destroy(struct kernel_places *all)
{
	kernel_places_close(all);
	free(all);
}
