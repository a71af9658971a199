/* Exception ports by /dev/net/tun, in a network namespace of this process; where neither root nor user
 * namespaces are to be had, the tests are skipped. */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/port/exception_port.h"
#include "dataplane/port/interface_set.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define LOCAL_EXPERIMENT 0x88b5

static struct rte_mempool *pool;
static struct exception_port exception;
static struct why why;

static bool begin(void)
{
	static bool done, made;

	if (!done) {
		done = true;
		made = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
		       access("/dev/net/tun", R_OK | W_OK) == 0;
		test_eal_start(64);
		pool = test_mbuf_pool("tun", 511);
	}
	if (!made)
		unit_skip("no network of its own, or no /dev/net/tun");
	return made;
}

static void settings_of(struct port_settings *settings, struct netif *netif)
{
	struct ip_addr v6;

	*settings = (struct port_settings){
		.name = "front", .kind = PORT_KIND_MEMIF,
		.exception = {EXCEPTION_KIND_TAP, "foil-x0", 10000, 1000}};
	*netif = (struct netif){.mac = {2, 0, 0, 0, 1, 1}, .mtu_bytes = 1400, .address_count = 2};
	CU_ASSERT_FATAL(ip_addr_parse("fd80:1::1", &v6));
	netif->addresses[0] = (struct netif_address){ip_addr_from_v4(0x0a500101), 24};
	netif->addresses[1] = (struct netif_address){v6, 64};
}

static void open_it(void)
{
	struct port_settings settings;
	struct netif netif;

	settings_of(&settings, &netif);
	if (!exception_port_open(&exception, &settings, &netif, 0, pool, &why)) {
		fprintf(stderr, "%s\n", why.text);
		CU_FAIL_FATAL("the exception port does not open");
	}
}

static unsigned count_addresses(int family, const void *bytes)
{
	struct ifaddrs *all;
	unsigned count = 0;

	CU_ASSERT_FATAL(getifaddrs(&all) == 0);
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || strcmp(a->ifa_name, "foil-x0") != 0 || a->ifa_addr->sa_family != family)
			continue;
		const void *found = family == AF_INET
					    ? (const void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr
					    : (const void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr;

		count += memcmp(found, bytes, family == AF_INET ? 4 : 16) == 0;
	}
	freeifaddrs(all);
	return count;
}

static void it_has_mac_mtu_addresses_and_is_up(void)
{
	static const uint8_t v4[4] = {10, 80, 1, 1}, v6[16] = {0xfd, 0x80, 0, 1, [15] = 1};
	struct ifreq request = {.ifr_name = "foil-x0"};

	if (!begin())
		return;
	open_it();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CU_ASSERT_EQUAL(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	CU_ASSERT_EQUAL(memcmp(request.ifr_hwaddr.sa_data, "\2\0\0\0\1\1", 6), 0);
	CU_ASSERT_EQUAL(ioctl(fd, SIOCGIFMTU, &request), 0);
	CU_ASSERT_EQUAL(request.ifr_mtu, 1400);
	CU_ASSERT_EQUAL(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	CU_ASSERT(request.ifr_flags & IFF_UP);
	close(fd);
	CU_ASSERT_EQUAL(count_addresses(AF_INET, v4), 1);
	CU_ASSERT_EQUAL(count_addresses(AF_INET6, v6), 1);
	exception_port_close(&exception);
	CU_ASSERT_EQUAL(if_nametoindex("foil-x0"), 0);
}

static void addresses_come_and_go(void)
{
	static const uint8_t v4[4] = {10, 80, 1, 1}, v6[16] = {0xfd, 0x80, 0, 1, [15] = 1};
	struct port_settings settings;
	struct netif netif;

	if (!begin())
		return;
	settings_of(&settings, &netif);
	netif.probing = NETIF_PROBES_FIRST;
	CU_ASSERT_FATAL(exception_port_open(&exception, &settings, &netif, 0, pool, &why));
	for (int round = 0; round < 2; round++)
		for (int present = 0; present < 2; present++)
			for (int again = 0; again < 2; again++)
				for (int i = 0; i < 2; i++) {
					CU_ASSERT(exception_port_set_address(
						&exception, &netif.addresses[i], present, &why));
					CU_ASSERT_EQUAL(count_addresses(i ? AF_INET6 : AF_INET,
									i ? v6 : v4), (unsigned)present);
				}
	exception_port_close(&exception);
	CU_ASSERT(!exception_port_set_address(&exception, &netif.addresses[0], true, &why));
}

static int packet_socket(void)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(LOCAL_EXPERIMENT),
				 .sll_ifindex = (int)if_nametoindex("foil-x0")};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(LOCAL_EXPERIMENT));

	CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

/* In pieces of at most `piece` bytes. */
static struct rte_mbuf *make_frame(uint32_t bytes, uint16_t piece)
{
	struct rte_mbuf *head = NULL;

	for (uint32_t done = 0; done < bytes;) {
		uint16_t part = (uint16_t)(bytes - done < piece ? bytes - done : piece);
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		uint8_t *to = (uint8_t *)rte_pktmbuf_append(m, part);

		for (uint16_t i = 0; i < part; i++)
			to[i] = (uint8_t)((done + i) * 7);
		if (done == 0)
			memcpy(to, "\2\0\0\0\1\1\2\0\0\0\0\xb\x88\xb5", 14);
		done += part;
		if (!head)
			head = m;
		else
			CU_ASSERT_FATAL(rte_pktmbuf_chain(head, m) == 0);
	}
	return head;
}

static void frames_go_to_the_kernel_whole(void)
{
	static const struct {
		uint32_t bytes;
		uint16_t piece;
	} cases[] = {{60, 60}, {1414, 1414}, {1414, 100}, {9000, 1400}, {60000, 1500}, {14, 14}};
	static uint8_t got[65536];

	if (!begin())
		return;
	open_it();
	int fd = packet_socket();

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rte_mbuf *m = make_frame(cases[i].bytes, cases[i].piece);

		CU_ASSERT_EQUAL_FATAL(exception.port.ops->tx(&exception.port, 0, &m, 1), 1);
		CU_ASSERT_EQUAL(recv(fd, got, sizeof(got), MSG_DONTWAIT), cases[i].bytes);
		for (uint32_t k = 14; k < cases[i].bytes; k++)
			if (got[k] != (uint8_t)(k * 7))
				CU_FAIL_FATAL("another byte");
	}
	/* More pieces than are written at once. */
	struct rte_mbuf *m = make_frame(1400, 10);

	CU_ASSERT_EQUAL(exception.port.ops->tx(&exception.port, 0, &m, 1), 1);
	CU_ASSERT_EQUAL(exception.port.lanes[0].unsendable, 1);
	CU_ASSERT(recv(fd, got, sizeof(got), MSG_DONTWAIT) < 0);
	close(fd);
	exception_port_close(&exception);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

static void frames_of_the_kernel_come(void)
{
	struct rte_mbuf *frames[32];
	uint8_t bytes[1414] = {2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 1, 1, 0x88, 0xb5};
	unsigned found = 0;

	if (!begin())
		return;
	open_it();
	int fd = packet_socket();

	for (unsigned i = 0; i < 10; i++) {
		memset(bytes + 14, (int)i + 1, 1400);
		CU_ASSERT_EQUAL(send(fd, bytes, 100 + i * 131, 0), 100 + i * 131);
	}
	struct pollfd wait = {.fd = exception.port.wait_fd, .events = POLLIN};

	CU_ASSERT_EQUAL(poll(&wait, 1, 1000), 1);
	for (unsigned round = 0; round < 8; round++) {
		uint32_t count = exception.port.ops->rx(&exception.port, 0, frames, 4);

		CU_ASSERT(count <= 4);
		for (uint32_t i = 0; i < count; i++) {
			const uint8_t *data = rte_pktmbuf_mtod(frames[i], const uint8_t *);

			/* The kernel says things of its own (IPv6). */
			if (data[12] == 0x88 && data[13] == 0xb5) {
				CU_ASSERT_EQUAL(frames[i]->pkt_len, 100 + found * 131);
				CU_ASSERT_EQUAL(data[frames[i]->pkt_len - 1], ++found);
			}
			rte_pktmbuf_free(frames[i]);
		}
	}
	CU_ASSERT_EQUAL(found, 10);
	close(fd);
	exception_port_close(&exception);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

static void what_a_kernel_does_not_take_is_left_to_the_caller(void)
{
	struct ifreq request = {.ifr_name = "foil-x0"};

	if (!begin())
		return;
	open_it();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct rte_mbuf *m = make_frame(60, 60);

	/* No flag at all: down. */
	CU_ASSERT_EQUAL(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	CU_ASSERT_EQUAL(exception.port.ops->tx(&exception.port, 0, &m, 1), 0);
	rte_pktmbuf_free(m);
	close(fd);
	exception_port_close(&exception);
}

static void what_cannot_be_is_said_with_its_cure(void)
{
	struct port_settings settings;
	struct netif netif;

	if (!begin())
		return;
	settings_of(&settings, &netif);
	snprintf(settings.exception.interface, sizeof(settings.exception.interface), "lo");
	CU_ASSERT(!exception_port_open(&exception, &settings, &netif, 0, pool, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "there is an interface lo already"));
	settings_of(&settings, &netif);
	netif.addresses[0].prefix_bits = 40;
	CU_ASSERT(!exception_port_open(&exception, &settings, &netif, 0, pool, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "refuses an address of exception interface foil-x0"));
	CU_ASSERT_EQUAL(if_nametoindex("foil-x0"), 0);
	if (access("/dev/vhost-net", F_OK) != 0) {
		settings.exception.kind = EXCEPTION_KIND_VIRTIO_USER;
		CU_ASSERT(!exception_port_open(&exception, &settings, &netif, 0, pool, &why));
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "modprobe vhost_net"));
	}
}

/* On the interface of an af_packet port the kernel sees the same questions. */
static void arp_of_the_kernel_is_kept_apart(void)
{
	struct port_settings settings;
	struct netif netif;
	char value = 0;

	if (!begin())
		return;
	settings_of(&settings, &netif);
	settings.kind = PORT_KIND_AF_PACKET;
	snprintf(settings.device, sizeof(settings.device), "lo");
	CU_ASSERT_FATAL(exception_port_open(&exception, &settings, &netif, 0, pool, &why));
	int fd = open("/proc/sys/net/ipv4/conf/lo/arp_ignore", O_RDONLY);

	CU_ASSERT_EQUAL(read(fd, &value, 1), 1);
	CU_ASSERT_EQUAL(value, '1');
	close(fd);
	exception_port_close(&exception);
	snprintf(settings.device, sizeof(settings.device), "nothere");
	CU_ASSERT(!exception_port_open(&exception, &settings, &netif, 0, pool, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "sysctl -w net.ipv4.conf.nothere.arp_ignore=1"));
}

UNIT_TESTS(UNIT_TEST(it_has_mac_mtu_addresses_and_is_up), UNIT_TEST(addresses_come_and_go),
	   UNIT_TEST(frames_go_to_the_kernel_whole), UNIT_TEST(frames_of_the_kernel_come),
	   UNIT_TEST(what_a_kernel_does_not_take_is_left_to_the_caller),
	   UNIT_TEST(what_cannot_be_is_said_with_its_cure), UNIT_TEST(arp_of_the_kernel_is_kept_apart))
