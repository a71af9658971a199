/* The IP layer as its operator wants to see it: neighbours, routes and addresses, copied out.
 * Nothing here changes anything.  Addresses may be looked at by any thread, the rest by the worker. */
#ifndef STACK_IP_IP_SHOW_H
#define STACK_IP_IP_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ip/ip_layer.h"

struct ip_show_neighbour {
	struct ip_addr addr;
	uint16_t netif;
	bool has_mac;
	uint8_t mac[6];
	uint8_t waiting; /* packets */
	enum neighbour_state state;
};

struct ip_show_route {
	struct ip_addr prefix;
	uint8_t prefix_bits;
	bool on_link;
	struct ip_addr next_hop; /* unless on_link */
	bool has_source;         /* the prefix is that of an address of ours */
	struct ip_addr source;
	uint16_t netif;
	uint16_t vrf;
	uint16_t mtu_bytes;
};

struct ip_show_address {
	struct ip_addr addr;
	uint8_t prefix_bits;
	uint16_t netif;
	uint16_t vrf;
	enum netif_address_state state;
	uint64_t conflicts;    /* how often another host claimed it */
	bool has_other;
	uint8_t other_mac[6];  /* who did so last */
};

/* Each fills at most max of them, from *cursor on, and returns how many; 0 = that was all.  *cursor is 0
 * for the first call.  What comes and goes between two calls may be missed. */
uint32_t ip_show_neighbours(const struct ip_layer *ip, uint32_t *cursor, struct ip_show_neighbour *out,
			    uint32_t max);
/* The prefixes of addresses, the routes, and the default gateways as /0, by port. */
uint32_t ip_show_routes(const struct ip_layer *ip, uint32_t *cursor, struct ip_show_route *out,
			uint32_t max);
uint32_t ip_show_addresses(const struct ip_layer *ip, uint32_t *cursor, struct ip_show_address *out,
			   uint32_t max);

/* "PREFERRED" … */
const char *netif_address_state_name(enum netif_address_state state);

#endif
