#include "dataplane/port/interface_set.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 1024

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	};
	uint8_t attributes[64];
};
_Static_assert(NLMSG_HDRLEN == sizeof(struct nlmsghdr), "what follows the header follows it at once");

static void add_attribute(struct request *request, uint16_t type, const void *data, uint16_t bytes)
{
	struct rtattr *attribute = (void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(bytes);
	memcpy(RTA_DATA(attribute), data, bytes);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(RTA_LENGTH(bytes));
}

static int read_answer(int fd)
{
	union {
		struct nlmsghdr header;
		char bytes[ANSWER_BYTES];
	} answer;
	ssize_t length = recv(fd, &answer, sizeof(answer), 0);

	if (length < 0)
		return errno;
	if ((size_t)length < NLMSG_LENGTH(sizeof(struct nlmsgerr)) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return EPROTO;
	return -((const struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
}

static int ask(struct request *request)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int failed;

	if (fd < 0)
		return errno;
	request->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	failed = send(fd, request, request->header.nlmsg_len, 0) < 0 ? errno : read_answer(fd);
	close(fd);
	return failed;
}

static struct request link_request(unsigned index)
{
	return (struct request){.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
					   .nlmsg_type = RTM_NEWLINK},
				.link = {.ifi_index = (int)index}};
}

int interface_set_link(unsigned index, const uint8_t mac[6], uint32_t mtu_bytes)
{
	struct request request = link_request(index);

	add_attribute(&request, IFLA_ADDRESS, mac, 6);
	add_attribute(&request, IFLA_MTU, &mtu_bytes, sizeof(mtu_bytes));
	return ask(&request);
}

int interface_set_up(unsigned index)
{
	struct request request = link_request(index);

	request.link.ifi_flags = IFF_UP;
	request.link.ifi_change = IFF_UP;
	return ask(&request);
}

int interface_set_address(unsigned index, const struct netif_address *address, bool present)
{
	bool is_v4 = ip_addr_is_v4(&address->addr);
	const uint8_t *bytes = address->addr.bytes + (is_v4 ? 12 : 0);
	uint16_t length = is_v4 ? 4 : 16;
	struct request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
			   .nlmsg_type = present ? RTM_NEWADDR : RTM_DELADDR,
			   .nlmsg_flags = present ? NLM_F_CREATE | NLM_F_REPLACE : 0},
		.address = {.ifa_family = is_v4 ? AF_INET : AF_INET6,
			    .ifa_prefixlen = address->prefix_bits,
			    .ifa_flags = is_v4 ? 0 : IFA_F_NODAD,
			    .ifa_scope = RT_SCOPE_UNIVERSE,
			    .ifa_index = index}};

	add_attribute(&request, IFA_LOCAL, bytes, length);
	add_attribute(&request, IFA_ADDRESS, bytes, length);
	int failed = ask(&request);

	if (failed == (present ? EEXIST : EADDRNOTAVAIL))
		return 0;
	return failed;
}
