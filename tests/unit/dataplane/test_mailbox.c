#include "dataplane/worker/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

#include "dataplane/worker/doorbell.h"
#include "tests/lib/unit.h"

static struct mailbox box;

static struct mail numbered(uint64_t n)
{
	return (struct mail){.kind = MAIL_CONFIG, .config = (const struct config *)(uintptr_t)n};
}

static void order_and_bound(void)
{
	struct mail mail;

	mailbox_init(&box);
	CU_ASSERT(mailbox_is_empty(&box) && !mailbox_take(&box, &mail));
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < MAILBOX_SLOTS; i++) {
			mail = numbered(round * 1000 + i);
			CU_ASSERT_FATAL(mailbox_post(&box, &mail));
		}
		CU_ASSERT(!mailbox_post(&box, &mail));
		CU_ASSERT_EQUAL(box.refused, round + 1);
		for (uint64_t i = 0; i < MAILBOX_SLOTS; i++) {
			CU_ASSERT_FATAL(mailbox_take(&box, &mail));
			CU_ASSERT_EQUAL((uintptr_t)mail.config, round * 1000 + i);
		}
		CU_ASSERT(!mailbox_take(&box, &mail));
	}
}

#define PRODUCERS 3
#define EACH 5000

static void *produce(void *argument)
{
	uint64_t base = (uint64_t)(uintptr_t)argument * EACH;

	for (uint64_t i = 0; i < EACH; i++) {
		struct mail mail = numbered(base + i);

		while (!mailbox_post(&box, &mail))
			sched_yield();
	}
	return NULL;
}

static void many_producers_lose_nothing_and_keep_their_order(void)
{
	pthread_t threads[PRODUCERS];
	uint64_t next[PRODUCERS] = {0};
	struct mail mail;

	mailbox_init(&box);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		CU_ASSERT_FATAL(pthread_create(&threads[i], NULL, produce, (void *)i) == 0);
	for (uint64_t taken = 0; taken < PRODUCERS * EACH;) {
		if (!mailbox_take(&box, &mail)) {
			sched_yield();
			continue;
		}
		uint64_t n = (uint64_t)(uintptr_t)mail.config;

		CU_ASSERT_FATAL(n < PRODUCERS * EACH);
		CU_ASSERT_FATAL(n % EACH == next[n / EACH]);
		next[n / EACH]++;
		taken++;
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT(mailbox_is_empty(&box));
}

static bool readable(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return poll(&wait, 1, 0) == 1;
}

static void doorbell_rings_only_for_sleepers(void)
{
	struct doorbell bell;
	struct why why;
	struct mail mail = numbered(1);

	CU_ASSERT_FATAL(doorbell_open(&bell, &why));
	mailbox_init(&box);
	box.doorbell = &bell;
	CU_ASSERT(mailbox_post(&box, &mail));
	CU_ASSERT(!readable(bell.fd));
	doorbell_arm(&bell);
	CU_ASSERT(mailbox_post(&box, &mail));
	CU_ASSERT(readable(bell.fd));
	doorbell_disarm(&bell, true);
	CU_ASSERT(!readable(bell.fd));
	/* Rung after the sleep was over: the next sleep wakes once, and no more. */
	doorbell_arm(&bell);
	doorbell_ring(&bell);
	doorbell_disarm(&bell, false);
	CU_ASSERT(readable(bell.fd));
	doorbell_disarm(&bell, true);
	CU_ASSERT(!readable(bell.fd));
	doorbell_close(&bell);
}

UNIT_TESTS(UNIT_TEST(order_and_bound),
	   UNIT_TEST(many_producers_lose_nothing_and_keep_their_order),
	   UNIT_TEST(doorbell_rings_only_for_sleepers))
