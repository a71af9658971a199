/* Kernel streams come to be: accepted, opened, or neither. */
#include "tests/unit/dataplane/kernel_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/unit.h"

static void opens(void)
{
	enum stream_failure why = STREAM_FAILURE_NONE;
	struct stream_target target = {.remote_port = 80, .connect_timeout_ns = NS_PER_SECOND};
	struct stream_opener *opener;
	struct stream_info info;
	static const struct {
		int answer;
		enum stream_failure failure;
	} faults[] = {{-ECONNREFUSED, STREAM_FAILURE_REFUSED}, {-ENOENT, STREAM_FAILURE_REFUSED},
		      {-EHOSTUNREACH, STREAM_FAILURE_NO_ROUTE}, {-EMFILE, STREAM_FAILURE_RESOURCES},
		      {-ETIMEDOUT, STREAM_FAILURE_TIMEOUT}};

	fixture_start();
	opener = kernel_opener(all);
	fake_connect_answer = 0;
	struct stream *stream = opener->open(opener, &target, &why, now_ns);

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	stream->owner_ops = &owner;
	fixture_send(stream, 50);
	poll_once();
	CU_ASSERT_EQUAL(seen, 0);
	CU_ASSERT_EQUAL(kernel[0].out_bytes, 0);
	fake_kernel_event(0, KERNEL_WRITABLE);
	poll_once();
	CU_ASSERT(seen & STREAM_OPENED);
	CU_ASSERT_EQUAL(kernel[0].out_bytes, 50);
	stream_info(stream, &info);
	CU_ASSERT_EQUAL(info.key.local_port, 4242);
	CU_ASSERT_EQUAL(info.key.remote_port, 80);
	stream_release(stream, now_ns);
	/* Refused later, at once, or never answered: the owner hears the same way. */
	for (unsigned i = 0; i < 2 * ARRAY_LEN(faults); i++) {
		bool at_once = i % 2;

		poll_once();
		seen = 0;
		fake_connect_answer = at_once ? faults[i / 2].answer : 1;
		stream = opener->open(opener, &target, &why, now_ns);
		CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
		stream->owner_ops = &owner;
		kernel[1].failed = faults[i / 2].answer;
		if (!at_once)
			fake_kernel_event(1, KERNEL_BROKEN | KERNEL_WRITABLE);
		poll_once();
		CU_ASSERT_EQUAL(seen, STREAM_RESET);
		stream_info(stream, &info);
		CU_ASSERT_EQUAL(info.failure, faults[i / 2].failure);
		stream_release(stream, now_ns);
	}
	poll_once();
	seen = 0;
	fake_connect_answer = 2;
	stream = opener->open(opener, &target, &why, now_ns);
	stream->owner_ops = &owner;
	now_ns = kernel_streams_deadline_ns(all);
	poll_once();
	now_ns += NS_PER_SECOND;
	poll_once();
	stream_info(stream, &info);
	CU_ASSERT_EQUAL(info.failure, STREAM_FAILURE_TIMEOUT);
	CU_ASSERT(kernel[2].closed);
	stream_release(stream, now_ns);
	fixture_finish();
}

static void a_full_backlog_is_tried_again(void)
{
	enum stream_failure why;
	struct stream_target target = {.pipe = "/run/b", .connect_timeout_ns = NS_PER_SECOND};

	fixture_start();
	fake_connect_answer = -EAGAIN;
	struct stream_opener *opener = kernel_opener(all);
	struct stream *stream = opener->open(opener, &target, &why, now_ns);

	stream->owner_ops = &owner;
	for (int i = 0; i < 5; i++) {
		CU_ASSERT(kernel_streams_deadline_ns(all) <= now_ns + 6 * NS_PER_MS);
		now_ns += 6 * NS_PER_MS;
		poll_once();
	}
	CU_ASSERT(fake_connects >= 5);
	CU_ASSERT_EQUAL(seen, 0);
	fake_connect_answer = 0;
	fake_connect_done = true;
	now_ns += 6 * NS_PER_MS;
	poll_once();
	CU_ASSERT_EQUAL(seen, STREAM_OPENED);
	stream_release(stream, now_ns);
	fixture_finish();
}

static void no_descriptor_or_block_is_shed_and_counted(void)
{
	enum stream_failure why = STREAM_FAILURE_NONE;
	struct stream_target target = {.remote_port = 80};

	fixture_start();
	fake_kernel_knocks(-EMFILE);
	fake_kernel_accepts(-ENFILE);
	fake_kernel_accepts(-ECONNABORTED);
	struct stream *first = accepted(0);

	CU_ASSERT_EQUAL(counters.kernel_shed, 2);
	for (int i = 1; i < 4; i++)
		accepted(i);
	/* Four are the most; the fifth is let go of, and nothing can be opened. */
	fake_kernel_knocks(4);
	poll_once();
	CU_ASSERT(kernel[4].closed);
	CU_ASSERT_EQUAL(counters.kernel_shed, 3);
	CU_ASSERT_EQUAL(counters.kernel_connections, 4);
	CU_ASSERT_PTR_NULL(kernel_opener(all)->open(kernel_opener(all), &target, &why, now_ns));
	CU_ASSERT_EQUAL(why, STREAM_FAILURE_RESOURCES);
	stream_release(first, now_ns);
	for (int i = 1; i < 4; i++)
		stream_release(mine[i], now_ns);
	poll_once();
	/* Not even to turn it away: a little later, without spinning. */
	fake_kernel_knocks(-ENOBUFS);
	fake_kernel_accepts(5);
	poll_once();
	CU_ASSERT(!kernel_streams_has_work(all));
	CU_ASSERT(kernel_streams_deadline_ns(all) <= now_ns + 100 * NS_PER_MS);
	now_ns += 100 * NS_PER_MS;
	poll_once();
	CU_ASSERT_EQUAL(mine_count, 5);
	stream_release(mine[4], now_ns);
	/* Nobody wants it. */
	refuse = true;
	fake_kernel_knocks(6);
	poll_once();
	CU_ASSERT(kernel[6].closed && kernel[6].aborted);
	fixture_finish();
}

static void closing_a_listener_takes_who_was_connected(void)
{
	fixture_start();
	fake_kernel_accepts(0);
	fake_kernel_accepts(1);
	kernel_listener_close(all, listener, true, now_ns);
	CU_ASSERT(fake_refused);
	poll_once();
	CU_ASSERT_EQUAL(mine_count, 2);
	stream_release(mine[0], now_ns);
	stream_release(mine[1], now_ns);
	fixture_finish();
}

/* Another worker, or the control thread, has closed it for good. */
static void a_dead_socket_is_not_asked_for_ever(void)
{
	fixture_start();
	fake_kernel_knocks(-EINVAL);
	poll_once();
	CU_ASSERT(!kernel_streams_has_work(all));
	fixture_finish();
}

UNIT_TESTS(UNIT_TEST(opens), UNIT_TEST(a_full_backlog_is_tried_again),
	   UNIT_TEST(no_descriptor_or_block_is_shed_and_counted),
	   UNIT_TEST(closing_a_listener_takes_who_was_connected),
	   UNIT_TEST(a_dead_socket_is_not_asked_for_ever))
