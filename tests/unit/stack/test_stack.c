#include "stack/stack.h"

#include <string.h>

#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/fake_tcp.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

#define A4 0x0a000001u
#define B4 0x0a000002u
#define FAR4 0x08080808u
#define HEADER_MBUFS 1023

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
static const uint8_t a6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xa};
static const uint8_t b6[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xb};

static struct rte_mempool *headers, *received, *indirect;

struct host {
	struct netif netif;
	struct drop_counters drops;
	struct tcp_counters counters;
	struct slice_pool slices;
	struct stack *stack;
};

static void host_start(struct host *host, const uint8_t mac[6], uint32_t v4, const uint8_t v6[16])
{
	test_eal_start(64);
	if (!headers) {
		headers = test_mbuf_pool("headers", HEADER_MBUFS);
		received = test_mbuf_pool("received", HEADER_MBUFS);
		indirect = test_indirect_pool("indirect", 127);
	}
	*host = (struct host){.netif = {.mtu_bytes = 1500, .address_count = 2,
					.has_gateway_v4 = true, .gateway_v4 = ip_addr_from_v4(B4)}};
	memcpy(host->netif.mac, mac, 6);
	host->netif.addresses[0] = (struct netif_address){ip_addr_from_v4(v4), 24};
	host->netif.addresses[1] = (struct netif_address){ip_addr_from_v6(v6), 64};
	CU_ASSERT_FATAL(slice_pool_create(&host->slices, 16));
	struct stack_params params = {.netifs = &host->netif, .netif_count = 1,
				      .header_pool = headers, .indirect_pool = indirect,
				      .slices = &host->slices, .tcp_counters = &host->counters,
				      .drops = &host->drops, .seed = 7, .neighbours_max = 8};

	host->stack = stack_create(&params);
	CU_ASSERT_FATAL(host->stack != NULL);
}

static void host_stop(struct host *host)
{
	stack_destroy(host->stack);
	slice_pool_destroy(&host->slices);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(headers), 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(received), 0);
}

static void host_one(struct host *host)
{
	fake_tcp_reset();
	host_start(host, mac_a, A4, a6);
}

static void give(struct host *host, const struct packet *packet, uint32_t segment_bytes)
{
	struct rte_mbuf *frame = packet_mbuf(packet, received, segment_bytes);

	stack_input(host->stack, 0, &frame, 1, 0);
}

/* The next frame that leaves, as bytes; its length, 0 if there is none. */
static uint32_t next_frame(struct host *host, uint8_t bytes[2048], uint64_t now_ns)
{
	struct rte_mbuf *frame;

	if (stack_output(host->stack, 0, &frame, 1, now_ns) == 0)
		return 0;
	uint32_t length = frame->pkt_len;
	const void *data = rte_pktmbuf_read(frame, 0, length, bytes);

	CU_ASSERT_EQUAL(frame->nb_segs, 1);
	if (data != bytes)
		memcpy(bytes, data, length);
	rte_pktmbuf_free(frame);
	return length;
}

/* Moves what each has to say to the other until both are quiet. */
static void exchange(struct host *a, struct host *b, uint64_t now_ns)
{
	for (int round = 0; round < 20; round++) {
		struct rte_mbuf *frames[32];
		uint32_t count = stack_output(a->stack, 0, frames, 32, now_ns);

		stack_input(b->stack, 0, frames, count, now_ns);
		count = stack_output(b->stack, 0, frames, 32, now_ns);
		stack_input(a->stack, 0, frames, count, now_ns);
	}
}

static void put_ping4(struct packet *packet, uint32_t payload)
{
	packet->length = 0;
	packet_eth(packet, mac_a, mac_b, 0x0800);
	packet_ip4(packet, B4, A4, 1, 8 + payload, 0);
	uint32_t icmp = packet->length;

	packet_put32(packet, 0x08000000);
	packet_put32(packet, 0x00010002);
	for (uint32_t i = 0; i < payload; i++)
		packet_fill(packet, (uint8_t)i, 1);
	packet_fix_icmp4(packet, icmp);
}

static void put_ping6(struct packet *packet, const uint8_t to[16], uint32_t payload)
{
	packet->length = 0;
	packet_eth(packet, mac_a, mac_b, 0x86dd);
	packet_ip6(packet, b6, to, 58, 8 + payload, 64);
	packet_put32(packet, 0x80000000);
	packet_put32(packet, 0x00010002);
	for (uint32_t i = 0; i < payload; i++)
		packet_fill(packet, (uint8_t)i, 1);
	packet_fix_l4_ip6(packet, 14, 54, 56, 58);
}

static void put_arp(struct packet *packet, unsigned op, const uint8_t *target_mac)
{
	packet->length = 0;
	packet_eth(packet, op == 1 ? broadcast : mac_a, mac_b, 0x0806);
	packet_put32(packet, 0x00010800);
	packet_put32(packet, 0x06040000 | op);
	packet_put(packet, mac_b, 6);
	packet_put32(packet, B4);
	packet_put(packet, target_mac, 6);
	packet_put32(packet, A4);
}

static void put_tcp4(struct packet *packet, unsigned options)
{
	packet->length = 0;
	packet_eth(packet, mac_a, mac_b, 0x0800);
	packet_ip4(packet, B4, A4, 6, 24, options);
	packet_fill(packet, 0x55, 24);
}

static void answers_arp_and_ping_at_once_to_whoever_asked(void)
{
	static const uint8_t nobody[6];
	struct host host;
	struct packet packet;
	uint8_t frame[2048];

	host_one(&host);
	put_arp(&packet, 1, nobody);
	packet_fill(&packet, 0, 18);
	give(&host, &packet, 0);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 42);
	CU_ASSERT(memcmp(frame, mac_b, 6) == 0 && frame[21] == 2);
	CU_ASSERT(memcmp(frame + 22, mac_a, 6) == 0 && memcmp(frame + 32, mac_b, 6) == 0);
	put_ping4(&packet, 56);
	give(&host, &packet, 0);
	/* It asked us, so we know it: no ARP from us. */
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 14 + 20 + 64);
	CU_ASSERT(memcmp(frame, mac_b, 6) == 0 && frame[34] == 0);
	CU_ASSERT_EQUAL(packet_sum(frame + 14, 20, 0), 0xffff);
	CU_ASSERT_EQUAL(packet_sum(frame + 34, 64, 0), 0xffff);
	CU_ASSERT(memcmp(frame + 38, packet.bytes + 38, 60) == 0);
	host_stop(&host);
}

static void ping_of_every_size_and_segmentation_comes_back_whole(void)
{
	struct host host;
	struct packet packet;
	uint8_t frame[2048];
	static const uint8_t nobody[6];

	host_one(&host);
	put_arp(&packet, 1, nobody);
	give(&host, &packet, 0);
	next_frame(&host, frame, 0);
	for (uint32_t payload = 0; payload <= 1472; payload += 23) {
		for (uint32_t segment = 0; segment < 1400; segment += 199) {
			put_ping4(&packet, payload);
			give(&host, &packet, segment);
			CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 14 + 20 + 8 + payload);
			CU_ASSERT_EQUAL(packet_sum(frame + 34, 8 + payload, 0), 0xffff);
			CU_ASSERT(memcmp(frame + 42, packet.bytes + 42, payload) == 0);
		}
	}
	put_ping4(&packet, 1473);
	give(&host, &packet, 0);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 0);
	CU_ASSERT_EQUAL(host.drops.count[DROP_IP_TOO_BIG], 1);
	host_stop(&host);
}

static void neighbour_solicitation_then_ping6(void)
{
	static const uint8_t group[16] = {0xff, 2, [11] = 1, [12] = 0xff, [15] = 0xa};
	static const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 0xa};
	struct host host;
	struct packet packet = {.length = 0};
	uint8_t frame[2048];

	host_one(&host);
	packet_eth(&packet, group_mac, mac_b, 0x86dd);
	packet_ip6(&packet, b6, group, 58, 32, 255);
	packet_put32(&packet, 0x87000000);
	packet_put32(&packet, 0);
	packet_put(&packet, a6, 16);
	packet_put16(&packet, 0x0101);
	packet_put(&packet, mac_b, 6);
	packet_fix_l4_ip6(&packet, 14, 54, 56, 58);
	give(&host, &packet, 0);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 86);
	CU_ASSERT(frame[54] == 136 && frame[58] == 0x60 && frame[21] == 255);
	CU_ASSERT(memcmp(frame + 62, a6, 16) == 0 && memcmp(frame + 80, mac_a, 6) == 0);
	CU_ASSERT_EQUAL(packet_sum(frame + 54, 32, packet_sum(frame + 22, 32, 32 + 58)), 0xffff);
	put_ping6(&packet, a6, 100);
	give(&host, &packet, 70);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 14 + 40 + 108);
	CU_ASSERT(frame[54] == 129);
	CU_ASSERT_EQUAL(packet_sum(frame + 54, 108, packet_sum(frame + 22, 32, 108 + 58)), 0xffff);
	host_stop(&host);
}

static void two_hosts_resolve_each_other(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct host a, b;

		fake_tcp_reset();
		host_start(&b, mac_b, B4, b6);
		host_start(&a, mac_a, A4, a6);
		fake_tcp.send_to = v6 ? ip_addr_from_v6(b6) : ip_addr_from_v4(B4);
		fake_tcp.to_send = 5;
		exchange(&a, &b, 1000);
		CU_ASSERT_EQUAL(fake_tcp.packets, 5);
		CU_ASSERT_EQUAL(fake_tcp.last.is_v6, v6);
		for (int i = 0; i < DROP_REASON_COUNT; i++)
			CU_ASSERT(a.drops.count[i] == 0 && b.drops.count[i] == 0);
		stack_destroy(a.stack);
		slice_pool_destroy(&a.slices);
		host_stop(&b);
	}
}

static void an_unanswered_next_hop_is_asked_three_times_then_refused_a_while(void)
{
	struct host a;
	uint8_t frame[2048];
	uint64_t now_ns = 0;
	int questions = 0;

	host_one(&a);
	fake_tcp.send_to = ip_addr_from_v4(FAR4); /* goes to the gateway, B */
	fake_tcp.to_send = 1;
	CU_ASSERT(stack_has_work(a.stack));
	while (now_ns < 20 * NS_PER_SECOND) {
		uint32_t length;

		while ((length = next_frame(&a, frame, now_ns)) != 0) {
			CU_ASSERT(length == 42 && memcmp(frame, broadcast, 6) == 0);
			CU_ASSERT(frame[38] == 10 && frame[41] == 2);
			questions++;
		}
		/* One frame a call: the packet waits, so has_work must be false by now. */
		CU_ASSERT(!stack_has_work(a.stack));
		if (stack_deadline_ns(a.stack) == DEADLINE_NEVER_NS)
			break;
		CU_ASSERT(stack_deadline_ns(a.stack) > now_ns);
		now_ns = stack_deadline_ns(a.stack);
		stack_expire(a.stack, now_ns);
	}
	CU_ASSERT_EQUAL(questions, 3);
	CU_ASSERT_EQUAL(a.drops.count[DROP_NEIGHBOUR_UNRESOLVED], 1);
	CU_ASSERT(now_ns >= 6 * NS_PER_SECOND && now_ns < 7 * NS_PER_SECOND);
	host_stop(&a);
}

static void tcp_gets_the_burst_in_one_call_with_linear_headers(void)
{
	struct host host;
	struct rte_mbuf *frames[130];
	struct packet packet;

	host_one(&host);
	put_tcp4(&packet, 12);
	packet_fill(&packet, 0, 9); /* Ethernet padding */
	for (int i = 0; i < 130; i++)
		frames[i] = packet_mbuf(&packet, received, 14 + i % 40);
	stack_input(host.stack, 0, frames, 130, 0);
	CU_ASSERT_EQUAL(fake_tcp.packets, 130);
	CU_ASSERT_EQUAL(fake_tcp.batches, 3);
	CU_ASSERT_EQUAL(fake_tcp.last.l4_bytes, 24);
	CU_ASSERT_EQUAL(fake_tcp.last.l4_offset, 46);
	CU_ASSERT_EQUAL(fake_tcp.last_l4[23], 0x55);
	host_stop(&host);
}

static void every_truncation_is_counted_and_none_leaks(void)
{
	struct host host;
	struct packet whole, cut;

	host_one(&host);
	for (int kind = 0; kind < 3; kind++) {
		uint64_t dropped = 0;

		if (kind == 0)
			put_tcp4(&whole, 8);
		else if (kind == 1)
			put_ping6(&whole, a6, 20);
		else
			put_arp(&whole, 2, mac_a);
		memset(&host.drops, 0, sizeof(host.drops));
		for (uint32_t length = 0; length < whole.length; length++) {
			cut = whole;
			cut.length = length;
			give(&host, &cut, 0);
			give(&host, &cut, 5);
		}
		for (int i = 0; i < DROP_REASON_COUNT; i++)
			dropped += host.drops.count[i];
		CU_ASSERT_EQUAL(dropped, 2 * whole.length);
	}
	CU_ASSERT_EQUAL(fake_tcp.packets, 0);
	host_stop(&host);
}

static void output_asks_tcp_for_no_more_than_there_is_room_for(void)
{
	struct host host;
	struct packet packet;
	struct rte_mbuf *frames[600];
	uint8_t frame[2048];

	host_one(&host);
	put_arp(&packet, 1, mac_a);
	give(&host, &packet, 0);
	next_frame(&host, frame, 0);
	fake_tcp.send_to = ip_addr_from_v4(B4);
	fake_tcp.to_send = 600;
	CU_ASSERT_EQUAL(stack_output(host.stack, 0, frames, 7, 0), 7);
	CU_ASSERT_EQUAL(fake_tcp.asked_packets, 7);
	rte_pktmbuf_free_bulk(frames, 7);
	CU_ASSERT_EQUAL(stack_output(host.stack, 0, frames, 600, 0), 512);
	CU_ASSERT_EQUAL(fake_tcp.asked_packets, 512);
	rte_pktmbuf_free_bulk(frames, 512);
	CU_ASSERT_EQUAL(fake_tcp.to_send, 81);
	CU_ASSERT_EQUAL(host.drops.count[DROP_TX_QUEUE_FULL], 0);
	fake_tcp.to_send = 0;
	host_stop(&host);
}

static void announces_every_address(void)
{
	struct host host;
	uint8_t frame[2048];

	host_one(&host);
	stack_announce(host.stack, 0);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 42);
	CU_ASSERT(memcmp(frame, broadcast, 6) == 0 && memcmp(frame + 28, frame + 38, 4) == 0);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 86);
	CU_ASSERT(frame[0] == 0x33 && frame[5] == 1 && frame[54] == 136 && frame[58] == 0x20);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 0);
	host_stop(&host);
}

static void without_mbufs_it_counts_and_lives_on(void)
{
	static struct rte_mbuf *hoard[HEADER_MBUFS];
	struct host host;
	struct packet packet;
	uint8_t frame[2048];

	host_one(&host);
	CU_ASSERT_FATAL(rte_pktmbuf_alloc_bulk(headers, hoard, HEADER_MBUFS) == 0);
	put_arp(&packet, 1, mac_a);
	give(&host, &packet, 0);
	put_ping4(&packet, 8);
	give(&host, &packet, 0);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 0);
	CU_ASSERT_EQUAL(host.drops.count[DROP_MBUF_EMPTY], 2);
	rte_pktmbuf_free_bulk(hoard, HEADER_MBUFS);
	give(&host, &packet, 0);
	CU_ASSERT_EQUAL(next_frame(&host, frame, 0), 50);
	host_stop(&host);
}

UNIT_TESTS(UNIT_TEST(answers_arp_and_ping_at_once_to_whoever_asked),
	   UNIT_TEST(ping_of_every_size_and_segmentation_comes_back_whole),
	   UNIT_TEST(neighbour_solicitation_then_ping6), UNIT_TEST(two_hosts_resolve_each_other),
	   UNIT_TEST(an_unanswered_next_hop_is_asked_three_times_then_refused_a_while),
	   UNIT_TEST(tcp_gets_the_burst_in_one_call_with_linear_headers),
	   UNIT_TEST(every_truncation_is_counted_and_none_leaks),
	   UNIT_TEST(output_asks_tcp_for_no_more_than_there_is_room_for),
	   UNIT_TEST(announces_every_address), UNIT_TEST(without_mbufs_it_counts_and_lives_on))
