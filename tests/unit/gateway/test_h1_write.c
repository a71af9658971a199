/* Heads that are written: exact bytes, every size that is too small, back through the parser. */
#include "gateway/http1/h1_write.h"

#include <stdio.h>
#include <string.h>

#include "gateway/http1/h1_hop.h"
#include "gateway/http1/h1_parse.h"
#include "stack/base/prng.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

static const struct h1_limits limits = {.head_bytes_max = 65536, .headers_max = 100};
static struct pool pool;
static struct arena arena;

static void start(void)
{
	if (!pool.blocks && !pool_create(&pool, ARENA_CHUNK_BYTES, 8))
		CU_FAIL_FATAL("no memory");
	arena_init(&arena, &pool, 8);
}

static void add(struct message_head *head, const char *name, const char *value)
{
	CU_ASSERT_FATAL(header_add(&head->headers, &arena, (struct str){name, (uint32_t)strlen(name)},
				   (struct str){value, (uint32_t)strlen(value)}));
}

/* Written whole, and not at all into anything smaller. */
static void expect(const struct message_head *head, const struct h1_write_options *options,
		   const char *expected)
{
	uint32_t length = (uint32_t)strlen(expected);

	for (uint32_t size = 0; size <= length; size++) {
		char *out = guard_copy(expected, size, 1);

		memset(out, 'x', size);
		uint32_t written = head->status ? h1_write_response(head, options, out, size)
						: h1_write_request(head, options, out, size);

		CU_ASSERT_EQUAL(written, size == length ? length : 0);
		if (written == length && memcmp(out, expected, length) != 0)
			printf("# %.*s\n", (int)length, out);
		if (written == length)
			CU_ASSERT_EQUAL(memcmp(out, expected, length), 0);
		guard_free(out, size, 1);
	}
}

static void heads_are_written_exactly(void)
{
	struct message_head request = {
		.method = STR("POST"), .path = STR("/a?b"), .authority = STR("h:80")};
	struct message_head answer = {.status = 200};
	struct message_head connect = {.method = STR("CONNECT"), .authority = STR("h:443")};

	start();
	add(&request, "X-A", "1");
	add(&request, "Content-Length", "999");
	add(&request, "Connection", "x");
	add(&request, "Upgrade", "websocket");
	add(&request, "Gone", "y");
	header_remove(&request.headers, STR("gone"));
	expect(&request, &(struct h1_write_options){.framing = BODY_LENGTH, .content_length_bytes = 10},
	       "POST /a?b HTTP/1.1\r\nhost: h:80\r\nX-A: 1\r\ncontent-length: 10\r\n\r\n");
	expect(&request, &(struct h1_write_options){.framing = BODY_CHUNKED, .close = true},
	       "POST /a?b HTTP/1.1\r\nhost: h:80\r\nX-A: 1\r\ntransfer-encoding: chunked\r\n"
	       "connection: close\r\n\r\n");
	expect(&request, &(struct h1_write_options){.framing = BODY_NONE, .upgrade = true},
	       "POST /a?b HTTP/1.1\r\nhost: h:80\r\nX-A: 1\r\nUpgrade: websocket\r\n"
	       "content-length: 0\r\nconnection: upgrade\r\n\r\n");
	expect(&connect, &(struct h1_write_options){0},
	       "CONNECT h:443 HTTP/1.1\r\nhost: h:443\r\n\r\n");
	add(&answer, "content-length", "7");
	expect(&answer, &(struct h1_write_options){.framing = BODY_NONE, .keep_alive_10 = true},
	       "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: keep-alive\r\n\r\n");
	expect(&answer, &(struct h1_write_options){.framing = BODY_UNTIL_CLOSE, .close = true},
	       "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
	answer.status = 204;
	expect(&answer, &(struct h1_write_options){0}, "HTTP/1.1 204 No Content\r\n\r\n");
	answer.status = 599;
	answer.headers.count = 0;
	expect(&answer, &(struct h1_write_options){.framing = BODY_LENGTH},
	       "HTTP/1.1 599 Unknown\r\ncontent-length: 0\r\n\r\n");
	arena_clear(&arena);
}

/* Runs of headers that lie as they are to be written are copied whole; everything ends a run that
 * is not to be seen, or was written in another way. */
static void untouched_headers_are_copied_as_they_came(void)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB:2\r\nC: 3 \r\nD:  4\r\nE: \r\n"
				   "F: 6\r\nConnection: x\r\nG: 7\r\nGone: 8\r\nH:\t8\r\nI: 9\r\nJ: 10\r\n\r\n";
	char *copy = guard_copy(text, sizeof(text) - 1, 1);
	uint32_t scanned = 0, consumed = 0;
	struct message_head head;

	start();
	CU_ASSERT_EQUAL_FATAL(h1_parse_request(copy, sizeof(text) - 1, &limits, &arena, &scanned, &head,
					       &consumed),
			      H1_DONE);
	header_remove(&head.headers, STR("gone"));
	CU_ASSERT_FATAL(header_set(&head.headers, &arena, STR("i"), STR("new")));
	expect(&head, &(struct h1_write_options){0},
	       "GET / HTTP/1.1\r\nhost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: 6\r\nG: 7\r\n"
	       "H: 8\r\nI: new\r\nJ: 10\r\n\r\n");
	guard_free(copy, sizeof(text) - 1, 1);
	arena_clear(&arena);
}

static struct str random_of(struct prng *prng, const char *alphabet, uint32_t least, uint32_t most)
{
	uint32_t length = least + prng_below(prng, most - least + 1);
	char *out = arena_alloc(&arena, length);

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	for (uint32_t i = 0; i < length; i++)
		out[i] = alphabet[prng_below(prng, (uint32_t)strlen(alphabet))];
	return (struct str){out, length};
}

static void what_is_written_is_parsed_back(void)
{
	struct prng prng;

	prng_seed(&prng, 6);
	for (int round = 0; round < 2000; round++) {
		static char out[16384];
		struct message_head head = {.method = STR("PUT"), .authority = STR("a.b")}, back;
		struct h1_write_options options = {.framing = (enum body_framing)prng_below(&prng, 3),
						   .content_length_bytes = 1 + prng_next(&prng) / 4,
						   .close = prng_below(&prng, 2)};
		uint32_t scanned = 0, consumed = 0;

		start();
		head.path = random_of(&prng, "/", 1, 1);
		for (uint32_t n = prng_below(&prng, 30); n > 0; n--) {
			struct str name = random_of(&prng, "abcXYZ-_!~09", 1, 40);

			CU_ASSERT_FATAL(header_add(&head.headers, &arena, name,
						   random_of(&prng, "azAZ09\xc3\xa4,;=\"\\", 0, 90)));
		}
		uint32_t length = h1_write_request(&head, &options, out, sizeof(out));

		CU_ASSERT_FATAL(length > 0);
		char *copy = guard_copy(out, length, 1);

		CU_ASSERT_EQUAL_FATAL(h1_parse_request(copy, length, &limits, &arena, &scanned, &back,
						       &consumed),
				      H1_DONE);
		CU_ASSERT_EQUAL(consumed, length);
		CU_ASSERT_EQUAL(back.framing, options.framing);
		CU_ASSERT_EQUAL(back.keep_alive, !options.close);
		if (back.framing == BODY_LENGTH)
			CU_ASSERT_EQUAL(back.content_length_bytes, options.content_length_bytes);
		CU_ASSERT_FATAL(back.headers.count >= head.headers.count);
		for (uint32_t i = 0; i < head.headers.count; i++)
			CU_ASSERT_FATAL(str_equal(head.headers.items[i].name, back.headers.items[i].name) &&
					str_equal(head.headers.items[i].value,
						  back.headers.items[i].value));
		guard_free(copy, length, 1);
		arena_clear(&arena);
	}
}

static void last_chunk_carries_allowed_trailers(void)
{
	struct message_head head = {0};
	char out[64];

	start();
	add(&head, "Digest", "x");
	add(&head, "Content-Length", "5");
	CU_ASSERT_EQUAL(h1_write_last_chunk(&head.headers, out, sizeof(out)), 16);
	CU_ASSERT_EQUAL(memcmp(out, "0\r\nDigest: x\r\n\r\n", 16), 0);
	CU_ASSERT_EQUAL(h1_write_last_chunk(&head.headers, out, 15), 0);
	CU_ASSERT_EQUAL(h1_write_last_chunk(NULL, out, 5), 5);
	arena_clear(&arena);
}

/* Hop-by-hop headers are gone; "te: trailers" and what Connection may not name are not. */
static void hop_by_hop_headers_end_here(void)
{
	static const struct {
		const char *connection;
		bool taken;
		bool mine_left;
	} cases[] = {
		{"close", true, true},	       {"X-Mine", true, false},
		{"te , x-mine,close", true, false}, {"keep-alive, Upgrade", true, true},
		{"Content-Length", false, true}, {"close, host", false, true},
		{"x-forwarded-for", false, true}, {"X-Envoy-Internal", false, true},
		{"cache-control", false, true},  {"x-request-id", false, true},
		{":path", false, true},	       {"", true, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int upgrade = 0; upgrade < 2; upgrade++) {
			struct message_head head = {0};

			start();
			add(&head, "X-Mine", "1");
			add(&head, "Connection", cases[i].connection);
			add(&head, "Keep-Alive", "timeout=5");
			add(&head, "Proxy-Connection", "close");
			add(&head, "TE", "Trailers");
			add(&head, "TE", "gzip");
			add(&head, "Upgrade", "h2c");
			add(&head, "Transfer-Encoding", "chunked");
			CU_ASSERT_EQUAL(h1_hop_remove(&head.headers, upgrade), cases[i].taken);
			CU_ASSERT_EQUAL(header_find_name(&head.headers, STR("x-mine")) != NULL,
					cases[i].mine_left);
			if (cases[i].taken) {
				CU_ASSERT_PTR_NULL(header_find(&head.headers, HEADER_CONNECTION));
				CU_ASSERT_PTR_NULL(header_find(&head.headers, HEADER_KEEP_ALIVE));
				CU_ASSERT_PTR_NULL(header_find(&head.headers, HEADER_PROXY_CONNECTION));
				CU_ASSERT_PTR_NULL(header_find(&head.headers, HEADER_TRANSFER_ENCODING));
				CU_ASSERT_EQUAL(header_find(&head.headers, HEADER_UPGRADE) != NULL,
						upgrade);
				CU_ASSERT(str_equal(header_find(&head.headers, HEADER_TE)->value,
						    STR("Trailers")));
				CU_ASSERT_TRUE(head.headers.items[5].removed);
			}
			arena_clear(&arena);
		}
	}
}

UNIT_TESTS(UNIT_TEST(heads_are_written_exactly), UNIT_TEST(untouched_headers_are_copied_as_they_came),
	   UNIT_TEST(what_is_written_is_parsed_back),
	   UNIT_TEST(last_chunk_carries_allowed_trailers), UNIT_TEST(hop_by_hop_headers_end_here))
