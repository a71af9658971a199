#include "stack/ip/ip_output.h"

#include <string.h>

#include "stack/ip/ip_layer.h"
#include "stack/ip/ip_route.h"
#include "tests/lib/eal.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 9};
static struct rte_mempool *mbufs;
static struct netif netifs[3];
static struct drop_counters drops;
static struct ip_layer ip;

static struct ip_addr addr(const char *text)
{
	struct ip_addr parsed;

	CU_ASSERT_FATAL(ip_addr_parse(text, &parsed));
	return parsed;
}

static void give_address(struct netif *netif, const char *text, uint8_t bits)
{
	netif->addresses[netif->address_count++] = (struct netif_address){addr(text), bits};
}

static void setup(void)
{
	struct ip_layer_params params = {.netifs = netifs, .netif_count = 3, .drops = &drops,
					 .neighbours_max = 8};

	test_eal_start(32);
	if (!mbufs)
		mbufs = test_mbuf_pool("ip_output", 127);
	params.header_pool = mbufs;
	memset(netifs, 0, sizeof(netifs));
	memset(&drops, 0, sizeof(drops));
	for (unsigned i = 0; i < 3; i++)
		netifs[i].mtu_bytes = (uint16_t)(1500 - i * 100);
	give_address(&netifs[0], "10.0.0.1", 8);
	give_address(&netifs[0], "2001:db8::1", 64);
	give_address(&netifs[1], "10.1.0.1", 16);
	give_address(&netifs[1], "10.1.0.129", 25);
	give_address(&netifs[1], "fe80::1", 64);
	give_address(&netifs[2], "10.0.0.1", 8);
	netifs[0].has_gateway_v4 = true;
	netifs[0].gateway_v4 = addr("10.0.0.254");
	netifs[1].has_gateway_v6 = true;
	netifs[1].gateway_v6 = addr("fe80::99");
	netifs[2].vrf = 7;
	CU_ASSERT_FATAL(ip_layer_create(&ip, &params));
}

static void teardown(void)
{
	ip_layer_destroy(&ip);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

static void the_most_specific_way_and_its_source(void)
{
	static const struct {
		uint16_t vrf;
		const char *to;
		int netif; /* -1: no route */
		const char *hop, *source;
	} cases[] = {
		{0, "10.200.0.1", 0, "10.200.0.1", "10.0.0.1"},
		{0, "10.1.0.2", 1, "10.1.0.2", "10.1.0.1"},
		{0, "10.1.0.200", 1, "10.1.0.200", "10.1.0.129"},
		{0, "8.8.8.8", 0, "10.0.0.254", "10.0.0.1"},
		{7, "10.1.0.2", 2, "10.1.0.2", "10.0.0.1"},
		{7, "8.8.8.8", -1, NULL, NULL},
		{3, "10.1.0.2", -1, NULL, NULL},
		{0, "2001:db8::77", 0, "2001:db8::77", "2001:db8::1"},
		{0, "2001:db9::77", 1, "fe80::99", "fe80::1"},
		{0, "10.0.0.1", -1, NULL, NULL}, /* ourselves */
		{0, "0.0.0.0", -1, NULL, NULL},
		{0, "224.0.0.1", -1, NULL, NULL},
	};

	setup();
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_addr to = addr(cases[i].to), source = addr("::"), want;
		struct ip_route route;
		enum drop_reason reason = ip_route_resolve(&ip, cases[i].vrf, &to, &source, &route);

		CU_ASSERT_EQUAL(reason, cases[i].netif < 0 ? DROP_IP_NO_ROUTE : DROP_NONE);
		if (cases[i].netif < 0)
			continue;
		CU_ASSERT_EQUAL(route.netif, cases[i].netif);
		CU_ASSERT_EQUAL(route.mtu_bytes, 1500 - cases[i].netif * 100);
		want = addr(cases[i].hop);
		CU_ASSERT(ip_addr_equal(&route.next_hop, &want));
		want = addr(cases[i].source);
		CU_ASSERT(ip_addr_equal(&source, &want));
	}
	teardown();
}

/* A packet of two segments through ip_output; what comes out, owned by the caller, or NULL. */
static struct rte_mbuf *send(struct ip_route *route, uint32_t bytes, uint64_t ol_flags)
{
	struct ip_output_meta meta = {.source = addr("10.0.0.1"), .destination = addr("10.0.0.2"),
				      .protocol = 6, .traffic_class = 2};
	struct packet packet = {.length = 0};
	struct rte_mbuf *mbuf, *frame;

	packet_fill(&packet, 0x77, bytes);
	mbuf = packet_mbuf(&packet, mbufs, bytes / 2 + 1);
	mbuf->ol_flags |= ol_flags;
	ip_output(&ip, route, &meta, mbuf, 0);
	return tx_queue_take(&ip.tx[0], &frame, 1) ? frame : NULL;
}

static void resolve_peer(struct ip_route *route)
{
	struct neighbour_learning told = {NEIGHBOUR_ANSWERED, true, true};
	struct ip_addr to = addr("10.0.0.2"), source = addr("::");

	neighbour_learn(&ip.neighbours, 0, &to, peer_mac, &told, 0);
	CU_ASSERT_EQUAL(ip_route_resolve(&ip, 0, &to, &source, route), DROP_NONE);
}

static void frames_are_shaped_as_the_port_wants_them(void)
{
	struct ip_route route;
	struct rte_mbuf *frame;

	setup();
	resolve_peer(&route);
	for (int gathers = 0; gathers < 2; gathers++) {
		for (int sums = 0; sums < 2; sums++) {
			netifs[0].tx_multi_segment = gathers;
			netifs[0].tx_checksum_ip4 = sums;
			frame = send(&route, 1480, sums ? RTE_MBUF_F_TX_TCP_CKSUM : 0);
			CU_ASSERT_FATAL(frame != NULL);
			CU_ASSERT(frame->pkt_len == 1514 && frame->nb_segs == (gathers ? 2 : 1));
			CU_ASSERT(frame->l2_len == 14 && frame->l3_len == 20);
			CU_ASSERT_EQUAL(!!(frame->ol_flags & RTE_MBUF_F_TX_IP_CKSUM), sums);
			CU_ASSERT_EQUAL(!!(frame->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM), sums);
			const uint8_t *bytes = rte_pktmbuf_mtod(frame, const uint8_t *);

			CU_ASSERT(memcmp(bytes, peer_mac, 6) == 0 && bytes[15] == 2 && bytes[22] == 64);
			if (!sums)
				CU_ASSERT_EQUAL(packet_sum(bytes + 14, 20, 0), 0xffff);
			rte_pktmbuf_free(frame);
		}
	}
	CU_ASSERT_PTR_NULL(send(&route, 1481, 0));
	CU_ASSERT_EQUAL(drops.count[DROP_IP_TOO_BIG], 1);
	teardown();
}

static void a_route_of_another_generation_is_resolved_again(void)
{
	struct ip_route route;
	struct rte_mbuf *frame;

	setup();
	resolve_peer(&route);
	route.next_hop = addr("10.0.0.66");
	route.generation--;
	frame = send(&route, 100, 0);
	CU_ASSERT_PTR_NOT_NULL(frame);
	CU_ASSERT_EQUAL(route.generation, ip.generation);
	rte_pktmbuf_free(frame);
	netifs[0].address_count = 0;
	netifs[1].address_count = 0;
	netifs[0].has_gateway_v4 = false;
	ip.generation++;
	CU_ASSERT_PTR_NULL(send(&route, 100, 0));
	CU_ASSERT_EQUAL(drops.count[DROP_IP_NO_ROUTE], 1);
	teardown();
}

static void queues_are_bounded_and_control_leaves_first(void)
{
	struct tx_queue *queue;
	struct rte_mbuf *frames[8];
	static struct rte_mbuf control, data;
	uint32_t pushed = 0;

	setup();
	queue = &ip.tx[1];
	for (; tx_queue_push_data(queue, &data); pushed++)
		;
	CU_ASSERT(pushed == TX_QUEUE_DATA_MAX && tx_queue_data_room(queue) == 0);
	for (pushed = 0; tx_queue_push_control(queue, &control); pushed++)
		;
	CU_ASSERT_EQUAL(pushed, TX_QUEUE_CONTROL_MAX);
	for (uint32_t i = 0; i < TX_QUEUE_CONTROL_MAX; i += 8) {
		CU_ASSERT_EQUAL(tx_queue_take(queue, frames, 8), 8);
		CU_ASSERT(frames[0] == &control && frames[7] == &control);
	}
	for (uint32_t i = 0; i < TX_QUEUE_DATA_MAX; i++)
		CU_ASSERT(tx_queue_take(queue, frames, 1) == 1 && frames[0] == &data);
	CU_ASSERT(tx_queue_is_empty(queue) && tx_queue_take(queue, frames, 8) == 0);
	teardown();
}

UNIT_TESTS(UNIT_TEST(the_most_specific_way_and_its_source),
	   UNIT_TEST(frames_are_shaped_as_the_port_wants_them),
	   UNIT_TEST(a_route_of_another_generation_is_resolved_again),
	   UNIT_TEST(queues_are_bounded_and_control_leaves_first))
