/* SIMD searches against the byte table and the grammar; the whole parser against its scalar twin. */
#include "gateway/http1/h1_scan.h"

#include <string.h>

#include "stack/base/prng.h"
#include "tests/lib/guard.h"
#include "tests/lib/h1_scalar.h"
#include "tests/lib/unit.h"

static bool is_alnum(int c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static void table_is_the_grammar(void)
{
	for (int c = 0; c < 256; c++) {
		/* RFC 9110 5.6.2 */
		bool token = is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
		/* RFC 9110 5.5 */
		bool value = c == '\t' || c == ' ' || (c > 0x20 && c < 0x7f) || c >= 0x80;
		bool target = c > 0x20 && c < 0x7f && c != '#';
		/* RFC 3986 2.2, 2.3, 3.2.2: unreserved, pct-encoded, sub-delims */
		bool host = is_alnum(c) || (c && strchr("-._~%!$&'()*+,;=", c));

		CU_ASSERT_EQUAL(h1_class[c], (token ? H1_CLASS_TOKEN : 0) | (value ? H1_CLASS_VALUE : 0) |
						     (target ? H1_CLASS_TARGET : 0) |
						     (host ? H1_CLASS_AUTHORITY : 0));
	}
}

typedef const char *(*scan)(const char *begin, const char *p, const char *end);

static const struct {
	scan run;
	uint8_t bit;
} scans[] = {{h1_scan_token, H1_CLASS_TOKEN},
	     {h1_scan_value, H1_CLASS_VALUE},
	     {h1_scan_target, H1_CLASS_TARGET}};

/* Every byte value at every place of inputs of every length, at both ends of a guarded page. */
static void every_byte_at_every_place(void)
{
	for (uint32_t length = 0; length < 100; length += length < 70 ? 1 : 7) {
		for (int flush_end = 0; flush_end < 2; flush_end++) {
			char text[100];

			memset(text, 'a', sizeof(text));
			char *copy = guard_copy(text, length, flush_end);

			for (uint32_t at = 0; at < length; at++) {
				for (int c = 0; c < 256; c++) {
					uint32_t from = (uint32_t)c % (length + 1);

					copy[at] = (char)c;
					for (size_t s = 0; s < ARRAY_LEN(scans); s++)
						CU_ASSERT_PTR_EQUAL_FATAL(
							scans[s].run(copy, copy + from, copy + length),
							h1_scan_table(copy + from, copy + length,
								      scans[s].bit));
				}
				copy[at] = 'a';
			}
			guard_free(copy, length, flush_end);
		}
	}
}

static bool same_str(struct str a, struct str b)
{
	return a.data == b.data && a.length == b.length;
}

static void parser_agrees_with_its_scalar_twin(void)
{
	static const char good[] =
		"POST http://example.com/some/path?and=query HTTP/1.1\r\nHost: example.com:80\r\n"
		"User-Agent: a rather long product name that spans several blocks/1.0\r\n"
		"Content-Length: 42\r\nConnection: keep-alive\r\nX-A: \r\nX-B:\tb\t\r\n\r\n";
	static const struct h1_limits limits = {.head_bytes_max = 1024, .headers_max = 8};
	static const char noise[] = "\r\n\t :\0a,\x7f\x80#";
	struct pool pool;
	struct arena a, b;
	struct prng prng;
	uint32_t done = 0;

	CU_ASSERT_FATAL(pool_create(&pool, ARENA_CHUNK_BYTES, 4));
	arena_init(&a, &pool, 2);
	arena_init(&b, &pool, 2);
	prng_seed(&prng, 4);
	for (int i = 0; i < 20000; i++) {
		char text[sizeof(good)];
		uint32_t length = (uint32_t)sizeof(good) - 1, scanned_a = 0, scanned_b = 0;
		uint32_t consumed_a = 0, consumed_b = 0;
		struct message_head x, y;

		memcpy(text, good, sizeof(good));
		for (uint32_t n = prng_below(&prng, 3); n > 0; n--)
			text[prng_below(&prng, length)] = noise[prng_below(&prng, sizeof(noise) - 1)];
		enum h1_result result = h1_parse_request(text, length, &limits, &a, &scanned_a, &x,
							 &consumed_a);

		CU_ASSERT_EQUAL_FATAL(h1_parse_request_scalar(text, length, &limits, &b, &scanned_b, &y,
							      &consumed_b),
				      result);
		if (result == H1_DONE) {
			done++;
			CU_ASSERT_EQUAL_FATAL(consumed_a, consumed_b);
			CU_ASSERT_EQUAL_FATAL(x.headers.count, y.headers.count);
			CU_ASSERT_FATAL(same_str(x.path, y.path) && same_str(x.method, y.method));
			for (uint32_t h = 0; h < x.headers.count; h++)
				CU_ASSERT_FATAL(
					same_str(x.headers.items[h].name, y.headers.items[h].name) &&
					same_str(x.headers.items[h].value, y.headers.items[h].value) &&
					x.headers.items[h].id == y.headers.items[h].id);
		}
		arena_clear(&a);
		arena_clear(&b);
	}
	CU_ASSERT(done > 5000 && done < 19000);
	pool_destroy(&pool);
}

UNIT_TESTS(UNIT_TEST(table_is_the_grammar), UNIT_TEST(every_byte_at_every_place),
	   UNIT_TEST(parser_agrees_with_its_scalar_twin))
