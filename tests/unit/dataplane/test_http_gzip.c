#include "dataplane/admin/http_gzip.h"

#include <string.h>
#include <zlib.h>

#include "tests/lib/unit.h"

static void what_a_client_accepts(void)
{
	CU_ASSERT(http_accepts_gzip("gzip"));
	CU_ASSERT(http_accepts_gzip("deflate, GZIP;q=0.5"));
	CU_ASSERT(http_accepts_gzip("x-gzip"));
	CU_ASSERT(http_accepts_gzip("br, *;q=0.1"));
	CU_ASSERT(http_accepts_gzip("identity;q=0.5, gzip;q=1.0"));
	CU_ASSERT(http_accepts_gzip("gzip ; q=0.001"));
	CU_ASSERT_FALSE(http_accepts_gzip(NULL));
	CU_ASSERT_FALSE(http_accepts_gzip(""));
	CU_ASSERT_FALSE(http_accepts_gzip("br, gzip;q=0"));
	CU_ASSERT_FALSE(http_accepts_gzip("gzip;q=0.000"));
	CU_ASSERT_FALSE(http_accepts_gzip("gzip;q=0.4, identity;q=0.5"));
	CU_ASSERT_FALSE(http_accepts_gzip("gzipped"));
	CU_ASSERT_FALSE(http_accepts_gzip("*;q=0"));
	CU_ASSERT_FALSE(http_accepts_gzip("gzip;q="));
	CU_ASSERT_FALSE(http_accepts_gzip(",,;q="));
}

/* Packs, checks the frame, and gives back what zlib makes of it. */
static void round_trip(const char *bytes, size_t length)
{
	struct text body = {0};
	static char back[1 << 20];
	z_stream stream = {.next_out = (unsigned char *)back, .avail_out = sizeof(back)};

	text_add_bytes(&body, bytes, length);
	CU_ASSERT_FATAL(http_gzip(&body));
	CU_ASSERT(body.length > 2 && memcmp(body.data, "\x1f\x8b", 2) == 0);
	stream.next_in = (unsigned char *)body.data;
	stream.avail_in = (unsigned)body.length;
	CU_ASSERT_EQUAL(inflateInit2(&stream, 15 + 16), Z_OK);
	CU_ASSERT_EQUAL(inflate(&stream, Z_FINISH), Z_STREAM_END);
	CU_ASSERT_EQUAL(stream.total_out, length);
	CU_ASSERT_EQUAL(memcmp(back, bytes, length), 0);
	inflateEnd(&stream);
	text_free(&body);
}

static void what_is_packed_comes_back(void)
{
	static char bytes[300000];
	uint64_t state = 88172645463325252u;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = "envoy_cluster_upstream_rq_total{x=\"1\"} 0\n"[i % 41];
	round_trip(bytes, sizeof(bytes));
	round_trip(bytes, 1);
	/* What cannot be made smaller. */
	for (size_t i = 0; i < sizeof(bytes); i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		bytes[i] = (char)state;
	}
	round_trip(bytes, sizeof(bytes));
}

UNIT_TESTS(UNIT_TEST(what_a_client_accepts), UNIT_TEST(what_is_packed_comes_back))
