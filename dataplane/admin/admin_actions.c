/* What changes the state of the process: POST only. */
#include <stdio.h>

#include "dataplane/admin/admin_private.h"

#define LEVELS "levels: trace debug info warning error critical off\n"

static void done(struct http_response *response)
{
	text_add(&response->body, "OK\n");
}

static void answer(struct http_response *response, bool good, const struct why *why)
{
	if (good)
		done(response);
	else
		http_response_error(response, 503, why->text);
}

void admin_quit(struct admin *admin, const struct http_request *request,
		struct http_response *response)
{
	if (!admin->callbacks.quit) {
		http_response_error(response, 501, ADMIN_NOT_HERE);
		return;
	}
	admin->callbacks.quit(admin->callbacks.context);
	done(response);
}

void admin_reopen_logs(struct admin *admin, const struct http_request *request,
		       struct http_response *response)
{
	if (!admin->callbacks.reopen_logs) {
		http_response_error(response, 501, ADMIN_NOT_HERE);
		return;
	}
	admin->callbacks.reopen_logs(admin->callbacks.context);
	done(response);
}

void admin_reset_counters(struct admin *admin, const struct http_request *request,
			  struct http_response *response)
{
	struct why why;

	if (!admin->callbacks.reset_counters)
		http_response_error(response, 501, ADMIN_NOT_HERE);
	else
		answer(response,
		       admin->callbacks.reset_counters(admin->callbacks.context, &why), &why);
}

static void health(struct admin *admin, bool fail, struct http_response *response)
{
	struct why why;

	if (!admin->callbacks.health)
		http_response_error(response, 501, ADMIN_NOT_HERE);
	else
		answer(response, admin->callbacks.health(admin->callbacks.context, fail, &why),
		       &why);
}

void admin_healthcheck_fail(struct admin *admin, const struct http_request *request,
			    struct http_response *response)
{
	health(admin, true, response);
}

void admin_healthcheck_ok(struct admin *admin, const struct http_request *request,
			  struct http_response *response)
{
	health(admin, false, response);
}

void admin_drain_listeners(struct admin *admin, const struct http_request *request,
			   struct http_response *response)
{
	struct admin_drain how = {
		.graceful = http_request_argument(request, "graceful") != NULL,
		.inbound_only = http_request_argument(request, "inboundonly") != NULL,
		.skip_exit = http_request_argument(request, "skip_exit") != NULL,
	};
	struct why why;

	if (!admin->callbacks.drain_listeners)
		http_response_error(response, 501, ADMIN_NOT_HERE);
	else
		answer(response,
		       admin->callbacks.drain_listeners(admin->callbacks.context, &how, &why), &why);
}

/* --- /logging ---------------------------------------------------------------------------------- */

static void list_loggers(struct admin *admin, struct text *out)
{
	const char *name, *level;

	text_add(out, "active loggers:\n");
	for (uint32_t i = 0; (name = admin->callbacks.logger(admin->callbacks.context, i, &level)); i++)
		text_printf(out, "  %s: %s\n", name, level);
	text_add(out, "\n");
}

/* NAME1:LEVEL1,NAME2:LEVEL2 */
static bool set_paths(struct admin *admin, const char *paths)
{
	bool good = *paths != '\0';

	while (good && *paths) {
		size_t name_length = strcspn(paths, ":,"), level_length;
		char name[64], level[16];

		if (paths[name_length] != ':' || name_length >= sizeof(name))
			return false;
		snprintf(name, sizeof(name), "%.*s", (int)name_length, paths);
		paths += name_length + 1;
		level_length = strcspn(paths, ",");
		if (level_length >= sizeof(level))
			return false;
		snprintf(level, sizeof(level), "%.*s", (int)level_length, paths);
		paths += level_length + (paths[level_length] == ',');
		good = admin->callbacks.set_logger(admin->callbacks.context, name, level);
	}
	return good;
}

static bool set_named(struct admin *admin, const struct http_request *request)
{
	void *context = admin->callbacks.context;
	const char *name, *level, *wanted;

	for (uint32_t i = 0; (name = admin->callbacks.logger(context, i, &level)); i++) {
		wanted = http_request_argument(request, name);
		if (wanted)
			return admin->callbacks.set_logger(context, name, wanted);
	}
	return false;
}

static bool set_levels(struct admin *admin, const struct http_request *request)
{
	const char *level = http_request_argument(request, "level");
	const char *paths = http_request_argument(request, "paths");
	int arguments = http_request_arguments(request);

	if (arguments > 1)
		return false;
	if (level)
		return admin->callbacks.set_logger(admin->callbacks.context, NULL, level);
	if (paths)
		return set_paths(admin, paths);
	return arguments == 0 || set_named(admin, request);
}

void admin_logging(struct admin *admin, const struct http_request *request,
		   struct http_response *response)
{
	if (!admin->callbacks.logger || !admin->callbacks.set_logger) {
		http_response_error(response, 501, ADMIN_NOT_HERE);
		return;
	}
	if (strcmp(request->method, "POST") != 0 && http_request_arguments(request) > 0) {
		response->allow = "POST";
		http_response_error(response, 405, "this changes the state: use POST");
		return;
	}
	if (!set_levels(admin, request)) {
		response->status = 400;
		text_add(&response->body,
			 "error: unknown logger name or level\n\n"
			 "usage: /logging?<name>=<level> (change single level)\n"
			 "usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)\n"
			 "usage: /logging?level=<level> (change all levels)\n" LEVELS);
	}
	list_loggers(admin, &response->body);
}
