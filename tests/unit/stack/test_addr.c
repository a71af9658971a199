#include "stack/base/addr.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/compiler.h"
#include "tests/lib/unit.h"

static void text_round_trips_in_the_form_of_rfc_5952(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"10.1.2.3", "10.1.2.3"},
		{"::", "::"},
		{"::1", "::1"},
		{"2001:0db8::0001", "2001:db8::1"},              /* 4.1 leading zeros */
		{"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},       /* 4.2.1 as short as possible */
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* 4.2.2 not one field */
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},         /* 4.2.3 the longest run */
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},   /* 4.2.3 the first of equals */
		{"2001:DB8::A", "2001:db8::a"},                  /* 4.3 lower case */
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"fe80::", "fe80::"},
	};
	char text[IP_ADDR_TEXT_BYTES];

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_addr addr, again;

		CU_ASSERT_FATAL(ip_addr_parse(cases[i].in, &addr));
		CU_ASSERT_STRING_EQUAL(ip_addr_format(&addr, text, sizeof(text)), cases[i].out);
		CU_ASSERT(ip_addr_parse(text, &again) && ip_addr_equal(&addr, &again));
	}
}

static void what_is_no_address_leaves_the_result_alone(void)
{
	static const char *const bad[] = {"", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ",
					  " 1.2.3.4", "01.2.3.4", "1.2.3.-4", ":", ":::", "1::2::3",
					  "12345::", "g::", "::1%eth0", "[::1]", "1:2:3:4:5:6:7",
					  "1:2:3:4:5:6:7:8:9", "::1.2.3", "1.2.3.4:80", "example.org"};

	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		struct ip_addr addr = ip_addr_from_v4(7);

		CU_ASSERT(!ip_addr_parse(bad[i], &addr));
		CU_ASSERT_EQUAL(ip_addr_v4(&addr), 7);
	}
}

static void kinds(void)
{
	static const struct {
		const char *text;
		bool v4, any, multicast;
	} cases[] = {
		{"0.0.0.0", true, true, false},	  {"::", false, true, false},
		{"0.0.0.1", true, false, false},  {"::1", false, false, false},
		{"223.9.9.9", true, false, false}, {"224.0.0.1", true, false, true},
		{"239.1.1.1", true, false, true}, {"240.0.0.1", true, false, false},
		{"ff02::1", false, false, true},  {"fe80::1", false, false, false},
		{"::fffe:1.2.3.4", false, false, false},
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_addr addr;

		CU_ASSERT_FATAL(ip_addr_parse(cases[i].text, &addr));
		CU_ASSERT_EQUAL(ip_addr_is_v4(&addr), cases[i].v4);
		CU_ASSERT_EQUAL(ip_addr_is_any(&addr), cases[i].any);
		CU_ASSERT_EQUAL(ip_addr_is_multicast(&addr), cases[i].multicast);
	}
}

static void endpoints_and_short_buffers(void)
{
	struct ip_addr v4 = ip_addr_from_v4(0x7f000001), v6;
	char text[IP_ADDR_TEXT_BYTES];

	CU_ASSERT_FATAL(ip_addr_parse("2001:db8:1111:2222:3333:4444:5555:6666", &v6));
	CU_ASSERT_STRING_EQUAL(ip_endpoint_format(&v4, 65535, text, sizeof(text)), "127.0.0.1:65535");
	CU_ASSERT_STRING_EQUAL(ip_endpoint_format(&v6, 1, text, sizeof(text)),
			       "[2001:db8:1111:2222:3333:4444:5555:6666]:1");
	for (unsigned size = 0; size < 12; size++) {
		memset(text, 'x', sizeof(text));
		ip_addr_format(&v6, text, size);
		ip_endpoint_format(&v6, 80, text, size);
		CU_ASSERT_EQUAL(text[size], 'x');
		if (size > 0)
			CU_ASSERT(memchr(text, 0, size) != NULL);
	}
	CU_ASSERT_EQUAL(ip_addr_v4(&v4), 0x7f000001);
	CU_ASSERT(!ip_addr_equal(&v4, &v6));
}

static void every_byte_of_ipv4_is_written(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		struct ip_addr addr = ip_addr_from_v4(byte << 24 | (255 - byte) << 16 | byte << 8 | byte);
		char text[IP_ADDR_TEXT_BYTES], expected[IP_ADDR_TEXT_BYTES];

		snprintf(expected, sizeof(expected), "%u.%u.%u.%u", byte, 255 - byte, byte, byte);
		CU_ASSERT_STRING_EQUAL(ip_addr_format(&addr, text, sizeof(text)), expected);
		/* The least room there may be, and too little. */
		CU_ASSERT_STRING_EQUAL(ip_addr_format(&addr, text, (unsigned)strlen(expected) + 1),
				       expected);
		CU_ASSERT_STRING_EQUAL(ip_addr_format(&addr, text, (unsigned)strlen(expected)), "");
	}
}

UNIT_TESTS(UNIT_TEST(every_byte_of_ipv4_is_written),
	   UNIT_TEST(text_round_trips_in_the_form_of_rfc_5952),
	   UNIT_TEST(what_is_no_address_leaves_the_result_alone), UNIT_TEST(kinds),
	   UNIT_TEST(endpoints_and_short_buffers))
