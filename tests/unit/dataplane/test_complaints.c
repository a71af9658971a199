#include "dataplane/complaints.h"

#include <string.h>

#include "tests/lib/unit.h"

static const struct dataplane_settings settings = {
	.port_count = 3,
	.ports = {{.kind = PORT_KIND_AF_XDP, .device = "g0"},
		  {.kind = PORT_KIND_MEMIF, .device = "/run/wire"},
		  {.kind = PORT_KIND_AF_PACKET, .device = "g1"}},
};
static struct complaints complaints;
static struct drop_counters sums;
static struct why why;

static bool next(uint64_t now_s)
{
	return complaints_next(&complaints, &sums, &settings, now_s * NS_PER_SECOND, &why);
}

static void fresh(void)
{
	memset(&complaints, 0, sizeof(complaints));
	memset(&sums, 0, sizeof(sums));
}

static void nothing_dropped_nothing_said(void)
{
	fresh();
	sums.count[DROP_TCP_CHECKSUM] = 5;
	CU_ASSERT(!next(1));
}

static void an_unfinished_checksum_names_the_cure_and_where(void)
{
	fresh();
	sums.count[DROP_TCP_CHECKSUM_UNFINISHED] = 7;
	CU_ASSERT_FATAL(next(1));
	CU_ASSERT(strstr(why.text, "7 TCP segments") && strstr(why.text, "ethtool -K IF tx off"));
	CU_ASSERT(strstr(why.text, "g0, g1") && !strstr(why.text, "wire"));
	CU_ASSERT(!next(1));
}

static void it_is_said_once_a_minute_while_it_goes_on(void)
{
	unsigned told = 0;

	fresh();
	for (uint64_t s = 1; s <= 180; s++) {
		sums.count[DROP_IP_CUT]++;
		told += next(s);
	}
	CU_ASSERT_EQUAL(told, 3);
	for (uint64_t s = 300; s < 600; s++)
		told += next(s);
	CU_ASSERT_EQUAL(told, 4); /* what came since the last time, and then silence */
}

static void two_reasons_are_two_sentences(void)
{
	fresh();
	sums.count[DROP_TCP_CHECKSUM_UNFINISHED] = 1;
	sums.count[DROP_IP_CUT] = 1;
	CU_ASSERT(next(1) && next(1) && !next(1));
}

UNIT_TESTS(UNIT_TEST(nothing_dropped_nothing_said),
	   UNIT_TEST(an_unfinished_checksum_names_the_cure_and_where),
	   UNIT_TEST(it_is_said_once_a_minute_while_it_goes_on),
	   UNIT_TEST(two_reasons_are_two_sentences))
