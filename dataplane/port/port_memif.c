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

#include "dataplane/port/port_ethdev.h"

#define LOG2_RING_FRAMES 10

/* Whose socket file it is, without disturbing him: a connection that ends at once can make EAL of the
 * other side panic (its interrupt thread meets a closed descriptor).  A socket of another type is
 * refused by the kernel before the owner sees anything. */
enum owner { OWNER_NONE, OWNER_GONE, OWNER_ALIVE };

static enum owner look_at_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return OWNER_NONE;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int failed = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;

	close(fd);
	if (failed == EPROTOTYPE || failed == 0)
		return OWNER_ALIVE;
	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && failed == ECONNREFUSED ? OWNER_GONE :
											 OWNER_NONE;
}

static bool check_folder(const struct port_settings *settings, const char *path, struct why *why)
{
	char folder[sizeof(settings->device)];

	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');

	if (!slash || slash == folder)
		return true;
	*slash = '\0';
	if (access(folder, X_OK) == 0)
		return true;
	return why_set(why, "port %s: the folder %s of its memif socket cannot be used (%s); mkdir -p %s",
		       settings->name, folder, strerror(errno), folder);
}

/* What a killed server left is taken away. */
static bool prepare_server(const struct port_settings *settings, const char *path, struct why *why)
{
	struct stat st;

	if (look_at_socket(path) == OWNER_GONE)
		unlink(path);
	if (lstat(path, &st) == 0)
		return why_set(why, "port %s: %s exists and is in use; stop the other memif server "
				    "or choose another device", settings->name, path);
	return true;
}

static bool prepare_client(const struct port_settings *settings, const char *path, struct why *why)
{
	return look_at_socket(path) == OWNER_ALIVE ||
	       why_set(why, "port %s: no memif server answers on %s; start it first, or give this end "
			    "role: SERVER", settings->name, path);
}

/* Of abstract sockets nothing can be known before. */
static bool prepare(const struct port_settings *settings, const char *path, bool abstract,
		    struct why *why)
{
	if (abstract)
		return true;
	return check_folder(settings, path, why) &&
	       (settings->memif_server ? prepare_server(settings, path, why) :
					 prepare_client(settings, path, why));
}

/* The driver does not look for a server that went away: stopped and started, it connects again. */
static bool come_back(struct port *port, struct why *out)
{
	const char *path = port->plan.device;
	bool abstract = path[0] == '@';
	struct rte_eth_link link = {0};

	if (rte_eth_link_get_nowait(port->ethdev_id, &link) != 0 || link.link_status ||
	    (!abstract && look_at_socket(path) != OWNER_ALIVE))
		return false;
	ethdev_gate_close(&port->watch);
	rte_eth_dev_stop(port->ethdev_id);
	if (rte_eth_dev_start(port->ethdev_id) != 0)
		return false;
	ethdev_gate_open(&port->watch);
	why_set(out, "port %s: connected to its memif server again", port->netif.name);
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

	if (!prepare(settings, path, abstract, why))
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
	/* The peer may have fewer rings than we, and the driver does not look: it would write to where a
	 * missing ring would lie.  One worker serves it, for all. */
	out->queues_most = 1;
	out->ops = &port_gated_ops;
	if (!settings->memif_server)
		out->step = come_back;
	return true;
}
