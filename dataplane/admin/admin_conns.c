/* /hydrofoil/conns: what foilctl conns shows. */
#include <inttypes.h>
#include <stdlib.h>

#include "dataplane/admin/admin_private.h"

static void write_connection(struct text *out, const struct admin_connection *connection)
{
	const struct stream_info *info = &connection->info;
	char address[STREAM_END_BYTES];

	text_printf(out, "{\"worker\":%u,\"transport\":", connection->worker);
	text_add_json(out, info->transport ? info->transport : "");
	text_add(out, ",\"state\":");
	text_add_json(out, info->state ? info->state : "");
	text_add(out, ",\"local\":");
	text_add_json(out, stream_end_text(info, true, true, address));
	text_add(out, ",\"remote\":");
	text_add_json(out, stream_end_text(info, false, true, address));
	text_printf(out,
		    ",\"vrf\":%u,\"rx_bytes\":%" PRIu64 ",\"tx_bytes\":%" PRIu64
		    ",\"srtt_us\":%u,\"queued_bytes\":%u,\"blocked\":",
		    info->key.vrf, info->rx_bytes, info->tx_bytes, info->srtt_us,
		    info->queued_bytes);
	text_add_json(out, stream_blocked_name(info->blocked));
	text_add(out, "}");
}

void admin_conns(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	struct admin_connections found = {.capacity = ADMIN_CONNECTIONS_MAX};
	struct why why;

	if (!admin->callbacks.connections) {
		http_response_error(response, 501, "this process does not serve that");
		return;
	}
	found.items = calloc(found.capacity, sizeof(*found.items));
	if (!found.items) {
		http_response_error(response, 503, "no memory for the answer");
		return;
	}
	if (!admin->callbacks.connections(admin->callbacks.context, &found, &why)) {
		http_response_error(response, 503, why.text);
	} else {
		response->content_type = ADMIN_TYPE_JSON;
		text_printf(&response->body, "{\"total\":%" PRIu64 ",\"connections\":[",
			    found.total);
		for (uint32_t i = 0; i < found.count; i++) {
			text_add(&response->body, i ? ",\n" : "\n");
			write_connection(&response->body, &found.items[i]);
		}
		text_add(&response->body, "\n]}\n");
	}
	free(found.items);
}
