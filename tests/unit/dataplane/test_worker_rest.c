#include "dataplane/worker/worker_rest.h"

#include <unistd.h>

#include "dataplane/worker/mailbox.h"
#include "tests/lib/unit.h"

static struct port with_fd = {.wait_fd = 7}, without_fd = {.wait_fd = -1};
static const struct worker_result idle = {.deadline_ns = DEADLINE_NEVER_NS};

static void each_queue_has_a_descriptor_of_its_own(void)
{
	static struct port many = {.queues = 2, .wait_fd = 3, .lanes = {{.wait_fd = 3}, {.wait_fd = 4}}};
	struct port *ports[] = {&many};
	struct worker_rest rest;

	worker_rest_init(&rest, ports, 1, 1);
	CU_ASSERT(!rest.nap && rest.fd_count == 1 && rest.fds[0] == 4);
	/* Without a port there is nothing but the doorbell. */
	worker_rest_init(&rest, ports, 0, 0);
	CU_ASSERT(!rest.nap && rest.fd_count == 0);
}

static void no_rest_under_load(void)
{
	struct port *ports[] = {&with_fd};
	struct worker_rest rest;

	worker_rest_init(&rest, ports, 1, 0);
	for (uint64_t now = 0; now < NS_PER_MS; now += 1000) {
		struct worker_result result = {.worked = now % 40000 == 0,
					       .deadline_ns = DEADLINE_NEVER_NS};

		CU_ASSERT_EQUAL(worker_rest_decide(&rest, result, now), 0);
	}
}

static void sleeps_until_the_deadline_after_spinning(void)
{
	struct port *ports[] = {&with_fd};
	struct worker_rest rest;
	struct worker_result soon = {.deadline_ns = 3 * NS_PER_MS};

	worker_rest_init(&rest, ports, 1, 0);
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, 1000), 0);
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, 1000 + WORKER_REST_SPIN_NS - 1), 0);
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, 1000 + WORKER_REST_SPIN_NS),
			WORKER_REST_SLEEP_MOST_NS);
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, soon, 2 * NS_PER_MS), NS_PER_MS);
	/* Due: poll at once, and the spin begins anew. */
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, soon, 3 * NS_PER_MS), 0);
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, 3 * NS_PER_MS + 1000), 0);
}

static void polls_on_as_long_as_it_was_told(void)
{
	struct port *ports[] = {&with_fd};
	struct worker_rest rest;

	worker_rest_init(&rest, ports, 1, 0);
	rest.spin_ns = 0;
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, 1000), WORKER_REST_SLEEP_MOST_NS);
	rest.spin_ns = NS_PER_MS;
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, 1000 + NS_PER_MS - 1), 0);
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, 1000 + NS_PER_MS), WORKER_REST_SLEEP_MOST_NS);
}

static void naps_grow_to_their_bound_where_a_port_cannot_wake(void)
{
	struct port *ports[] = {&with_fd, &without_fd};
	struct worker_rest rest;
	uint64_t now = NS_PER_MS, nap, last = 0;

	worker_rest_init(&rest, ports, 2, 0);
	struct worker_result worked = {.worked = true, .deadline_ns = DEADLINE_NEVER_NS};

	CU_ASSERT_EQUAL(worker_rest_decide(&rest, worked, now), 0);
	CU_ASSERT_EQUAL(worker_rest_decide(&rest, idle, now), 0);
	uint64_t idle_since = now;

	now += WORKER_REST_SPIN_NS;
	for (int i = 0; i < 100; i++) {
		nap = worker_rest_decide(&rest, idle, now);
		CU_ASSERT(nap == WORKER_REST_NAP_LEAST_NS || nap <= (now - idle_since) / 8);
		now += nap;
		CU_ASSERT(nap >= WORKER_REST_NAP_LEAST_NS && nap <= WORKER_REST_NAP_MOST_NS);
		CU_ASSERT(nap >= last);
		last = nap;
	}
	CU_ASSERT_EQUAL(last, WORKER_REST_NAP_MOST_NS);
}

static bool has_mail(const void *box)
{
	return !mailbox_is_empty(box);
}

static void a_frame_or_a_message_ends_the_sleep(void)
{
	struct mail mail = {.kind = MAIL_DRAIN}, out;
	struct mailbox box;
	struct doorbell bell;
	struct why why;
	int pipe_fds[2];
	struct worker_rest rest;

	CU_ASSERT_FATAL(pipe(pipe_fds) == 0 && doorbell_open(&bell, &why));
	struct port port = {.wait_fd = pipe_fds[0]}, *ports[] = {&port};

	mailbox_init(&box);
	worker_rest_init(&rest, ports, 1, 0);
	CU_ASSERT(!worker_rest_sleep(&rest, &bell, has_mail, &box, 1000));
	CU_ASSERT_FATAL(write(pipe_fds[1], "x", 1) == 1);
	CU_ASSERT(worker_rest_sleep(&rest, &bell, has_mail, &box, 3600 * NS_PER_SECOND));
	/* A message that came before the bell was armed is not slept over. */
	CU_ASSERT(mailbox_post(&box, &mail));
	CU_ASSERT(!worker_rest_sleep(&rest, &bell, has_mail, &box, 3600 * NS_PER_SECOND));
	CU_ASSERT(mailbox_take(&box, &out));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	doorbell_close(&bell);
}

UNIT_TESTS(UNIT_TEST(each_queue_has_a_descriptor_of_its_own), UNIT_TEST(no_rest_under_load),
	   UNIT_TEST(sleeps_until_the_deadline_after_spinning),
	   UNIT_TEST(polls_on_as_long_as_it_was_told),
	   UNIT_TEST(naps_grow_to_their_bound_where_a_port_cannot_wake),
	   UNIT_TEST(a_frame_or_a_message_ends_the_sleep))
