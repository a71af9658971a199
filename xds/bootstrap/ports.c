#include "xds/bootstrap/ports.h"

#include <stdlib.h>
#include <string.h>

#define MTU_LEAST_BYTES 1280 /* RFC 8200 5 */
#define MTU_MOST_BYTES 9216
#define INTERFACE_NAME_MOST 15 /* IFNAMSIZ without its NUL */
#define EXCEPTION_PACKETS_MOST 1000000
#define VLAN_MOST 4094 /* 802.1Q 9.6: 4095 is reserved */

bool ports_parse_prefix(const char *text, struct ip_addr *addr, uint8_t *prefix_bits)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char address[64];
	char *end;

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!ip_addr_parse(address, addr))
		return false;
	unsigned most = ip_addr_is_v4(addr) ? 32 : 128;
	unsigned long bits = most;

	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return false;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > most)
			return false;
	}
	*prefix_bits = (uint8_t)bits;
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool ports_parse_mac(const char *text, uint8_t mac[6])
{
	if (strlen(text) != 17)
		return false;
	for (unsigned i = 0; i < 6; i++, text += 3) {
		int high = hex_value(text[0]), low = hex_value(text[1]);

		if (high < 0 || low < 0 || (text[2] != ':' && i < 5))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void check_device(struct document *document, const Hydrofoil__Port *port)
{
	switch (port->device_case) {
	case HYDROFOIL__PORT__DEVICE_AF_PACKET:
		if (!port->af_packet->interface[0])
			document_fault(document, &port->af_packet->base, "interface", "required");
		break;
	case HYDROFOIL__PORT__DEVICE_AF_XDP:
		if (!port->af_xdp->interface[0])
			document_fault(document, &port->af_xdp->base, "interface", "required");
		break;
	case HYDROFOIL__PORT__DEVICE_MEMIF:
		if (!port->memif->socket[0])
			document_fault(document, &port->memif->base, "socket", "required");
		break;
	case HYDROFOIL__PORT__DEVICE_PCI:
		if (!port->pci->address[0])
			document_fault(document, &port->pci->base, "address", "required");
		break;
	case HYDROFOIL__PORT__DEVICE_RING:
		if (!port->ring->name[0])
			document_fault(document, &port->ring->base, "name", "required");
		break;
	case HYDROFOIL__PORT__DEVICE_TAP:
		if (!port->tap->interface[0])
			document_fault(document, &port->tap->base, "interface", "required");
		break;
	default:
		document_fault(document, &port->base, NULL,
			       "one of pci, af_xdp, af_packet, tap, memif and ring is required");
	}
}

static void check_gateways(struct document *document, const Hydrofoil__Port *port)
{
	struct ip_addr addr;
	unsigned families[2] = {0, 0};

	for (size_t i = 0; i < port->n_gateways; i++) {
		if (!ip_addr_parse(port->gateways[i], &addr))
			document_fault(document, &port->base, "gateways",
				       "\"%s\" is not an address", port->gateways[i]);
		else if (families[ip_addr_is_v4(&addr)]++)
			document_fault(document, &port->base, "gateways",
				       "at most one of each family");
	}
}

/* Bits behind the prefix are a slip of the pen: was it an address, or is the length wrong? */
static bool has_host_bits(const struct ip_addr *addr, uint8_t prefix_bits)
{
	unsigned first = prefix_bits + (ip_addr_is_v4(addr) ? 96u : 0u);

	for (unsigned bit = first; bit < 128; bit++)
		if (addr->bytes[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

static void check_next_hop(struct document *document, const Hydrofoil__Route *route, bool is_v4)
{
	struct ip_addr via;

	if (!ip_addr_parse(route->via, &via) || ip_addr_is_any(&via) || ip_addr_is_multicast(&via))
		document_fault(document, &route->base, "via", "expected the address of a next hop, not \"%s\"",
			       route->via);
	else if (ip_addr_is_v4(&via) != is_v4)
		document_fault(document, &route->base, "via",
			       "the next hop and the prefix are not of one family");
}

static void check_routes(struct document *document, const Hydrofoil__Port *port)
{
	struct ip_addr addr, other;
	uint8_t bits, other_bits;

	for (size_t i = 0; i < port->n_routes; i++) {
		const Hydrofoil__Route *route = port->routes[i];

		if (!strchr(route->prefix, '/') || !ports_parse_prefix(route->prefix, &addr, &bits)) {
			document_fault(document, &route->base, "prefix",
				       "expected a prefix like 10.8.0.0/13, not \"%s\"", route->prefix);
			continue;
		}
		if (has_host_bits(&addr, bits))
			document_fault(document, &route->base, "prefix",
				       "\"%s\" has bits set behind its length", route->prefix);
		if (route->via[0])
			check_next_hop(document, route, ip_addr_is_v4(&addr));
		for (size_t k = 0; k < i; k++)
			if (ports_parse_prefix(port->routes[k]->prefix, &other, &other_bits) &&
			    other_bits == bits && ip_addr_equal(&other, &addr))
				document_fault(document, &route->base, "prefix",
					       "routes[%zu] has the same prefix", k);
	}
}

static void check_exception(struct document *document, const Hydrofoil__Exception *exception)
{
	const Hydrofoil__Tap *tap = exception->device_case == HYDROFOIL__EXCEPTION__DEVICE_TAP ? exception->tap
				    : exception->device_case == HYDROFOIL__EXCEPTION__DEVICE_VIRTIO_USER
					    ? exception->virtio_user : NULL;

	if (!tap)
		document_fault(document, &exception->base, NULL, "one of tap and virtio_user is required");
	else if (!tap->interface[0])
		document_fault(document, &tap->base, "interface", "required");
	else if (strlen(tap->interface) > INTERFACE_NAME_MOST)
		document_fault(document, &tap->base, "interface", "\"%s\" is longer than %d",
			       tap->interface, INTERFACE_NAME_MOST);
	if (exception->packets_per_second > EXCEPTION_PACKETS_MOST)
		document_fault(document, &exception->base, "packets_per_second", "expected 1 to %d",
			       EXCEPTION_PACKETS_MOST);
}

static void check_port(struct document *document, const Hydrofoil__Port *port)
{
	struct ip_addr addr;
	uint8_t bits;
	uint8_t mac[6];

	check_device(document, port);
	for (size_t i = 0; i < port->n_addresses; i++)
		if (!ports_parse_prefix(port->addresses[i], &addr, &bits))
			document_fault(document, &port->base, "addresses",
				       "expected an address with prefix length like 10.0.0.2/24, not \"%s\"",
				       port->addresses[i]);
	check_gateways(document, port);
	if (port->exception)
		check_exception(document, port->exception);
	check_routes(document, port);
	if (port->vlan > VLAN_MOST)
		document_fault(document, &port->base, "vlan", "expected 1 to %d", VLAN_MOST);
	if (port->mac[0] && (!ports_parse_mac(port->mac, mac) || (mac[0] & 1)))
		document_fault(document, &port->base, "mac",
			       "expected a unicast MAC address like 02:00:00:00:00:01");
	if (port->mtu && (port->mtu < MTU_LEAST_BYTES || port->mtu > MTU_MOST_BYTES))
		document_fault(document, &port->base, "mtu", "expected %d to %d", MTU_LEAST_BYTES,
			       MTU_MOST_BYTES);
	if (port->vrf > UINT16_MAX)
		document_fault(document, &port->base, "vrf", "expected 0 to 65535");
}

void ports_check(struct document *document, const Hydrofoil__Hydrofoil *section)
{
	for (size_t i = 0; i < section->n_ports; i++) {
		check_port(document, section->ports[i]);
		for (size_t k = 0; k < i; k++)
			if (section->ports[i]->name[0] &&
			    !strcmp(section->ports[i]->name, section->ports[k]->name))
				document_fault(document, &section->ports[i]->base, "name",
					       "there is another port \"%s\"", section->ports[i]->name);
	}
}
