/* Bytes of kernel streams: read, written, held back, cut off. */
#include "tests/unit/dataplane/kernel_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/unit.h"

static void reads_into_buffers_whatever_the_pieces(void)
{
	static const uint32_t pieces[] = {1, 7, 255, 2048, 2049, 0};

	for (unsigned i = 0; i < ARRAY_LEN(pieces); i++) {
		fixture_start();
		struct stream *stream = accepted(0);

		kernel[0].read_max = pieces[i];
		fake_kernel_arrives(0, 6000);
		for (unsigned k = 0; k < 7000 && stream->rx.bytes < 6000; k++) {
			fake_kernel_event(0, KERNEL_READABLE);
			poll_once();
		}
		CU_ASSERT_EQUAL(stream->rx.bytes, 6000);
		CU_ASSERT(seen & STREAM_READABLE);
		/* Small pieces share buffers. */
		CU_ASSERT(stream->rx.charge_bytes <= 6 * pool->elt_size);
		check_rx(stream, 0);
		CU_ASSERT_EQUAL(counters.kernel_rx_bytes, 6000);
		stream_skip(stream, &slices, 6000, now_ns);
		stream_release(stream, now_ns);
		fixture_finish();
	}
}

static void stops_reading_when_nobody_takes(void)
{
	fixture_start();
	struct stream *stream = accepted(0);
	uint32_t got = 0;

	fake_kernel_arrives(0, 100000);
	for (int i = 0; i < 20; i++)
		poll_once();
	CU_ASSERT(stream->rx.bytes >= BUDGET_BYTES / 2 && stream->rx.bytes < BUDGET_BYTES + 40000);
	CU_ASSERT(!kernel_streams_has_work(all));
	while (got < 100000) {
		uint32_t before = got;

		check_rx(stream, got);
		got += stream_skip(stream, &slices, 5000, now_ns);
		poll_once();
		CU_ASSERT_FATAL(got > before);
	}
	stream_release(stream, now_ns);
	fixture_finish();
}

static void a_short_write_is_gone_on_with(void)
{
	fixture_start();
	struct stream *stream = accepted(0);

	kernel[0].room = 1500;
	fixture_send(stream, 40000);
	CU_ASSERT_EQUAL(stream_room(stream), 0);
	poll_once();
	CU_ASSERT_EQUAL(kernel[0].out_bytes, 1500);
	CU_ASSERT(!(seen & STREAM_WRITABLE));
	CU_ASSERT(!kernel_streams_has_work(all));
	stream_shutdown(stream, now_ns);
	kernel[0].room = 60000;
	poll_once();
	CU_ASSERT_EQUAL(kernel[0].out_bytes, 1500);
	fake_kernel_event(0, KERNEL_WRITABLE);
	poll_once();
	CU_ASSERT_EQUAL(kernel[0].out_bytes, 40000);
	CU_ASSERT(kernel[0].shut);
	CU_ASSERT(seen & STREAM_DRAINED);
	/* The other direction lives on. */
	fake_kernel_arrives(0, 10);
	kernel[0].ended = true;
	fake_kernel_event(0, KERNEL_ENDING);
	poll_once();
	CU_ASSERT(seen & STREAM_ENDED);
	CU_ASSERT_EQUAL(stream->rx.bytes, 10);
	stream_skip(stream, &slices, 10, now_ns);
	stream_release(stream, now_ns);
	CU_ASSERT(kernel[0].closed && !kernel[0].aborted);
	fixture_finish();
}

static void writable_comes_when_room_does(void)
{
	fixture_start();
	struct stream *stream = accepted(0);

	kernel[0].room = 0;
	fixture_send(stream, 30000);
	CU_ASSERT_EQUAL(stream_room(stream), 0);
	poll_once();
	CU_ASSERT(!(seen & STREAM_WRITABLE));
	kernel[0].room = 100000;
	fake_kernel_event(0, KERNEL_WRITABLE);
	poll_once();
	CU_ASSERT(seen & STREAM_WRITABLE);
	CU_ASSERT_EQUAL(stream_room(stream), BUDGET_BYTES);
	stream_release(stream, now_ns);
	fixture_finish();
}

static void what_was_written_leaves_after_release(void)
{
	fixture_start();
	struct stream *stream = accepted(0);

	kernel[0].room = 100;
	fixture_send(stream, 5000);
	stream_release(stream, now_ns);
	poll_once();
	CU_ASSERT(!kernel[0].closed);
	kernel[0].room = 5000;
	fake_kernel_event(0, KERNEL_WRITABLE);
	poll_once();
	CU_ASSERT_EQUAL(kernel[0].out_bytes, 5000);
	CU_ASSERT(kernel[0].closed && !kernel[0].aborted);
	fixture_finish();
	fixture_start();
	stream = accepted(0);
	kernel[0].room = 100;
	fixture_send(stream, 5000);
	stream_release(stream, now_ns);
	poll_once();
	/* Nobody reads: it is not kept for ever. */
	now_ns += 121 * NS_PER_SECOND;
	poll_once();
	CU_ASSERT(kernel[0].closed && kernel[0].aborted);
	fixture_finish();
}

/* A reset tells a peer to stop sending; one that has sent its end needs no telling, and the answer
 * would be lost. */
static void unread_bytes_before_an_end_do_not_abort(void)
{
	fixture_start();
	struct stream *stream = accepted(0);

	kernel[0].ended = true;
	fake_kernel_arrives(0, 10);
	fake_kernel_event(0, KERNEL_READABLE | KERNEL_ENDING);
	poll_once();
	poll_once();
	CU_ASSERT(seen & STREAM_ENDED);
	kernel[0].room = 100;
	fixture_send(stream, 5000);
	stream_release(stream, now_ns);
	poll_once();
	CU_ASSERT(!kernel[0].closed);
	kernel[0].room = 5000;
	fake_kernel_event(0, KERNEL_WRITABLE);
	poll_once();
	CU_ASSERT_EQUAL(kernel[0].out_bytes, 5000);
	CU_ASSERT(kernel[0].closed && !kernel[0].aborted);
	fixture_finish();
}

static void unread_bytes_and_resets_abort(void)
{
	struct stream_info info;

	fixture_start();
	struct stream *stream = accepted(0);

	fake_kernel_arrives(0, 10);
	poll_once();
	stream_release(stream, now_ns);
	CU_ASSERT(kernel[0].closed && kernel[0].aborted);
	stream = accepted(1);
	fixture_send(stream, 10);
	stream_reset(stream, now_ns);
	CU_ASSERT(kernel[1].closed && kernel[1].aborted);
	stream_info(stream, &info);
	CU_ASSERT_EQUAL(info.failure, STREAM_FAILURE_LOCAL_RESET);
	CU_ASSERT_EQUAL(info.queued_bytes, 0);
	stream_release(stream, now_ns);
	fixture_finish();
}

static void peers_reset_is_told(void)
{
	struct stream_info info;

	fixture_start();
	struct stream *stream = accepted(0);

	fake_kernel_arrives(0, 10);
	poll_once();
	kernel[0].failed = -ECONNRESET;
	fake_kernel_event(0, KERNEL_BROKEN | KERNEL_ENDING);
	poll_once();
	CU_ASSERT(seen & STREAM_RESET);
	stream_info(stream, &info);
	CU_ASSERT_EQUAL(info.failure, STREAM_FAILURE_PEER_RESET);
	CU_ASSERT_STRING_EQUAL(info.pipe, "/run/a");
	CU_ASSERT(info.has_credentials && info.peer_pid == 12 && info.pipe_is_local);
	CU_ASSERT_EQUAL(stream->rx.bytes, 0);
	stream_release(stream, now_ns);
	stream = accepted(1);
	kernel[1].read_error = -ECONNRESET;
	fake_kernel_event(1, KERNEL_READABLE);
	poll_once();
	CU_ASSERT(seen & STREAM_RESET);
	stream_release(stream, now_ns);
	fixture_finish();
}

/* An origin that answers early and closes: its answer is read although nothing can be written. */
static void an_answer_outlives_its_broken_pipe(void)
{
	fixture_start();
	struct stream *stream = accepted(0);

	fake_kernel_arrives(0, 300);
	kernel[0].ended = true;
	kernel[0].write_error = -EPIPE;
	fixture_send(stream, 3000);
	poll_once();
	poll_once();
	CU_ASSERT_EQUAL(stream->rx.bytes, 300);
	CU_ASSERT(seen & STREAM_ENDED);
	CU_ASSERT(!(seen & STREAM_RESET));
	check_rx(stream, 0);
	stream_skip(stream, &slices, 300, now_ns);
	poll_once();
	CU_ASSERT(seen & STREAM_RESET);
	stream_release(stream, now_ns);
	fixture_finish();
}

static void short_of_buffers(void)
{
	static struct rte_mbuf *taken[BUFFERS];
	unsigned count = 0;

	fixture_start();
	struct stream *stream = accepted(0);

	while ((taken[count] = rte_pktmbuf_alloc(pool)))
		count++;
	/* More than what was kept to be read into. */
	fake_kernel_arrives(0, 40000);
	poll_once();
	CU_ASSERT_EQUAL(stream->rx.bytes, 16 * 2048);
	CU_ASSERT_EQUAL(counters.kernel_starved, 1);
	CU_ASSERT(!kernel_streams_has_work(all));
	CU_ASSERT(kernel_streams_deadline_ns(all) <= now_ns + NS_PER_MS);
	rte_pktmbuf_free_bulk(taken, count);
	now_ns += NS_PER_MS;
	poll_once();
	CU_ASSERT_EQUAL(stream->rx.bytes, 40000);
	stream_skip(stream, &slices, 40000, now_ns);
	/* At the reserve a connection pins a few buffers, and nobody new comes in. */
	kernel_streams_set_pressure(all, TCP_PRESSURE_RESERVE);
	fake_kernel_arrives(0, 30000);
	fake_kernel_knocks(1);
	poll_once();
	CU_ASSERT(stream->rx.bytes <= 3 * 2048);
	CU_ASSERT_EQUAL(mine_count, 1);
	CU_ASSERT(!kernel_streams_has_work(all));
	kernel_streams_set_pressure(all, TCP_PRESSURE_NONE);
	poll_once();
	CU_ASSERT_EQUAL(mine_count, 2);
	CU_ASSERT(stream->rx.bytes > 20000);
	stream_release(stream, now_ns);
	stream_release(mine[1], now_ns);
	fixture_finish();
}

static void asks_rarely_while_nothing_comes(void)
{
	fixture_start();
	struct stream *stream = accepted(0);

	fake_waits = 0;
	for (int i = 0; i < 1000; i++) {
		now_ns += 100;
		kernel_streams_input(all, now_ns);
	}
	CU_ASSERT(fake_waits >= 9 && fake_waits <= 12);
	stream_release(stream, now_ns);
	fixture_finish();
}

UNIT_TESTS(UNIT_TEST(reads_into_buffers_whatever_the_pieces),
	   UNIT_TEST(stops_reading_when_nobody_takes), UNIT_TEST(a_short_write_is_gone_on_with),
	   UNIT_TEST(writable_comes_when_room_does), UNIT_TEST(what_was_written_leaves_after_release),
	   UNIT_TEST(unread_bytes_before_an_end_do_not_abort),
	   UNIT_TEST(unread_bytes_and_resets_abort), UNIT_TEST(peers_reset_is_told),
	   UNIT_TEST(an_answer_outlives_its_broken_pipe), UNIT_TEST(short_of_buffers),
	   UNIT_TEST(asks_rarely_while_nothing_comes))
