/* An exception port by /dev/net/tun, without DPDK's driver: that one takes whole datagrams of several
 * fragments for frames that are too long, and stands still in front of them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dataplane/port/exception_port.h"
#include "stack/base/counter.h"

#define TUN_DEVICE "/dev/net/tun"
#define ETHERNET_HEADER_BYTES 14
#define SEGMENTS_MAX 128 /* of a frame: as many as a datagram has fragments, and some headers */

static uint32_t tap_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	(void)queue;
	struct exception_port *exception = container_of_member(port, struct exception_port, port);
	uint32_t count = 0;

	while (count < max) {
		struct rte_mbuf *frame = rte_pktmbuf_alloc(exception->pool);

		if (!frame)
			break;
		ssize_t bytes = read(port->wait_fd, rte_pktmbuf_mtod(frame, void *),
				     rte_pktmbuf_tailroom(frame));

		if (bytes < ETHERNET_HEADER_BYTES) {
			rte_pktmbuf_free(frame);
			break;
		}
		frame->data_len = (uint16_t)bytes;
		frame->pkt_len = (uint32_t)bytes;
		frames[count++] = frame;
	}
	return count;
}

/* 0, or the errno; a chain goes as one frame. */
static int write_frame(int fd, const struct rte_mbuf *frame)
{
	struct iovec pieces[SEGMENTS_MAX];
	int count = 0;

	for (const struct rte_mbuf *s = frame; s && count < SEGMENTS_MAX; s = s->next)
		pieces[count++] = (struct iovec){rte_pktmbuf_mtod(s, void *), s->data_len};
	if (count < frame->nb_segs)
		return EMSGSIZE;
	return writev(fd, pieces, count) < 0 ? errno : 0;
}

static uint32_t tap_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		int failed = write_frame(port->wait_fd, frames[i]);

		/* No room, or (EIO) the operator has set the interface down. */
		if (failed == EAGAIN || failed == ENOBUFS || failed == EIO)
			break;
		if (failed)
			counter_inc(&port->lanes[queue].unsendable);
		rte_pktmbuf_free(frames[i]);
	}
	return i;
}

static const struct port_ops tap_ops = {.rx = tap_rx, .tx = tap_tx};

bool exception_tap_create(struct exception_port *out, const struct port_settings *settings,
			  struct why *why)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return why_set(why, "port %s: " TUN_DEVICE " cannot be opened (%s), which its exception port "
				    "needs; modprobe tun, and let the process open it (in a container: "
				    "--device " TUN_DEVICE ")", settings->name, strerror(errno));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", settings->exception.interface);
	if (ioctl(fd, TUNSETIFF, &request) != 0) {
		why_set(why, "port %s: exception interface %s cannot be made (%s); run as root or give the "
			     "program CAP_NET_ADMIN", settings->name, settings->exception.interface,
			strerror(errno));
		close(fd);
		return false;
	}
	out->port.ops = &tap_ops;
	out->port.wait_fd = fd;
	return true;
}
