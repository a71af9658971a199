/* envoy.config.listener.v3.Listener */
#include <stdio.h>
#include <string.h>

#include "xds/translate/internal.h"

#define BUFFER_DEFAULT_BYTES (1u << 20)
#define BACKLOG_DEFAULT 1024

static void listen_address(struct translation *t, const void *owner, const Core__Address *address,
			   struct config_listen_address *to)
{
	to->kernel_socket = -1;
	if (!translate_place(t, owner, "address", address, &to->addr, &to->port, NULL, &to->pipe))
		return;
	if (to->pipe) {
		to->pipe_mode = address->pipe->mode;
		return;
	}
	to->any_family = address->socket_address->ipv4_compat && ip_addr_is_any(&to->addr) &&
			 !ip_addr_is_v4(&to->addr);
}

static void translate_addresses(struct translation *t, const Listener__Listener *from,
				struct config_listener *to)
{
	size_t count = 1 + from->n_additional_addresses;

	to->addresses = config_arena_array(t->arena, count, sizeof(*to->addresses));
	if (!to->addresses)
		return;
	uint16_t vrf = translate_vrf(t, from->metadata);

	to->address_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		to->addresses[i].vrf = vrf;
	listen_address(t, from, from->address, &to->addresses[0]);
	for (size_t i = 1; i < count; i++)
		listen_address(t, from->additional_addresses[i - 1],
			       from->additional_addresses[i - 1]->address, &to->addresses[i]);
}

static void chain_name(const Listener__Listener *from, size_t index, char *text, size_t size)
{
	snprintf(text, size, "%s\n%zu", from->name, index);
}

static void translate_chains(struct translation *t, const Listener__Listener *from,
			     struct config_listener *to)
{
	char name[512];

	if (!from->n_filter_chains && !from->default_filter_chain)
		FAULT(t, from, "filter_chains", "at least one is required");
	to->chains = config_arena_array(t->arena, from->n_filter_chains, sizeof(*to->chains));
	to->chain_count = to->chains ? (uint32_t)from->n_filter_chains : 0;
	for (uint32_t i = 0; i < to->chain_count; i++) {
		chain_name(from, i, name, sizeof(name));
		translate_filter_chain(t, from->filter_chains[i], name, &to->chains[i]);
		for (uint32_t k = 0; k < i; k++)
			if (to->chains[k].match_destination_port ==
			    to->chains[i].match_destination_port)
				FAULT(t, from->filter_chains[i], "filter_chain_match",
				      "matches the same as filter_chains[%u]", k);
	}
	if (!from->default_filter_chain)
		return;
	to->default_chain = config_arena_alloc(t->arena, sizeof(*to->default_chain));
	chain_name(from, from->n_filter_chains, name, sizeof(name));
	if (to->default_chain)
		translate_filter_chain(t, from->default_filter_chain, name, to->default_chain);
}

struct config_listener *translate_listener(struct translation *t, const Listener__Listener *from)
{
	uint32_t errors = t->document->faults.errors;
	struct str name = {from->name, (uint32_t)strlen(from->name)};
	struct config_listener *to = object_begin(t, CONFIG_LISTENER, sizeof(*to), name);
	char text[IP_ADDR_TEXT_BYTES];

	if (!to)
		return NULL;
	if (from->bind_to_port && !from->bind_to_port->value)
		FAULT(t, from, "bind_to_port", "a listener without a port cannot be reached");
	to->name = translate_text(t, from->name);
	to->buffer_limit_bytes = translate_u32(from->per_connection_buffer_limit_bytes,
					       BUFFER_DEFAULT_BYTES);
	to->backlog = translate_u32(from->tcp_backlog_size, BACKLOG_DEFAULT);
	to->direction = from->traffic_direction == CORE__TRAFFIC_DIRECTION__INBOUND    ? DIRECTION_INBOUND
			: from->traffic_direction == CORE__TRAFFIC_DIRECTION__OUTBOUND ? DIRECTION_OUTBOUND
										       : DIRECTION_UNSPECIFIED;
	translate_addresses(t, from, to);
	translate_chains(t, from, to);
	if (object_failed(t, errors)) {
		to->object.destroy(&to->object);
		return NULL;
	}
	const char *address = to->addresses[0].pipe;

	if (!address)
		address = ip_endpoint_format(&to->addresses[0].addr, to->addresses[0].port, text,
					     sizeof(text));
	to->stat_slot = translate_slot(t, STAT_LISTENER,
				       from->stat_prefix[0] ? from->stat_prefix : address);
	return to;
}
