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

/* Room for the largest frame and the ring's own header (TPACKET2_HDRLEN), a power of two. */
#define RING_FRAMES 1024
#define RING_HEADER_BYTES 128

static bool may_open_packet_sockets(const struct port_settings *settings, struct why *why)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return why_set(why, "port %s: no permission for a packet socket (%s); run as root or "
				    "give the program CAP_NET_RAW", settings->name, strerror(errno));
	close(fd);
	return true;
}

bool port_af_packet_create(const struct port_settings *settings, uint32_t index,
			   struct port_device *out, struct why *why)
{
	char device[32], arguments[256];
	unsigned frame_bytes = 2048;
	struct interface interface;
	struct socket_set before;

	if (!may_open_packet_sockets(settings, why) || !interface_look(&interface, settings, why))
		return false;
	out->mtu_bytes = interface.mtu_bytes;
	uint16_t mtu = settings->mtu_bytes ? settings->mtu_bytes : out->mtu_bytes;

	while (frame_bytes < mtu + (unsigned)RING_HEADER_BYTES && frame_bytes < 16384)
		frame_bytes *= 2;
	snprintf(device, sizeof(device), "net_af_packet%u", index);
	snprintf(arguments, sizeof(arguments),
		 "iface=%s,qpairs=1,framesz=%u,blocksz=%u,framecnt=%u", settings->device, frame_bytes,
		 frame_bytes < 4096 ? 4096 : frame_bytes, RING_FRAMES);
	socket_set_look(&before, AF_PACKET);
	if (!port_vdev_create(settings->name, device, arguments, &out->ethdev_ids[0], why))
		return false;
	out->ethdev_count = 1;
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
