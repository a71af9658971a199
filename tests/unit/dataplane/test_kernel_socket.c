/* Kernel streams over the kernel itself: loopback and Unix sockets of this process. */
#include "dataplane/kernel_stream/kernel_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/kernel_stream/kernel_streams.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

#define BUFFERS 1023
#define ROUNDS_MAX 2000

static struct kernel_socket kernel;
static struct rte_mempool *pool;
static struct slice_pool slices;
static struct worker_counters counters;
static struct kernel_streams *all;
static struct kernel_listener *listener;
static int socket_fd;
static struct kernel_name name;
static struct stream *mine;
static uint32_t seen;
static uint64_t now_ns;
static char pipe_path[64];

static void ready(struct stream *stream, uint32_t events, uint64_t at_ns)
{
	seen |= events;
}

static const struct stream_owner_ops owner = {.ready = ready};

static bool accept_stream(void *context, struct stream *stream, uint64_t at_ns)
{
	stream->owner_ops = &owner;
	mine = stream;
	return true;
}

static void start(const char *pipe)
{
	struct why why;
	struct ip_addr loopback;
	socklen_t length = sizeof(name.raw);

	test_eal_start(64);
	if (!pool)
		pool = test_mbuf_pool("socket", BUFFERS);
	memset(&counters, 0, sizeof(counters));
	mine = NULL;
	seen = 0;
	CU_ASSERT_FATAL(ip_addr_parse("127.0.0.1", &loopback));
	CU_ASSERT_FATAL(kernel_socket_open(&kernel, &why));
	CU_ASSERT_FATAL(slice_pool_create(&slices, 4096));
	CU_ASSERT_FATAL(kernel_name_make(&name, &loopback, 0, pipe));
	socket_fd = socket(pipe ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CU_ASSERT_EQUAL_FATAL(bind(socket_fd, (struct sockaddr *)name.raw, name.bytes), 0);
	CU_ASSERT_EQUAL_FATAL(listen(socket_fd, 16), 0);
	if (!pipe)
		CU_ASSERT_EQUAL(getsockname(socket_fd, (struct sockaddr *)name.raw, &length), 0);
	struct kernel_streams_params params = {
		.io = &kernel.io, .rx_pool = pool, .slices = &slices, .counters = &counters,
		.connections_max = 16, .budget_bytes = 256 * 1024, .now_ns = now_ns,
	};
	struct kernel_listen_params listen_params = {.socket = socket_fd, .pipe = pipe,
						     .accept = accept_stream};

	all = kernel_streams_create(&params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	listener = kernel_listen(all, &listen_params);
	CU_ASSERT_PTR_NOT_NULL_FATAL(listener);
}

static void poll_once(void)
{
	struct pollfd wait = {.fd = kernel.io.wait_fd, .events = POLLIN};

	if (!kernel_streams_has_work(all))
		poll(&wait, 1, 1);
	now_ns += NS_PER_MS;
	kernel_streams_input(all, now_ns);
	kernel_streams_expire(all, now_ns, 16);
	kernel_streams_deliver(all, now_ns);
	kernel_streams_output(all, now_ns);
	kernel_streams_deliver(all, now_ns);
}

/* Polls until the condition is true; fails the test when that does not come. */
#define UNTIL(condition)                                                                           \
	do {                                                                                       \
		bool came = (condition);                                                           \
		for (int round = 0; !came && round < ROUNDS_MAX; round++) {                        \
			poll_once();                                                               \
			came = (condition);                                                        \
		}                                                                                  \
		CU_ASSERT(came);                                                                   \
	} while (0)

static void finish(void)
{
	kernel_listener_close(all, listener, false, now_ns);
	UNTIL(kernel_streams_open(all) == 0);
	kernel_streams_destroy(all);
	kernel_socket_close(&kernel);
	close(socket_fd);
	CU_ASSERT_EQUAL(slices.available, slices.capacity);
	slice_pool_destroy(&slices);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(pool), BUFFERS);
}

static int dial(void)
{
	int fd = socket(((struct sockaddr *)name.raw)->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	CU_ASSERT(connect(fd, (struct sockaddr *)name.raw, name.bytes) == 0 || errno == EINPROGRESS);
	return fd;
}

static void write_bytes(struct stream *stream, uint32_t bytes)
{
	struct slice_queue queue = {0};

	for (uint32_t sent = 0; sent < bytes; sent += 2000) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
		char *to = mbuf ? rte_pktmbuf_append(mbuf, 2000) : NULL;

		if (!to)
			abort();
		memset(to, (char)(sent / 2000), 2000);
		CU_ASSERT_FATAL(slice_queue_push(&slices, &queue,
						 (struct slice){mbuf, mbuf->data_off, 2000}));
	}
	stream_write(stream, &queue, now_ns);
}

static void both_ways(const char *pipe)
{
	static char bytes[100000];
	struct stream_info info;
	ssize_t n = 0, got = 0;

	start(pipe);
	int fd = dial();

	UNTIL(mine != NULL);
	CU_ASSERT_EQUAL(send(fd, bytes, 10000, 0), 10000);
	UNTIL(mine->rx.bytes == 10000);
	stream_skip(mine, &slices, 10000, now_ns);
	/* More than a socket buffer holds: it is written as the peer reads. */
	write_bytes(mine, 1000000);
	stream_shutdown(mine, now_ns);
	for (int i = 0; i < ROUNDS_MAX * 10 && got < 1000000; i++) {
		poll_once();
		n = recv(fd, bytes, sizeof(bytes), 0);
		for (ssize_t k = 0; k < n; k++)
			if (bytes[k] != (char)((got + k) / 2000))
				CU_FAIL_FATAL("a byte is wrong");
		got += n > 0 ? n : 0;
	}
	CU_ASSERT_EQUAL(got, 1000000);
	UNTIL(recv(fd, bytes, sizeof(bytes), 0) == 0);
	shutdown(fd, SHUT_WR);
	UNTIL(seen & STREAM_ENDED);
	stream_info(mine, &info);
	CU_ASSERT_EQUAL(info.rx_bytes, 10000);
	CU_ASSERT_EQUAL(info.tx_bytes, 1000000);
	CU_ASSERT_EQUAL(info.has_credentials, pipe != NULL);
	if (pipe)
		CU_ASSERT_EQUAL(info.peer_pid, (uint32_t)getpid());
	stream_release(mine, now_ns);
	finish();
	close(fd);
}

static void loopback_both_ways(void)
{
	both_ways(NULL);
}

static void a_pipe_both_ways(void)
{
	snprintf(pipe_path, sizeof(pipe_path), "@hydrofoil-test-%d", getpid());
	both_ways(pipe_path);
}

static void resets_are_seen_on_both_sides(void)
{
	struct linger now = {.l_onoff = 1};
	struct stream_info info;
	char byte;

	start(NULL);
	int fd = dial();

	UNTIL(mine != NULL);
	stream_reset(mine, now_ns);
	stream_release(mine, now_ns);
	UNTIL(recv(fd, &byte, 1, 0) < 0 && errno == ECONNRESET);
	close(fd);
	mine = NULL;
	seen = 0;
	fd = dial();
	UNTIL(mine != NULL);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	UNTIL(seen & STREAM_RESET);
	stream_info(mine, &info);
	CU_ASSERT_EQUAL(info.failure, STREAM_FAILURE_PEER_RESET);
	stream_release(mine, now_ns);
	finish();
}

static struct stream *open_to(const struct stream_target *target)
{
	enum stream_failure why = STREAM_FAILURE_NONE;
	struct stream *stream = kernel_opener(all)->open(kernel_opener(all), target, &why, now_ns);

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	stream->owner_ops = &owner;
	return stream;
}

static void opens_what_is_there_and_is_refused_elsewhere(void)
{
	struct stream_target target = {.connect_timeout_ns = 10 * NS_PER_SECOND};
	struct stream_info info;

	start(NULL);
	CU_ASSERT(ip_addr_parse("127.0.0.1", &target.remote));
	CU_ASSERT(ip_addr_parse("127.0.0.9", &target.local));
	target.remote_port = ntohs(((struct sockaddr_in *)name.raw)->sin_port);
	struct stream *stream = open_to(&target);

	UNTIL(seen & STREAM_OPENED);
	UNTIL(mine != NULL);
	stream_info(mine, &info);
	CU_ASSERT(ip_addr_equal(&info.key.remote, &target.local));
	stream_release(stream, now_ns);
	UNTIL(seen & STREAM_ENDED);
	stream_release(mine, now_ns);
	/* Nobody listens on the port that a connection of ours had. */
	seen = 0;
	target.remote = target.local;
	target.remote_port = info.key.remote_port;
	stream = open_to(&target);
	UNTIL(seen & STREAM_RESET);
	stream_info(stream, &info);
	CU_ASSERT_EQUAL(info.failure, STREAM_FAILURE_REFUSED);
	stream_release(stream, now_ns);
	seen = 0;
	target.pipe = "/nowhere/at/all";
	stream = open_to(&target);
	UNTIL(seen & STREAM_RESET);
	stream_info(stream, &info);
	CU_ASSERT_EQUAL(info.failure, STREAM_FAILURE_REFUSED);
	stream_release(stream, now_ns);
	finish();
}

static void without_descriptors_who_comes_is_turned_away(void)
{
	struct rlimit before, none;
	char byte;

	start(NULL);
	int fd = dial(), next = dup(fd);

	close(next);
	CU_ASSERT_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &none), 0);
	UNTIL(counters.kernel_shed == 1);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
	CU_ASSERT_PTR_NULL(mine);
	UNTIL(recv(fd, &byte, 1, 0) == 0 || errno == ECONNRESET);
	close(fd);
	/* And it goes on as soon as there are some. */
	fd = dial();
	UNTIL(mine != NULL);
	stream_release(mine, now_ns);
	finish();
	close(fd);
}

UNIT_TESTS(UNIT_TEST(loopback_both_ways), UNIT_TEST(a_pipe_both_ways),
	   UNIT_TEST(resets_are_seen_on_both_sides),
	   UNIT_TEST(opens_what_is_there_and_is_refused_elsewhere),
	   UNIT_TEST(without_descriptors_who_comes_is_turned_away))
