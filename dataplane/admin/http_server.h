/* A small HTTP server on a kernel socket, for the admin endpoints and the exporter.
 *
 * libmicrohttpd polls in a thread of its own, which also calls the handler: one request after the
 * other, never on a worker or on the control loop.  What a slow client has not read yet waits in
 * that thread's memory; connections are bounded in number and time. */
#ifndef DATAPLANE_ADMIN_HTTP_SERVER_H
#define DATAPLANE_ADMIN_HTTP_SERVER_H

#include <stdbool.h>

#include "dataplane/counters/text.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define HTTP_SERVER_CONNECTIONS_MAX 64
#define HTTP_SERVER_IDLE_SECONDS_MAX 30

struct http_server;

struct http_request {
	const char *method;
	const char *path;
	const char *accept;  /* NULL = no such header */
	void *connection;    /* libmicrohttpd's */
};

struct http_response {
	unsigned status;           /* 200 unless the handler says otherwise */
	const char *content_type;  /* static; text/plain unless the handler says otherwise */
	const char *allow;         /* static, of a 405; NULL = none */
	struct text body;          /* freed by the server */
};

typedef void (*http_handler)(void *context, const struct http_request *request,
			     struct http_response *response);

/* address: "127.0.0.1:15000", "[::1]:15000" (port 0 = any free one) or "unix:/path".  A Unix socket
 * that nobody listens on any more is replaced. */
MUST_USE bool http_server_start(struct http_server **out, const char *address,
				http_handler handler, void *context, struct why *why);
/* Waits for a handler that runs; closes all connections. */
void http_server_stop(struct http_server *server);
/* As given, with the real port. */
const char *http_server_address(const struct http_server *server);

/* The value of ?name=value, decoded; "" for ?name; NULL when it is not there. */
const char *http_request_argument(const struct http_request *request, const char *name);
/* How many there are. */
int http_request_arguments(const struct http_request *request);
/* Status and a line of text. */
void http_response_error(struct http_response *response, unsigned status, const char *line);

#endif
