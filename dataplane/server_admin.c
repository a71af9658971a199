#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/admin/config_dump.h"
#include "dataplane/admin/config_view.h"
#include "dataplane/clock.h"
#include "dataplane/logger.h"
#include "dataplane/server.h"
#include "dataplane/server_private.h"
#include "stack/base/time.h"
#include "xds/reflect/to_json.h"

/* How long the admin thread waits for the workers to show their connections. */
#define VISIT_STEPS 500
#define VISIT_STEP_US 2000

static enum admin_state state(void *context)
{
	return server_state(context);
}

static void server_info(void *context, struct admin_server_info *out)
{
	struct server *server = context;
	const Bootstrap__Bootstrap *proto = server->bootstrap.proto;
	const char *id = server->options->service_node, *cluster = server->options->service_cluster;

	if (!id && proto->node)
		id = proto->node->id;
	if (!cluster && proto->node)
		cluster = proto->node->cluster;
	*out = (struct admin_server_info){
		.version = server_version,
		.node_id = id ? id : "",
		.node_cluster = cluster ? cluster : "",
		.config_path = server->options->config_path,
		.log_level = logger_level_name(logger_level()),
		.uptime_seconds = clock_now_ns() / NS_PER_SECOND,
		.drain_seconds = server->drain_seconds,
		.concurrency = server->assembly.settings.workers,
	};
}

struct worker_look {
	struct worker_visit visit;
	struct admin_connections *all;
	uint16_t worker;
	uint32_t now_ms;
};

static void show_connection(void *context, const struct stream_info *info)
{
	struct worker_look *look = context;

	admin_connections_add(look->all, look->worker, info, look->now_ms);
}

static uint32_t now_ms(void *context)
{
	return (uint32_t)(clock_now_ns() / NS_PER_MS);
}

/* One worker after the other, so that `out` has one writer at a time.  A visit that does not end
 * in time would go on writing: it is waited for, because a worker that never polls again is a
 * fault that no answer of ours could make better. */
static bool connections(void *context, struct admin_connections *out, struct why *why)
{
	struct server *server = context;

	for (uint16_t i = 0; i < server->assembly.workers_made; i++) {
		struct worker_look look = {
			.visit = {.visit = show_connection, .context = &look}, .all = out, .worker = i,
			.now_ms = now_ms(context)};
		struct mail mail = {.kind = MAIL_VISIT, .visit = &look.visit};

		if (!mailbox_post(worker_mailbox(server->assembly.workers[i].worker), &mail))
			return why_set(why, "worker %u is too busy to answer; try again", i);
		for (int step = 0; !__atomic_load_n(&look.visit.done, __ATOMIC_ACQUIRE); step++) {
			usleep(VISIT_STEP_US);
			if (step == VISIT_STEPS)
				log_warning("admin", "worker %u takes long to show its connections", i);
		}
	}
	return true;
}

/* A call that runs on the control loop while the admin thread waits. */
struct on_loop {
	struct server *server;
	struct config_view *view;
	const struct admin_drain *drain;
	struct why *why;
	bool fail;
	bool good;
};

static bool call_on_loop(struct on_loop *call, void (*run)(void *context), struct why *why)
{
	call->why = why;
	if (!control_loop_call(call->server->loop, run, call))
		return why_set(why, "the control thread takes no more calls");
	return call->good;
}

static void view_on_loop(void *context)
{
	struct on_loop *call = context;

	call->good = config_view_copy(call->view,
				      publisher_config(call->server->assembly.publisher)) ||
		     why_set(call->why, "no memory for a copy of the configuration");
}

bool server_view(void *context, struct config_view *out, struct why *why)
{
	struct on_loop call = {.server = context, .view = out};

	return call_on_loop(&call, view_on_loop, why);
}

static void health_on_loop(void *context)
{
	struct on_loop *call = context;

	server_set_health(call->server, call->fail);
	call->good = true;
}

static bool health(void *context, bool fail, struct why *why)
{
	struct on_loop call = {.server = context, .fail = fail};

	return call_on_loop(&call, health_on_loop, why);
}

static void drain_on_loop(void *context)
{
	struct on_loop *call = context;

	call->good = server_drain_listeners(call->server, call->drain, call->why);
}

static bool drain_listeners(void *context, const struct admin_drain *how, struct why *why)
{
	struct on_loop call = {.server = context, .drain = how};

	return call_on_loop(&call, drain_on_loop, why);
}

static void reset_on_loop(void *context)
{
	struct on_loop *call = context;

	segment_reset_counters(call->server->assembly.segment);
	call->good = true;
}

static bool reset_counters(void *context, struct why *why)
{
	struct on_loop call = {.server = context};

	return call_on_loop(&call, reset_on_loop, why);
}

static const char *logger(void *context, uint32_t index, const char **level)
{
	const char *name = logger_name(index);

	if (name)
		*level = logger_level_name(logger_level_of(index));
	return name;
}

static bool set_logger(void *context, const char *name, const char *level)
{
	enum logger_level parsed;

	if (!logger_level_parse(level, &parsed))
		return false;
	if (name)
		return logger_set_level_of(name, parsed);
	logger_set_level(parsed);
	return true;
}

static bool config_dump(void *context, const struct admin_config_query *query, struct text *out,
			struct why *why)
{
	struct server *server = context;
	json_t *bootstrap = to_json(&server->bootstrap.document, &server->bootstrap.proto->base);

	if (!bootstrap)
		return why_set(why, "no memory for the configuration as JSON");
	struct config_view hosts = {0};
	bool done = (!query->include_eds || server_view(context, &hosts, why)) &&
		    config_dump_write(bootstrap, query->include_eds ? &hosts : NULL, query, out, why);

	config_view_free(&hosts);

	json_decref(bootstrap);
	return done;
}

static void quit_on_loop(void *context)
{
	server_quit(context);
}

static void quit(void *context)
{
	struct server *server = context;

	if (!control_loop_post(server->loop, quit_on_loop, server))
		log_warning("admin", "quit was asked for and the control loop takes no more calls");
}

static void reopen_logs(void *context)
{
	struct server *server = context;

	log_writer_reopen(server->assembly.log);
}

static void show_workers(void *context, struct text *out)
{
	struct server *server = context;

	crew_write(&server->crew, out);
}

static bool order_workers(void *context, const struct admin_worker_order *order, struct why *why)
{
	struct server *server = context;

	switch (order->what) {
	case ADMIN_WORKER_REST:
		return crew_rest(&server->crew, order->worker, why);
	case ADMIN_WORKER_ADD:
		return crew_add(&server->crew, order->worker, why);
	case ADMIN_WORKER_MOVE:
		break;
	}
	return crew_move(&server->crew, order->worker, order->to, order->count, why);
}

bool server_admin_start(struct server *server, struct why *why)
{
	static struct admin_extra sights[SERVER_SIGHTS_MAX]; /* outlive the admin server */
	char address[IP_ADDR_TEXT_BYTES];
	struct admin_params params = {
		.address = address,
		.segment_name = server->assembly.settings.segment_name[0] ?
					server->assembly.settings.segment_name : NULL,
		.callbacks = {
			.context = server,
			.state = state,
			.server_info = server_info,
			.config_dump = config_dump,
			.connections = connections,
			.view = server_view,
			.health = health,
			.drain_listeners = drain_listeners,
			.reset_counters = reset_counters,
			.logger = logger,
			.set_logger = set_logger,
			.quit = quit,
			.reopen_logs = reopen_logs,
			.now_ms = now_ms,
			.workers = show_workers,
			.order_workers = order_workers,
		},
		.extras = sights,
		.extra_count = server_sights(sights),
	};

	if (server->bootstrap.admin_port == 0)
		return true;
	ip_endpoint_format(&server->bootstrap.admin_addr, server->bootstrap.admin_port, address,
			   sizeof(address));
	if (!admin_start(&server->admin, &params, why))
		return false;
	segment_set_admin(server->assembly.segment, admin_address(server->admin));
	log_info("admin", "listening on %s", admin_address(server->admin));
	return true;
}
