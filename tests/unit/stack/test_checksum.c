#include "stack/base/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#include "stack/base/prng.h"
#include "tests/lib/eal.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

static uint8_t data[2000];

/* RFC 1071 4.1, one byte at a time; the answer as it lies in memory. */
static uint16_t naive(const uint8_t *bytes, uint32_t length, uint64_t sum)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint64_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void fill(uint64_t seed)
{
	struct prng prng;

	prng_seed(&prng, seed);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = seed % 3 ? (uint8_t)prng_next(&prng) : 0xff;
}

static void rfc_1071_example(void)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	CU_ASSERT_EQUAL(checksum_finish(checksum_add(0, bytes, 8)), htons((uint16_t)~0xddf2));
	CU_ASSERT_EQUAL(checksum_finish(0), 0xffff);
}

static void every_length_flush_against_a_guard_page(void)
{
	for (uint64_t seed = 1; seed < 4; seed++) {
		fill(seed);
		for (uint32_t length = 1; length < 300; length++) {
			for (int flush_end = 0; flush_end < 2; flush_end++) {
				char *copy = guard_copy(data, length, flush_end);

				CU_ASSERT_EQUAL(checksum_finish(checksum_add(0, copy, length)),
						naive(data, length, 0));
				guard_free(copy, length, flush_end);
			}
		}
		CU_ASSERT_EQUAL(checksum_finish(checksum_add(0, data, sizeof(data))),
				naive(data, sizeof(data), 0));
	}
}

static void chains_of_odd_segments_from_any_offset(void)
{
	struct rte_mempool *pool;
	struct prng prng;

	test_eal_start(32);
	pool = test_mbuf_pool("checksum", 255);
	prng_seed(&prng, 4);
	for (int round = 0; round < 3000; round++) {
		struct rte_mbuf *head = NULL;
		uint32_t total = 1 + prng_below(&prng, 400), done = 0;

		fill((uint64_t)round);
		while (done < total) {
			struct rte_mbuf *segment = rte_pktmbuf_alloc(pool);
			uint32_t part = prng_below(&prng, 40);

			part = part < total - done ? part : total - done;
			memcpy(rte_pktmbuf_append(segment, (uint16_t)part), data + done, part);
			done += part;
			if (!head)
				head = segment;
			else
				CU_ASSERT_FATAL(rte_pktmbuf_chain(head, segment) == 0);
		}
		uint32_t offset = prng_below(&prng, total), length = prng_below(&prng, total - offset + 1);

		CU_ASSERT_EQUAL(checksum_finish(checksum_add_mbuf(0, head, offset, length)),
				naive(data + offset, length, 0));
		rte_pktmbuf_free(head);
	}
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
}

static void pseudo_headers_of_both_families(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct ip_addr from, to;
		uint8_t flat[2 * 16 + 8] = {0};
		uint32_t bytes = v6 ? 16 : 4;

		fill(11);
		from = v6 ? ip_addr_from_v6(data) : ip_addr_from_v4(0xc0a80102);
		to = v6 ? ip_addr_from_v6(data + 16) : ip_addr_from_v4(0xffff00fe);
		memcpy(flat, from.bytes + 16 - bytes, bytes);
		memcpy(flat + bytes, to.bytes + 16 - bytes, bytes);
		flat[2 * bytes + 2] = 0x81;
		flat[2 * bytes + 3] = 0x03;
		flat[2 * bytes + 7] = 6;
		CU_ASSERT_EQUAL(checksum_finish(checksum_add_pseudo_header(0, &from, &to, 6, 0x8103)),
				naive(flat, 2 * bytes + 8, 0));
	}
}

UNIT_TESTS(UNIT_TEST(rfc_1071_example), UNIT_TEST(every_length_flush_against_a_guard_page),
	   UNIT_TEST(chains_of_odd_segments_from_any_offset),
	   UNIT_TEST(pseudo_headers_of_both_families))
