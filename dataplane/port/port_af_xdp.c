/* A kernel interface through AF_XDP: frames pass by the kernel's stack, from the driver to us.
 *
 *     interface, rx queue N --XDP program--> socket N --> lane N        one vdev for each queue:
 *                                                                       queue_count > 1 loses flows
 *
 * The kernel sees nothing of what arrives on a queue that has a socket, so the interface's own MAC is
 * ours.  Every rx queue of the interface needs a lane: what arrives on another goes to the kernel.
 * busy_budget=0: DPDK's default makes a system call an empty poll and stalled at times.
 * Buffers are the rx pool's own, registered with the kernel (locked memory), a frame in one of them:
 * MTU at most 3,542.  Tx copies chains: the driver would send stale memory (port_tx_flat.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/eal_messages.h"
#include "dataplane/port/interface.h"
#include "dataplane/port/port_ethdev.h"

#define MTU_MOST_BYTES 3542

static struct socket_set sockets_before;

static void before_start(void)
{
	socket_set_look(&sockets_before, AF_XDP);
}

static bool after_start(const struct port_settings *settings, uint16_t ethdev_id, uint16_t queue,
			int *wait_fd, struct why *why)
{
	(void)ethdev_id;
	(void)queue;
	*wait_fd = socket_set_newcomer(&sockets_before, AF_XDP);
	return *wait_fd >= 0 || why_set(why, "port %s: the XDP socket of %s is not to be found",
					settings->name, settings->device);
}

/* Buffers are locked memory; a process with CAP_IPC_LOCK has no limit, one that may raises its own. */
static void lift_memory_lock_limit(void)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 && getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	}
}

static bool may_open_xdp_sockets(const struct port_settings *settings, struct why *why)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno == EAFNOSUPPORT)
		return why_set(why, "port %s: this kernel has no AF_XDP (CONFIG_XDP_SOCKETS); use "
				    "af_packet", settings->name);
	return why_set(why, "port %s: no permission for an XDP socket (%s); run as root or give the "
			    "program CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF and CAP_IPC_LOCK, or use "
			    "af_packet", settings->name, strerror(errno));
}

static bool check_queues(const struct port_settings *settings, const struct interface *interface,
			 uint16_t wanted, struct why *why)
{
	if (interface->rx_queues <= wanted)
		return true;
	return why_set(why, "port %s: %s has %u rx queues and %u worker%s to read them; "
			    "ethtool -L %s combined %u (veth: rx %u tx %u), or more workers",
		       settings->name, settings->device, interface->rx_queues, wanted,
		       wanted == 1 ? "" : "s", settings->device, wanted, wanted, wanted);
}

bool port_af_xdp_create(const struct port_settings *settings, uint32_t index, struct port_device *out,
			struct why *why)
{
	struct interface interface;
	char device[32], arguments[256];

	if (!may_open_xdp_sockets(settings, why) || !interface_look(&interface, settings, why) ||
	    !check_queues(settings, &interface, out->queues_wanted, why))
		return false;
	if (settings->mtu_bytes > MTU_MOST_BYTES)
		return why_set(why, "port %s: MTU %u is more than the %u that fit an AF_XDP buffer; "
				    "lower mtu, or use af_packet", settings->name, settings->mtu_bytes,
			       MTU_MOST_BYTES);
	eal_messages_capture_bpf();
	lift_memory_lock_limit();
	for (uint16_t q = 0; q < interface.rx_queues; q++) {
		snprintf(device, sizeof(device), "net_af_xdp%u_%u", index, q);
		snprintf(arguments, sizeof(arguments),
			 "iface=%s,start_queue=%u,queue_count=1,busy_budget=0", settings->device, q);
		if (!port_vdev_create(settings->name, device, arguments, &out->ethdev_ids[q], why))
			return false;
		out->ethdev_count++;
	}
	out->mtu_bytes = interface.mtu_bytes < MTU_MOST_BYTES ? interface.mtu_bytes : MTU_MOST_BYTES;
	memcpy(out->mac, interface.mac, sizeof(out->mac));
	out->before_start = before_start;
	out->after_start = after_start;
	return true;
}
