#include "dataplane/port/port_caps.h"

#include <rte_ethdev.h>
#include <string.h>

#include "tests/lib/unit.h"

static struct rte_eth_dev_info info;
static struct port_caps caps;
static char text[256];

static const char *read_and_format(void)
{
	port_caps_read(&caps, &info);
	return port_caps_format(&caps, text, sizeof(text));
}

static void a_device_without_anything(void)
{
	info = (struct rte_eth_dev_info){.driver_name = "net_af_xdp", .max_mtu = 3542,
					 .max_rx_queues = 1, .max_tx_queues = 1};
	CU_ASSERT_STRING_EQUAL(read_and_format(), "net_af_xdp: one segment tx, MTU up to 3542, "
						  "1 rx and 1 tx queue, no RSS");
	CU_ASSERT(!caps.tx_multi_segment && !caps.tx_checksum && !caps.rss_types);
}

static void a_real_nic(void)
{
	info = (struct rte_eth_dev_info){
		.driver_name = "net_iavf", .max_mtu = 9000, .max_rx_queues = 16, .max_tx_queues = 8,
		.tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
				   RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
				   RTE_ETH_TX_OFFLOAD_VLAN_INSERT,
		.rx_offload_capa = RTE_ETH_RX_OFFLOAD_CHECKSUM | RTE_ETH_RX_OFFLOAD_SCATTER |
				   RTE_ETH_RX_OFFLOAD_VLAN_STRIP,
		.hash_key_size = 52, .reta_size = 64,
		.flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_TCP,
	};
	CU_ASSERT_STRING_EQUAL(read_and_format(),
			       "net_iavf: multi-segment tx, checksums tx rx (done by software), scatter, "
			       "VLAN strip insert, MTU up to 9000, 16 rx and 8 tx queues, RSS with a key "
			       "of 52 bytes and a table of 64");
	CU_ASSERT(caps.reta_size == 64 && caps.rss_key_bytes == 52);
}

static void half_of_the_checksums_is_none(void)
{
	info = (struct rte_eth_dev_info){.driver_name = "net_x",
					 .tx_offload_capa = RTE_ETH_TX_OFFLOAD_TCP_CKSUM,
					 .rx_offload_capa = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM};
	port_caps_read(&caps, &info);
	CU_ASSERT(!caps.tx_checksum && !caps.rx_checksum);
}

static void a_table_without_hash_types_is_no_rss(void)
{
	info = (struct rte_eth_dev_info){.driver_name = NULL, .hash_key_size = 40, .reta_size = 128};
	CU_ASSERT_PTR_NOT_NULL(strstr(read_and_format(), "no RSS"));
	CU_ASSERT(caps.rss_key_bytes == 0 && caps.reta_size == 0);
	CU_ASSERT_EQUAL(caps.mtu_most_bytes, UINT16_MAX);
}

static void text_that_does_not_fit_is_cut(void)
{
	char small[8];

	port_caps_format(&caps, small, sizeof(small));
	CU_ASSERT_EQUAL(strlen(small), 7);
}

UNIT_TESTS(UNIT_TEST(a_device_without_anything), UNIT_TEST(a_real_nic),
	   UNIT_TEST(half_of_the_checksums_is_none), UNIT_TEST(a_table_without_hash_types_is_no_rss),
	   UNIT_TEST(text_that_does_not_fit_is_cut))
