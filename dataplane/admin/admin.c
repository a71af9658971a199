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

void admin_help(struct admin *admin, const struct http_request *request,
		struct http_response *response)
{
	struct text *out = &response->body;

	text_add(out, "admin commands are:\n");
	for (uint32_t i = 0; i < admin_command_count; i++) {
		const struct admin_command *command = &admin_commands[i];

		if (!command->serve)
			continue;
		text_printf(out, "  %s%s: %s\n", command->path, command->changes ? " (POST)" : "",
			    command->text);
		for (const char *line = command->arguments; line && *line;) {
			size_t length = strcspn(line, "\n");

			text_printf(out, "      %.*s\n", (int)length, line);
			line += length + (line[length] == '\n');
		}
	}
	for (uint32_t i = 0; i < admin->extra_count; i++)
		text_printf(out, "  %s%s: %s\n", admin->extras[i].path,
			    admin->extras[i].changes ? " (POST)" : "", admin->extras[i].text);
}

void admin_home(struct admin *admin, const struct http_request *request,
		struct http_response *response)
{
	struct text *out = &response->body;

	response->content_type = "text/html; charset=UTF-8";
	text_add(out, "<!DOCTYPE html>\n<title>hydrofoil</title>\n<h1>hydrofoil</h1>\n<table>\n");
	for (uint32_t i = 0; i < admin_command_count; i++) {
		const struct admin_command *command = &admin_commands[i];

		if (!command->serve)
			continue;
		if (command->changes)
			text_printf(out,
				    "<tr><td><form action=\"%s\" method=\"post\"><button>%s</button>"
				    "</form><td>%s\n",
				    command->path + 1, command->path + 1, command->text);
		else
			text_printf(out, "<tr><td><a href=\"%s\">%s</a><td>%s\n",
				    command->path[1] ? command->path + 1 : ".", command->path,
				    command->text);
	}
	text_add(out, "</table>\n");
}

static const struct admin_command *find_command(const char *path)
{
	for (uint32_t i = 0; i < admin_command_count; i++)
		if (strcmp(path, admin_commands[i].path) == 0)
			return &admin_commands[i];
	return NULL;
}

/* An endpoint that the composition root brought along; false when there is none. */
static bool serve_extra(struct admin *admin, const struct http_request *request,
			struct http_response *response)
{
	bool posts = strcmp(request->method, "POST") == 0;

	for (uint32_t i = 0; i < admin->extra_count; i++) {
		const struct admin_extra *extra = &admin->extras[i];

		if (strcmp(request->path, extra->path) != 0)
			continue;
		if (extra->changes == posts) {
			extra->serve(admin->callbacks.context, request, response);
			return true;
		}
		response->allow = extra->changes ? "POST" : "GET, HEAD";
		http_response_error(response, 405, "not with this method");
		return true;
	}
	return false;
}

static void handle(void *context, const struct http_request *request,
		   struct http_response *response)
{
	const struct admin_command *command = find_command(request->path);
	bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
	bool posts = strcmp(request->method, "POST") == 0;

	if (!command && serve_extra(context, request, response))
		return;
	if (!command) {
		text_add(&response->body, "invalid path. ");
		admin_help(context, request, response);
		response->status = 404;
	} else if (!command->serve) {
		http_response_error(response, 501, command->text);
	} else if (command->serve == admin_logging ? !reads && !posts
						   : !(command->changes ? posts : reads)) {
		response->allow = command->changes ? "POST" : "GET, HEAD";
		http_response_error(response, 405, command->changes
							   ? "this changes the state: use POST"
							   : "only GET and HEAD");
	} else {
		command->serve(context, request, response);
	}
}

bool admin_start(struct admin **out, const struct admin_params *params, struct why *why)
{
	struct admin *admin = calloc(1, sizeof(*admin));

	if (!admin)
		return why_set(why, "no memory for the admin server");
	admin->callbacks = params->callbacks;
	admin->extras = params->extras;
	admin->extra_count = params->extra_count;
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
