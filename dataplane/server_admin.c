#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/admin/config_dump.h"
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
	struct server *server = context;

	return __atomic_load_n(&server->state, __ATOMIC_ACQUIRE);
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
};

static void show_connection(void *context, const struct stream_info *info)
{
	struct worker_look *look = context;

	admin_connections_add(look->all, look->worker, info);
}

/* One worker after the other, so that `out` has one writer at a time.  A visit that does not end
 * in time would go on writing: it is waited for, because a worker that never polls again is a
 * fault that no answer of ours could make better. */
static bool connections(void *context, struct admin_connections *out, struct why *why)
{
	struct server *server = context;

	for (uint16_t i = 0; i < server->assembly.workers_made; i++) {
		struct worker_look look = {
			.visit = {.visit = show_connection, .context = &look}, .all = out, .worker = i};
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

static bool config_dump(void *context, const struct admin_config_query *query, struct text *out,
			struct why *why)
{
	struct server *server = context;
	json_t *bootstrap = to_json(&server->bootstrap.document, &server->bootstrap.proto->base);

	if (!bootstrap)
		return why_set(why, "no memory for the configuration as JSON");
	bool done = config_dump_write(bootstrap, query, out, why);

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

bool server_admin_start(struct server *server, struct why *why)
{
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
			.quit = quit,
			.reopen_logs = reopen_logs,
		},
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
