/* Heads: what is refused and how, framing, and that cuts and page ends change nothing. */
#include "gateway/http1/h1_parse.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

static const struct h1_limits limits = {.head_bytes_max = 4096, .headers_max = 20};
static struct pool pool;
static struct arena arena;

static void start(uint32_t chunks)
{
	if (!pool.blocks && !pool_create(&pool, ARENA_CHUNK_BYTES, 8))
		CU_FAIL_FATAL("no memory");
	arena_init(&arena, &pool, chunks);
}

/* method NULL: a request */
static enum h1_result once(const char *method, const char *data, uint32_t length, uint32_t *scanned,
			   struct message_head *head, uint32_t *consumed)
{
	if (!method)
		return h1_parse_request(data, length, &limits, &arena, scanned, head, consumed);
	return h1_parse_response(data, length, &limits, &arena,
				 (struct str){method, (uint32_t)strlen(method)}, scanned, head,
				 consumed);
}

/* At once, byte by byte with memory of `scanned`, and cut once at every byte. */
static enum h1_result parse_all_ways(const char *method, const char *text, struct message_head *head)
{
	uint32_t length = (uint32_t)strlen(text), consumed = 0, scanned = 0;

	arena_clear(&arena);
	enum h1_result whole = once(method, text, length, &scanned, head, &consumed);
	struct message_head other;

	scanned = 0;
	arena.chunk_max = 8;
	for (uint32_t n = 0; n <= length; n++) {
		char *copy = guard_copy(text, n, 1);
		uint32_t other_consumed = 0;
		enum h1_result result = once(method, copy, n, &scanned, &other, &other_consumed);

		guard_free(copy, n, 1);
		if (result == H1_MORE && n < length)
			continue;
		if (result != whole)
			printf("# split of %s: %d not %d\n", text, (int)result, (int)whole);
		CU_ASSERT_EQUAL(result, whole);
		if (whole == H1_DONE)
			CU_ASSERT_EQUAL(other_consumed, consumed);
		break;
	}
	for (uint32_t cut = 0; cut < length; cut++) {
		uint32_t from = 0, other_consumed = 0;
		enum h1_result result = once(method, text, cut, &from, &other, &other_consumed);

		if (result == H1_MORE)
			result = once(method, text, length, &from, &other, &other_consumed);
		CU_ASSERT_EQUAL(result, whole);
		arena_clear(&arena);
	}
	scanned = 0;
	return once(method, text, length, &scanned, head, &consumed);
}

struct refused {
	const char *text;
	enum h1_result result;
};

#define R(fields) "GET / HTTP/1.1\r\nHost: h\r\n" fields "\r\n\r\n"
#define LINE(line) line "\r\nHost: h\r\n\r\n"

static const struct refused requests[] = {
	{LINE("GET  / HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET /  HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET\t/ HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET /\tHTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE(" GET / HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET / HTTP/1.1 "), H1_BAD_REQUEST_LINE},
	{LINE("GET /a b HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET /"), H1_BAD_REQUEST_LINE},
	{LINE("GET"), H1_BAD_REQUEST_LINE},
	{LINE("GET / http/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET / HTTP/1"), H1_BAD_REQUEST_LINE},
	{LINE("GET / HTTP/1.10"), H1_BAD_REQUEST_LINE},
	{LINE("GET / HTTP/11.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET / HTTP/0.9"), H1_BAD_VERSION},
	{LINE("GET / HTTP/2.0"), H1_BAD_VERSION},
	{LINE("G@T / HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("G\x01T / HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET /\x7f HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET /\x80 HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET /a#b HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET a HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET * HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET h:80 HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET ftp://h/ HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET http:///a HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("GET http://u@h/ HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("CONNECT / HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("CONNECT h HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("CONNECT h: HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{LINE("CONNECT [::1] HTTP/1.1"), H1_BAD_REQUEST_LINE},
	{"GET / HTTP/1.1\nHost: h\r\n\r\n", H1_BAD_REQUEST_LINE},
	{"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", H1_BAD_REQUEST_LINE},
	{"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", H1_BAD_REQUEST_LINE},
	{"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", H1_BAD_REQUEST_LINE},
	{"\x16\x03\x01", H1_BAD_REQUEST_LINE},
	{"GET / HTTP/1.1\r\nHost: h\n\r\n", H1_BAD_HEADER},
	{"GET / HTTP/1.1\r\nHost: h\r\n\n", H1_BAD_HEADER},
	{R("A : b"), H1_BAD_HEADER},
	{R("A\t: b"), H1_BAD_HEADER},
	{R(": b"), H1_BAD_HEADER},
	{R("A b: c"), H1_BAD_HEADER},
	{R("A\"b: c"), H1_BAD_HEADER},
	{R("Ab"), H1_BAD_HEADER},
	{R("\x80: c"), H1_BAD_HEADER},
	{R("A: b\rc"), H1_BAD_HEADER},
	{R("A: b\x01"), H1_BAD_HEADER},
	{R("A: \x7f"), H1_BAD_HEADER},
	{R("A: b\r\n c"), H1_OBS_FOLD},
	{R("A: b\r\n\tc"), H1_OBS_FOLD},
	{"GET / HTTP/1.1\r\n Host: h\r\n\r\n", H1_OBS_FOLD},
	{"GET / HTTP/1.1\r\n\r\n", H1_NO_HOST},
	{"GET / HTTP/1.1\r\nHost:\r\n\r\n", H1_BAD_HOST},
	{R("Host: h"), H1_BAD_HOST},
	{"GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", H1_BAD_HOST},
	{"GET / HTTP/1.1\r\nHost: []\r\n\r\n", H1_BAD_HOST},
	{"GET http://h/ HTTP/1.1\r\n\r\n", H1_NO_HOST},
	{R("Content-Length: 1\r\nTransfer-Encoding: chunked"), H1_TWO_FRAMINGS},
	{R("Transfer-Encoding: chunked\r\nContent-Length: 0"), H1_TWO_FRAMINGS},
	{R("Content-Length: 1\r\nContent-Length: 2"), H1_BAD_FRAMING},
	{R("Content-Length: 1, 2"), H1_BAD_FRAMING},
	{R("Content-Length: 1,"), H1_BAD_FRAMING},
	{R("Content-Length:"), H1_BAD_FRAMING},
	{R("Content-Length: +1"), H1_BAD_FRAMING},
	{R("Content-Length: -1"), H1_BAD_FRAMING},
	{R("Content-Length: 0x1"), H1_BAD_FRAMING},
	{R("Content-Length: 1 1"), H1_BAD_FRAMING},
	{R("Content-Length: 9223372036854775808"), H1_BAD_FRAMING},
	{R("Content-Length: 18446744073709551617"), H1_BAD_FRAMING},
	{R("Transfer-Encoding: chunked, gzip"), H1_BAD_FRAMING},
	{R("Transfer-Encoding: chunked, chunked"), H1_BAD_FRAMING},
	{R("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), H1_BAD_FRAMING},
	{R("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), H1_BAD_FRAMING},
	{R("Transfer-Encoding:"), H1_BAD_FRAMING},
	{R("Transfer-Encoding: ,chunked"), H1_BAD_FRAMING},
	{R("Transfer-Encoding: chunked;a=b"), H1_BAD_FRAMING},
	{R("Transfer-Encoding: xchunked"), H1_BAD_TRANSFER_CODING},
	{R("Transfer-Encoding: chunke"), H1_BAD_TRANSFER_CODING},
	{R("Transfer-Encoding: gzip"), H1_BAD_TRANSFER_CODING},
	{R("Transfer-Encoding: gzip, chunked"), H1_BAD_TRANSFER_CODING},
	{R("Transfer-Encoding: \"chunked\""), H1_BAD_TRANSFER_CODING},
	{R("Transfer-Encoding: identity"), H1_BAD_TRANSFER_CODING},
	{"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", H1_BAD_FRAMING},
	{"GET / HTTP/1.1\r\nHost: h\r\n", H1_MORE},
	{"GET / HTTP/1.1\r", H1_MORE},
	{"", H1_MORE},
};

static const struct refused answers[] = {
	{"HTTP/1.1\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1 20\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1 2000\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1 2x0 OK\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1 099 OK\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1 600 OK\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1  200 OK\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1 200 O\x01K\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/1.1 200 OK\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTX/1.1 200 OK\r\n\r\n", H1_BAD_STATUS_LINE},
	{"ICY 200 OK......\r\n\r\n", H1_BAD_STATUS_LINE},
	{"\r\nHTTP/1.1 200 OK\r\n\r\n", H1_BAD_STATUS_LINE},
	{"HTTP/2.0 200 OK\r\n\r\n", H1_BAD_VERSION},
	{"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", H1_OBS_FOLD},
	{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", H1_BAD_HEADER},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", H1_TWO_FRAMINGS},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", H1_BAD_TRANSFER_CODING},
	{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", H1_BAD_FRAMING},
	{"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", H1_BAD_FRAMING},
	{"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", H1_BAD_FRAMING},
	{"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n", H1_BAD_FRAMING},
	{"HTTP/1.1 200 OK\r\n", H1_MORE},
};

static void check_table(const char *method, const struct refused *table, size_t count)
{
	struct message_head head;

	start(8);
	for (size_t i = 0; i < count; i++) {
		enum h1_result result = parse_all_ways(method, table[i].text, &head);

		if (result != table[i].result)
			printf("# %s: %d, expected %d\n", table[i].text, (int)result,
			       (int)table[i].result);
		CU_ASSERT_EQUAL(result, table[i].result);
	}
	arena_clear(&arena);
}

static void malformed_requests_are_refused_by_name(void)
{
	check_table(NULL, requests, ARRAY_LEN(requests));
}

static void malformed_answers_are_refused_by_name(void)
{
	check_table("GET", answers, ARRAY_LEN(answers));
}

static bool is(struct str value, const char *text)
{
	return str_equal(value, (struct str){text, (uint32_t)strlen(text)});
}

static void nul_is_refused_in_every_part(void)
{
	const char good[] = "GET /abc HTTP/1.1\r\nHost: host\r\nName: value\r\n\r\n";
	struct message_head head;

	start(8);
	for (uint32_t i = 0; i < sizeof(good) - 1; i++) {
		char text[sizeof(good)];
		uint32_t scanned = 0, consumed;

		memcpy(text, good, sizeof(good));
		text[i] = '\0';
		enum h1_result result = once(NULL, text, sizeof(good) - 1, &scanned, &head, &consumed);

		CU_ASSERT(result != H1_DONE);
		arena_clear(&arena);
	}
}

static void a_request_is_taken_apart(void)
{
	struct message_head head;

	start(8);
	CU_ASSERT_EQUAL(parse_all_ways(NULL,
				       "\r\nPOST /a/b?c=|d HTTP/1.1\r\nHOST:  Ex.ample:8080 \r\n"
				       "Content-Length: 5\r\nX-Long-Name-Of-More-Than-32-Characters:"
				       "\t value with spaces, \xc3\xa4\tand a tab \t\r\nEmpty:\r\n"
				       "Expect: 100-Continue\r\nConnection: Keep-Alive, UPGRADE\r\n"
				       "Upgrade: websocket\r\n\r\nbody!",
				       &head),
			H1_DONE);
	CU_ASSERT(is(head.method, "POST") && is(head.path, "/a/b?c=|d"));
	CU_ASSERT(is(head.authority, "Ex.ample:8080"));
	CU_ASSERT(head.version == HTTP_1_1 && head.keep_alive && head.upgrade);
	CU_ASSERT(head.expect_continue);
	CU_ASSERT(head.framing == BODY_LENGTH && head.content_length_bytes == 5);
	CU_ASSERT_EQUAL_FATAL(head.headers.count, 6);
	CU_ASSERT(is(head.headers.items[1].value, "value with spaces, \xc3\xa4\tand a tab"));
	CU_ASSERT(is(head.headers.items[1].name, "X-Long-Name-Of-More-Than-32-Characters"));
	CU_ASSERT_EQUAL(head.headers.items[2].value.length, 0);
	CU_ASSERT_EQUAL(head.headers.items[0].id, HEADER_CONTENT_LENGTH);
	CU_ASSERT_PTR_NULL(header_find(&head.headers, HEADER_HOST));
	arena_clear(&arena);
}

static void targets_in_all_forms(void)
{
	static const struct {
		const char *line, *host, *authority, *path;
	} good[] = {
		{"GET / HTTP/1.1", "h", "h", "/"},
		{"GET http://a.b:81/c?d HTTP/1.1", "other", "a.b:81", "/c?d"},
		{"GET HTTPS://a HTTP/1.1", "a", "a", "/"},
		{"GET http://a?q=/ HTTP/1.1", "a", "a", "/?q=/"},
		{"OPTIONS http://a HTTP/1.1", "a", "a", "*"},
		{"OPTIONS * HTTP/1.1", "h", "h", "*"},
		{"CONNECT a:443 HTTP/1.1", "a", "a:443", ""},
		{"CONNECT [::1]:443 HTTP/1.1", "a", "[::1]:443", ""},
		{"GET / HTTP/1.1", "[2001:db8::1]", "[2001:db8::1]", "/"},
		{"GET / HTTP/1.7", "h", "h", "/"},
	};
	struct message_head head;

	start(8);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s\r\nHost: %s\r\n\r\n", good[i].line, good[i].host);
		CU_ASSERT_EQUAL(parse_all_ways(NULL, text, &head), H1_DONE);
		CU_ASSERT(is(head.authority, good[i].authority));
		CU_ASSERT(is(head.path, good[i].path));
	}
	CU_ASSERT_EQUAL(parse_all_ways("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
				       &head),
			H1_DONE);
	CU_ASSERT(is(header_find(&head.headers, HEADER_CONTENT_LENGTH)->value, "5"));
	CU_ASSERT_EQUAL(parse_all_ways(NULL, "GET / HTTP/1.0\r\n\r\n", &head), H1_DONE);
	CU_ASSERT_EQUAL(head.authority.length, 0);
	arena_clear(&arena);
}

static void framing_and_connection_of_good_heads(void)
{
	static const struct {
		const char *method, *text;
		enum body_framing framing;
		uint64_t length_bytes;
		bool keep_alive, upgrade;
	} good[] = {
		{NULL, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n",
		 BODY_CHUNKED, 0, true, false},
		{NULL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7, 07\r\nContent-Length: 7\r\n\r\n",
		 BODY_LENGTH, 7, true, false},
		{NULL, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", BODY_NONE, 0, true,
		 false},
		{NULL, "GET / HTTP/1.1\r\nHost: h\r\nConnection: foo , close\r\n\r\n", BODY_NONE, 0,
		 false, false},
		{NULL, "GET / HTTP/1.0\r\nConnection: keep-alive, upgrade\r\nUpgrade: a\r\n\r\n",
		 BODY_NONE, 0, true, false},
		{NULL, "GET / HTTP/1.0\r\n\r\n", BODY_NONE, 0, false, false},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n",
		 BODY_LENGTH, INT64_MAX, true, false},
		{"GET", "HTTP/1.1 200\r\n\r\n", BODY_UNTIL_CLOSE, 0, false, false},
		{"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n",
		 BODY_LENGTH, 1, true, false},
		{"GET", "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", BODY_CHUNKED, 0, true,
		 false},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", BODY_NONE, 5, true, false},
		{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", BODY_NONE, 0, true,
		 false},
		{"HEAD", "HTTP/1.1 200 OK\r\n\r\n", BODY_NONE, 0, true, false},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", BODY_NONE, 5, true,
		 false},
		{"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", BODY_NONE, 0, true,
		 false},
		{"GET", "HTTP/1.1 100 Continue\r\n\r\n", BODY_NONE, 0, true, false},
		{"GET", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		 BODY_NONE, 0, true, true},
		{"CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n",
		 BODY_NONE, 0, true, true},
		{"CONNECT", "HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\n", BODY_LENGTH, 5, true, false},
	};
	struct message_head head;

	start(8);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CU_ASSERT_EQUAL(parse_all_ways(good[i].method, good[i].text, &head), H1_DONE);
		CU_ASSERT_EQUAL(head.framing, good[i].framing);
		CU_ASSERT_EQUAL(head.content_length_bytes, good[i].length_bytes);
		CU_ASSERT_EQUAL(head.keep_alive, good[i].keep_alive);
		CU_ASSERT_EQUAL(head.upgrade, good[i].upgrade);
		uint32_t lengths = 0;

		for (uint32_t h = 0; h < head.headers.count; h++)
			lengths += head.headers.items[h].id == HEADER_CONTENT_LENGTH;
		CU_ASSERT(lengths <= 1);
	}
	arena_clear(&arena);
}

/* Over the limits, and with the n-th arena chunk missing. */
static void limits_and_memory(void)
{
	static char text[8192];
	struct message_head head;

	start(8);
	for (int fields = 0; fields < 40; fields++) {
		int at = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\n");

		for (int i = 0; i < fields; i++)
			at += snprintf(text + at, sizeof(text) - (size_t)at, "n%d: v\r\n", i);
		memcpy(text + at, "\r\n", 3);
		CU_ASSERT_EQUAL(parse_all_ways(NULL, text, &head),
				fields + 1 <= (int)limits.headers_max ? H1_DONE : H1_TOO_MANY);
	}
	for (int over = 0; over < 2; over++) {
		int at = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\nn: ");

		memset(text + at, 'v', 4096);
		memcpy(text + 4096 - 4 + over, "\r\n\r\n", 5);
		CU_ASSERT_EQUAL(parse_all_ways(NULL, text, &head),
				over ? H1_TOO_LARGE : H1_DONE);
	}
	arena_clear(&arena);
	start(0);
	uint32_t scanned = 0, consumed;

	CU_ASSERT_EQUAL(once("GET", "HTTP/1.1 200 OK\r\na: b\r\n\r\n", 25, &scanned, &head, &consumed),
			H1_NO_MEMORY);
	scanned = 0;
	CU_ASSERT_EQUAL(once(NULL, "GET http://h?a HTTP/1.1\r\nHost: h\r\n\r\n", 36, &scanned, &head,
			     &consumed),
			H1_NO_MEMORY);
	CU_ASSERT_EQUAL(pool_in_use(&pool), 0);
}

static void trailers_end_with_an_empty_line_and_lose_what_is_forbidden(void)
{
	const char text[] = "Digest: abc\r\nContent-Length: 5\r\nHost: x\r\nTE: y\r\n\r\nGET";
	struct header_list trailers;
	uint32_t scanned = 0, consumed = 0;

	start(8);
	for (uint32_t n = 0; n < 50; n++)
		CU_ASSERT_EQUAL(h1_parse_trailers(text, n, &limits, &arena, &scanned, &trailers,
						  &consumed),
				H1_MORE);
	CU_ASSERT_EQUAL(h1_parse_trailers(text, sizeof(text) - 1, &limits, &arena, &scanned,
					  &trailers, &consumed),
			H1_DONE);
	CU_ASSERT_EQUAL(consumed, sizeof(text) - 4);
	CU_ASSERT_EQUAL_FATAL(trailers.count, 1);
	CU_ASSERT(is(trailers.items[0].value, "abc"));
	scanned = 0;
	CU_ASSERT_EQUAL(h1_parse_trailers("\r\n", 2, &limits, &arena, &scanned, &trailers, &consumed),
			H1_DONE);
	CU_ASSERT_EQUAL(consumed, 2);
	scanned = 0;
	CU_ASSERT_EQUAL(h1_parse_trailers("\n", 1, &limits, &arena, &scanned, &trailers, &consumed),
			H1_BAD_HEADER);
	arena_clear(&arena);
}

UNIT_TESTS(UNIT_TEST(malformed_requests_are_refused_by_name),
	   UNIT_TEST(malformed_answers_are_refused_by_name), UNIT_TEST(nul_is_refused_in_every_part),
	   UNIT_TEST(a_request_is_taken_apart), UNIT_TEST(targets_in_all_forms),
	   UNIT_TEST(framing_and_connection_of_good_heads), UNIT_TEST(limits_and_memory),
	   UNIT_TEST(trailers_end_with_an_empty_line_and_lose_what_is_forbidden))
