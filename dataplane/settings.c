#include "dataplane/settings.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/port/pci_function.h"
#include "dataplane/worker/worker_rest.h"
#include "stack/base/time.h"

#define MEMORY_DEFAULT_MIB 512
/* The kernel has buffers of its own for its sockets: ours hold what is between two of them. */
#define MEMORY_DEFAULT_WITHOUT_PORTS_MIB 128
#define MEMORY_LEAST_MIB 64
#define CONNECTIONS_DEFAULT 16384
#define TIMEWAIT_DEFAULT 16384
#define BUSY_POLL_MOST_NS NS_PER_SECOND
#define EXCEPTION_PACKETS_DEFAULT 10000
#define EXCEPTION_PACKETS_MOST 1000000
#define EXCEPTION_BURST_LEAST 64
#define MTU_LEAST_BYTES 1280 /* RFC 8200 5 */
#define MTU_MOST_BYTES 9216

const char *port_kind_name(enum port_kind kind)
{
	switch (kind) {
	case PORT_KIND_AF_PACKET:
		return "af_packet";
	case PORT_KIND_AF_XDP:
		return "af_xdp";
	case PORT_KIND_MEMIF:
		return "memif";
	case PORT_KIND_PCI:
		return "pci";
	case PORT_KIND_RING:
		return "ring";
	case PORT_KIND_TAP:
		return "tap";
	}
	return "?";
}

bool port_kind_is_interface(enum port_kind kind)
{
	return kind == PORT_KIND_AF_PACKET || kind == PORT_KIND_AF_XDP;
}

static bool has_interface_name(enum port_kind kind)
{
	return port_kind_is_interface(kind) || kind == PORT_KIND_TAP;
}

static bool check_addresses(const struct port_settings *port, struct why *why)
{
	for (unsigned i = 0; i < port->address_count; i++) {
		const struct netif_address *a = &port->addresses[i];
		char text[IP_ADDR_TEXT_BYTES];

		ip_addr_format(&a->addr, text, sizeof(text));
		if (ip_addr_is_any(&a->addr) || ip_addr_is_multicast(&a->addr))
			return why_set(why, "port %s: %s is not an address that a port can have",
				       port->name, text);
		if (a->prefix_bits > (ip_addr_is_v4(&a->addr) ? 32 : 128))
			return why_set(why, "port %s: %s/%u: the prefix is longer than the address",
				       port->name, text, a->prefix_bits);
	}
	if (port->has_gateway_v4 && !ip_addr_is_v4(&port->gateway_v4))
		return why_set(why, "port %s: the IPv4 gateway is not an IPv4 address", port->name);
	if (port->has_gateway_v6 && ip_addr_is_v4(&port->gateway_v6))
		return why_set(why, "port %s: the IPv6 gateway is not an IPv6 address", port->name);
	return true;
}

static bool complete_exception(struct port_settings *port, struct why *why)
{
	struct exception_settings *e = &port->exception;

	if (e->kind == EXCEPTION_KIND_NONE)
		return true;
	if (port->kind == PORT_KIND_TAP)
		return why_set(why, "port %s: a tap port has the kernel at its other end already; an exception "
				    "port is for the other kinds", port->name);
	if (e->interface[0] == '\0')
		return why_set(why, "port %s: its exception port names no interface", port->name);
	if (has_interface_name(port->kind) && strcmp(port->device, e->interface) == 0)
		return why_set(why, "port %s and its exception port have the same interface %s; choose "
				    "another name, an exception port makes its own", port->name, e->interface);
	if (e->packets_per_second == 0)
		e->packets_per_second = EXCEPTION_PACKETS_DEFAULT;
	if (e->packets_per_second > EXCEPTION_PACKETS_MOST)
		return why_set(why, "port %s: %u packets a second for its exception port are more than %u",
			       port->name, e->packets_per_second, EXCEPTION_PACKETS_MOST);
	if (e->burst == 0)
		e->burst = e->packets_per_second / 10;
	if (e->burst < EXCEPTION_BURST_LEAST)
		e->burst = EXCEPTION_BURST_LEAST;
	return true;
}

static bool complete_port(struct port_settings *port, struct why *why)
{
	if (port->device[0] == '\0')
		return why_set(why, "port %s: it names no device", port->name);
	if (port->name[0] == '\0')
		snprintf(port->name, sizeof(port->name), "%.31s", port->device);
	if (port->kind == PORT_KIND_PCI) {
		char address[16];

		if (!pci_address_parse(port->device, address))
			return why_set(why, "port %s: \"%s\" is not a PCI address such as 0000:3b:02.1",
				       port->name, port->device);
		memcpy(port->device, address, sizeof(address));
	}
	if (has_interface_name(port->kind) && strlen(port->device) >= IF_NAMESIZE)
		return why_set(why, "port %s: \"%s\" is too long for an interface name", port->name,
			       port->device);
	if (port->has_mac && (port->mac[0] & 1))
		return why_set(why, "port %s: its MAC address is a group address", port->name);
	if (port->mtu_bytes &&
	    (port->mtu_bytes < MTU_LEAST_BYTES || port->mtu_bytes > MTU_MOST_BYTES))
		return why_set(why, "port %s: MTU %u is not between %u and %u", port->name,
			       port->mtu_bytes, MTU_LEAST_BYTES, MTU_MOST_BYTES);
	return check_addresses(port, why) && complete_exception(port, why);
}

static bool has_interface(const struct port_settings *port, const char *name)
{
	return (has_interface_name(port->kind) && strcmp(port->device, name) == 0) ||
	       (port->exception.kind != EXCEPTION_KIND_NONE && strcmp(port->exception.interface, name) == 0);
}

static bool check_exception_names(const struct port_settings *a, const struct port_settings *b,
				  struct why *why)
{
	const char *name = b->exception.interface;

	return b->exception.kind == EXCEPTION_KIND_NONE || !has_interface(a, name) ||
	       why_set(why, "ports %s and %s have the same interface %s; an exception port makes its own",
		       a->name, b->name, name);
}

/* Ports of one vrf share nothing but the wire. */
static bool check_pair(const struct port_settings *a, const struct port_settings *b, struct why *why)
{
	char text[IP_ADDR_TEXT_BYTES];

	if (strcmp(a->name, b->name) == 0)
		return why_set(why, "two ports have the name %s", a->name);
	if (a->kind == PORT_KIND_PCI && b->kind == PORT_KIND_PCI) {
		if (strcmp(a->device, b->device) == 0)
			return why_set(why, "ports %s and %s have the same device %s; remove one of them",
				       a->name, b->name, a->device);
		/* EAL takes one for all. */
		if (strcmp(a->vfio_token, b->vfio_token) != 0)
			return why_set(why, "ports %s and %s have different vfio_tokens; there is one for "
					    "all", a->name, b->name);
	}
	if (has_interface_name(a->kind) && has_interface_name(b->kind) && strcmp(a->device, b->device) == 0)
		return why_set(why, "ports %s and %s have the same interface %s; remove one of them",
			       a->name, b->name, a->device);
	if (!check_exception_names(a, b, why) || !check_exception_names(b, a, why))
		return false;
	for (unsigned i = 0; a->vrf == b->vrf && i < a->address_count; i++)
		for (unsigned j = 0; j < b->address_count; j++)
			if (ip_addr_equal(&a->addresses[i].addr, &b->addresses[j].addr))
				return why_set(why,
					       "ports %s and %s have the same address %s; give each "
					       "its own, or put one into another vrf",
					       a->name, b->name,
					       ip_addr_format(&a->addresses[i].addr, text,
							      sizeof(text)));
	return true;
}

static bool complete_workers(struct dataplane_settings *settings, struct why *why)
{
	uint16_t cores = settings->cores.count;

	if (settings->workers == 0)
		settings->workers = cores ? cores : 1;
	if (settings->workers > SETTINGS_WORKERS_MAX)
		return why_set(why, "%u workers, %u are the most; lower hydrofoil.workers, or name fewer "
				    "hydrofoil.cores",
			       settings->workers, SETTINGS_WORKERS_MAX);
	if (cores && settings->workers > cores)
		return why_set(why, "%u workers and %u hydrofoil.cores: each takes one; name more of them, or "
				    "lower hydrofoil.workers (or --concurrency)",
			       settings->workers, cores);
	return true;
}

bool settings_complete(struct dataplane_settings *settings, struct why *why)
{
	for (unsigned i = 0; i < settings->port_count; i++) {
		if (!complete_port(&settings->ports[i], why))
			return false;
		for (unsigned j = 0; j < i; j++)
			if (!check_pair(&settings->ports[j], &settings->ports[i], why))
				return false;
	}
	if (!complete_workers(settings, why))
		return false;
	if (settings->memory_mib == 0)
		settings->memory_mib = settings->port_count > 0 ? MEMORY_DEFAULT_MIB
								: MEMORY_DEFAULT_WITHOUT_PORTS_MIB;
	if (settings->memory_mib < MEMORY_LEAST_MIB)
		return why_set(why, "%u MiB for packet buffers are too few; set hydrofoil.memory.mib "
				    "to %u or more",
			       settings->memory_mib, MEMORY_LEAST_MIB);
	if (settings->connections_max == 0)
		settings->connections_max = CONNECTIONS_DEFAULT;
	if (settings->timewait_max == 0)
		settings->timewait_max = TIMEWAIT_DEFAULT;
	if (!settings->has_busy_poll)
		settings->busy_poll_ns = WORKER_REST_SPIN_NS;
	if (settings->busy_poll_ns > BUSY_POLL_MOST_NS)
		return why_set(why, "hydrofoil.busy_poll is longer than a second; 0.00005s is the default");
	return true;
}
