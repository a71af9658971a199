/* A kernel interface through AF_PACKET rings: works on every Linux machine, for every interface.
 *
 * AF_PACKET is a tap: the kernel sees the same frames.  The gateway therefore has a MAC of its own
 * (the kernel drops as "other host" what is sent there) and the interface needs no address.  A
 * real NIC must be told to let that MAC in: the packet socket asks for promiscuous mode, which
 * ends with the socket even after kill -9 (an interface flag would stay). */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/port/interface.h"
#include "dataplane/port/port_ethdev.h"

#define RING_FRAMES 1024
#define PAGE_BYTES 4096u

static bool may_open_packet_sockets(const struct port_settings *settings, struct why *why)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return why_set(why, "port %s: no permission for a packet socket (%s); run as root or "
				    "give the program CAP_NET_RAW", settings->name, strerror(errno));
	close(fd);
	return true;
}

/* packet(7): the kernel forgets what it has told. */
static uint64_t missed(int wait_fd)
{
	struct tpacket_stats stats = {0};
	socklen_t bytes = sizeof(stats);

	return getsockopt(wait_fd, SOL_PACKET, PACKET_STATISTICS, &stats, &bytes) == 0 ? stats.tp_drops : 0;
}

bool port_af_packet_create(const struct port_settings *settings, uint32_t index,
			   struct port_device *out, struct why *why)
{
	char device[32], arguments[256];
	struct interface interface;
	struct socket_set before;

	if (!may_open_packet_sockets(settings, why) || !interface_look(&interface, settings, why))
		return false;
	out->mtu_bytes = interface.mtu_bytes;
	/* The driver counts on frames without gaps: a block is two frames, or one of whole pages. */
	unsigned frame_bytes = port_buffer_bytes(settings->mtu_bytes);

	/* Longer frames than a buffer holds are for those who ask for them. */
	if (!settings->mtu_bytes && out->mtu_bytes > PORT_MTU_UNASKED_BYTES)
		out->mtu_bytes = PORT_MTU_UNASKED_BYTES;
	snprintf(device, sizeof(device), "net_af_packet%u", index);
	snprintf(arguments, sizeof(arguments),
		 "iface=%s,qpairs=1,framesz=%u,blocksz=%u,framecnt=%u", settings->device, frame_bytes,
		 frame_bytes < PAGE_BYTES ? PAGE_BYTES : frame_bytes, RING_FRAMES);
	socket_set_look(&before, AF_PACKET);
	if (!port_vdev_create(settings->name, device, arguments, &out->ethdev_ids[0], why))
		return false;
	out->ethdev_count = 1;
	out->missed = missed;
	struct packet_mreq promiscuous = {.mr_ifindex = (int)interface.index,
					  .mr_type = PACKET_MR_PROMISC};

	out->wait_fd = socket_set_newcomer(&before, AF_PACKET);
	if (out->wait_fd < 0 || setsockopt(out->wait_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
					   &promiscuous, sizeof(promiscuous)) != 0)
		return why_set(why, "port %s: the packet socket of %s cannot be put into promiscuous "
				    "mode (%s); run as root or give the program CAP_NET_RAW",
			       settings->name, settings->device, strerror(errno));
	port_mac_derive(interface.mac, settings->name, out->mac);
	return true;
}
