#include "xds/bootstrap/placement.h"

#include "xds/bootstrap/ports.h"
#include "xds/translate/internal.h"

static bool has_ports(const Hydrofoil__Hydrofoil *section)
{
	return section && section->n_ports > 0;
}

static bool port_has(const Hydrofoil__Port *port, const struct ip_addr *addr)
{
	struct ip_addr own;
	uint8_t bits;

	for (size_t i = 0; i < port->n_addresses; i++)
		if (ports_parse_prefix(port->addresses[i], &own, &bits) && ip_addr_equal(&own, addr))
			return true;
	return false;
}

static bool is_inside(const Hydrofoil__Port *port, const struct ip_addr *addr)
{
	return port->inside && !ip_addr_is_multicast(addr) && !ip_addr_is_link_local(addr);
}

enum placement placement_of_listener(const Hydrofoil__Hydrofoil *section, const struct ip_addr *addr,
				     uint16_t vrf, const char *pipe)
{
	if (pipe || ip_addr_is_loopback(addr) || !has_ports(section))
		return PLACED_IN_KERNEL;
	if (ip_addr_is_any(addr))
		return section->kernel && section->kernel->any_address ? PLACED_ON_BOTH
								       : PLACED_ON_PORT;
	for (size_t i = 0; i < section->n_ports; i++)
		if (section->ports[i]->vrf == vrf &&
		    (is_inside(section->ports[i], addr) || port_has(section->ports[i], addr)))
			return PLACED_ON_PORT;
	return PLACED_NOWHERE;
}

enum placement placement_of_endpoint(const Hydrofoil__Hydrofoil *section, const struct ip_addr *addr,
				     const char *pipe)
{
	if (pipe || ip_addr_is_loopback(addr))
		return PLACED_IN_KERNEL;
	if (ip_addr_is_any(addr) || ip_addr_is_multicast(addr))
		return PLACED_NOWHERE;
	return has_ports(section) ? PLACED_ON_PORT : PLACED_IN_KERNEL;
}

/* --- faults -------------------------------------------------------------------------------- */

/* NULL for what is no address: other checks have said so, or it is a name. */
static const Core__SocketAddress *read_address(const Core__Address *address, struct ip_addr *addr)
{
	if (!address || address->address_case != CORE__ADDRESS__ADDRESS_SOCKET_ADDRESS ||
	    !ip_addr_parse(address->socket_address->address, addr))
		return NULL;
	return address->socket_address;
}

static void check_listener(struct document *document, const Hydrofoil__Hydrofoil *section,
			   uint16_t vrf, const Core__Address *address)
{
	struct ip_addr addr;
	const Core__SocketAddress *socket = read_address(address, &addr);

	if (!socket)
		return;
	enum placement placement = placement_of_listener(section, &addr, vrf, NULL);

	if (placement == PLACED_NOWHERE)
		document_fault(document, &socket->base, "address",
			       "no port has the address %s; add it to a port's addresses, or listen on "
			       "0.0.0.0 or ::", socket->address);
	if ((placement & PLACED_IN_KERNEL) &&
	    socket->port_specifier_case == CORE__SOCKET_ADDRESS__PORT_SPECIFIER_PORT_VALUE &&
	    socket->port_value == 0)
		document_fault(document, &socket->base, "port_value",
			       "the kernel serves this address, and cannot listen on every port");
}

static void check_endpoint(struct document *document, const Hydrofoil__Hydrofoil *section,
			   const Core__Address *address)
{
	struct ip_addr addr;
	const Core__SocketAddress *socket = read_address(address, &addr);

	if (socket && placement_of_endpoint(section, &addr, NULL) == PLACED_NOWHERE)
		document_fault(document, &socket->base, "address",
			       "%s is not an address that a connection can go to", socket->address);
}

static void check_cluster(struct document *document, const Hydrofoil__Hydrofoil *section,
			  const Cluster__Cluster *cluster)
{
	const Endpoint__ClusterLoadAssignment *hosts = cluster->load_assignment;

	for (size_t i = 0; hosts && i < hosts->n_endpoints; i++)
		for (size_t k = 0; k < hosts->endpoints[i]->n_lb_endpoints; k++) {
			const Endpoint__LbEndpoint *one = hosts->endpoints[i]->lb_endpoints[k];

			if (one->host_identifier_case ==
			    ENDPOINT__LB_ENDPOINT__HOST_IDENTIFIER_ENDPOINT)
				check_endpoint(document, section, one->endpoint->address);
		}
}

/* What names no vrf is in 0, where there need be no port: its traffic may be the kernel's. */
static void check_vrf(struct document *document, const Hydrofoil__Hydrofoil *section,
		      const ProtobufCMessage *owner, uint16_t vrf)
{
	for (size_t i = 0; section && i < section->n_ports; i++)
		if (section->ports[i]->vrf == vrf)
			return;
	if (vrf)
		document_fault(document, owner, "metadata", "no port is in vrf %u", vrf);
}

void placement_check(struct document *document, const Hydrofoil__Hydrofoil *section,
		     const Bootstrap__Bootstrap__StaticResources *resources)
{
	if (!resources)
		return;
	for (size_t i = 0; i < resources->n_listeners; i++) {
		const Listener__Listener *listener = resources->listeners[i];

		uint16_t vrf = metadata_vrf(listener->metadata);

		check_vrf(document, section, &listener->base, vrf);
		check_listener(document, section, vrf, listener->address);
		for (size_t k = 0; k < listener->n_additional_addresses; k++)
			check_listener(document, section, vrf,
				       listener->additional_addresses[k]->address);
	}
	for (size_t i = 0; i < resources->n_clusters; i++)
		check_cluster(document, section, resources->clusters[i]);
	for (size_t i = 0; i < resources->n_clusters; i++)
		check_vrf(document, section, &resources->clusters[i]->base,
			  metadata_vrf(resources->clusters[i]->metadata));
}
