/* Shared memory with a neighbour on the same host (another gateway, VPP, a DPDK program).
 *
 * Copy mode: zero copy gains little, and with external buffers it crashes the peer.  A name that
 * starts with '@' is an abstract socket; any other is a file, and one that a killed server left
 * behind is removed first. */
#include <errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/port/burst_guard.h"
#include "dataplane/port/port_ethdev.h"

#define LOG2_RING_FRAMES 10

static uint32_t memif_rx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t max)
{
	const struct port_lane *lane = &port->lanes[queue];

	burst_enter(queue);
	uint32_t count = rte_eth_rx_burst(lane->ethdev_id, lane->queue, frames, (uint16_t)max);

	burst_leave(queue);
	return count;
}

static uint32_t memif_tx(struct port *port, uint16_t queue, struct rte_mbuf **frames, uint32_t count)
{
	const struct port_lane *lane = &port->lanes[queue];

	burst_enter(queue);
	uint32_t taken = rte_eth_tx_burst(lane->ethdev_id, lane->queue, frames, (uint16_t)count);

	burst_leave(queue);
	return taken;
}

static const struct port_ops memif_ops = {.rx = memif_rx, .tx = memif_tx};

/* Nobody answers on it: it is what a killed server left. */
static bool socket_is_dead(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	bool dead = connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 &&
		    errno == ECONNREFUSED;

	close(fd);
	return dead;
}

static bool prepare_server_path(const struct port_settings *settings, const char *path,
				struct why *why)
{
	struct stat st;

	if (socket_is_dead(path))
		unlink(path);
	if (lstat(path, &st) == 0)
		return why_set(why, "port %s: %s exists and is in use; stop the other memif server "
				    "or choose another device", settings->name, path);
	return true;
}

bool port_memif_create(const struct port_settings *settings, uint32_t index, struct port_device *out,
		       struct why *why)
{
	static const uint8_t no_mac[6];
	bool abstract = settings->device[0] == '@';
	const char *path = settings->device + (abstract ? 1 : 0);
	char device[32], arguments[384];
	uint8_t m[6];

	if (settings->memif_server && !abstract && !prepare_server_path(settings, path, why))
		return false;
	/* The two ends may have the same name: the role goes into the address. */
	port_mac_derive(no_mac, settings->name, m);
	m[5] = (uint8_t)((m[5] & ~1u) | settings->memif_server);
	if (settings->has_mac)
		memcpy(m, settings->mac, sizeof(m));
	snprintf(device, sizeof(device), "net_memif%u", index);
	snprintf(arguments, sizeof(arguments),
		 "role=%s,id=%u,socket=%s,socket-abstract=%s,bsize=2048,rsize=%u,zero-copy=no,"
		 "mac=%02x:%02x:%02x:%02x:%02x:%02x",
		 settings->memif_server ? "server" : "client", settings->memif_id, path,
		 abstract ? "yes" : "no", LOG2_RING_FRAMES, m[0], m[1], m[2], m[3], m[4], m[5]);
	if (!port_vdev_create(settings->name, device, arguments, &out->ethdev_ids[0], why))
		return false;
	memcpy(out->mac, m, sizeof(m));
	out->ethdev_count = 1;
	out->ops = &memif_ops;
	return true;
}
