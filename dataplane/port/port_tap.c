/* A kernel interface that we make: the kernel (its routes, a bridge) is at the other end.
 *
 *     kernel ── interface NAME, its own MAC ══ /dev/net/tun ══ port, a MAC of ours
 *
 * Works without root in a user namespace.  Slow (some 24,000 cycles a received frame): for trials, and
 * for what is not fast anyhow.  The driver says that it does checksums; they are done by us, as
 * everywhere (port_caps.h).  It is asked for rx interrupts, which for it is its descriptor to sleep
 * on.  The interface goes with the process, even after kill -9. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/port/port_ethdev.h"

#define TUN_DEVICE "/dev/net/tun"
#define MTU_BYTES 1500 /* of an interface that the kernel makes */

static bool may_make_interfaces(const struct port_settings *settings, struct why *why)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return why_set(why, "port %s: " TUN_DEVICE " cannot be opened (%s); modprobe tun, and let "
				    "the process open it (in a container: --device " TUN_DEVICE ")",
			       settings->name, strerror(errno));
	close(fd);
	if (if_nametoindex(settings->device) != 0)
		return why_set(why, "port %s: there is an interface %s already; a tap port makes its own: "
				    "choose another name", settings->name, settings->device);
	return true;
}

static bool after_start(const struct port_settings *settings, uint16_t ethdev_id, uint16_t queue,
			int *wait_fd, struct why *why)
{
	*wait_fd = rte_eth_dev_rx_intr_ctl_q_get_fd(ethdev_id, queue);
	return *wait_fd >= 0 || why_set(why, "port %s: the driver has no descriptor to sleep on",
					settings->name);
}

bool port_tap_create(const struct port_settings *settings, uint32_t index, struct port_device *out,
		     struct why *why)
{
	static const uint8_t no_mac[6];
	char device[32], arguments[64];

	if (!may_make_interfaces(settings, why))
		return false;
	snprintf(device, sizeof(device), "net_tap%u", index);
	snprintf(arguments, sizeof(arguments), "iface=%.15s", settings->device);
	if (!port_vdev_create(settings->name, device, arguments, &out->ethdev_ids[0], why))
		return false;
	out->ethdev_count = 1;
	out->queues_most = 1;
	out->mtu_bytes = MTU_BYTES;
	out->rx_interrupts = true;
	out->after_start = after_start;
	port_mac_derive(no_mac, settings->name, out->mac);
	return true;
}
