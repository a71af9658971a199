/* /hydrofoil/conns: what foilctl conns shows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/admin_private.h"
#include "stack/base/trace.h"

static void add_string(struct text *out, const char *name, const char *value)
{
	text_printf(out, ",\"%s\":", name);
	text_add_json(out, value ? value : "");
}

static void write_connection(struct text *out, const struct admin_connection *connection,
			     uint32_t now_ms)
{
	const struct stream_info *info = &connection->info;
	char address[STREAM_END_BYTES];

	text_printf(out, "{\"worker\":%u", connection->worker);
	add_string(out, "transport", info->transport);
	add_string(out, "state", info->state);
	add_string(out, "local", stream_end_text(info, true, true, address));
	add_string(out, "remote", stream_end_text(info, false, true, address));
	text_printf(out,
		    ",\"vrf\":%u,\"rx_bytes\":%" PRIu64 ",\"tx_bytes\":%" PRIu64
		    ",\"srtt_us\":%u,\"queued_bytes\":%u,\"idle_ms\":%u",
		    info->key.vrf, info->rx_bytes, info->tx_bytes, info->srtt_us, info->queued_bytes,
		    now_ms - info->active_ms);
	add_string(out, "listener", connection->listener);
	add_string(out, "cluster", connection->cluster);
	add_string(out, "blocked", stream_blocked_name(info->blocked));
	/* Unix sockets have no addresses that an ID could be made of. */
	if (info->pipe)
		text_add(out, ",\"id\":null}");
	else
		text_printf(out, ",\"id\":\"%07x\"}", trace_flow_id(&info->key));
}

static bool in_prefix(const struct admin_conn_filter *filter, const struct ip_addr *addr)
{
	uint32_t bits = filter->prefix_bits + (ip_addr_is_v4(&filter->address) ? 96u : 0u);
	uint32_t whole = bits / 8;

	if (memcmp(addr->bytes, filter->address.bytes, whole) != 0)
		return false;
	return bits % 8 == 0 ||
	       ((addr->bytes[whole] ^ filter->address.bytes[whole]) >> (8 - bits % 8)) == 0;
}

static bool is_name(const char *wanted, const char *name, uint32_t length)
{
	return !wanted || (strlen(wanted) == length && memcmp(wanted, name, length) == 0);
}

static bool passes(const struct admin_conn_filter *filter, const struct stream_info *info,
		   uint32_t now_ms)
{
	static const struct stream_owner_info nobody = {"", "", 0, 0};
	const struct stream_owner_info *owner = info->owner ? info->owner : &nobody;

	return (!filter->has_address || in_prefix(filter, &info->key.local) ||
		in_prefix(filter, &info->key.remote)) &&
	       (filter->port == 0 || filter->port == info->key.local_port ||
		filter->port == info->key.remote_port) &&
	       (!filter->state || (info->state && strcasecmp(filter->state, info->state) == 0)) &&
	       is_name(filter->listener, owner->listener, owner->listener_length) &&
	       is_name(filter->cluster, owner->cluster, owner->cluster_length) &&
	       now_ms - info->active_ms >= filter->idle_ms_min;
}

static void copy_name(char out[ADMIN_NAME_BYTES], const char *name, uint32_t length)
{
	if (length >= ADMIN_NAME_BYTES)
		length = ADMIN_NAME_BYTES - 1;
	if (length > 0)
		memcpy(out, name, length);
	out[length] = '\0';
}

void admin_connections_add(struct admin_connections *connections, uint16_t worker,
			   const struct stream_info *info, uint32_t now_ms)
{
	const struct stream_owner_info *owner = info->owner;

	if (connections->filter && !passes(connections->filter, info, now_ms))
		return;
	connections->total++;
	if (connections->count == connections->capacity)
		return;
	struct admin_connection *made = &connections->items[connections->count++];

	made->worker = worker;
	made->info = *info;
	made->info.owner = NULL;
	copy_name(made->listener, owner ? owner->listener : "", owner ? owner->listener_length : 0);
	copy_name(made->cluster, owner ? owner->cluster : "", owner ? owner->cluster_length : 0);
}

static bool parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return end != text && *end == '\0' && *text != '-' && *out <= max;
}

static bool parse_address(const char *text, struct admin_conn_filter *out)
{
	char address[IP_ADDR_TEXT_BYTES];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!ip_addr_parse(address, &out->address))
		return false;
	unsigned long most = ip_addr_is_v4(&out->address) ? 32 : 128;

	if (!slash)
		bits = most;
	else if (!parse_number(slash + 1, most, &bits))
		return false;
	out->prefix_bits = (uint8_t)bits;
	out->has_address = true;
	return true;
}

/* False after a 400. */
static bool read_filter(const struct http_request *request, struct admin_conn_filter *out,
			struct http_response *response)
{
	const char *address = http_request_argument(request, "address");
	const char *port = http_request_argument(request, "port");
	const char *idle_ms = http_request_argument(request, "idle_ms");
	unsigned long number;

	*out = (struct admin_conn_filter){
		.state = http_request_argument(request, "state"),
		.listener = http_request_argument(request, "listener"),
		.cluster = http_request_argument(request, "cluster"),
	};
	if (address && !parse_address(address, out)) {
		http_response_error(response, 400, "address is not an address or prefix "
						   "(10.0.0.0/8, 2001:db8::1)");
		return false;
	}
	if (port) {
		if (!parse_number(port, UINT16_MAX, &number) || number == 0) {
			http_response_error(response, 400, "port is not a port");
			return false;
		}
		out->port = (uint16_t)number;
	}
	if (idle_ms) {
		if (!parse_number(idle_ms, UINT32_MAX, &number)) {
			http_response_error(response, 400, "idle_ms is not a number");
			return false;
		}
		out->idle_ms_min = (uint32_t)number;
	}
	return true;
}

void admin_conns(struct admin *admin, const struct http_request *request,
		 struct http_response *response)
{
	struct admin_conn_filter filter;
	struct admin_connections found = {.capacity = ADMIN_CONNECTIONS_MAX, .filter = &filter};
	const struct admin_callbacks *callbacks = &admin->callbacks;
	struct why why;

	if (!callbacks->connections) {
		http_response_error(response, 501, "this process does not serve that");
		return;
	}
	if (!read_filter(request, &filter, response))
		return;
	found.items = calloc(found.capacity, sizeof(*found.items));
	if (!found.items) {
		http_response_error(response, 503, "no memory for the answer");
		return;
	}
	if (!callbacks->connections(callbacks->context, &found, &why)) {
		http_response_error(response, 503, why.text);
	} else {
		uint32_t now_ms = callbacks->now_ms ? callbacks->now_ms(callbacks->context) : 0;

		response->content_type = ADMIN_TYPE_JSON;
		text_printf(&response->body, "{\"total\":%" PRIu64 ",\"connections\":[",
			    found.total);
		for (uint32_t i = 0; i < found.count; i++) {
			text_add(&response->body, i ? ",\n" : "\n");
			write_connection(&response->body, &found.items[i], now_ms);
		}
		text_add(&response->body, "\n]}\n");
	}
	free(found.items);
}
