/* Shared by the files that make up the server. */
#ifndef DATAPLANE_SERVER_PRIVATE_H
#define DATAPLANE_SERVER_PRIVATE_H

#include <uv.h>

#include "dataplane/address_watch.h"
#include "dataplane/admin/admin.h"
#include "dataplane/assembly.h"
#include "dataplane/config/dns.h"
#include "dataplane/control_loop.h"
#include "dataplane/crew.h"
#include "dataplane/drain.h"
#include "dataplane/options.h"
#include "dataplane/kernel_stream/kernel_places.h"
#include "gateway/config/names.h"
#include "gateway/gateway.h"
#include "xds/bootstrap/bootstrap.h"

enum server_signal { SERVER_SIGTERM, SERVER_SIGINT, SERVER_SIGUSR1, SERVER_SIGNALS };

/* Which version of every object was last counted, by id. */
struct seen_versions {
	uint64_t *versions;
	uint32_t count;
};

struct server {
	const struct options *options;
	uint32_t drain_seconds;
	struct assembly assembly;
	struct crew crew;
	struct control_loop *loop;
	struct config_names *names;
	struct bootstrap bootstrap;
	bool bootstrap_loaded;
	bool sinks_failed;
	struct why sink_why;
	struct dns *dns;
	struct kernel_places *places;
	struct admin *admin;
	struct drain drain;
	uv_timer_t close_listeners; /* at the end of a graceful /drain_listeners */
	uint32_t close_directions;  /* which ones then, bits as gateway_drain's */
	uint32_t closed_directions; /* these are closed for good */
	struct address_watch addresses;
	bool places_leave;          /* kernel sockets go when all workers have the new config */
	uv_timer_t tick;
	uv_signal_t signals[SERVER_SIGNALS];
	enum admin_state state;     /* server_state() says what is shown */
	bool health_failed;         /* /healthcheck/fail */
	bool listening;     /* the listeners are published */
	bool quitting;
	uint64_t reported_failures;
	uint64_t counted_version;   /* of the config root */
	struct seen_versions seen_listeners;
	struct seen_versions seen_clusters;
	struct seen_versions seen_endpoints;
	int status;
};

/* --- server_config.c: what the bootstrap says goes to the workers ----------------------------- */

/* Reads the bootstrap with real counters and names and publishes all but the listeners. */
MUST_USE bool server_config_start(struct server *server, struct why *why);
/* Called by the tick: publishes the listeners when nothing warms any more. */
void server_config_step(struct server *server);

/* --- server_listeners.c: POST /drain_listeners ------------------------------------------------ */

/* On the loop. */
MUST_USE bool server_drain_listeners(struct server *server, const struct admin_drain *how,
				     struct why *why);

/* --- server_count.c: counters and gauges of the control thread, on the loop ------------------- */

/* Each tick: what has changed in the configuration. */
void server_count_config(struct server *server);
/* Now and then. */
void server_count_process(struct server *server);
void server_count_free(struct server *server);

/* --- server_admin.c --------------------------------------------------------------------------- */

MUST_USE bool server_admin_start(struct server *server, struct why *why);
/* A copy of the configuration in force, to be freed; context is the server.  Not on the loop. */
struct config_view;
MUST_USE bool server_view(void *context, struct config_view *out, struct why *why);

/* --- server_sight.c: endpoints that look into the workers -------------------------------------- */

#define SERVER_SIGHTS_MAX 16
/* Fills `out` with all of them; returns how many. */
uint32_t server_sights(struct admin_extra out[SERVER_SIGHTS_MAX]);
/* Runs `run` on one worker after the other, context being contexts + index * size, and waits.
 * False and *why when a mailbox is full. */
MUST_USE bool server_call_workers(struct server *server,
				  void (*run)(void *context, struct worker *worker, uint64_t now_ns),
				  void *contexts, size_t size, struct why *why);

/* The same with one worker. */
MUST_USE bool server_call_worker(struct server *server, uint16_t index, struct worker_call *call,
				 struct why *why);

/* --- server_routes.c -------------------------------------------------------------------------- */

#define SERVER_ROUTE_EXTRAS 1
extern const struct admin_extra server_route_extras[SERVER_ROUTE_EXTRAS];

/* --- server_requests.c ------------------------------------------------------------------------ */

#define SERVER_REQUEST_EXTRAS 2
extern const struct admin_extra server_request_extras[SERVER_REQUEST_EXTRAS];

/* --- server_capture.c ------------------------------------------------------------------------- */

#define SERVER_CAPTURE_EXTRAS 3
extern const struct admin_extra server_capture_extras[SERVER_CAPTURE_EXTRAS];
/* Called by the tick: ends a capture that nobody reads any more. */
void server_capture_tick(struct server *server);
/* After the workers have gone. */
void server_capture_free(void);

/* --- server_trace.c --------------------------------------------------------------------------- */

#define SERVER_TRACE_EXTRAS 3
extern const struct admin_extra server_trace_extras[SERVER_TRACE_EXTRAS];
/* Called by the tick: ends traces that nobody reads any more. */
void server_trace_tick(struct server *server);
/* After the workers have gone. */
void server_trace_free(void);

/* --- server.c --------------------------------------------------------------------------------- */

void server_set_state(struct server *server, enum admin_state state);
/* What /ready says; any thread. */
enum admin_state server_state(const struct server *server);
/* On the loop. */
void server_set_health(struct server *server, bool fail);
/* On the loop: the first time drains, the second time ends at once. */
void server_quit(struct server *server);

#endif
