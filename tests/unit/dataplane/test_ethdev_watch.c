/* A device's start, link flaps, and resets by its PF, over a made-up device. */
#include "dataplane/port/ethdev_watch.h"

#include <string.h>

#include "dataplane/port/burst_guard.h"
#include "tests/lib/fake_ethdev.h"
#include "tests/lib/unit.h"

static struct ethdev_watch watch;
static struct why why;
static unsigned again_calls;
static const struct ethdev_plan plan = {.name = "front", .device = "0000:3b:02.1", .queues = 4,
					.mtu_bytes = 9000};

/* RSS is set again while workers still stay out. */
static void again(void *context)
{
	CU_ASSERT(context == &plan && fake_ethdev.started);
	CU_ASSERT(!ethdev_gate_enter(&watch, 0));
	again_calls++;
}

static void fresh(void)
{
	fake_ethdev_init(4, 64);
	memset(&watch, 0, sizeof(watch));
	again_calls = 0;
}

static enum ethdev_event step(void)
{
	return ethdev_watch_step(&watch, &fake_ethdev_calls, 0, &plan, again, (void *)(uintptr_t)&plan,
				 &why);
}

static void a_device_is_set_up_as_planned(void)
{
	fresh();
	CU_ASSERT_FATAL(ethdev_start(&fake_ethdev_calls, 0, &plan, &why));
	CU_ASSERT(fake_ethdev.started && fake_ethdev.rx_queues_set_up == 4 &&
		  fake_ethdev.tx_queues_set_up == 4);
	CU_ASSERT_EQUAL(fake_ethdev.conf.rxmode.mtu, 9000);
	CU_ASSERT_EQUAL(fake_ethdev.conf.txmode.offloads, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	/* Several queues need the device to spread. */
	CU_ASSERT_EQUAL(fake_ethdev.conf.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
}

static void a_start_that_fails_names_port_and_device(void)
{
	fresh();
	fake_ethdev.start_result = -EIO;
	CU_ASSERT(!ethdev_start(&fake_ethdev_calls, 0, &plan, &why));
	CU_ASSERT(strstr(why.text, "front") && strstr(why.text, "0000:3b:02.1"));
	fresh();
	fake_ethdev.configure_result = -EINVAL;
	CU_ASSERT(!ethdev_start(&fake_ethdev_calls, 0, &plan, &why));
	CU_ASSERT_EQUAL(fake_ethdev.starts, 0);
}

static void every_flap_is_told_and_counted(void)
{
	fresh();
	CU_ASSERT_EQUAL(step(), ETHDEV_LINK_UP);
	CU_ASSERT_EQUAL(step(), ETHDEV_NOTHING);
	for (unsigned i = 1; i <= 3; i++) {
		fake_ethdev.link_up = false;
		CU_ASSERT_EQUAL(step(), ETHDEV_LINK_DOWN);
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "down"));
		CU_ASSERT_EQUAL(step(), ETHDEV_NOTHING);
		fake_ethdev.link_up = true;
		CU_ASSERT_EQUAL(step(), ETHDEV_LINK_UP);
		CU_ASSERT_EQUAL(watch.link_downs, i);
	}
	/* A link that can't be asked has not changed. */
	fake_ethdev.link_up = false;
	fake_ethdev.link_result = -EIO;
	CU_ASSERT_EQUAL(step(), ETHDEV_NOTHING);
}

static void a_reset_keeps_workers_out_until_all_is_set_again(void)
{
	fresh();
	watch.link_up = true;
	CU_ASSERT_FATAL(ethdev_start(&fake_ethdev_calls, 0, &plan, &why));
	CU_ASSERT_FATAL(ethdev_gate_enter(&watch, 2));
	ethdev_gate_leave(2);
	ethdev_watch_tell_reset(&watch);
	CU_ASSERT_EQUAL(step(), ETHDEV_RESET);
	CU_ASSERT(fake_ethdev.resets == 1 && fake_ethdev.stops == 1 && fake_ethdev.started);
	CU_ASSERT(again_calls == 1 && watch.resets == 1);
	CU_ASSERT_FATAL(ethdev_gate_enter(&watch, 2));
	ethdev_gate_leave(2);
	CU_ASSERT_EQUAL(step(), ETHDEV_NOTHING);
}

static void a_reset_that_fails_is_tried_again(void)
{
	fresh();
	ethdev_watch_tell_reset(&watch);
	fake_ethdev.reset_result = -EAGAIN;
	CU_ASSERT_EQUAL(step(), ETHDEV_RESET_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "tried again"));
	CU_ASSERT(!ethdev_gate_enter(&watch, 0));
	fake_ethdev.reset_result = 0;
	fake_ethdev.start_result = -EIO;
	CU_ASSERT_EQUAL(step(), ETHDEV_RESET_FAILED);
	CU_ASSERT(!ethdev_gate_enter(&watch, 0) && again_calls == 0);
	fake_ethdev.start_result = 0;
	CU_ASSERT_EQUAL(step(), ETHDEV_RESET);
	CU_ASSERT_FATAL(ethdev_gate_enter(&watch, 0));
	ethdev_gate_leave(0);
}

static void a_closed_gate_leaves_no_mark(void)
{
	fresh();
	watch.gate_closed = 1;
	CU_ASSERT(!ethdev_gate_enter(&watch, 5));
	CU_ASSERT_EQUAL(burst_guards[5].inside, 0);
}

UNIT_TESTS(UNIT_TEST(a_device_is_set_up_as_planned),
	   UNIT_TEST(a_start_that_fails_names_port_and_device),
	   UNIT_TEST(every_flap_is_told_and_counted),
	   UNIT_TEST(a_reset_keeps_workers_out_until_all_is_set_again),
	   UNIT_TEST(a_reset_that_fails_is_tried_again), UNIT_TEST(a_closed_gate_leaves_no_mark))
