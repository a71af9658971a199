/* The verification suite of "RSS Hashing Functions" (Microsoft NDIS documentation), and linearity. */
#include "stack/base/toeplitz.h"

#include <string.h>

#include "stack/base/prng.h"
#include "tests/lib/unit.h"

static const struct {
	const char *src;
	uint16_t src_port;
	const char *dst;
	uint16_t dst_port;
	uint32_t with_addresses, with_ports;
} suite[] = {
	{"66.9.149.187", 2794, "161.142.100.80", 1766, 0x323e8fc2, 0x51ccc178},
	{"199.92.111.2", 14230, "65.69.140.83", 4739, 0xd718262a, 0xc626b0ea},
	{"24.19.198.95", 12898, "12.22.207.184", 38024, 0xd2d0a5de, 0x5c2b394a},
	{"38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xafc7327f},
	{"153.39.163.191", 44251, "202.188.127.2", 1303, 0x5d1809c5, 0x10e828a2},
	{"3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc18cd5, 0x40207d3d},
	{"3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c461c, 0xdde51bbf},
	{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024,
	 0x4b61e985, 0x02d1feef},
};

static struct toeplitz t;

static void set_key(const uint8_t *key, uint32_t bytes)
{
	CU_ASSERT_FATAL(toeplitz_set_key(&t, key, bytes));
}

static void verification_suite(void)
{
	set_key(toeplitz_default_key, TOEPLITZ_KEY_BYTES);
	for (unsigned i = 0; i < ARRAY_LEN(suite); i++) {
		struct ip_addr src, dst;

		CU_ASSERT_FATAL(ip_addr_parse(suite[i].src, &src) && ip_addr_parse(suite[i].dst, &dst));
		CU_ASSERT_EQUAL(toeplitz_addresses(&t, &src, &dst), suite[i].with_addresses);
		CU_ASSERT_EQUAL(toeplitz_flow(&t, &src, &dst, suite[i].src_port, suite[i].dst_port),
				suite[i].with_ports);
	}
}

static void bytes_of_the_wire_hash_the_same(void)
{
	/* 66.9.149.187:2794 -> 161.142.100.80:1766 */
	static const uint8_t wire[] = {66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6};

	set_key(toeplitz_default_key, TOEPLITZ_KEY_BYTES);
	CU_ASSERT_EQUAL(toeplitz_bytes(&t, wire, 12), 0x51ccc178);
	CU_ASSERT_EQUAL(toeplitz_bytes(&t, wire, 8), 0x323e8fc2);
	CU_ASSERT_EQUAL(toeplitz_bytes(&t, wire, 0), 0);
}

/* The definition, bit by bit, on 640 bits of key. */
static uint32_t slow(const uint8_t *key, const uint8_t *input, unsigned bytes)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < bytes * 8; i++)
		for (unsigned k = 0; (input[i / 8] >> (7 - i % 8) & 1) && k < 32; k++)
			sum ^= (uint32_t)(key[(i + k) / 8] >> (7 - (i + k) % 8) & 1) << (31 - k);
	return sum;
}

static void any_key_and_input_agree_with_the_definition(void)
{
	struct prng random;
	uint8_t key[52], input[TOEPLITZ_INPUT_BYTES_MAX + 1];

	prng_seed(&random, 1);
	for (unsigned round = 0; round < 200; round++) {
		unsigned bytes = (unsigned)(prng_next(&random) % (TOEPLITZ_INPUT_BYTES_MAX + 1));

		for (unsigned i = 0; i < sizeof(key); i++)
			key[i] = (uint8_t)prng_next(&random);
		for (unsigned i = 0; i < sizeof(input); i++)
			input[i] = (uint8_t)prng_next(&random);
		set_key(key, round & 1 ? sizeof(key) : TOEPLITZ_KEY_BYTES);
		CU_ASSERT_EQUAL(toeplitz_bytes(&t, input, bytes), slow(key, input, bytes));
		CU_ASSERT_EQUAL(toeplitz_bytes(&t, input, sizeof(input)),
				slow(key, input, TOEPLITZ_INPUT_BYTES_MAX));
	}
}

/* What active opens rest on: the port that makes a reply hash where it shall, found by XOR. */
static void a_port_can_be_put_in_by_itself(void)
{
	set_key(toeplitz_default_key, TOEPLITZ_KEY_BYTES);
	for (unsigned i = 0; i < ARRAY_LEN(suite); i++) {
		struct ip_addr remote, local;

		CU_ASSERT_FATAL(ip_addr_parse(suite[i].src, &remote) &&
				ip_addr_parse(suite[i].dst, &local));
		bool is_v4 = ip_addr_is_v4(&remote);
		uint32_t without = toeplitz_flow(&t, &remote, &local, 443, 0);

		for (uint32_t port = 0; port < 65536; port += 251)
			CU_ASSERT_EQUAL(without ^ toeplitz_dst_port(&t, is_v4, (uint16_t)port),
					toeplitz_flow(&t, &remote, &local, 443, (uint16_t)port));
		CU_ASSERT_EQUAL(toeplitz_flow(&t, &remote, &local, 0, 7) ^
					toeplitz_src_port(&t, is_v4, 9),
				toeplitz_flow(&t, &remote, &local, 9, 7));
	}
}

static void a_short_key_is_refused(void)
{
	static struct toeplitz before;

	set_key(toeplitz_default_key, TOEPLITZ_KEY_BYTES);
	before = t;
	CU_ASSERT(!toeplitz_set_key(&t, toeplitz_default_key, TOEPLITZ_KEY_BYTES - 1));
	CU_ASSERT(memcmp(&before, &t, sizeof(t)) == 0);
}

UNIT_TESTS(UNIT_TEST(verification_suite), UNIT_TEST(bytes_of_the_wire_hash_the_same),
	   UNIT_TEST(any_key_and_input_agree_with_the_definition),
	   UNIT_TEST(a_port_can_be_put_in_by_itself), UNIT_TEST(a_short_key_is_refused))
