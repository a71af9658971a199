/* Chunk framing: split at every byte, what is refused, limits, and what the writer writes. */
#include <stdio.h>
#include <string.h>

#include "gateway/http1/h1_parse.h"
#include "gateway/http1/h1_write.h"
#include "stack/base/prng.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

struct decoded {
	char body[4096];
	uint32_t body_bytes;
	uint32_t consumed;
	enum h1_chunk_event last;
};

/* Feeds one piece; stops at the end of the body and at what is invalid. */
static void feed(struct h1_chunk *chunk, const char *data, uint32_t length, struct decoded *out)
{
	uint32_t at = 0;

	while (at < length && out->last != H1_CHUNK_LAST && out->last != H1_CHUNK_INVALID) {
		uint32_t consumed = 0;
		uint64_t data_bytes = 0;

		out->last = h1_chunk_scan(chunk, data + at, length - at, &consumed, &data_bytes);
		at += consumed;
		if (out->last != H1_CHUNK_DATA)
			continue;
		uint32_t take = data_bytes < length - at ? (uint32_t)data_bytes : length - at;

		CU_ASSERT_FATAL(take > 0 && out->body_bytes + take <= sizeof(out->body));
		memcpy(out->body + out->body_bytes, data + at, take);
		out->body_bytes += take;
		h1_chunk_took(chunk, take);
		at += take;
	}
	out->consumed += at;
}

/* In pieces of every size; the last event, which must be the same for all of them. */
static struct decoded decode(const char *data, uint32_t length)
{
	struct decoded whole = {.body_bytes = 0};
	struct h1_chunk chunk = {0};

	feed(&chunk, data, length, &whole);
	for (uint32_t piece = 1; piece < length; piece++) {
		struct decoded out = {.body_bytes = 0};

		chunk = (struct h1_chunk){0};
		for (uint32_t at = 0; at < length; at += piece) {
			uint32_t n = piece < length - at ? piece : length - at;
			char *copy = guard_copy(data + at, n, 1);

			feed(&chunk, copy, n, &out);
			guard_free(copy, n, 1);
		}
		CU_ASSERT_FATAL((out.last == H1_CHUNK_INVALID) == (whole.last == H1_CHUNK_INVALID));
		CU_ASSERT_FATAL((out.last == H1_CHUNK_LAST) == (whole.last == H1_CHUNK_LAST));
		CU_ASSERT_EQUAL_FATAL(out.consumed, whole.consumed);
		CU_ASSERT_EQUAL_FATAL(out.body_bytes, whole.body_bytes);
		CU_ASSERT_FATAL(memcmp(out.body, whole.body, whole.body_bytes) == 0);
	}
	return whole;
}

static void bodies_come_out_whole(void)
{
	const char text[] = "4\r\nWiki\r\n005;a=b; c=\"d\"\r\npedia\r\nE \t;x\r\n in\r\n\r\nchunks.\r\n0\r\n\r\n";
	struct decoded out = decode(text, sizeof(text) - 1);

	CU_ASSERT_EQUAL(out.last, H1_CHUNK_LAST);
	CU_ASSERT_EQUAL(out.consumed, sizeof(text) - 3); /* the trailer section is left */
	CU_ASSERT_EQUAL(out.body_bytes, 23);
	CU_ASSERT_EQUAL(memcmp(out.body, "Wikipedia in\r\n\r\nchunks.", 23), 0);
}

static void malformed_framing_is_refused(void)
{
	static const char *const bad[] = {
		"\r\n", "g\r\n", " 5\r\n", "-5\r\n", "+5\r\n", "0x5\r\n", "5\n", "5\r5", "5 \r\n", "5\t5\r\n",
		"5;a\x01\r\n", "5;a\n", "5;a\r\r\n", ";a\r\n", "5\r\nabcdeX", "5\r\nabcde\rX",
		"5\r\nabcde\n", "8000000000000000\r\n", "ffffffffffffffff\r\n", "10000000000000000\r\n",
		"00000000000000001\r\n"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct decoded out = decode(bad[i], (uint32_t)strlen(bad[i]));

		if (out.last != H1_CHUNK_INVALID)
			printf("# taken: %s\n", bad[i]);
		CU_ASSERT_EQUAL(out.last, H1_CHUNK_INVALID);
	}
	struct h1_chunk chunk = {0};
	uint32_t consumed;
	uint64_t bytes = 0;

	CU_ASSERT_EQUAL(h1_chunk_scan(&chunk, "7fffffffffffffff\r\nx", 19, &consumed, &bytes),
			H1_CHUNK_DATA);
	CU_ASSERT_EQUAL(bytes, INT64_MAX);
	CU_ASSERT_EQUAL(consumed, 18);
}

/* Extensions are paid for with body bytes, up to a credit. */
static void extensions_are_limited(void)
{
	static char text[H1_CHUNK_EXTENSION_MAX + 16];
	struct h1_chunk chunk = {0};
	uint32_t consumed;
	uint64_t bytes;

	memset(text, 'e', sizeof(text));
	memcpy(text, "1;", 2);
	CU_ASSERT_EQUAL(h1_chunk_scan(&chunk, text, H1_CHUNK_EXTENSION_MAX + 1, &consumed, &bytes),
			H1_CHUNK_MORE);
	CU_ASSERT_EQUAL(h1_chunk_scan(&chunk, "e", 1, &consumed, &bytes), H1_CHUNK_INVALID);
	chunk = (struct h1_chunk){0};
	for (int i = 0; i < 10000; i++) {
		CU_ASSERT_EQUAL_FATAL(h1_chunk_scan(&chunk, "4;abc\r\ndata\r\n", 13, &consumed, &bytes),
				      H1_CHUNK_DATA);
		h1_chunk_took(&chunk, 4);
		CU_ASSERT_EQUAL_FATAL(h1_chunk_scan(&chunk, "\r\n", 2, &consumed, &bytes),
				      H1_CHUNK_MORE);
	}
	chunk = (struct h1_chunk){0};
	enum h1_chunk_event event = H1_CHUNK_DATA;
	int rounds = 0;

	while (event != H1_CHUNK_INVALID && rounds < 10000) {
		event = h1_chunk_scan(&chunk, "1;abc\r\nd", 8, &consumed, &bytes);
		if (event == H1_CHUNK_DATA) {
			h1_chunk_took(&chunk, 1);
			(void)h1_chunk_scan(&chunk, "\r\n", 2, &consumed, &bytes);
		}
		rounds++;
	}
	CU_ASSERT(rounds > 1000 && rounds < 1500);
}

static void what_is_written_is_read_back(void)
{
	struct prng prng;

	prng_seed(&prng, 8);
	for (int round = 0; round < 30; round++) {
		char wire[2048], body[1024];
		uint32_t wire_bytes = 0, body_bytes = 0;

		for (uint32_t chunks = prng_below(&prng, 6); chunks > 0; chunks--) {
			uint32_t n = 1 + prng_below(&prng, 150);

			wire_bytes += h1_write_chunk_head(n, wire + wire_bytes);
			for (uint32_t i = 0; i < n; i++)
				wire[wire_bytes + i] = body[body_bytes + i] =
					(char)prng_below(&prng, 256);
			memcpy(wire + wire_bytes + n, "\r\n", 2);
			wire_bytes += n + 2;
			body_bytes += n;
		}
		wire_bytes += h1_write_last_chunk(NULL, wire + wire_bytes, 16);
		struct decoded out = decode(wire, wire_bytes);

		CU_ASSERT_EQUAL(out.last, H1_CHUNK_LAST);
		CU_ASSERT_EQUAL(out.consumed, wire_bytes - 2);
		CU_ASSERT_EQUAL(out.body_bytes, body_bytes);
		CU_ASSERT_EQUAL(memcmp(out.body, body, body_bytes), 0);
	}
	char head[18];

	CU_ASSERT_EQUAL(h1_write_chunk_head(UINT64_MAX, head), 18);
	CU_ASSERT_EQUAL(memcmp(head, "ffffffffffffffff\r\n", 18), 0);
	CU_ASSERT_EQUAL(h1_write_chunk_head(16, head), 4);
	CU_ASSERT_EQUAL(memcmp(head, "10\r\n", 4), 0);
}

UNIT_TESTS(UNIT_TEST(bodies_come_out_whole), UNIT_TEST(malformed_framing_is_refused),
	   UNIT_TEST(extensions_are_limited), UNIT_TEST(what_is_written_is_read_back))
