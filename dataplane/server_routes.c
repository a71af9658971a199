/* The admin endpoint of where packets go and what our addresses are like: what foilctl routes shows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/http_server.h"
#include "dataplane/server_private.h"
#include "stack/ip/ip_show.h"

#define ADDRESSES_MAX (SETTINGS_PORTS_MAX * NETIF_ADDRESSES_MAX)
#define ROUTES_MAX (SETTINGS_PORTS_MAX * (NETIF_ADDRESSES_MAX + NETIF_ROUTES_MAX + 2))

struct routes_sight {
	struct {
		char name[sizeof(((struct netif *)0)->name)];
		uint16_t vlan;
	} netifs[SETTINGS_PORTS_MAX];
	uint32_t route_count, address_count;
	struct ip_show_route routes[ROUTES_MAX];
	struct ip_show_address addresses[ADDRESSES_MAX];
};

static void copy(void *context, struct worker *worker, uint64_t now_ns)
{
	const struct ip_layer *ip = stack_ip(worker_stack(worker));
	struct routes_sight *to = context;
	uint32_t route = 0, address = 0;

	for (uint16_t i = 0; i < ip->netif_count && i < SETTINGS_PORTS_MAX; i++) {
		memcpy(to->netifs[i].name, ip->netifs[i].name, sizeof(to->netifs[i].name));
		to->netifs[i].vlan = ip->netifs[i].vlan;
	}
	to->route_count = ip_show_routes(ip, &route, to->routes, ROUTES_MAX);
	to->address_count = ip_show_addresses(ip, &address, to->addresses, ADDRESSES_MAX);
}

static void write_address(struct text *out, const char *name, const struct ip_addr *addr)
{
	char text[IP_ADDR_TEXT_BYTES];

	if (addr)
		text_printf(out, ",\"%s\":\"%s\"", name, ip_addr_format(addr, text, sizeof(text)));
	else
		text_printf(out, ",\"%s\":null", name);
}

static void write_prefix(struct text *out, const char *name, const struct ip_addr *addr, unsigned bits)
{
	char text[IP_ADDR_TEXT_BYTES];

	text_printf(out, "{\"%s\":\"%s/%u\"", name, ip_addr_format(addr, text, sizeof(text)), bits);
}

/* Port, vrf and VLAN: null where frames have no tag. */
static void write_port(struct text *out, const struct routes_sight *sight, uint16_t netif, uint16_t vrf)
{
	text_add(out, ",\"port\":");
	text_add_json(out, sight->netifs[netif].name);
	text_printf(out, ",\"vrf\":%u,\"vlan\":", vrf);
	if (sight->netifs[netif].vlan)
		text_printf(out, "%u", sight->netifs[netif].vlan);
	else
		text_add(out, "null");
}

static void write_route(struct text *out, const struct routes_sight *sight,
			const struct ip_show_route *route)
{
	write_prefix(out, "prefix", &route->prefix, route->prefix_bits);
	write_address(out, "via", route->on_link ? NULL : &route->next_hop);
	write_port(out, sight, route->netif, route->vrf);
	text_printf(out, ",\"mtu\":%u", route->mtu_bytes);
	write_address(out, "source", route->has_source ? &route->source : NULL);
	text_add(out, "}");
}

static void write_own(struct text *out, const struct routes_sight *sight,
		      const struct ip_show_address *address)
{
	const uint8_t *mac = address->other_mac;

	write_prefix(out, "address", &address->addr, address->prefix_bits);
	write_port(out, sight, address->netif, address->vrf);
	text_printf(out, ",\"state\":\"%s\",\"conflicts\":%" PRIu64 ",\"other_mac\":",
		    netif_address_state_name(address->state), address->conflicts);
	if (address->has_other)
		text_printf(out, "\"%02x:%02x:%02x:%02x:%02x:%02x\"}", mac[0], mac[1], mac[2], mac[3],
			    mac[4], mac[5]);
	else
		text_add(out, "null}");
}

/* All workers have the same routes; the first also finds out whose the addresses are. */
static void serve_routes(void *context, const struct http_request *request,
			 struct http_response *response)
{
	struct routes_sight *sight = calloc(1, sizeof(*sight));
	struct worker_call call = {.run = copy, .context = sight};
	struct text *out = &response->body;
	struct why why;

	if (!sight) {
		http_response_error(response, 503, "no memory for the answer");
		return;
	}
	if (!server_call_worker(context, 0, &call, &why)) {
		http_response_error(response, 503, why.text);
		free(sight);
		return;
	}
	response->content_type = "application/json";
	text_add(out, "{\"routes\":[");
	for (uint32_t i = 0; i < sight->route_count; i++) {
		text_add(out, i ? ",\n" : "\n");
		write_route(out, sight, &sight->routes[i]);
	}
	text_add(out, "\n],\"addresses\":[");
	for (uint32_t i = 0; i < sight->address_count; i++) {
		text_add(out, i ? ",\n" : "\n");
		write_own(out, sight, &sight->addresses[i]);
	}
	text_add(out, "\n]}\n");
	free(sight);
}

const struct admin_extra server_route_extras[SERVER_ROUTE_EXTRAS] = {
	{"/hydrofoil/routes", false, serve_routes, "where packets go, and our addresses, as JSON"},
};
