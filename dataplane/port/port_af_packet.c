/* A kernel interface through AF_PACKET rings: works on every Linux machine, for every interface.
 *
 * AF_PACKET is a tap: the kernel sees the same frames.  The gateway therefore has a MAC of its own
 * (the kernel drops as "other host" what is sent there) and the interface needs no address.  A
 * real NIC must be told to let that MAC in: the packet socket asks for promiscuous mode, which
 * ends with the socket even after kill -9 (an interface flag would stay). */
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/port/port_ethdev.h"

/* Room for the largest frame and the ring's own header (TPACKET2_HDRLEN), a power of two. */
#define RING_FRAMES 1024
#define RING_HEADER_BYTES 128

static bool check_interface(const struct port_settings *settings, uint8_t mac[6], uint16_t *mtu,
			    struct why *why)
{
	struct ifreq request = {0};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return why_set(why, "port %s: no permission for a packet socket (%s); run as root or "
				    "give the program CAP_NET_RAW", settings->name, strerror(errno));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", settings->device);
	bool found = ioctl(fd, SIOCGIFHWADDR, &request) == 0;

	if (found) {
		memcpy(mac, request.ifr_hwaddr.sa_data, 6);
		found = ioctl(fd, SIOCGIFMTU, &request) == 0;
		*mtu = (uint16_t)(request.ifr_mtu > UINT16_MAX ? UINT16_MAX : request.ifr_mtu);
	}
	bool up = found && ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);

	close(fd);
	if (!found)
		return why_set(why, "port %s: there is no interface %s in this network namespace; "
				    "ip link shows those there are", settings->name,
			       settings->device);
	if (!up)
		return why_set(why, "port %s: interface %s is down; ip link set dev %s up",
			       settings->name, settings->device, settings->device);
	return true;
}

static bool is_packet_socket(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_PACKET;
}

/* The driver keeps its socket to itself: it is the newest packet socket among our descriptors,
 * bound to this interface. */
static int find_socket(unsigned interface)
{
	struct rlimit limit;
	int most = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ?
			   (int)limit.rlim_cur : 65536;

	for (int fd = most - 1; fd > 2; fd--) {
		struct sockaddr_ll bound = {0};
		socklen_t size = sizeof(bound);

		if (is_packet_socket(fd) &&
		    getsockname(fd, (struct sockaddr *)&bound, &size) == 0 &&
		    bound.sll_ifindex == (int)interface)
			return fd;
	}
	return -1;
}

bool port_af_packet_create(const struct port_settings *settings, uint32_t index,
			   struct port_device *out, struct why *why)
{
	char device[32], arguments[256];
	uint8_t interface_mac[6];
	unsigned frame_bytes = 2048;

	if (!check_interface(settings, interface_mac, &out->mtu_bytes, why))
		return false;
	uint16_t mtu = settings->mtu_bytes ? settings->mtu_bytes : out->mtu_bytes;

	while (frame_bytes < mtu + (unsigned)RING_HEADER_BYTES && frame_bytes < 16384)
		frame_bytes *= 2;
	snprintf(device, sizeof(device), "net_af_packet%u", index);
	snprintf(arguments, sizeof(arguments),
		 "iface=%s,qpairs=1,framesz=%u,blocksz=%u,framecnt=%u", settings->device, frame_bytes,
		 frame_bytes < 4096 ? 4096 : frame_bytes, RING_FRAMES);
	if (!port_vdev_create(settings->name, device, arguments, &out->ethdev_ids[0], why))
		return false;
	out->ethdev_count = 1;
	unsigned interface = if_nametoindex(settings->device);
	struct packet_mreq promiscuous = {.mr_ifindex = (int)interface, .mr_type = PACKET_MR_PROMISC};

	out->wait_fd = find_socket(interface);
	if (out->wait_fd < 0 || setsockopt(out->wait_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
					   &promiscuous, sizeof(promiscuous)) != 0) {
		rte_eth_dev_close(out->ethdev_ids[0]);
		return why_set(why, "port %s: the packet socket of %s cannot be put into promiscuous "
				    "mode (%s); run as root or give the program CAP_NET_RAW",
			       settings->name, settings->device, strerror(errno));
	}
	port_mac_derive(interface_mac, settings->name, out->mac);
	return true;
}
