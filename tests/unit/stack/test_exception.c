/* What goes to the kernel behind an exception port, and what does not. */
#include <string.h>

#include "stack/stack.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"
#include "tests/unit/stack/exception_frames.h"

#define LISTENED 80

enum fate { TO_KERNEL, KEPT, DROPPED };

static struct rte_mempool *mbufs, *indirect;
static struct netif netif;
static struct drop_counters drops;
static struct tcp_counters counters;
static struct slice_pool slices;
static struct stack *stack;
static struct packet given; /* what the kernel got last */
static unsigned given_count;
static enum exception_rank given_rank;

static void take(void *context, uint16_t port, struct rte_mbuf *frame, enum exception_rank rank,
		 uint64_t now_ns)
{
	given.length = frame->pkt_len;
	const void *data = rte_pktmbuf_read(frame, 0, frame->pkt_len, given.bytes);

	if (data != given.bytes)
		memcpy(given.bytes, data, frame->pkt_len);
	given_count++;
	given_rank = rank;
	rte_pktmbuf_free(frame);
}

static bool accept_stream(void *context, struct stream *stream, uint64_t now_ns)
{
	return false;
}

static void start(bool has_exception)
{
	struct tcp_listen_params listen = {.local = ip_addr_from_v4(A4), .local_port = LISTENED,
					   .backlog = 8, .accept = accept_stream};

	test_eal_start(64);
	if (!mbufs) {
		mbufs = test_mbuf_pool("exception", 1023);
		indirect = test_indirect_pool("exception-i", 255);
	}
	netif = (struct netif){.mtu_bytes = 1500, .address_count = 3, .has_exception = has_exception,
			       .tx_multi_segment = true};
	memcpy(netif.mac, mac_a, 6);
	netif.addresses[0] = (struct netif_address){ip_addr_from_v4(A4), 24};
	netif.addresses[1] = (struct netif_address){ip_addr_from_v6(a6), 64};
	netif.addresses[2] = (struct netif_address){ip_addr_from_v4(DUPLICATE4), 24};
	netif.address_states[2] = NETIF_ADDRESS_DUPLICATE;
	memset(&drops, 0, sizeof(drops));
	CU_ASSERT_FATAL(slice_pool_create(&slices, 64));
	struct stack_params params = {.netifs = &netif, .netif_count = 1, .header_pool = mbufs,
				      .indirect_pool = indirect, .slices = &slices,
				      .tcp_counters = &counters, .drops = &drops, .neighbours_max = 8,
				      .connections_max = 8, .timewait_max = 8,
				      .rx_budget_bytes = 65536, .tx_budget_bytes = 65536,
				      .exception = take};

	stack = stack_create(&params);
	CU_ASSERT_FATAL(stack != NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcp_listen(stack_tcp(stack), &listen));
	given_count = 0;
}

static void stop(void)
{
	stack_destroy(stack);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

/* Gives the stack a frame; what the kernel gets of it is the frame, byte for byte. */
static enum fate fate_of(const struct packet *packet, uint32_t segment_bytes)
{
	struct rte_mbuf *frame = packet_mbuf(packet, mbufs, segment_bytes), *answers[8];
	unsigned before = given_count;
	uint64_t dropped = 0, dropped_before = 0;

	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		dropped_before += drops.count[i];
	stack_input(stack, 0, &frame, 1, 1);
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		dropped += drops.count[i];
	uint32_t answered = stack_output(stack, 0, answers, 8, 1);

	rte_pktmbuf_free_bulk(answers, answered);
	if (given_count == before)
		return dropped > dropped_before ? DROPPED : KEPT;
	CU_ASSERT_EQUAL(given_count, before + 1);
	CU_ASSERT_EQUAL(dropped, dropped_before);
	CU_ASSERT_EQUAL(given.length, packet->length);
	CU_ASSERT_EQUAL(memcmp(given.bytes, packet->bytes, packet->length), 0);
	return TO_KERNEL;
}

static void segments(void)
{
	static const struct {
		uint16_t port;
		uint8_t flags;
		enum fate fate;
		enum exception_rank rank;
	} cases[] = {
		{22, TCP_SYN, TO_KERNEL, EXCEPTION_COMMON},
		{22, TCP_SYN | TCP_ACK, TO_KERNEL, EXCEPTION_FAVOURED},
		{22, TCP_ACK, TO_KERNEL, EXCEPTION_FAVOURED},
		{22, TCP_RST, TO_KERNEL, EXCEPTION_FAVOURED},
		{22, TCP_FIN | TCP_ACK, TO_KERNEL, EXCEPTION_FAVOURED},
		{LISTENED, TCP_SYN, KEPT, 0},
		{LISTENED, TCP_ACK, KEPT, 0}, /* the connection of the SYN before */
	};
	struct packet packet;

	start(true);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_tcp(&packet, A4, cases[i].port, cases[i].flags);
		enum fate fate = fate_of(&packet, i % 2 ? 20 : 0);

		CU_ASSERT(fate == cases[i].fate || (cases[i].fate == KEPT && fate == DROPPED));
		if (fate == TO_KERNEL)
			CU_ASSERT_EQUAL(given_rank, cases[i].rank);
	}
	put_tcp(&packet, A4, 22, TCP_SYN);
	packet.bytes[50] ^= 1; /* a wrong checksum is nobody's */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	CU_ASSERT_EQUAL(drops.count[DROP_TCP_CHECKSUM], 1);
	CU_ASSERT_EQUAL(counters.resets_out, 0);
	stop();
}

static void where_every_port_is_listened_on_what_opens_nothing_is_the_kernels(void)
{
	struct tcp_listen_params every = {.local = ip_addr_from_v4(A4), .backlog = 8,
					  .accept = accept_stream};
	struct packet packet;

	start(true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(tcp_listen(stack_tcp(stack), &every));
	put_tcp(&packet, A4, 22, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	put_tcp(&packet, A4, 22, TCP_SYN);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), KEPT);
	stop();
}

static void datagrams_and_other_protocols(void)
{
	struct packet packet;

	start(true);
	put_udp(&packet, A4);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	CU_ASSERT_EQUAL(given_rank, EXCEPTION_COMMON);
	packet.bytes[40] ^= 1;
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	for (uint32_t to = 0; to < 2; to++) {
		put_ip4(&packet, to ? GROUP4 : A4, OSPF, 8);
		packet_fill(&packet, 1, 8);
		CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
		CU_ASSERT_EQUAL(given_rank, EXCEPTION_FAVOURED);
	}
	put_udp(&packet, FREE4); /* an address that only the kernel may have */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	put_udp(&packet, DUPLICATE4); /* ours, but another host has it */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	packet.bytes[26 + 3] = 1; /* from our own address */
	packet_fix_ip4(&packet, 14);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	stop();
}

static void icmp(void)
{
	struct packet packet;

	start(true);
	put_icmp(&packet, 8, 0);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), KEPT);
	put_icmp(&packet, 0, 0);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	put_icmp(&packet, 3, 1); /* about a connection that is not ours */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	packet.bytes[40] ^= 1;
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	stop();
}

static void arp(void)
{
	static const struct {
		unsigned op;
		uint32_t target;
		enum fate fate;
	} cases[] = {
		{1, A4, KEPT}, {1, FREE4, TO_KERNEL}, {1, DUPLICATE4, KEPT}, {2, A4, TO_KERNEL},
	};
	struct packet packet;

	start(true);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_arp(&packet, cases[i].op, cases[i].target);
		CU_ASSERT_EQUAL(fate_of(&packet, i % 2 ? 16 : 0), cases[i].fate);
	}
	put_arp(&packet, 2, A4);
	packet.bytes[18] = 7; /* no MAC has seven bytes */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	stop();
}

static void neighbour_discovery(void)
{
	uint8_t group[16];
	struct packet packet;

	start(true);
	solicited_node(a6, group);
	put_icmp6(&packet, 135, group, a6);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), KEPT);
	solicited_node(free6, group);
	put_icmp6(&packet, 135, group, free6);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	put_icmp6(&packet, 135, a6, free6);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	put_icmp6(&packet, 136, a6, b6); /* what its own question was answered with */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	put_icmp6(&packet, 136, a6, a6); /* somebody claims our address */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	put_icmp6(&packet, 134, all_nodes6, a6); /* a router */
	CU_ASSERT_EQUAL(fate_of(&packet, 0), TO_KERNEL);
	put_icmp6(&packet, 128, a6, a6);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), KEPT);
	stop();
}

static void frames(void)
{
	static const struct {
		const uint8_t *to, *from;
		unsigned type;
		enum fate fate;
	} cases[] = {
		{mac_a, mac_b, 0x88cc, TO_KERNEL},     /* LLDP */
		{group_mac, mac_b, 0x88cc, TO_KERNEL},
		{broadcast, mac_b, 0x1234, TO_KERNEL},
		{mac_c, mac_b, 0x88cc, DROPPED},       /* another host's */
		{mac_c, mac_b, 0x0800, DROPPED},
		{group_mac, mac_a, 0x88cc, DROPPED},   /* our own, come back */
		{group_mac, mac_b, 0x8100, DROPPED},   /* of another VLAN */
		{mac_a, mac_b, 0x8100, DROPPED},
	};
	struct packet packet;

	start(true);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		packet.length = 0;
		packet_eth(&packet, cases[i].to, cases[i].from, cases[i].type);
		packet_put32(&packet, 0x000588cc); /* VLAN 5 */
		packet_fill(&packet, 1, 40);
		CU_ASSERT_EQUAL(fate_of(&packet, 0), cases[i].fate);
	}
	for (packet.length = 0; packet.length < 14; packet.length++)
		CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	stop();
}

/* For us they are put together first; for others they go as they are. */
static void fragments(void)
{
	struct packet whole, parts[2];

	start(true);
	put_udp(&whole, A4);
	for (unsigned i = 0; i < 2; i++) {
		parts[i] = whole;
		parts[i].length = i ? 34 + 4 : 34 + 8;
		memcpy(parts[i].bytes + 34, whole.bytes + 34 + i * 8, i ? 4 : 8);
		parts[i].bytes[17] = (uint8_t)(20 + (i ? 4 : 8));
		parts[i].bytes[20] = i ? 0 : 0x20;
		parts[i].bytes[21] = (uint8_t)i;
		packet_fix_ip4(&parts[i], 14);
	}
	CU_ASSERT_EQUAL(fate_of(&parts[0], 0), KEPT);
	struct rte_mbuf *frame = packet_mbuf(&parts[1], mbufs, 0);

	stack_input(stack, 0, &frame, 1, 1);
	CU_ASSERT_EQUAL(given_count, 1);
	CU_ASSERT_EQUAL(given.length, whole.length);
	CU_ASSERT_EQUAL(memcmp(given.bytes + 34, whole.bytes + 34, 12), 0);
	put_udp(&parts[0], FREE4);
	parts[0].bytes[20] = 0x20;
	packet_fix_ip4(&parts[0], 14);
	CU_ASSERT_EQUAL(fate_of(&parts[0], 0), TO_KERNEL);
	stop();
}

static void without_an_exception_port_all_is_refused_as_ever(void)
{
	struct packet packet;

	start(false);
	put_tcp(&packet, A4, 22, TCP_SYN);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	CU_ASSERT_EQUAL(drops.count[DROP_TCP_NO_CONNECTION], 1);
	put_udp(&packet, A4);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	CU_ASSERT_EQUAL(drops.count[DROP_UDP_NO_PORT], 1);
	put_ip4(&packet, A4, OSPF, 8);
	packet_fill(&packet, 1, 8);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	put_icmp(&packet, 3, 1);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	CU_ASSERT_EQUAL(drops.count[DROP_ICMP_FLOW], 1);
	put_arp(&packet, 2, A4);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), KEPT);
	put_icmp6(&packet, 134, all_nodes6, a6);
	CU_ASSERT_EQUAL(fate_of(&packet, 0), DROPPED);
	CU_ASSERT_EQUAL(given_count, 0);
	stop();
}

static void what_the_kernel_sends_leaves_as_it_is(void)
{
	struct packet packet;
	struct rte_mbuf *out[4];

	start(true);
	packet.length = 0;
	packet_eth(&packet, mac_b, mac_a, 0x88cc);
	packet_fill(&packet, 3, 100);
	for (unsigned vlan = 0; vlan < 8; vlan += 7) {
		netif.vlan = (uint16_t)vlan;
		stack_send(stack, 0, packet_mbuf(&packet, mbufs, 0));
		CU_ASSERT_EQUAL_FATAL(stack_output(stack, 0, out, 4, 1), 1);
		const uint8_t *bytes = rte_pktmbuf_mtod(out[0], const uint8_t *);
		uint32_t tag = vlan ? 4 : 0;

		CU_ASSERT_EQUAL(out[0]->pkt_len, packet.length + tag);
		CU_ASSERT_EQUAL(memcmp(bytes, packet.bytes, 12), 0);
		CU_ASSERT_EQUAL(memcmp(bytes + 12 + tag, packet.bytes + 12, packet.length - 12), 0);
		if (vlan)
			CU_ASSERT_EQUAL(memcmp(bytes + 12, "\x81\0\0\7", 4), 0);
		rte_pktmbuf_free(out[0]);
	}
	netif.vlan = 0;
	CU_ASSERT_EQUAL(given_count, 0);
	for (uint32_t room = stack_send_room(stack, 0); room > 0; room--) {
		CU_ASSERT_EQUAL(stack_send_room(stack, 0), room);
		stack_send(stack, 0, packet_mbuf(&packet, mbufs, 0));
	}
	stack_send(stack, 0, packet_mbuf(&packet, mbufs, 0));
	CU_ASSERT_EQUAL(drops.count[DROP_TX_QUEUE_FULL], 1);
	stop();
}

UNIT_TESTS(UNIT_TEST(segments),
	   UNIT_TEST(where_every_port_is_listened_on_what_opens_nothing_is_the_kernels),
	   UNIT_TEST(datagrams_and_other_protocols), UNIT_TEST(icmp), UNIT_TEST(arp),
	   UNIT_TEST(neighbour_discovery), UNIT_TEST(frames), UNIT_TEST(fragments),
	   UNIT_TEST(without_an_exception_port_all_is_refused_as_ever),
	   UNIT_TEST(what_the_kernel_sends_leaves_as_it_is))
