#include <stdio.h>
#include <string.h>

#include "dataplane/port/port_ethdev.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

static struct port_settings end(const char *name)
{
	struct port_settings settings = {.kind = PORT_KIND_RING, .device = "cable"};

	snprintf(settings.name, sizeof(settings.name), "%s", name);
	return settings;
}

static void what_goes_in_comes_out_at_the_other_end(void)
{
	struct port_settings a_settings = end("a"), b_settings = end("b");
	struct rte_mbuf *frames[8], *got[8];
	struct port a, b;
	struct why why;

	test_eal_start(64);
	struct rte_mempool *pool = test_mbuf_pool("ring", 255);

	CU_ASSERT_FATAL(port_open(&a, &a_settings, 0, 1, pool, &why));
	CU_ASSERT_FATAL(port_open(&b, &b_settings, 1, 1, pool, &why));
	CU_ASSERT_EQUAL(a.netif.mtu_bytes, 1500);
	CU_ASSERT(a.netif.tx_multi_segment);
	CU_ASSERT(memcmp(a.netif.mac, b.netif.mac, 6) != 0);
	CU_ASSERT_FATAL(rte_pktmbuf_alloc_bulk(pool, frames, 8) == 0);
	CU_ASSERT_EQUAL(a.ops->tx(&a, 0, frames, 8), 8);
	CU_ASSERT_EQUAL(a.ops->rx(&a, 0, got, 8), 0);
	CU_ASSERT_EQUAL(b.ops->rx(&b, 0, got, 5), 5);
	CU_ASSERT_EQUAL(b.ops->rx(&b, 0, got + 5, 8), 3);
	/* The same buffers, in the same order: nothing was copied. */
	CU_ASSERT(memcmp(frames, got, sizeof(got)) == 0);
	rte_pktmbuf_free_bulk(got, 8);
	port_close(&a);
	port_close(&b);
}

static void an_mtu_that_no_buffer_holds_is_refused(void)
{
	struct port_settings settings = end("c");
	struct port port;
	struct why why;

	test_eal_start(64);
	settings.mtu_bytes = 9000;
	CU_ASSERT(!port_open(&port, &settings, 2, 1, test_mbuf_pool("mtu", 63), &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "9000"));
}

static void absent_interface_is_named(void)
{
	struct port_settings settings = {
		.kind = PORT_KIND_AF_PACKET, .name = "front", .device = "nope0"};
	struct port port;
	struct why why;

	test_eal_start(64);
	CU_ASSERT(!port_open(&port, &settings, 3, 1, test_mbuf_pool("absent", 63), &why));
	CU_ASSERT(strstr(why.text, "nope0") || strstr(why.text, "CAP_NET_RAW"));
}

static void derived_macs_are_local_unicast_and_stable(void)
{
	static const uint8_t seed[6] = {0x52, 0x54, 0, 1, 2, 3};
	uint8_t a[6], b[6], c[6];

	port_mac_derive(seed, "front", a);
	port_mac_derive(seed, "front", b);
	port_mac_derive(seed, "back", c);
	CU_ASSERT_EQUAL(a[0] & 3, 2);
	CU_ASSERT(memcmp(a, b, 6) == 0 && memcmp(a, c, 6) != 0 && memcmp(a, seed, 6) != 0);
}

UNIT_TESTS(UNIT_TEST(what_goes_in_comes_out_at_the_other_end),
	   UNIT_TEST(an_mtu_that_no_buffer_holds_is_refused), UNIT_TEST(absent_interface_is_named),
	   UNIT_TEST(derived_macs_are_local_unicast_and_stable))
