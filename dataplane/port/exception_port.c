#include "dataplane/port/exception_port.h"

#include <net/if.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/port/interface_set.h"

#define PORT_RANGE "/proc/sys/net/ipv4/ip_local_port_range"
#define PORTS_OUR_LEAST 1024u
#define PORT_FIRST 1024u /* below, nobody opens from */

bool exception_port_kernel_range(uint16_t *first, uint16_t *last, struct why *why)
{
	unsigned from = 32768, to = 60999; /* the kernel's default */
	FILE *file = fopen(PORT_RANGE, "re");

	if (file && fscanf(file, "%u %u", &from, &to) != 2)
		from = to = 0;
	if (file)
		fclose(file);
	from = from < PORT_FIRST ? PORT_FIRST : from;
	if (to > UINT16_MAX || from > to || UINT16_MAX - PORT_FIRST - (to - from) < PORTS_OUR_LEAST)
		return why_set(why, "the kernel opens connections from ports %u to %u, which leaves too few to "
				    "us on ports with an exception port; sysctl -w "
				    "net.ipv4.ip_local_port_range=\"32768 60999\"", from, to);
	*first = (uint16_t)from;
	*last = (uint16_t)to;
	return true;
}

static bool read_setting(const char *family, const char *interface, const char *name, int *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, interface, name);
	FILE *file = fopen(path, "re");
	bool good = file && fscanf(file, "%d", value) == 1;

	if (file)
		fclose(file);
	return good;
}

static bool write_setting(const char *family, const char *interface, const char *name, int value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, interface, name);
	FILE *file = fopen(path, "we");
	bool good = file && fprintf(file, "%d\n", value) > 0;

	return file && fclose(file) == 0 && good;
}

/* The kernel sees what comes in on the interface of an af_packet port, and by its own choice answers
 * there for the addresses of any other interface, with the wrong MAC. */
static bool keep_arp_apart(const struct port_settings *settings, struct why *why)
{
	int here = 0, everywhere = 0;

	if (!port_kind_is_interface(settings->kind))
		return true;
	if (read_setting("ipv4", "all", "arp_ignore", &everywhere) && everywhere > 0)
		return true;
	if (read_setting("ipv4", settings->device, "arp_ignore", &here) && here > 0)
		return true;
	return write_setting("ipv4", settings->device, "arp_ignore", 1) ||
	       why_set(why, "port %s: the kernel would answer ARP for the exception port's addresses on "
			    "%s too, and this process may not forbid it; sysctl -w "
			    "net.ipv4.conf.%s.arp_ignore=1", settings->name, settings->device,
		       settings->device);
}

static bool refuse(const struct port_settings *settings, const char *what, int failed,
		   struct why *why)
{
	return why_set(why, "port %s: the kernel refuses %s of exception interface %s (%s); run as root or "
			    "give the program CAP_NET_ADMIN", settings->name, what,
		       settings->exception.interface, strerror(failed));
}

static bool set_addresses(struct exception_port *out, const struct port_settings *settings,
			  const struct netif *netif, struct why *why)
{
	for (unsigned i = 0; i < netif->address_count; i++) {
		const struct netif_address *a = &netif->addresses[i];

		/* Others are asked first: address_watch.c tells when it is ours. */
		if (netif->probing == NETIF_PROBES_FIRST)
			continue;
		if (!ip_addr_is_v4(&a->addr))
			(void)!write_setting("ipv6", out->interface, "disable_ipv6", 0);
		int failed = interface_set_address(out->interface_index, a, true);

		if (failed)
			return refuse(settings, "an address", failed, why);
	}
	return true;
}

static bool set_up(struct exception_port *out, const struct port_settings *settings,
		   const struct netif *netif, struct why *why)
{
	out->interface_index = if_nametoindex(out->interface);
	int failed = interface_set_link(out->interface_index, netif->mac, netif->mtu_bytes);

	if (failed)
		return refuse(settings, "MAC and MTU", failed, why);
	if (!set_addresses(out, settings, netif, why))
		return false;
	failed = interface_set_up(out->interface_index);
	return failed == 0 || refuse(settings, "to bring up", failed, why);
}

static bool create(struct exception_port *out, const struct port_settings *settings,
		   const struct netif *netif, uint32_t index, struct why *why)
{
	if (if_nametoindex(settings->exception.interface) != 0)
		return why_set(why, "port %s: there is an interface %s already; an exception port makes its "
				    "own: choose another name", settings->name,
			       settings->exception.interface);
	return settings->exception.kind == EXCEPTION_KIND_TAP
		       ? exception_tap_create(out, settings, why)
		       : exception_virtio_user_create(out, settings, netif->mtu_bytes, index, why);
}

bool exception_port_open(struct exception_port *out, const struct port_settings *settings,
			 const struct netif *netif, uint32_t index, struct rte_mempool *pool,
			 struct why *why)
{
	const struct exception_settings *from = &settings->exception;

	memset(out, 0, sizeof(*out));
	out->pool = pool;
	out->packets_per_second = from->packets_per_second;
	out->burst = from->burst;
	out->port.wait_fd = -1;
	snprintf(out->interface, sizeof(out->interface), "%s", from->interface);
	if (!keep_arp_apart(settings, why) || !create(out, settings, netif, index, why))
		return false;
	if (set_up(out, settings, netif, why))
		return true;
	exception_port_close(out);
	return false;
}

void exception_port_close(struct exception_port *exception)
{
	if (exception->port.queues > 0) {
		rte_eth_dev_stop(exception->port.ethdev_id);
		rte_eth_dev_close(exception->port.ethdev_id);
	} else if (exception->port.wait_fd >= 0) {
		close(exception->port.wait_fd);
	}
}

bool exception_port_set_address(const struct exception_port *exception,
				const struct netif_address *address, bool present, struct why *why)
{
	char text[IP_ADDR_TEXT_BYTES];

	if (present && !ip_addr_is_v4(&address->addr))
		(void)!write_setting("ipv6", exception->interface, "disable_ipv6", 0);
	int failed = interface_set_address(exception->interface_index, address, present);

	return failed == 0 ||
	       why_set(why, "exception interface %s: address %s can't be %s (%s)", exception->interface,
		       ip_addr_format(&address->addr, text, sizeof(text)),
		       present ? "added" : "taken away", strerror(failed));
}
