/* IP addresses and endpoints of a flow.
 *
 * One form for both families: 16 bytes in network order, IPv4 as the IPv4-mapped address
 * ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so that keys, tables and listeners need no second path.
 * Ports are in host order everywhere except in a header on the wire. */
#ifndef STACK_BASE_ADDR_H
#define STACK_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"

struct ip_addr {
	union {
		uint8_t bytes[16];
		uint64_t words[2];
		uint32_t dwords[4];
	};
};

/* Local and remote from the point of view of this host. */
struct flow_key {
	struct ip_addr local;
	struct ip_addr remote;
	uint16_t local_port;
	uint16_t remote_port;
	uint16_t vrf;
	uint16_t reserved; /* 0, so that the key compares as bytes */
};
_Static_assert(sizeof(struct flow_key) == 40, "flow_key is compared and hashed as 40 bytes");

/* Bytes 8 to 11 of an IPv4-mapped address, as they are loaded. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IP_ADDR_V4_MARK UINT32_C(0xffff0000)
#else
#define IP_ADDR_V4_MARK UINT32_C(0x0000ffff)
#endif

#define IP_ADDR_TEXT_BYTES 64   /* "[v6]:port" fits as well */

/* Asked several times for every packet, as the two below. */
static inline bool ip_addr_is_v4(const struct ip_addr *addr)
{
	return addr->words[0] == 0 && addr->dwords[2] == IP_ADDR_V4_MARK;
}

static inline bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

static inline bool flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return ip_addr_equal(&a->remote, &b->remote) && a->local_port == b->local_port &&
	       a->remote_port == b->remote_port && a->vrf == b->vrf &&
	       ip_addr_equal(&a->local, &b->local);
}

bool ip_addr_is_any(const struct ip_addr *addr); /* 0.0.0.0 or :: */
bool ip_addr_is_multicast(const struct ip_addr *addr);
bool ip_addr_is_loopback(const struct ip_addr *addr); /* 127/8 or ::1 */
bool ip_addr_is_link_local(const struct ip_addr *addr); /* fe80::/10 */
struct ip_addr ip_addr_from_v4(uint32_t v4_host_order);
struct ip_addr ip_addr_from_v6(const uint8_t bytes[16]);
/* The four bytes of an IPv4-mapped address, in host order. */
uint32_t ip_addr_v4(const struct ip_addr *addr);
/* Accepts dotted quad or RFC 4291 text; false leaves *out alone. */
MUST_USE bool ip_addr_parse(const char *text, struct ip_addr *out);
/* RFC 5952 text (dotted quad for IPv4) into text[size]; returns text. */
const char *ip_addr_format(const struct ip_addr *addr, char *text, unsigned size);
/* "a.b.c.d:port" or "[v6]:port". */
const char *ip_endpoint_format(const struct ip_addr *addr, uint16_t port, char *text, unsigned size);

#endif
