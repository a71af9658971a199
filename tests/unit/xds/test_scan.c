#include <string.h>

#include "tests/lib/guard.h"
#include "tests/lib/unit.h"
#include "xds/proto/registry.h"
#include "xds/proto/scan.h"

static bool scan(const char *type, const void *data, size_t length, struct scan_result *result)
{
	struct why why = {""};
	bool good = scan_message(registry_find(type), data, length, result, &why);

	CU_ASSERT(good || why.text[0]);
	return good;
}

#define ADDRESS "envoy.config.core.v3.SocketAddress"
#define CORE "envoy.config.core.v3.Address"

/* Address{socket_address{address: "ab", port_value: 300}} */
static const uint8_t good[] = {0x0a, 7, 0x12, 2, 'a', 'b', 0x18, 0xac, 0x02};

static void good_bytes_pass(void)
{
	struct scan_result result;

	CU_ASSERT(scan(CORE, good, sizeof(good), &result));
	CU_ASSERT_EQUAL(result.fields, 3);
	CU_ASSERT_EQUAL(result.unknown_fields, 0);
	CU_ASSERT_EQUAL(result.depth, 2);
	CU_ASSERT(scan(CORE, good, 0, &result));
}

/* Nothing behind the end is read, and no prefix but the empty one is whole. */
static void every_prefix_is_refused(void)
{
	struct scan_result result;

	for (size_t length = 1; length < sizeof(good); length++) {
		char *copy = guard_copy(good, length, 1);

		CU_ASSERT_FALSE(scan(CORE, copy, length, &result));
		guard_free(copy, length, 1);
	}
}

static void bad_text_and_types_are_refused(void)
{
	struct scan_result result;

	CU_ASSERT_FALSE(scan(ADDRESS, "\x12\x02" "a\0", 4, &result));
	CU_ASSERT_FALSE(scan(ADDRESS, "\x12\x02\xc0\x80", 4, &result));
	CU_ASSERT_FALSE(scan(ADDRESS, "\x12\x03\xed\xa0\x80", 5, &result));
	CU_ASSERT(scan(ADDRESS, "\x12\x02\xc3\xa4", 4, &result));
	CU_ASSERT_FALSE(scan(ADDRESS, "\x10\x02", 2, &result)); /* a string as a number */
	CU_ASSERT_FALSE(scan(ADDRESS, "\x00\x02", 2, &result)); /* field 0 */
	CU_ASSERT_FALSE(scan(ADDRESS, "\x13\x14", 2, &result)); /* a group */
	CU_ASSERT(scan(ADDRESS, "\xf8\x07\x02", 3, &result));
	CU_ASSERT_EQUAL(result.unknown_fields, 1);
}

/* ListValue{values: Value{list_value: ListValue{…}}} */
static void depth_is_bounded(void)
{
	uint8_t bytes[2048];
	struct scan_result result;
	size_t length = 0, start = sizeof(bytes);
	unsigned levels = 0;

	for (; levels < 120; levels++) {
		uint8_t head[3];
		size_t used = 0;

		head[used++] = levels % 2 ? 0x0a : 0x32;
		if (length >= 128)
			head[used++] = (uint8_t)(length | 0x80);
		head[used++] = (uint8_t)(length >= 128 ? length >> 7 : length);
		start -= used;
		memcpy(bytes + start, head, used);
		length += used;
		if (levels == 98)
			CU_ASSERT(scan("google.protobuf.Value", bytes + start, length, &result));
		if (levels == 98)
			CU_ASSERT_EQUAL(result.depth, 100);
		if (levels == 99)
			CU_ASSERT_FALSE(scan("google.protobuf.ListValue", bytes + start, length,
					     &result));
	}
}

UNIT_TESTS(UNIT_TEST(good_bytes_pass), UNIT_TEST(every_prefix_is_refused),
	   UNIT_TEST(bad_text_and_types_are_refused), UNIT_TEST(depth_is_bounded))
