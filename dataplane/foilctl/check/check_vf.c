#include "dataplane/foilctl/check/check_vf.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_BYTES 65536
#define ANSWER_SECONDS 1

/* The attributes in [at, end): the next whole one, or NULL. */
static const struct rtattr *attribute(const uint8_t *at, const uint8_t *end)
{
	const struct rtattr *a = (const void *)at;

	if (end - at < (ptrdiff_t)sizeof(*a) || a->rta_len < sizeof(*a) || a->rta_len > end - at)
		return NULL;
	return a;
}

static const uint8_t *content(const struct rtattr *a)
{
	return (const uint8_t *)a + RTA_LENGTH(0);
}

static const uint8_t *after(const struct rtattr *a, const uint8_t *end)
{
	size_t length = RTA_ALIGN(a->rta_len);

	return length > (size_t)(end - (const uint8_t *)a) ? end : (const uint8_t *)a + length;
}

#define FOR_EACH(a, at, end)                                                                       \
	for (const struct rtattr *a = attribute(at, end); a; a = attribute(after(a, end), end))

/* struct ifla_vf_mac, _spoofchk and _trust all begin with the number of the VF. */
static bool words(const struct rtattr *a, uint32_t out[2])
{
	if (a->rta_len < RTA_LENGTH(8))
		return false;
	memcpy(out, content(a), 8);
	return true;
}

static void parse_vf(const struct rtattr *info, uint32_t number, struct check_vf *out)
{
	const uint8_t *at = content(info), *end = (const uint8_t *)info + info->rta_len;
	struct check_vf found = {0};
	uint32_t word[2];

	FOR_EACH(a, at, end) {
		if (!words(a, word) || word[0] != number)
			continue;
		found.found = true;
		if (a->rta_type == IFLA_VF_SPOOFCHK)
			found.spoof_check = word[1] == 1;
		else if (a->rta_type == IFLA_VF_TRUST)
			found.trusted = word[1] == 1;
	}
	if (found.found)
		*out = found;
}

void check_vf_parse(const void *message, size_t size, uint32_t number, struct check_vf *out)
{
	const struct nlmsghdr *header = message;
	const size_t fixed = NLMSG_SPACE(sizeof(struct ifinfomsg));

	*out = (struct check_vf){0};
	if (size < fixed || header->nlmsg_len < fixed || header->nlmsg_len > size ||
	    header->nlmsg_type != RTM_NEWLINK)
		return;
	const uint8_t *end = (const uint8_t *)message + header->nlmsg_len;

	FOR_EACH(list, (const uint8_t *)message + fixed, end) {
		if ((list->rta_type & NLA_TYPE_MASK) != IFLA_VFINFO_LIST)
			continue;
		FOR_EACH(info, content(list), (const uint8_t *)list + list->rta_len)
			if ((info->rta_type & NLA_TYPE_MASK) == IFLA_VF_INFO)
				parse_vf(info, number, out);
	}
}

void check_vf_look(const char *physical, uint32_t number, struct check_vf *out)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
		struct rtattr mask;
		uint32_t filter;
	} ask = {
		.header = {.nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK,
			   .nlmsg_flags = NLM_F_REQUEST},
		.info = {.ifi_index = (int)if_nametoindex(physical)},
		.mask = {.rta_len = RTA_LENGTH(4), .rta_type = IFLA_EXT_MASK},
		.filter = RTEXT_FILTER_VF,
	};
	struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	static uint8_t answer[ANSWER_BYTES];
	int fd = ask.info.ifi_index ? socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) : -1;

	*out = (struct check_vf){0};
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (send(fd, &ask, sizeof(ask), 0) == (ssize_t)sizeof(ask)) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);

		if (got > 0)
			check_vf_parse(answer, (size_t)got, number, out);
	}
	close(fd);
}
