/* What a port was given is what the wire carries: chained frames, byte by byte, for each driver.
 *
 * A veth in a network namespace of this process; a packet socket at its far end.  Where neither root
 * nor user namespaces are to be had, they are skipped. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/port/port_ethdev.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define EXPERIMENTAL_ETHERTYPE 0x88b5 /* IEEE 802 local experimental 1: nobody here speaks it */
#define SEGMENTS 3
#define ROUNDS 64

static struct rte_mempool *rx_pool, *pool;

/* ip with these words. */
static bool ip(const char *words)
{
	char text[128], *argv[16] = {(char[]){"ip"}}, *rest = NULL;
	int count = 1, status;
	pid_t child;

	snprintf(text, sizeof(text), "%s", words);
	for (char *w = strtok_r(text, " ", &rest); w && count < 15; w = strtok_r(NULL, " ", &rest))
		argv[count++] = w;
	return posix_spawnp(&child, "ip", NULL, NULL, argv, environ) == 0 &&
	       waitpid(child, &status, 0) == child && status == 0;
}

/* False where this process may not have a network of its own. */
static bool make_wire(void)
{
	static bool done, made;

	if (done)
		return made;
	done = true;
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	made = ip("link add w0 type veth peer name w1") && ip("link set w0 up") && ip("link set w1 up");
	test_eal_start(64);
	rx_pool = test_mbuf_pool("rx", 8191);
	pool = test_mbuf_pool("tx", 255);
	return made;
}

static int listen_on(const char *interface)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(EXPERIMENTAL_ETHERTYPE));
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(EXPERIMENTAL_ETHERTYPE),
				 .sll_ifindex = (int)if_nametoindex(interface)};
	struct timeval limit = {.tv_sec = 5};

	CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* A frame of three segments, and the same bytes in one piece. */
static struct rte_mbuf *make_chain(unsigned round, uint8_t *expected, uint32_t *bytes)
{
	struct rte_mbuf *head = NULL;

	*bytes = 0;
	for (unsigned s = 0; s < SEGMENTS; s++) {
		uint16_t length = (uint16_t)(s == 0 ? 54 : 100 + round * 5);
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		memset(expected + *bytes, (int)(round * SEGMENTS + s + 1), length);
		if (s == 0) {
			memset(expected, 0xff, 6);
			memcpy(expected + 12, "\x88\xb5", 2);
		}
		memcpy(rte_pktmbuf_append(m, length), expected + *bytes, length);
		*bytes += length;
		if (!head)
			head = m;
		else
			CU_ASSERT_FATAL(rte_pktmbuf_chain(head, m) == 0);
	}
	return head;
}

static void chains_arrive_whole_over(enum port_kind kind, const char *device, const char *far_end)
{
	struct port_settings settings = {.kind = kind, .name = "wire"};
	static struct port port;
	static uint32_t index;
	struct why why;

	if (!make_wire() || (kind == PORT_KIND_AF_XDP && geteuid() != 0)) {
		unit_skip("no right to a network of its own");
		return;
	}
	snprintf(settings.device, sizeof(settings.device), "%s", device);
	if (!port_open(&port, &settings, index++, 1, rx_pool, &why)) {
		fprintf(stderr, "%s\n", why.text);
		CU_FAIL_FATAL("the port does not open");
	}
	int fd = listen_on(far_end);

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t expected[2048], got[2048];
		uint32_t bytes;
		struct rte_mbuf *frame = make_chain(round, expected, &bytes);

		CU_ASSERT_EQUAL_FATAL(port.ops->tx(&port, 0, &frame, 1), 1);
		ssize_t n = recv(fd, got, sizeof(got), 0);

		CU_ASSERT_EQUAL_FATAL(n, (ssize_t)bytes);
		CU_ASSERT_EQUAL_FATAL(memcmp(expected, got, bytes), 0);
	}
	CU_ASSERT_EQUAL(port.lanes[0].flattened, port.caps.tx_multi_segment ? 0 : ROUNDS);
	close(fd);
	port_close(&port);
}

/* Nobody polls: what does not fit into the driver's ring is the kernel's to drop, and ours to count. */
static void what_a_full_ring_lost_is_counted(void)
{
	enum { SENT = 3000 };
	struct port_settings settings = {.kind = PORT_KIND_AF_PACKET, .name = "wire", .device = "w0"};
	static struct port port;
	struct port_state state;
	struct why why;
	uint64_t received = 0;
	uint8_t frame[100] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 0x88, 0xb5};

	if (!make_wire()) {
		unit_skip("no right to a network of its own");
		return;
	}
	CU_ASSERT_FATAL(port_open(&port, &settings, 9, 1, rx_pool, &why));
	int fd = listen_on("w1");

	for (unsigned i = 0; i < SENT; i++)
		CU_ASSERT_EQUAL_FATAL(send(fd, frame, sizeof(frame), 0), (ssize_t)sizeof(frame));
	port_look(&port, &state);
	CU_ASSERT(state.rx_missed > 0);
	for (unsigned polls = 0; polls < SENT; polls++) {
		struct rte_mbuf *got[32];
		uint32_t count = port.ops->rx(&port, 0, got, 32);

		for (uint32_t i = 0; i < count; i++)
			received += got[i]->pkt_len == sizeof(frame);
		rte_pktmbuf_free_bulk(got, count);
	}
	CU_ASSERT_EQUAL(received + state.rx_missed, SENT);
	/* The kernel forgets what it has told; the port does not. */
	port_look(&port, &state);
	CU_ASSERT_EQUAL(received + state.rx_missed, SENT);
	close(fd);
	port_close(&port);
}

static void chains_arrive_whole_over_af_packet(void)
{
	chains_arrive_whole_over(PORT_KIND_AF_PACKET, "w0", "w1");
}

static void chains_arrive_whole_over_af_xdp(void)
{
	chains_arrive_whole_over(PORT_KIND_AF_XDP, "w0", "w1");
}

static void chains_arrive_whole_over_tap(void)
{
	if (access("/dev/net/tun", R_OK | W_OK) == 0)
		chains_arrive_whole_over(PORT_KIND_TAP, "t0", "t0");
	else
		unit_skip("no /dev/net/tun");
}

UNIT_TESTS(UNIT_TEST(chains_arrive_whole_over_af_packet),
	   UNIT_TEST(chains_arrive_whole_over_af_xdp),
	   UNIT_TEST(chains_arrive_whole_over_tap), UNIT_TEST(what_a_full_ring_lost_is_counted))
