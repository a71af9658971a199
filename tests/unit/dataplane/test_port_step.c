/* A port over a made-up device, from its start through resets to a verdict on RSS. */
#include "dataplane/port/port_ethdev.h"

#include <string.h>

#include "tests/lib/fake_ethdev.h"
#include "tests/lib/unit.h"

static struct port port;
static struct why why;

static void fresh(uint16_t queues, uint16_t reta_size)
{
	fake_ethdev_init(queues, reta_size);
	memset(&port, 0, sizeof(port));
	memcpy(port.netif.name, "front", 6);
	port.queues = queues;
	port.plan = (struct ethdev_plan){.name = "front", .device = "0000:00:00.0", .queues = queues};
	port_caps_read(&port.caps, &fake_ethdev.info);
	port_watch(&port, &fake_ethdev_calls);
	port.watch.link_up = true;
}

static bool said(const char *part)
{
	return port_step(&port, &why) && strstr(why.text, part) && strstr(why.text, "front");
}

static void others_are_not_watched(void)
{
	memset(&port, 0, sizeof(port));
	CU_ASSERT(!port_step(&port, &why));
}

static void one_queue_needs_no_rss(void)
{
	fresh(1, 0);
	CU_ASSERT(!port_step(&port, &why));
	CU_ASSERT_EQUAL(port.rss.state, PORT_RSS_NONE);
}

static void rss_that_cannot_be_set_is_told_once(void)
{
	fresh(4, 0);
	CU_ASSERT(said("dispatched by software"));
	CU_ASSERT(!port_step(&port, &why));
}

static void a_reset_sets_rss_again(void)
{
	fresh(4, 64);
	CU_ASSERT(!port_step(&port, &why));
	fake_ethdev.event(0, RTE_ETH_EVENT_INTR_RESET, fake_ethdev.event_context, NULL);
	CU_ASSERT(said("reset by its PF"));
	CU_ASSERT(port.rss.state == PORT_RSS_TESTING && fake_ethdev.key[0] == 0x6d &&
		  fake_ethdev.table[63] == 3);
	CU_ASSERT_EQUAL(port.rss.table_writes, 2);
	CU_ASSERT(!port_step(&port, &why));
}

static void what_lanes_saw_becomes_a_verdict(void)
{
	fresh(4, 64);
	port.lanes[1].rss_seen.hash_right = port.lanes[1].rss_seen.queue_right = 50;
	CU_ASSERT(!port_step(&port, &why));
	port.lanes[3].rss_seen.hash_right = port.lanes[3].rss_seen.queue_right = 50;
	CU_ASSERT(said("RSS passed"));
	port.lanes[2].rss_seen.hash_wrong = 1;
	CU_ASSERT(said("another hash"));
	CU_ASSERT_EQUAL(port.rss.state, PORT_RSS_WRONG);
}

static void errors_of_what_is_no_vf_are_not_a_spoof_check(void)
{
	fresh(1, 0);
	fake_ethdev.tx_errors = 1000;
	CU_ASSERT(!port_step(&port, &why));
}

UNIT_TESTS(UNIT_TEST(others_are_not_watched), UNIT_TEST(one_queue_needs_no_rss),
	   UNIT_TEST(rss_that_cannot_be_set_is_told_once), UNIT_TEST(a_reset_sets_rss_again),
	   UNIT_TEST(what_lanes_saw_becomes_a_verdict),
	   UNIT_TEST(errors_of_what_is_no_vf_are_not_a_spoof_check))
