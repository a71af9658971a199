/* What the process says of itself: /ready, /server_info, /memory, /config_dump and the like. */
#include <inttypes.h>

#include "dataplane/admin/admin_private.h"
#include "dataplane/admin/config_dump.h"
#include "dataplane/admin/process_memory.h"

void admin_ready(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	if (!admin->callbacks.state) {
		http_response_error(response, 501, ADMIN_NOT_HERE);
		return;
	}
	enum admin_state state = admin->callbacks.state(admin->callbacks.context);

	http_response_error(response, state == ADMIN_LIVE ? 200 : 503, admin_state_name(state));
}

static void add_field(struct text *out, const char *indent, const char *name, const char *value,
		      bool last)
{
	text_printf(out, "%s\"%s\": ", indent, name);
	text_add_json(out, value ? value : "");
	text_add(out, last ? "\n" : ",\n");
}

static void write_server_info(struct text *out, const struct admin_server_info *info,
			      enum admin_state state)
{
	text_add(out, "{\n");
	add_field(out, " ", "version", info->version, false);
	add_field(out, " ", "state", admin_state_name(state), false);
	text_printf(out,
		    " \"uptime_current_epoch\": \"%" PRIu64 "s\",\n"
		    " \"uptime_all_epochs\": \"%" PRIu64 "s\",\n",
		    info->uptime_seconds, info->uptime_seconds);
	add_field(out, " ", "hot_restart_version", "disabled", false);
	text_printf(out, " \"command_line_options\": {\n  \"concurrency\": %u,\n",
		    info->concurrency);
	add_field(out, "  ", "config_path", info->config_path, false);
	add_field(out, "  ", "log_level", info->log_level, false);
	add_field(out, "  ", "mode", "Serve", false);
	add_field(out, "  ", "service_node", info->node_id, false);
	add_field(out, "  ", "service_cluster", info->node_cluster, false);
	add_field(out, "  ", "drain_strategy", "Immediate", false);
	text_printf(out,
		    "  \"drain_time\": \"%us\",\n  \"restart_epoch\": 0,\n"
		    "  \"disable_hot_restart\": true\n },\n",
		    info->drain_seconds);
	text_add(out, " \"node\": {\n");
	add_field(out, "  ", "id", info->node_id, false);
	add_field(out, "  ", "cluster", info->node_cluster, false);
	add_field(out, "  ", "user_agent_name", "hydrofoil", true);
	text_add(out, " },\n \"hot_restart_initializing\": false\n}\n");
}

void admin_server_info(struct admin *admin, const struct http_request *request,
		       struct http_response *response)
{
	struct admin_server_info info = {0};

	if (!admin->callbacks.state || !admin->callbacks.server_info) {
		http_response_error(response, 501, ADMIN_NOT_HERE);
		return;
	}
	admin->callbacks.server_info(admin->callbacks.context, &info);
	response->content_type = ADMIN_TYPE_JSON;
	write_server_info(&response->body, &info,
			  admin->callbacks.state(admin->callbacks.context));
}

void admin_memory(struct admin *admin, const struct http_request *request,
		  struct http_response *response)
{
	struct process_memory memory = process_memory_look();

	response->content_type = ADMIN_TYPE_JSON;
	text_printf(&response->body,
		    "{\n \"allocated\": \"%" PRIu64 "\",\n \"heap_size\": \"%" PRIu64 "\",\n"
		    " \"pageheap_unmapped\": \"0\",\n \"pageheap_free\": \"%" PRIu64 "\",\n"
		    " \"total_thread_cache\": \"0\",\n \"total_physical_bytes\": \"%" PRIu64
		    "\"\n}\n",
		    memory.allocated_bytes, memory.heap_bytes, memory.free_bytes,
		    memory.physical_bytes);
}

void admin_certs(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	response->content_type = ADMIN_TYPE_JSON;
	text_add(&response->body, "{\n \"certificates\": []\n}\n");
}

void admin_runtime(struct admin *admin, const struct http_request *request,
		   struct http_response *response)
{
	response->content_type = ADMIN_TYPE_JSON;
	text_add(&response->body, "{\n \"layers\": [],\n \"entries\": {}\n}\n");
}

void admin_hot_restart_version(struct admin *admin, const struct http_request *request,
			       struct http_response *response)
{
	text_add(&response->body, "disabled");
}

void admin_config_dump(struct admin *admin, const struct http_request *request,
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
		http_response_error(response, 501, ADMIN_NOT_HERE);
		return;
	}
	if (query.resource && !config_dump_knows(query.resource)) {
		http_response_error(response, 404,
				    "there is no such list; static_clusters, static_listeners, "
				    "static_route_configs and, with include_eds, "
				    "static_endpoint_configs can be had");
		return;
	}
	response->content_type = ADMIN_TYPE_JSON;
	if (!admin->callbacks.config_dump(admin->callbacks.context, &query, &response->body, &why)) {
		text_free(&response->body);
		http_response_error(response, 400, why.text);
	}
}
