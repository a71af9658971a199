#include "dataplane/port/interface.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS_LOOKED_AT_MAX 65536

static uint16_t count_queues(int fd, struct ifreq *request)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	request->ifr_data = (void *)&channels;
	if (ioctl(fd, SIOCETHTOOL, request) != 0)
		return 1;
	uint32_t count = channels.combined_count + channels.rx_count;

	return count == 0 ? 1 : count > UINT16_MAX ? UINT16_MAX : (uint16_t)count;
}

/* What is absent and what is down: 0, or the errno. */
static int ask(struct interface *out, const char *name, bool *up)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int failed = 0;

	if (fd < 0)
		return errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", name);
	if (ioctl(fd, SIOCGIFINDEX, &request) != 0)
		failed = errno;
	out->index = (unsigned)request.ifr_ifindex;
	if (!failed && ioctl(fd, SIOCGIFHWADDR, &request) != 0)
		failed = errno;
	memcpy(out->mac, request.ifr_hwaddr.sa_data, 6);
	if (!failed && ioctl(fd, SIOCGIFMTU, &request) != 0)
		failed = errno;
	out->mtu_bytes = (uint16_t)(request.ifr_mtu > UINT16_MAX ? UINT16_MAX : request.ifr_mtu);
	if (!failed && ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		failed = errno;
	*up = request.ifr_flags & IFF_UP;
	if (!failed)
		out->rx_queues = count_queues(fd, &request);
	close(fd);
	return failed;
}

bool interface_look(struct interface *out, const struct port_settings *settings, struct why *why)
{
	bool up = false;
	int failed = ask(out, settings->device, &up);

	if (failed == ENODEV || failed == ENXIO)
		return why_set(why, "port %s: there is no interface %s in this network namespace; "
				    "ip link shows those there are", settings->name,
			       settings->device);
	if (failed)
		return why_set(why, "port %s: interface %s does not describe itself (%s)",
			       settings->name, settings->device, strerror(failed));
	if (!up)
		return why_set(why, "port %s: interface %s is down; ip link set dev %s up",
			       settings->name, settings->device, settings->device);
	return true;
}

static int descriptors_end(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_LOOKED_AT_MAX ?
		       (int)limit.rlim_cur : DESCRIPTORS_LOOKED_AT_MAX;
}

static bool is_of(int fd, int domain)
{
	int found = 0;
	socklen_t size = sizeof(found);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &found, &size) == 0 && found == domain;
}

void socket_set_look(struct socket_set *out, int domain)
{
	int end = descriptors_end();

	out->count = 0;
	for (int fd = 3; fd < end && out->count < SOCKETS_MAX; fd++)
		if (is_of(fd, domain))
			out->fds[out->count++] = fd;
}

int socket_set_newcomer(const struct socket_set *before, int domain)
{
	struct socket_set now;

	socket_set_look(&now, domain);
	for (uint32_t i = 0; i < now.count; i++) {
		uint32_t k = 0;

		while (k < before->count && before->fds[k] != now.fds[i])
			k++;
		if (k == before->count)
			return now.fds[i];
	}
	return -1;
}
