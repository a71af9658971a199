/* An exception port by virtio-user and vhost-net: a thread of the kernel copies the frames, so that the
 * worker makes no system call for each.  Not yet run: the machines it was built on have no vhost-net. */
#include <errno.h>
#include <fcntl.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/port/ethdev_calls.h"
#include "dataplane/port/ethdev_start.h"
#include "dataplane/port/exception_port.h"
#include "dataplane/port/port_ethdev.h"

#define VHOST_DEVICE "/dev/vhost-net"
#define QUEUE_FRAMES 1024

bool exception_virtio_user_create(struct exception_port *out, const struct port_settings *settings,
				  uint16_t mtu_bytes, uint32_t index, struct why *why)
{
	char device[32], arguments[128];
	uint16_t id;
	int fd = open(VHOST_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return why_set(why, "port %s: " VHOST_DEVICE " cannot be opened (%s), which a virtio_user "
				    "exception port needs; modprobe vhost_net and let the process open it, or "
				    "use tap", settings->name, strerror(errno));
	close(fd);
	snprintf(device, sizeof(device), "net_virtio_user%u", index);
	snprintf(arguments, sizeof(arguments), "path=" VHOST_DEVICE ",queues=1,queue_size=%u,iface=%s",
		 QUEUE_FRAMES, settings->exception.interface);
	if (!port_vdev_create(settings->name, device, arguments, &id, why))
		return false;
	struct ethdev_plan plan = {.name = settings->name, .device = settings->exception.interface,
				   .queues = 1, .mtu_bytes = mtu_bytes, .rx_pool = out->pool};

	if (!ethdev_start(&ethdev_calls, id, &plan, why)) {
		rte_eth_dev_close(id);
		return false;
	}
	out->port.ops = &port_ethdev_ops;
	out->port.ethdev_id = id;
	out->port.queues = 1;
	out->port.lanes[0] = (struct port_lane){.ethdev_id = id, .wait_fd = -1};
	return true;
}
