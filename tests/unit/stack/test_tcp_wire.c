#include <string.h>
#include <sys/mman.h>

#include "stack/tcp/tcp_wire.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

static struct rte_mempool *pool;

static struct rte_mbuf *take(const uint8_t *bytes, uint32_t length, uint32_t first_bytes)
{
	if (!pool) {
		test_eal_start(32);
		pool = test_mbuf_pool("wire", 63);
	}
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	struct rte_mbuf *second = NULL;

	if (first_bytes >= length)
		first_bytes = length;
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)first_bytes), bytes, first_bytes);
	if (first_bytes < length) {
		second = rte_pktmbuf_alloc(pool);
		memcpy(rte_pktmbuf_append(second, (uint16_t)(length - first_bytes)),
		       bytes + first_bytes, length - first_bytes);
		CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_chain(mbuf, second), 0);
	}
	return mbuf;
}

static const struct tcp_header full = {
	.source_port = 0x1234,
	.destination_port = 80,
	.seq = 0xfffffff0,
	.ack = 7,
	.ts_val = 0xdeadbeef,
	.ts_ecr = 0x01020304,
	.window = 0xabcd,
	.mss_bytes = 1460,
	.flags = TCP_SYN | TCP_ACK,
	.wscale = 7,
	.has_timestamp = true,
};

static void check_full(const struct tcp_segment *segment)
{
	CU_ASSERT_EQUAL(segment->source_port, full.source_port);
	CU_ASSERT_EQUAL(segment->destination_port, full.destination_port);
	CU_ASSERT_EQUAL(segment->seq, full.seq);
	CU_ASSERT_EQUAL(segment->ack, full.ack);
	CU_ASSERT_EQUAL(segment->window, full.window);
	CU_ASSERT_EQUAL(segment->flags, full.flags);
	CU_ASSERT_EQUAL(segment->mss_bytes, full.mss_bytes);
	CU_ASSERT_EQUAL(segment->wscale, full.wscale);
	CU_ASSERT(segment->has_timestamp);
	CU_ASSERT_EQUAL(segment->ts_val, full.ts_val);
	CU_ASSERT_EQUAL(segment->ts_ecr, full.ts_ecr);
}

static void round_trip_split_at_every_byte(void)
{
	uint8_t bytes[TCP_HEADER_BYTES_MAX + 5];
	uint32_t length = tcp_wire_build(&full, bytes);

	CU_ASSERT_EQUAL(length, 20 + 4 + 4 + 12);
	memcpy(bytes + length, "hello", 5);
	for (uint32_t first = 1; first <= length + 5; first++) {
		struct rte_mbuf *mbuf = take(bytes, length + 5, first);
		struct ip_packet packet = {.mbuf = mbuf,
					   .source = ip_addr_from_v4(0x0a000001),
					   .destination = ip_addr_from_v4(0x0a000002),
					   .l4_bytes = (uint16_t)(length + 5)};
		struct tcp_segment segment;

		CU_ASSERT_EQUAL_FATAL(tcp_wire_parse(&packet, &segment), DROP_NONE);
		check_full(&segment);
		CU_ASSERT_EQUAL(segment.payload_offset, length);
		CU_ASSERT_EQUAL(segment.payload_bytes, 5);
		CU_ASSERT(!tcp_wire_checksum_ok(&packet));
		if (first >= TCP_HEADER_BYTES) {
			tcp_wire_checksum(mbuf, &packet.source, &packet.destination, length, false);
			CU_ASSERT(tcp_wire_checksum_ok(&packet));
			mbuf->ol_flags = 0;
		}
		rte_pktmbuf_free(mbuf);
	}
}

static void an_unfinished_checksum_is_told_from_a_wrong_one(void)
{
	uint8_t bytes[TCP_HEADER_BYTES_MAX];
	uint32_t length = tcp_wire_build(&full, bytes);
	struct rte_mbuf *mbuf = take(bytes, length, length);
	struct ip_packet packet = {.mbuf = mbuf, .l4_bytes = (uint16_t)length,
				   .source = ip_addr_from_v4(0x0a000001),
				   .destination = ip_addr_from_v4(0x0a000002)};

	CU_ASSERT(!tcp_wire_checksum_is_unfinished(&packet));
	/* What a device would be given to finish. */
	tcp_wire_checksum(mbuf, &packet.source, &packet.destination, length, true);
	CU_ASSERT(!tcp_wire_checksum_ok(&packet) && tcp_wire_checksum_is_unfinished(&packet));
	rte_pktmbuf_mtod(mbuf, uint8_t *)[16] ^= 1;
	CU_ASSERT(!tcp_wire_checksum_ok(&packet) && !tcp_wire_checksum_is_unfinished(&packet));
	rte_pktmbuf_free(mbuf);
}

static void every_shorter_length_is_malformed(void)
{
	uint8_t bytes[TCP_HEADER_BYTES_MAX];
	uint32_t length = tcp_wire_build(&full, bytes);

	for (uint32_t cut = 0; cut < length; cut++) {
		struct rte_mbuf *mbuf = take(bytes, cut ? cut : 1, 100);
		struct ip_packet packet = {.mbuf = mbuf, .l4_bytes = (uint16_t)cut};
		struct tcp_segment segment;

		CU_ASSERT_EQUAL(tcp_wire_parse(&packet, &segment), DROP_TCP_MALFORMED);
		rte_pktmbuf_free(mbuf);
	}
}

/* The header flush against a page that may not be read: no option may be followed beyond it. */
static void options_never_read_past_the_end(void)
{
	struct rte_mbuf *mbuf = take((const uint8_t *)"x", 1, 1);
	uint8_t *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rte_mbuf saved = *mbuf;

	CU_ASSERT_FATAL(map != MAP_FAILED && mprotect(map + 4096, 4096, PROT_NONE) == 0);
	for (unsigned kind = 0; kind < 256; kind++) {
		for (unsigned length = 0; length < 256; length += length < 45 ? 1 : 70) {
			for (unsigned pad = 0; pad < 4; pad++) {
				uint8_t *header = map + 4096 - 24;
				struct tcp_segment segment;
				struct ip_packet packet = {.mbuf = mbuf, .l4_bytes = 24};

				memset(header, 0, 20);
				memset(header + 20, 1, 4);
				header[12] = 6 << 4;
				header[20 + pad] = (uint8_t)kind;
				if (pad < 3)
					header[21 + pad] = (uint8_t)length;
				mbuf->buf_addr = map;
				mbuf->data_off = 4096 - 24;
				mbuf->data_len = 24;
				mbuf->pkt_len = 24;
				enum drop_reason reason = tcp_wire_parse(&packet, &segment);

				if (kind > 1 && pad < 3 && length > 4 - pad)
					CU_ASSERT_EQUAL(reason, DROP_TCP_MALFORMED);
				if (kind > 1 && pad < 3 && length < 2)
					CU_ASSERT_EQUAL(reason, DROP_TCP_MALFORMED);
			}
		}
	}
	*mbuf = saved;
	rte_pktmbuf_free(mbuf);
	munmap(map, 8192);
}

static void bad_offsets_and_wscale(void)
{
	uint8_t bytes[TCP_HEADER_BYTES_MAX];
	struct tcp_header header = full;

	header.wscale = 15;
	uint32_t length = tcp_wire_build(&header, bytes);

	for (unsigned words = 0; words < 16; words++) {
		bytes[12] = (uint8_t)(words << 4);
		struct rte_mbuf *mbuf = take(bytes, length, 100);
		struct ip_packet packet = {.mbuf = mbuf, .l4_bytes = (uint16_t)length};
		struct tcp_segment segment;
		enum drop_reason reason = tcp_wire_parse(&packet, &segment);

		if (words < 5 || words * 4 > length)
			CU_ASSERT_EQUAL(reason, DROP_TCP_MALFORMED);
		/* RFC 7323 2.3: more than 14 is read as 14. */
		if (words * 4 == length)
			CU_ASSERT_EQUAL(segment.wscale, 14);
		rte_pktmbuf_free(mbuf);
	}
}

UNIT_TESTS(UNIT_TEST(round_trip_split_at_every_byte),
	   UNIT_TEST(an_unfinished_checksum_is_told_from_a_wrong_one), UNIT_TEST(every_shorter_length_is_malformed),
	   UNIT_TEST(options_never_read_past_the_end), UNIT_TEST(bad_offsets_and_wscale))
