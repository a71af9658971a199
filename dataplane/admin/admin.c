#include "dataplane/admin/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/admin_private.h"

const char *admin_state_name(enum admin_state state)
{
	static const char *const names[] = {"LIVE", "DRAINING", "PRE_INITIALIZING",
					    "INITIALIZING"};

	return (unsigned)state < ARRAY_LEN(names) ? names[state] : "?";
}

void admin_connections_add(struct admin_connections *connections, uint16_t worker,
			   const struct stream_info *info)
{
	connections->total++;
	if (connections->count == connections->capacity)
		return;
	struct admin_connection *made = &connections->items[connections->count++];

	made->worker = worker;
	made->info = *info;
}

static void not_here(struct http_response *response)
{
	http_response_error(response, 501, "this process does not serve that");
}

static void ready(struct admin *admin, const struct http_request *request,
		  struct http_response *response)
{
	if (!admin->callbacks.state) {
		not_here(response);
		return;
	}
	enum admin_state state = admin->callbacks.state(admin->callbacks.context);

	http_response_error(response, state == ADMIN_LIVE ? 200 : 503, admin_state_name(state));
}

static void add_field(struct text *out, const char *indent, const char *name, const char *value,
		      bool last)
{
	text_printf(out, "%s\"%s\": ", indent, name);
	text_add_json(out, value);
	text_add(out, last ? "\n" : ",\n");
}

static void server_info(struct admin *admin, const struct http_request *request,
			struct http_response *response)
{
	struct admin_server_info info = {"", "", "", "", "", 0, 0, 0};
	struct text *out = &response->body;

	if (!admin->callbacks.state || !admin->callbacks.server_info) {
		not_here(response);
		return;
	}
	admin->callbacks.server_info(admin->callbacks.context, &info);
	response->content_type = ADMIN_TYPE_JSON;
	text_add(out, "{\n");
	add_field(out, " ", "version", info.version, false);
	add_field(out, " ", "state",
		  admin_state_name(admin->callbacks.state(admin->callbacks.context)), false);
	text_printf(out,
		    " \"uptime_current_epoch\": \"%" PRIu64 "s\",\n"
		    " \"uptime_all_epochs\": \"%" PRIu64 "s\",\n",
		    info.uptime_seconds, info.uptime_seconds);
	add_field(out, " ", "hot_restart_version", "disabled", false);
	text_printf(out, " \"command_line_options\": {\n  \"concurrency\": %u,\n",
		    info.concurrency);
	add_field(out, "  ", "config_path", info.config_path, false);
	add_field(out, "  ", "log_level", info.log_level, false);
	add_field(out, "  ", "mode", "Serve", false);
	add_field(out, "  ", "service_node", info.node_id, false);
	add_field(out, "  ", "service_cluster", info.node_cluster, false);
	text_printf(out, "  \"drain_time\": \"%us\",\n  \"disable_hot_restart\": true\n },\n",
		    info.drain_seconds);
	text_add(out, " \"node\": {\n");
	add_field(out, "  ", "id", info.node_id, false);
	add_field(out, "  ", "cluster", info.node_cluster, false);
	add_field(out, "  ", "user_agent_name", "hydrofoil", true);
	text_add(out, " }\n}\n");
}

static void config_dump(struct admin *admin, const struct http_request *request,
			struct http_response *response)
{
	struct admin_config_query query = {
		.resource = http_request_argument(request, "resource"),
		.mask = http_request_argument(request, "mask"),
		.name_regex = http_request_argument(request, "name_regex"),
		.include_eds = http_request_argument(request, "include_eds") != NULL,
	};
	struct why why;

	if (!admin->callbacks.config_dump) {
		not_here(response);
		return;
	}
	response->content_type = ADMIN_TYPE_JSON;
	if (!admin->callbacks.config_dump(admin->callbacks.context, &query, &response->body, &why)) {
		text_free(&response->body);
		http_response_error(response, 400, why.text);
	}
}

static void quit(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	if (!admin->callbacks.quit) {
		not_here(response);
		return;
	}
	admin->callbacks.quit(admin->callbacks.context);
	text_add(&response->body, "OK\n");
}

static void reopen_logs(struct admin *admin, const struct http_request *request,
			struct http_response *response)
{
	if (!admin->callbacks.reopen_logs) {
		not_here(response);
		return;
	}
	admin->callbacks.reopen_logs(admin->callbacks.context);
	text_add(&response->body, "OK\n");
}

static void help(struct admin *admin, const struct http_request *request,
		 struct http_response *response);

static const struct {
	const char *path;
	bool changes; /* POST only */
	admin_endpoint serve;
	const char *text;
} endpoints[] = {
	{"/config_dump", false, config_dump,
	 "the configuration as JSON (?resource= ?mask= ?name_regex=)"},
	{"/help", false, help, "this list"},
	{"/hydrofoil/conns", false, admin_conns, "connections of all workers as JSON"},
	{"/quitquitquit", true, quit, "drain and exit (POST)"},
	{"/ready", false, ready, "200 LIVE, or 503 and the state"},
	{"/reopen_logs", true, reopen_logs, "open access log files again (POST)"},
	{"/server_info", false, server_info, "version, state, uptime, options"},
	{"/stats", false, admin_stats,
	 "all counters (?filter=REGEX ?usedonly ?format=json|prometheus)"},
	{"/stats/prometheus", false, admin_stats_prometheus, "all counters for Prometheus"},
};

static void help(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	text_add(&response->body, "admin commands are:\n");
	for (uint32_t i = 0; i < ARRAY_LEN(endpoints); i++)
		text_printf(&response->body, "  %s: %s\n", endpoints[i].path, endpoints[i].text);
}

static void home(struct http_response *response)
{
	response->content_type = "text/html; charset=UTF-8";
	text_add(&response->body, "<!DOCTYPE html>\n<title>hydrofoil</title>\n"
				  "<h1>hydrofoil</h1>\n<table>\n");
	for (uint32_t i = 0; i < ARRAY_LEN(endpoints); i++) {
		const char *path = endpoints[i].path;

		if (endpoints[i].changes)
			text_printf(&response->body, "<tr><td>%s<td>%s\n", path, endpoints[i].text);
		else
			text_printf(&response->body, "<tr><td><a href=\"%s\">%s</a><td>%s\n",
				    path + 1, path, endpoints[i].text);
	}
	text_add(&response->body, "</table>\n");
}

static void handle(void *context, const struct http_request *request,
		   struct http_response *response)
{
	bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
	bool posts = strcmp(request->method, "POST") == 0;

	if (strcmp(request->path, "/") == 0 && reads) {
		home(response);
		return;
	}
	for (uint32_t i = 0; i < ARRAY_LEN(endpoints); i++) {
		if (strcmp(request->path, endpoints[i].path) != 0)
			continue;
		if (endpoints[i].changes ? posts : reads) {
			endpoints[i].serve(context, request, response);
			return;
		}
		response->allow = endpoints[i].changes ? "POST" : "GET, HEAD";
		http_response_error(response, 405, endpoints[i].changes
							   ? "this changes the state: use POST"
							   : "only GET and HEAD");
		return;
	}
	http_response_error(response, 404, "invalid path. admin commands are listed at /help");
}

bool admin_start(struct admin **out, const struct admin_params *params, struct why *why)
{
	struct admin *admin = calloc(1, sizeof(*admin));

	if (!admin)
		return why_set(why, "no memory for the admin server");
	admin->callbacks = params->callbacks;
	segment_path(params->segment_name, admin->segment_name, sizeof(admin->segment_name));
	if (!http_server_start(&admin->server, params->address, handle, admin, why)) {
		struct why inner = *why;

		free(admin);
		return why_set(why, "admin: %.480s", inner.text);
	}
	*out = admin;
	return true;
}

void admin_stop(struct admin *admin)
{
	if (!admin)
		return;
	http_server_stop(admin->server);
	segment_reader_close(admin->reader);
	free(admin);
}

const char *admin_address(const struct admin *admin)
{
	return http_server_address(admin->server);
}
