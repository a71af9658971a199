/* The admin server: Envoy's endpoints and formats, on a kernel socket.
 *
 *     curl 127.0.0.1:15000/stats ---> server's thread ---> callbacks of the composition root
 *                                                    \---> the shared segment, as any reader
 *
 * It needs no data plane to be tested: all it knows comes through the callbacks and the segment.
 * Callbacks are called on the server's thread, one at a time, and may wait a bounded time (for
 * workers to answer); no worker ever waits for the server. */
#ifndef DATAPLANE_ADMIN_ADMIN_H
#define DATAPLANE_ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/text.h"
#include "stack/base/compiler.h"
#include "stack/base/stream.h"
#include "stack/base/why.h"

/* One answer of /hydrofoil/conns holds at most so many. */
#define ADMIN_CONNECTIONS_MAX 10000

struct admin;
struct config_view;

/* Envoy's names and numbers (envoy.admin.v3.ServerInfo.State). */
enum admin_state { ADMIN_LIVE, ADMIN_DRAINING, ADMIN_PRE_INITIALIZING, ADMIN_INITIALIZING };

struct admin_server_info {
	const char *version;       /* all strings: "" where not known; live until the next call */
	const char *node_id;
	const char *node_cluster;
	const char *config_path;
	const char *log_level;
	uint64_t uptime_seconds;
	uint32_t drain_seconds;
	uint32_t concurrency;
};

/* Of /config_dump?resource=…&mask=…&name_regex=…; NULL = not given. */
struct admin_config_query {
	const char *resource;
	const char *mask;
	const char *name_regex;
	bool include_eds;
};

#define ADMIN_NAME_BYTES 64

struct admin_connection {
	uint16_t worker;
	struct stream_info info;         /* owner: NULL */
	char listener[ADMIN_NAME_BYTES]; /* "" = of none; cut when longer */
	char cluster[ADMIN_NAME_BYTES];
};

/* Which connections are asked for; all zero = all of them. */
struct admin_conn_filter {
	bool has_address;                /* either end is in the prefix */
	struct ip_addr address;
	uint8_t prefix_bits;             /* of the family's address */
	uint16_t port;                   /* of either end */
	const char *state;               /* without case */
	const char *listener;
	const char *cluster;
	uint32_t idle_ms_min;
};

/* Room for connections; items[capacity] is made before and never grows, so that a worker may add
 * to it.  total counts also what found no room. */
struct admin_connections {
	struct admin_connection *items;
	uint32_t capacity;
	uint32_t count;
	uint64_t total;
	const struct admin_conn_filter *filter; /* NULL = all; what it refuses is not counted */
};
/* now_ms: of the worker's clock. */
void admin_connections_add(struct admin_connections *connections, uint16_t worker,
			   const struct stream_info *info, uint32_t now_ms);

struct http_request;
struct http_response;

/* An endpoint that the composition root brings along; called on the server's thread. */
struct admin_extra {
	const char *path;
	bool changes; /* POST only */
	void (*serve)(void *context, const struct http_request *request,
		      struct http_response *response);
	const char *text;
};

/* Of /drain_listeners. */
struct admin_drain {
	bool graceful;     /* connections are asked to go first, listeners close after the drain time */
	bool inbound_only; /* those with traffic_direction INBOUND */
	bool skip_exit;    /* listeners do not close */
};

/* Of /hydrofoil/workers/order. */
struct admin_worker_order {
	enum { ADMIN_WORKER_REST, ADMIN_WORKER_ADD, ADMIN_WORKER_MOVE } what;
	uint32_t worker; /* or where buckets move from */
	uint32_t to;
	uint32_t count;  /* of buckets */
};

struct admin_callbacks {
	void *context;
	enum admin_state (*state)(void *context);
	void (*server_info)(void *context, struct admin_server_info *out);
	/* Writes the JSON text of envoy.admin.v3.ConfigDump.  False and *why: 400. */
	bool (*config_dump)(void *context, const struct admin_config_query *query, struct text *out,
			    struct why *why);
	/* Asks all workers, for a bounded time; when it returns no worker adds any more.  False and
	 * *why: 503. */
	bool (*connections)(void *context, struct admin_connections *out, struct why *why);
	/* Copies the configuration in force; the caller frees it.  False and *why: 503. */
	bool (*view)(void *context, struct config_view *out, struct why *why);
	void (*quit)(void *context);
	void (*reopen_logs)(void *context);
	bool (*health)(void *context, bool fail, struct why *why);
	/* These have happened when they return true; false and *why: 503.  health: /ready says
	 * DRAINING, or the truth again. */
	bool (*drain_listeners)(void *context, const struct admin_drain *how, struct why *why);
	bool (*reset_counters)(void *context, struct why *why);
	/* The name and level of logger `index`; NULL past the last. */
	const char *(*logger)(void *context, uint32_t index, const char **level);
	/* name NULL: all of them.  False: no such name, or no such level. */
	bool (*set_logger)(void *context, const char *name, const char *level);
	/* The workers' clock in ms, low 32 bits. */
	uint32_t (*now_ms)(void *context);
	/* Writes the workers as JSON. */
	void (*workers)(void *context, struct text *out);
	/* False and *why: 400. */
	bool (*order_workers)(void *context, const struct admin_worker_order *order, struct why *why);
};

struct admin_params {
	const char *address;      /* "127.0.0.1:15000", "[::1]:15000", "unix:/path" */
	const char *segment_name; /* as given to segment_create */
	struct admin_callbacks callbacks; /* NULL callbacks: the endpoint answers 501 */
	const struct admin_extra *extras; /* NULL = none; outlive the server */
	uint32_t extra_count;
};

MUST_USE bool admin_start(struct admin **out, const struct admin_params *params, struct why *why);
void admin_stop(struct admin *admin);
/* As given, with the real port: for segment_set_admin. */
const char *admin_address(const struct admin *admin);
/* "LIVE", "DRAINING", "PRE_INITIALIZING", "INITIALIZING". */
const char *admin_state_name(enum admin_state state);

#endif
