#include "dataplane/admin/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/admin/http_gzip.h"

#define LISTEN_BACKLOG 64
#define UNIX_PREFIX "unix:"

struct http_server {
	struct MHD_Daemon *daemon;
	http_handler handler;
	void *context;
	char address[160];
	char unix_path[108]; /* "" = TCP */
};

static bool parse_tcp(const char *address, struct sockaddr_storage *out, socklen_t *length,
		      struct why *why)
{
	const char *colon = strrchr(address, ':');
	char host[64], *end;

	if (!colon || (size_t)(colon - address) >= sizeof(host))
		return why_set(why, "%s: not ADDRESS:PORT or unix:PATH", address);
	bool bracketed = address[0] == '[' && colon > address + 1 && colon[-1] == ']';

	snprintf(host, sizeof(host), "%.*s", (int)(colon - address) - 2 * bracketed,
		 address + bracketed);
	unsigned long port = strtoul(colon + 1, &end, 10);
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (end == colon + 1 || *end || port > 65535)
		return why_set(why, "%s: the port has to be a number up to 65535", address);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*length = sizeof(*v4);
	} else if (bracketed && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*length = sizeof(*v6);
	} else {
		return why_set(why, "%s: the address has to be IPv4, or IPv6 in brackets", address);
	}
	return true;
}

static bool listen_tcp(struct http_server *server, const char *address, int *out, struct why *why)
{
	struct sockaddr_storage where;
	socklen_t length;
	int one = 1;

	if (!parse_tcp(address, &where, &length, why))
		return false;
	int fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&where, length) != 0 || listen(fd, LISTEN_BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&where, &length) != 0) {
		why_set(why, "cannot listen on %s: %s", address, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	/* sin_port and sin6_port lie at the same place. */
	unsigned port = ntohs(((struct sockaddr_in *)&where)->sin_port);

	snprintf(server->address, sizeof(server->address), "%.*s:%u",
		 (int)(strrchr(address, ':') - address), address, port);
	*out = fd;
	return true;
}

/* True when a process still answers there. */
static bool unix_is_served(const struct sockaddr_un *where)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool served = fd >= 0 && connect(fd, (const struct sockaddr *)where, sizeof(*where)) == 0;

	if (fd >= 0)
		close(fd);
	return served;
}

static bool listen_unix(struct http_server *server, const char *path, int *out, struct why *why)
{
	struct sockaddr_un where = {.sun_family = AF_UNIX};

	if (strlen(path) == 0 || strlen(path) >= sizeof(where.sun_path))
		return why_set(why, "unix:%s: the path has to have 1 to %zu bytes", path,
			       sizeof(where.sun_path) - 1);
	memcpy(where.sun_path, path, strlen(path) + 1);
	if (unix_is_served(&where))
		return why_set(why, "unix:%s: another process listens there", path);
	unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&where, sizeof(where)) != 0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		why_set(why, "cannot listen on unix:%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	snprintf(server->address, sizeof(server->address), UNIX_PREFIX "%s", path);
	memcpy(server->unix_path, where.sun_path, sizeof(server->unix_path));
	*out = fd;
	return true;
}

static bool compress(struct MHD_Connection *connection, struct http_response *response)
{
	const char *accepted =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "accept-encoding");

	return response->body.length >= HTTP_GZIP_BYTES_MIN && http_accepts_gzip(accepted) &&
	       http_gzip(&response->body);
}

static enum MHD_Result send_response(struct MHD_Connection *connection,
				     struct http_response *response)
{
	if (response->body.failed) {
		text_free(&response->body);
		http_response_error(response, 503, "no memory for the answer");
	}
	bool gzip = compress(connection, response);
	struct MHD_Response *answer = MHD_create_response_from_buffer(
		response->body.length, response->body.data, MHD_RESPMEM_MUST_FREE);

	if (!answer) {
		text_free(&response->body);
		return MHD_NO;
	}
	MHD_add_response_header(answer, "content-type", response->content_type);
	MHD_add_response_header(answer, "cache-control", "no-cache, max-age=0");
	MHD_add_response_header(answer, "x-content-type-options", "nosniff");
	MHD_add_response_header(answer, "vary", "accept-encoding");
	if (gzip)
		MHD_add_response_header(answer, "content-encoding", "gzip");
	if (response->allow)
		MHD_add_response_header(answer, "allow", response->allow);
	enum MHD_Result result = MHD_queue_response(connection, response->status, answer);

	MHD_destroy_response(answer);
	return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method, const char *version,
				  const char *upload, size_t *upload_bytes, void **state)
{
	struct http_server *server = context;
	static char seen;

	/* First call: the head is there.  Bodies are read and ignored. */
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_bytes > 0) {
		*upload_bytes = 0;
		return MHD_YES;
	}
	struct http_request request = {
		.method = method,
		.path = path,
		.accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "accept"),
		.connection = connection,
	};
	struct http_response response = {.status = 200,
					 .content_type = "text/plain; charset=UTF-8"};

	server->handler(server->context, &request, &response);
	return send_response(connection, &response);
}

bool http_server_start(struct http_server **out, const char *address, http_handler handler,
		       void *context, struct why *why)
{
	struct http_server *server = calloc(1, sizeof(*server));
	bool is_unix = strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
	int fd = -1;

	if (!server)
		return why_set(why, "no memory");
	server->handler = handler;
	server->context = context;
	if (!(is_unix ? listen_unix(server, address + strlen(UNIX_PREFIX), &fd, why)
		      : listen_tcp(server, address, &fd, why))) {
		free(server);
		return false;
	}
	server->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request, server,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)HTTP_SERVER_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)HTTP_SERVER_IDLE_SECONDS_MAX, MHD_OPTION_END);
	if (!server->daemon) {
		close(fd);
		free(server);
		return why_set(why, "cannot serve on %s: no thread or no memory", address);
	}
	*out = server;
	return true;
}

void http_server_stop(struct http_server *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	if (server->unix_path[0])
		unlink(server->unix_path);
	free(server);
}

const char *http_server_address(const struct http_server *server)
{
	return server->address;
}

const char *http_request_argument(const struct http_request *request, const char *name)
{
	const char *value = NULL;

	if (MHD_lookup_connection_value_n(request->connection, MHD_GET_ARGUMENT_KIND, name,
					  strlen(name), &value, NULL) != MHD_YES)
		return NULL;
	return value ? value : "";
}

int http_request_arguments(const struct http_request *request)
{
	return MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, NULL, NULL);
}

void http_response_error(struct http_response *response, unsigned status, const char *line)
{
	response->status = status;
	response->content_type = "text/plain; charset=UTF-8";
	text_add(&response->body, line);
	text_add(&response->body, "\n");
}
