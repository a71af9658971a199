#include "dataplane/log/log_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/log/log_ring.h"
#include "tests/lib/unit.h"

struct got {
	char text[4096];
	uint32_t length;
	uint32_t sink;
};

static void append(void *context, uint32_t sink, const char *piece, uint32_t length)
{
	struct got *got = context;

	CU_ASSERT_FATAL(got->length + length < sizeof(got->text));
	memcpy(got->text + got->length, piece, length);
	got->length += length;
	got->text[got->length] = '\0';
	got->sink = sink;
}

/* Lengths that move the wrap over every position of a record, head included. */
static void lines_survive_every_wrap(void)
{
	for (uint32_t length = 0; length <= 48; length++) {
		char data[64], line[64];
		struct log_ring ring;

		log_ring_init(&ring, data, sizeof(data));
		for (unsigned i = 0; i < 40; i++) {
			struct got got = {.sink = 99};

			memset(line, 'a' + (int)(i % 26), length);
			CU_ASSERT(log_ring_put(&ring, i, line, length));
			log_ring_take(&ring, UINT64_MAX, append, &got);
			CU_ASSERT_EQUAL(got.sink, i);
			CU_ASSERT_EQUAL_FATAL(got.length, length);
			CU_ASSERT_EQUAL(memcmp(got.text, line, length), 0);
		}
	}
}

static void a_full_ring_refuses_and_keeps_what_it_has(void)
{
	char data[64];
	struct log_ring ring;
	struct got got = {0};

	log_ring_init(&ring, data, sizeof(data));
	CU_ASSERT_FALSE(log_ring_put(&ring, 0, "x", 57)); /* more than the whole ring */
	for (int i = 0; i < 4; i++)
		CU_ASSERT(log_ring_put(&ring, 1, "12345678", 8));
	CU_ASSERT_FALSE(log_ring_put(&ring, 1, "", 0));
	CU_ASSERT_EQUAL(log_ring_take(&ring, 1, append, &got), 16); /* at least one */
	CU_ASSERT(log_ring_put(&ring, 1, "abcdefgh", 8));
	log_ring_take(&ring, UINT64_MAX, append, &got);
	CU_ASSERT_STRING_EQUAL(got.text, "12345678123456781234567812345678abcdefgh");
}

static char folder[] = "/tmp/foil-log-XXXXXX";
static struct worker_counters counters[2];
static struct process_counters process;

static struct log_writer *make(uint32_t ring_bytes)
{
	struct worker_counters *both[] = {&counters[0], &counters[1]};
	struct log_writer_params params = {.worker_count = 2, .ring_bytes = ring_bytes,
					   .counters = both, .process = &process};
	struct log_writer *writer = NULL;
	struct why why;

	memset(counters, 0, sizeof(counters));
	memset(&process, 0, sizeof(process));
	memcpy(folder, "/tmp/foil-log-XXXXXX", sizeof(folder));
	if (!mkdtemp(folder) || !log_writer_create(&writer, &params, &why))
		abort();
	return writer;
}

static const char *file_named(const char *name)
{
	static char path[2][64];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static const char *content(const char *name)
{
	static char text[8192];
	int fd = open(file_named(name), O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

static void clean(const char *const *names)
{
	for (; *names; names++)
		unlink(file_named(*names));
	CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void line(struct log_writer *writer, uint16_t worker, uint32_t sink, const char *text)
{
	struct log_sink *log = log_writer_worker(writer, worker);

	log->line(log, sink, text, (uint32_t)strlen(text));
}

static void lines_go_to_the_file_of_their_sink(void)
{
	struct log_writer *writer = make(0);
	uint32_t a, b, again;
	struct why why;

	CU_ASSERT_FATAL(log_writer_open(writer, file_named("a"), &a, &why));
	CU_ASSERT_FATAL(log_writer_open(writer, file_named("b"), &b, &why));
	CU_ASSERT_FATAL(log_writer_open(writer, file_named("a"), &again, &why));
	CU_ASSERT_EQUAL(a, again);
	CU_ASSERT_NOT_EQUAL(a, b);
	line(writer, 0, a, "one\n");
	line(writer, 0, b, "two\n");
	line(writer, 1, a, "three\n");
	log_writer_drain(writer);
	CU_ASSERT_STRING_EQUAL(content("a"), "one\nthree\n");
	CU_ASSERT_STRING_EQUAL(content("b"), "two\n");
	CU_ASSERT_EQUAL(counters[0].log_lines, 2);
	CU_ASSERT_EQUAL(process.log_bytes_written, 14);
	/* A sink that nobody opened loses its lines, counted. */
	line(writer, 0, 77, "lost\n");
	log_writer_drain(writer);
	CU_ASSERT_EQUAL(process.log_write_failures, 1);
	log_writer_destroy(writer);
	clean((const char *const[]){"a", "b", NULL});
}

static void what_cannot_be_opened_is_named(void)
{
	struct log_writer *writer = make(0);
	uint32_t sink;
	struct why why;

	CU_ASSERT_FALSE(log_writer_open(writer, file_named("no/such/folder"), &sink, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "no/such/folder cannot be opened: No such file"));
	log_writer_destroy(writer);
	clean((const char *const[]){NULL});
}

static void files_are_opened_again_after_rotation(void)
{
	struct log_writer *writer = make(0);
	uint32_t sink;
	struct why why;

	CU_ASSERT_FATAL(log_writer_open(writer, file_named("a"), &sink, &why));
	line(writer, 0, sink, "old\n");
	log_writer_drain(writer);
	CU_ASSERT_EQUAL(rename(file_named("a"), file_named("a.1")), 0);
	line(writer, 0, sink, "still old\n");
	log_writer_drain(writer);
	log_writer_reopen(writer);
	line(writer, 0, sink, "new\n");
	log_writer_drain(writer);
	CU_ASSERT_STRING_EQUAL(content("a.1"), "old\nstill old\n");
	CU_ASSERT_STRING_EQUAL(content("a"), "new\n");
	log_writer_destroy(writer);
	clean((const char *const[]){"a", "a.1", NULL});
}

static void a_slow_file_costs_lines_and_not_the_worker(void)
{
	struct log_writer *writer = make(1024);
	uint32_t sink;
	struct why why;

	CU_ASSERT_FATAL(log_writer_open(writer, file_named("a"), &sink, &why));
	for (int i = 0; i < 100; i++)
		line(writer, 0, sink, "0123456789abcde\n"); /* 24 bytes of ring each */
	CU_ASSERT_EQUAL(counters[0].log_lines, 42);
	CU_ASSERT_EQUAL(counters[0].log_lines_dropped, 58);
	log_writer_drain(writer);
	CU_ASSERT_EQUAL(strlen(content("a")), 42 * 16);
	log_writer_destroy(writer);
	clean((const char *const[]){"a", NULL});
}

static void a_line_may_be_longer_than_a_batch(void)
{
	struct log_writer *writer = make(1 << 20);
	static char text[200001];
	uint32_t sink;
	struct why why;
	struct stat file;

	memset(text, 'x', sizeof(text) - 1);
	CU_ASSERT_FATAL(log_writer_open(writer, file_named("a"), &sink, &why));
	line(writer, 1, sink, text);
	log_writer_drain(writer);
	CU_ASSERT_EQUAL(stat(file_named("a"), &file), 0);
	CU_ASSERT_EQUAL(file.st_size, 200000);
	log_writer_destroy(writer);
	clean((const char *const[]){"a", NULL});
}

static void the_thread_writes_all_before_it_ends(void)
{
	struct log_writer *writer = make(0);
	uint32_t sink;
	struct why why;

	CU_ASSERT_FATAL(log_writer_open(writer, file_named("a"), &sink, &why));
	CU_ASSERT_FATAL(log_writer_start(writer, &why));
	for (int i = 0; i < 100; i++)
		line(writer, (uint16_t)(i % 2), sink, "x\n");
	log_writer_destroy(writer);
	CU_ASSERT_EQUAL(strlen(content("a")), 200);
	clean((const char *const[]){"a", NULL});
}

/* A pipe that nobody reads must not keep the process from ending. */
static void a_reader_that_takes_nothing_does_not_stop_the_end(void)
{
	struct log_writer *writer = make(1 << 20);
	uint32_t sink;
	struct why why;

	CU_ASSERT_EQUAL(mkfifo(file_named("pipe"), 0600), 0);
	int reader = open(file_named("pipe"), O_RDONLY | O_NONBLOCK);

	CU_ASSERT_FATAL(log_writer_open(writer, file_named("pipe"), &sink, &why));
	for (int i = 0; i < 20000; i++)
		line(writer, 0, sink, "0123456789abcdef\n");
	log_writer_destroy(writer);
	CU_ASSERT(process.log_write_failures > 0);
	CU_ASSERT(process.log_bytes_written > 0);
	close(reader);
	clean((const char *const[]){"pipe", NULL});
}

UNIT_TESTS(UNIT_TEST(lines_survive_every_wrap),
	   UNIT_TEST(a_full_ring_refuses_and_keeps_what_it_has),
	   UNIT_TEST(lines_go_to_the_file_of_their_sink), UNIT_TEST(what_cannot_be_opened_is_named),
	   UNIT_TEST(files_are_opened_again_after_rotation),
	   UNIT_TEST(a_slow_file_costs_lines_and_not_the_worker),
	   UNIT_TEST(a_line_may_be_longer_than_a_batch),
	   UNIT_TEST(the_thread_writes_all_before_it_ends),
	   UNIT_TEST(a_reader_that_takes_nothing_does_not_stop_the_end))
