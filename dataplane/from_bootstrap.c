#include "dataplane/from_bootstrap.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/time.h"
#include "xds/bootstrap/ports.h"

static void copy_text(char *to, size_t bytes, const char *from)
{
	snprintf(to, bytes, "%s", from ? from : "");
}

static bool read_device(struct port_settings *to, const Hydrofoil__Port *from, struct why *why)
{
	const char *device = NULL;

	switch (from->device_case) {
	case HYDROFOIL__PORT__DEVICE_AF_PACKET:
		to->kind = PORT_KIND_AF_PACKET;
		device = from->af_packet->interface;
		break;
	case HYDROFOIL__PORT__DEVICE_AF_XDP:
		to->kind = PORT_KIND_AF_XDP;
		device = from->af_xdp->interface;
		break;
	case HYDROFOIL__PORT__DEVICE_MEMIF:
		to->kind = PORT_KIND_MEMIF;
		device = from->memif->socket;
		to->memif_server = from->memif->role == HYDROFOIL__MEMIF__ROLE__SERVER;
		to->memif_id = from->memif->id;
		break;
	case HYDROFOIL__PORT__DEVICE_PCI:
		to->kind = PORT_KIND_PCI;
		device = from->pci->address;
		if (strlen(from->pci->vfio_token) >= sizeof(to->vfio_token))
			return why_set(why, "port %s: vfio_token is not a UUID", to->name);
		copy_text(to->vfio_token, sizeof(to->vfio_token), from->pci->vfio_token);
		break;
	case HYDROFOIL__PORT__DEVICE_RING:
		to->kind = PORT_KIND_RING;
		device = from->ring->name;
		break;
	case HYDROFOIL__PORT__DEVICE_TAP:
		to->kind = PORT_KIND_TAP;
		device = from->tap->interface;
		break;
	default:
		return why_set(why, "port %s: it has no device; give pci, af_xdp, af_packet, tap, memif or ring",
			       to->name);
	}
	if (strlen(device) >= sizeof(to->device))
		return why_set(why, "port %s: the device's name is too long", to->name);
	copy_text(to->device, sizeof(to->device), device);
	return true;
}

static bool read_addresses(struct port_settings *to, const Hydrofoil__Port *from, struct why *why)
{
	if (from->n_addresses > NETIF_ADDRESSES_MAX)
		return why_set(why, "port %s: %zu addresses, %u are the most", to->name,
			       from->n_addresses, NETIF_ADDRESSES_MAX);
	for (size_t i = 0; i < from->n_addresses; i++) {
		struct netif_address *a = &to->addresses[to->address_count++];

		if (!ports_parse_prefix(from->addresses[i], &a->addr, &a->prefix_bits))
			return why_set(why, "port %s: \"%s\" is not an address with prefix length",
				       to->name, from->addresses[i]);
	}
	for (size_t i = 0; i < from->n_gateways; i++) {
		struct ip_addr gateway;

		if (!ip_addr_parse(from->gateways[i], &gateway))
			return why_set(why, "port %s: \"%s\" is not an address", to->name,
				       from->gateways[i]);
		if (ip_addr_is_v4(&gateway)) {
			to->has_gateway_v4 = true;
			to->gateway_v4 = gateway;
		} else {
			to->has_gateway_v6 = true;
			to->gateway_v6 = gateway;
		}
	}
	return true;
}

static bool read_routes(struct port_settings *to, const Hydrofoil__Port *from, struct why *why)
{
	if (from->n_routes > NETIF_ROUTES_MAX)
		return why_set(why, "port %s: %zu routes, %u are the most", to->name, from->n_routes,
			       NETIF_ROUTES_MAX);
	for (size_t i = 0; i < from->n_routes; i++) {
		const Hydrofoil__Route *route = from->routes[i];
		struct netif_route *r = &to->routes[to->route_count++];

		r->on_link = !route->via[0];
		if (!ports_parse_prefix(route->prefix, &r->prefix, &r->prefix_bits) ||
		    (!r->on_link && !ip_addr_parse(route->via, &r->next_hop)))
			return why_set(why, "port %s: route \"%s\" via \"%s\" cannot be read", to->name,
				       route->prefix, route->via);
	}
	return true;
}

static enum netif_probing read_probing(const Hydrofoil__Port *from)
{
	switch (from->duplicate_addresses) {
	case HYDROFOIL__PORT__DUPLICATE_ADDRESSES__PROBE_FIRST:
		return NETIF_PROBES_FIRST;
	case HYDROFOIL__PORT__DUPLICATE_ADDRESSES__PROBE_NOT:
		return NETIF_PROBES_NOT;
	default:
		return NETIF_PROBES_MEANWHILE;
	}
}

static void read_exception(struct exception_settings *to, const Hydrofoil__Exception *from)
{
	bool is_tap = from->device_case == HYDROFOIL__EXCEPTION__DEVICE_TAP;

	to->kind = is_tap ? EXCEPTION_KIND_TAP : EXCEPTION_KIND_VIRTIO_USER;
	copy_text(to->interface, sizeof(to->interface),
		  is_tap ? from->tap->interface : from->virtio_user->interface);
	to->packets_per_second = from->packets_per_second;
	to->burst = from->burst;
}

static bool read_port(struct port_settings *to, const Hydrofoil__Port *from, struct why *why)
{
	copy_text(to->name, sizeof(to->name), from->name);
	to->mtu_bytes = (uint16_t)(from->mtu > UINT16_MAX ? UINT16_MAX : from->mtu);
	to->vrf = (uint16_t)from->vrf;
	to->vlan = (uint16_t)from->vlan;
	to->inside = from->inside;
	to->probing = (uint8_t)read_probing(from);
	if (from->exception)
		read_exception(&to->exception, from->exception);
	if (from->mac && from->mac[0]) {
		if (!ports_parse_mac(from->mac, to->mac))
			return why_set(why, "port %s: \"%s\" is not a MAC address", to->name, from->mac);
		to->has_mac = true;
	}
	return read_device(to, from, why) && read_addresses(to, from, why) &&
	       read_routes(to, from, why);
}

static enum hugepage_use read_hugepages(const Hydrofoil__Memory *memory)
{
	if (memory && memory->hugepages == HYDROFOIL__MEMORY__HUGEPAGES__ON)
		return HUGEPAGES_REQUIRED;
	if (memory && memory->hugepages == HYDROFOIL__MEMORY__HUGEPAGES__OFF)
		return HUGEPAGES_NEVER;
	return HUGEPAGES_AUTO;
}

static bool read_busy_poll(struct dataplane_settings *out, const Google__Protobuf__Duration *from,
			   struct why *why)
{
	if (from->seconds < 0 || from->nanos < 0)
		return why_set(why, "hydrofoil.busy_poll is negative; 0s sleeps at once");
	out->has_busy_poll = true;
	out->busy_poll_ns = from->seconds > 1 ? UINT64_MAX :
			    (uint64_t)from->seconds * NS_PER_SECOND + (uint64_t)from->nanos;
	return true;
}

static bool read_cpus(struct cpu_list *to, const char *field, const char *from, struct why *why)
{
	struct why cause;

	if (cpu_list_parse(to, from ? from : "", &cause))
		return true;
	return why_set(why, "hydrofoil.%s: %s", field, cause.text);
}

bool settings_from_bootstrap(struct dataplane_settings *out, const struct bootstrap *bootstrap,
			     struct why *why)
{
	const Hydrofoil__Hydrofoil *section = bootstrap->hydrofoil;

	memset(out, 0, sizeof(*out));
	if (!section)
		return true; /* the kernel's sockets alone */
	if (section->n_ports > SETTINGS_PORTS_MAX)
		return why_set(why, "%zu ports, %u are the most", section->n_ports,
			       SETTINGS_PORTS_MAX);
	for (size_t i = 0; i < section->n_ports; i++)
		if (!read_port(&out->ports[out->port_count++], section->ports[i], why))
			return false;
	out->workers = (uint16_t)section->workers;
	out->connections_max = section->connections_max;
	out->timewait_max = section->timewait_max;
	out->hugepages = read_hugepages(section->memory);
	if (section->memory)
		out->memory_mib = section->memory->mib;
	if (!read_cpus(&out->cores, "cores", section->cores, why) ||
	    !read_cpus(&out->housekeeping_cores, "housekeeping_cores", section->housekeeping_cores, why))
		return false;
	if (section->busy_poll && !read_busy_poll(out, section->busy_poll, why))
		return false;
	if (section->stats)
		copy_text(out->segment_name, sizeof(out->segment_name), section->stats->name);
	return true;
}

uint32_t drain_seconds_from_bootstrap(const struct bootstrap *bootstrap, uint32_t absent)
{
	const Hydrofoil__Hydrofoil *section = bootstrap->hydrofoil;

	return section && section->drain_time ? (uint32_t)section->drain_time->seconds : absent;
}
