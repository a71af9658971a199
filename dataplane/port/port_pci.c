/* A NIC of its own, PF or VF, by its PCI address: not yet run on hardware.
 *
 * EAL probes only what the bootstrap names (-a ADDRESS; a VF of a PF that is also in DPDK's hands
 * wants vfio_token).  What the device refuses is told with the command on the host that cures it
 * (pci_function.c).  RSS is set, read back and tested (port_rss.c); a reset by the PF is served
 * behind a gate (ethdev_watch.c).  Rests by naps: its interrupts would have to be armed each time. */
#include <rte_ethdev.h>
#include <string.h>

#include "dataplane/eal.h"
#include "dataplane/port/pci_function.h"
#include "dataplane/port/port_ethdev.h"

static bool wants_multicast(const struct port_settings *settings)
{
	for (unsigned i = 0; i < settings->address_count; i++)
		if (!ip_addr_is_v4(&settings->addresses[i].addr))
			return true;
	return false;
}

static bool prepare(const struct port_settings *settings, const struct pci_function *f, uint16_t id,
		    struct port_device *out, struct why *why)
{
	struct rte_ether_addr mac;

	if (rte_eth_macaddr_get(id, &mac) != 0)
		memset(&mac, 0, sizeof(mac));
	memcpy(out->mac, &mac, sizeof(out->mac));
	if (settings->has_mac && memcmp(settings->mac, &mac, sizeof(mac)) != 0) {
		memcpy(&mac, settings->mac, sizeof(mac));
		if (rte_eth_dev_default_mac_addr_set(id, &mac) != 0) {
			pci_function_explain_mac(f, settings->mac, why);
			return false;
		}
	}
	if (wants_multicast(settings) && rte_eth_allmulticast_enable(id) != 0) {
		pci_function_explain_trust(f, why);
		return false;
	}
	return true;
}

static bool find(const struct port_settings *settings, struct port_device *out, struct why *why)
{
	struct pci_function f;

	if (!pci_function_look(&f, "/sys", settings->device, why) ||
	    !pci_function_check_driver(&f, why))
		return false;
	if (rte_eth_dev_get_port_by_name(settings->device, &out->ethdev_ids[0]) != 0)
		return why_set(why, "DPDK could not take %s: the process needs /dev/vfio and its group, an "
				    "IOMMU (or enable_unsafe_noiommu_mode), locked memory, and for a VF "
				    "of a PF in DPDK's hands its vfio_token; all of it: -l debug",
			       f.address);
	out->ethdev_count = 1;
	return prepare(settings, &f, out->ethdev_ids[0], out, why);
}

bool port_pci_create(const struct port_settings *settings, uint32_t index, struct port_device *out,
		     struct why *why)
{
	struct why cause;

	(void)index;
	if (!find(settings, out, &cause))
		return why_set(why, "port %s: %s", settings->name, cause.text);
	out->ops = &port_gated_ops;
	out->sets_mtu = true;
	out->is_watched = true;
	return true;
}
