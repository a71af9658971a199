/* /listeners: Envoy's text and envoy.admin.v3.Listeners as JSON. */
#include "dataplane/admin/admin_private.h"
#include "dataplane/admin/config_view.h"

bool admin_wants_json(const struct http_request *request, struct http_response *response,
		      bool *json)
{
	const char *format = http_request_argument(request, "format");

	*json = format && strcmp(format, "json") == 0;
	if (!format || *json || strcmp(format, "text") == 0)
		return true;
	http_response_error(response, 400, "format has to be text or json");
	return false;
}

bool admin_view(struct admin *admin, struct config_view *out, struct http_response *response)
{
	struct why why;

	if (!admin->callbacks.view) {
		http_response_error(response, 501, ADMIN_NOT_HERE);
		return false;
	}
	if (admin->callbacks.view(admin->callbacks.context, out, &why))
		return true;
	http_response_error(response, 503, why.text);
	return false;
}

static void json_address(struct text *out, const struct config_listen_address *at,
			 const char *indent)
{
	char address[IP_ADDR_TEXT_BYTES];

	if (at->pipe) {
		text_printf(out, "{\n%s \"pipe\": {\n%s  \"path\": ", indent, indent);
		text_add_json(out, at->pipe);
		text_printf(out, "\n%s }\n%s}", indent, indent);
		return;
	}
	text_printf(out,
		    "{\n%s \"socket_address\": {\n%s  \"address\": \"%s\",\n"
		    "%s  \"port_value\": %u\n%s }\n%s}",
		    indent, indent, ip_addr_format(&at->addr, address, sizeof(address)), indent,
		    at->port, indent, indent);
}

static void json_listener(struct text *out, const struct config_view_listener *listener)
{
	text_add(out, "  {\n   \"name\": ");
	text_add_json(out, listener->name);
	if (listener->address_count > 0) {
		text_add(out, ",\n   \"local_address\": ");
		json_address(out, &listener->addresses[0], "   ");
	}
	for (uint32_t i = 1; i < listener->address_count; i++) {
		text_add(out, i == 1 ? ",\n   \"additional_local_addresses\": [\n    " : ",\n    ");
		json_address(out, &listener->addresses[i], "    ");
	}
	text_add(out, listener->address_count > 1 ? "\n   ]\n  }" : "\n  }");
}

static void text_listener(struct text *out, const struct config_view_listener *listener)
{
	char address[IP_ADDR_TEXT_BYTES];

	for (uint32_t i = 0; i < listener->address_count; i++) {
		const struct config_listen_address *at = &listener->addresses[i];

		text_printf(out, "%s::%s\n", listener->name,
			    at->pipe ? at->pipe
				     : ip_endpoint_format(&at->addr, at->port, address,
							  sizeof(address)));
	}
}

void admin_listeners(struct admin *admin, const struct http_request *request,
		     struct http_response *response)
{
	struct text *out = &response->body;
	struct config_view view;
	bool json;

	if (!admin_wants_json(request, response, &json) || !admin_view(admin, &view, response))
		return;
	if (json) {
		response->content_type = ADMIN_TYPE_JSON;
		text_add(out, "{\n \"listener_statuses\": [");
	}
	for (uint32_t i = 0; i < view.listener_count; i++) {
		if (json) {
			text_add(out, i ? ",\n" : "\n");
			json_listener(out, &view.listeners[i]);
		} else {
			text_listener(out, &view.listeners[i]);
		}
	}
	if (json)
		text_add(out, view.listener_count ? "\n ]\n}\n" : "]\n}\n");
	config_view_free(&view);
}
