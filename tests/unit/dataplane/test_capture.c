/* Capture: the ring, the filter, the tap on a worker, and the blocks of pcapng. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/capture/capture_tap.h"
#include "dataplane/capture/pcapng.h"
#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/guard.h"
#include "tests/lib/packet.h"
#include "tests/lib/unit.h"

/* --- the ring ----------------------------------------------------------------------------- */

static void records_come_out_as_they_went_in(void)
{
	static uint8_t data[256] CACHE_ALIGNED;
	struct capture_ring ring;
	uint32_t put = 0, got = 0, bytes;

	capture_ring_init(&ring, data, sizeof(data));
	CU_ASSERT_PTR_NULL(capture_ring_peek(&ring, &bytes));
	CU_ASSERT_PTR_NULL(capture_ring_reserve(&ring, 249));
	/* Sizes that put the end of the memory everywhere; always as many as fit. */
	for (int round = 0; round < 1000; round++) {
		for (;;) {
			uint32_t size = 4 + put * 7 % 61;
			uint8_t *record = capture_ring_reserve(&ring, size);

			if (!record)
				break;
			CU_ASSERT_EQUAL((uintptr_t)record % 8, 0);
			CU_ASSERT(record >= data && record + size <= data + sizeof(data));
			memset(record, (int)(put & 0xff), size);
			put++;
		}
		CU_ASSERT(put > got);
		capture_ring_publish(&ring);
		for (uint32_t i = put - got < 2 ? 1 : (put - got) / 2; i > 0; i--, got++) {
			const uint8_t *record = capture_ring_peek(&ring, &bytes);

			CU_ASSERT_PTR_NOT_NULL_FATAL(record);
			CU_ASSERT_EQUAL(bytes, 4 + got * 7 % 61);
			CU_ASSERT_EQUAL(record[0], got & 0xff);
			CU_ASSERT_EQUAL(record[bytes - 1], got & 0xff);
			capture_ring_pop(&ring);
		}
	}
	CU_ASSERT(got > 1000);
}

static void what_is_not_published_is_not_read(void)
{
	static uint8_t data[128] CACHE_ALIGNED;
	struct capture_ring ring;
	uint32_t bytes;

	capture_ring_init(&ring, data, sizeof(data));
	uint8_t *record = capture_ring_reserve(&ring, 8);

	CU_ASSERT_PTR_NULL(capture_ring_peek(&ring, &bytes));
	record[0] = 42; /* may still be changed */
	capture_ring_publish(&ring);
	CU_ASSERT_EQUAL(*(const uint8_t *)capture_ring_peek(&ring, &bytes), 42);
}

/* --- the filter --------------------------------------------------------------------------- */

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

static void tcp_frame(struct packet *p, uint8_t flags)
{
	p->length = 0;
	packet_eth(p, mac, mac, 0x0800);
	packet_ip4(p, 0x0a000007, 0xc0000201, 6, 20, 4);
	packet_put16(p, 40000);
	packet_put16(p, 80);
	packet_put32(p, 1);
	packet_put32(p, 2);
	packet_put16(p, 0x5000u | flags);
	packet_put16(p, 1000);
	packet_put32(p, 0);
}

static bool matches(const struct packet *p, const char *name, const char *value)
{
	struct capture_filter filter = {0};
	struct why why;

	CU_ASSERT_FATAL(capture_filter_set(&filter, name, value, &why));
	return capture_filter_match(&filter, p->bytes, p->length);
}

static void each_word_narrows(void)
{
	static const struct {
		const char *name, *value;
		bool match;
	} cases[] = {
		{"address", "10.0.0.7", true},   {"address", "192.0.2.0/24", true},
		{"address", "192.0.2.128/25", false}, {"address", "2001:db8::/32", false},
		{"src", "10.0.0.0/8", true},     {"src", "192.0.2.1", false},
		{"dst", "192.0.2.1", true},      {"dst", "10.0.0.7", false},
		{"port", "80", true},            {"port", "40000", true},
		{"port", "81", false},           {"sport", "40000", true},
		{"sport", "80", false},          {"dport", "80", true},
		{"dport", "40000", false},       {"proto", "tcp", true},
		{"proto", "6", true},            {"proto", "udp", false},
		{"proto", "arp", false},         {"flags", "syn", true},
		{"flags", "rst,syn", true},      {"flags", "fin,rst", false},
		{"address", "::/0", true},       {"address", "0.0.0.0/0", true},
	};
	struct packet p;

	tcp_frame(&p, 0x12); /* SYN, ACK */
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CU_ASSERT_EQUAL(matches(&p, cases[i].name, cases[i].value), cases[i].match);
	/* The same behind two VLAN tags. */
	memmove(p.bytes + 20, p.bytes + 12, p.length - 12);
	memcpy(p.bytes + 12, "\x88\xa8\x00\x05\x81\x00\x00\x06", 8);
	p.length += 8;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CU_ASSERT_EQUAL(matches(&p, cases[i].name, cases[i].value), cases[i].match);
	p.length = 0;
	packet_eth(&p, mac, mac, 0x0806);
	packet_fill(&p, 0, 28);
	CU_ASSERT(matches(&p, "proto", "arp"));
	CU_ASSERT(!matches(&p, "address", "0.0.0.0/0"));
}

static void words_are_all_true_of_a_frame(void)
{
	struct capture_filter filter = {0};
	struct packet p;
	struct why why;

	tcp_frame(&p, 0x02);
	CU_ASSERT(capture_filter_match(&filter, p.bytes, p.length));
	CU_ASSERT(capture_filter_set(&filter, "dport", "80", &why));
	CU_ASSERT(capture_filter_set(&filter, "src", "10.0.0.0/8", &why));
	CU_ASSERT(capture_filter_match(&filter, p.bytes, p.length));
	CU_ASSERT(capture_filter_set(&filter, "flags", "rst", &why));
	CU_ASSERT(!capture_filter_match(&filter, p.bytes, p.length));
}

static void ports_of_later_fragments_are_not_invented(void)
{
	struct packet p;

	tcp_frame(&p, 0x02);
	p.bytes[14 + 7] = 185; /* fragment offset */
	CU_ASSERT(!matches(&p, "port", "80"));
	CU_ASSERT(matches(&p, "proto", "tcp"));
}

static void what_is_not_understood_is_named(void)
{
	static const char *const wrong[][2] = {{"address", "x"}, {"src", "10.0.0.0/33"}, {"dst", "/8"},
					       {"port", "0"}, {"sport", "65536"}, {"dport", "-1"},
					       {"proto", "tpc"}, {"proto", "256"}, {"flags", ""},
					       {"flags", "syn,"  "xyz"}, {"flags", "s"},
					       {"direction", "both"}, {"color", "red"}};
	struct capture_filter filter = {0};
	struct why why;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		CU_ASSERT(!capture_filter_set(&filter, wrong[i][0], wrong[i][1], &why));
}

static void frames_cut_anywhere_are_read_to_their_end_only(void)
{
	struct capture_facts facts;
	struct packet p;

	for (int v6 = 0; v6 < 2; v6++) {
		static const uint8_t address[16] = {0x20, 1};

		tcp_frame(&p, 0x02);
		if (v6) {
			p.length = 0;
			packet_eth(&p, mac, mac, 0x86dd);
			packet_ip6(&p, address, address, 6, 20, 64);
			packet_fill(&p, 1, 20);
		}
		for (uint32_t length = 0; length <= p.length; length++) {
			char *cut = guard_copy(p.bytes, length, 1);

			capture_facts_read((const uint8_t *)cut, length, &facts);
			CU_ASSERT(!facts.has_ports || length >= 14 + 24 + 4);
			guard_free(cut, length, 1);
		}
	}
}

/* --- the tap ------------------------------------------------------------------------------ */

static struct rte_mempool *pool;

static struct rte_mbuf *frame(uint8_t flags, uint32_t segment_bytes)
{
	struct packet p;

	if (!pool) {
		test_eal_start(64);
		pool = test_mbuf_pool("capture", 255);
	}
	tcp_frame(&p, flags);
	packet_fill(&p, 0xaa, 500);
	return packet_mbuf(&p, pool, segment_bytes);
}

#define RING_BYTES 8192
static uint8_t ring_data[RING_BYTES] CACHE_ALIGNED;

static void drops_are_told_to_their_frames(void)
{
	struct capture_filter filter = {0};
	static struct capture_tap tap;
	struct rte_mbuf *frames[3];
	uint32_t bytes;

	for (int i = 0; i < 3; i++)
		frames[i] = frame(2, i == 2 ? 60 : 0);
	capture_tap_init(&tap, &filter, 100, 0, ring_data, RING_BYTES);
	capture_tap_frames(&tap, 1, CAPTURE_RX, frames, 3, 77);
	CU_ASSERT_PTR_NULL(capture_ring_peek(&tap.ring, &bytes));
	drop_watch_tell(&tap.watch, frames[1], DROP_TCP_CHECKSUM);
	capture_tap_publish(&tap);
	/* Too late: another burst uses the same buffers. */
	drop_watch_tell(&tap.watch, frames[0], DROP_TCP_CHECKSUM);
	for (int i = 0; i < 3; i++) {
		const struct capture_record *record = capture_ring_peek(&tap.ring, &bytes);
		uint8_t expected[100];

		CU_ASSERT_PTR_NOT_NULL_FATAL(record);
		CU_ASSERT_EQUAL(record->drop_reason, i == 1 ? DROP_TCP_CHECKSUM : DROP_NONE);
		CU_ASSERT_EQUAL(record->at_ns, 77);
		CU_ASSERT_EQUAL(record->port, 1);
		CU_ASSERT_EQUAL(record->frame_bytes, frames[i]->pkt_len);
		CU_ASSERT_EQUAL(record->captured_bytes, 100);
		const void *whole = rte_pktmbuf_read(frames[i], 0, 100, expected);

		CU_ASSERT_EQUAL(memcmp(record + 1, whole, 100), 0);
		capture_ring_pop(&tap.ring);
		rte_pktmbuf_free(frames[i]);
	}
}

static void a_full_ring_is_counted_and_harms_nobody(void)
{
	struct capture_filter filter = {0};
	static struct capture_tap tap;
	struct rte_mbuf *one = frame(2, 0);
	uint32_t bytes;

	capture_tap_init(&tap, &filter, CAPTURE_SNAP_MAX, 0, ring_data, RING_BYTES);
	for (int i = 0; i < 100; i++) {
		capture_tap_frames(&tap, 0, CAPTURE_TX, &one, 1, 1);
		capture_tap_publish(&tap);
	}
	CU_ASSERT(tap.captured > 5 && tap.captured < 20);
	CU_ASSERT_EQUAL(tap.captured + tap.missed, 100);
	while (capture_ring_peek(&tap.ring, &bytes))
		capture_ring_pop(&tap.ring);
	uint64_t missed = tap.missed;

	capture_tap_frames(&tap, 0, CAPTURE_TX, &one, 1, 1);
	CU_ASSERT_EQUAL(tap.missed, missed);
	rte_pktmbuf_free(one);
}

static void the_rate_is_kept(void)
{
	struct capture_filter filter = {0};
	static struct capture_tap tap;
	struct rte_mbuf *one = frame(2, 0);

	/* A thousand a second, offered ten thousand for a second. */
	capture_tap_init(&tap, &filter, 1, 1000, ring_data, RING_BYTES);
	for (uint64_t i = 0; i < 10000; i++) {
		uint32_t bytes;

		capture_tap_frames(&tap, 0, CAPTURE_RX, &one, 1, NS_PER_SECOND + i * 100000);
		capture_tap_publish(&tap);
		if (capture_ring_peek(&tap.ring, &bytes))
			capture_ring_pop(&tap.ring);
	}
	CU_ASSERT_EQUAL(tap.missed, 0);
	CU_ASSERT(tap.captured >= 1000 && tap.captured <= 1000 + 64 + 1);
	CU_ASSERT_EQUAL(tap.captured + tap.limited, 10000);
	rte_pktmbuf_free(one);
}

static void ports_and_directions_are_chosen(void)
{
	static const struct {
		struct capture_filter filter;
		uint16_t port;
		enum capture_direction direction;
		uint64_t captured;
	} cases[] = {
		{{.port_mask = 2}, 1, CAPTURE_RX, 1},      {{.port_mask = 2}, 0, CAPTURE_RX, 0},
		{{.tx_unwanted = true}, 0, CAPTURE_TX, 0}, {{.tx_unwanted = true}, 0, CAPTURE_RX, 1},
		{{.rx_unwanted = true}, 0, CAPTURE_RX, 0}, {{.dropped_only = true}, 0, CAPTURE_TX, 0},
		{{.dropped_only = true}, 0, CAPTURE_RX, 1},
	};
	static struct capture_tap tap;
	struct rte_mbuf *one = frame(2, 0);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		capture_tap_init(&tap, &cases[i].filter, 64, 0, ring_data, RING_BYTES);
		capture_tap_frames(&tap, cases[i].port, cases[i].direction, &one, 1, 1);
		CU_ASSERT_EQUAL(tap.captured, cases[i].captured);
	}
	rte_pktmbuf_free(one);
}

/* --- pcapng ------------------------------------------------------------------------------- */

static uint32_t word(const struct text *t, size_t at)
{
	uint32_t value;

	memcpy(&value, t->data + at, sizeof(value));
	return value;
}

static void blocks_say_their_length_twice(void)
{
	static const uint8_t bytes[] = "abcde";
	struct capture_record record = {.frame_bytes = 60, .captured_bytes = 5, .port = 3,
					.drop_reason = DROP_TCP_CHECKSUM};
	struct text out = {0};
	unsigned blocks = 0;

	pcapng_section(&out, "hydrofoil");
	pcapng_interface(&out, "front", mac, 96);
	size_t packet_at = out.length;

	pcapng_packet(&out, &record, bytes, 1, UINT64_C(0x1122334455667788));
	record.drop_reason = DROP_NONE;
	pcapng_packet(&out, &record, bytes, 1, 0);
	CU_ASSERT_FATAL(!out.failed);
	for (size_t at = 0; at < out.length; blocks++) {
		uint32_t length = word(&out, at + 4);

		CU_ASSERT_FATAL(length >= 12 && length % 4 == 0 && at + length <= out.length);
		CU_ASSERT_EQUAL(word(&out, at + length - 4), length);
		at += length;
	}
	CU_ASSERT_EQUAL(blocks, 4);
	CU_ASSERT_EQUAL(word(&out, packet_at), 6);
	CU_ASSERT_EQUAL(word(&out, packet_at + 8), 3);
	CU_ASSERT_EQUAL(word(&out, packet_at + 12), 0x11223344);
	CU_ASSERT_EQUAL(word(&out, packet_at + 16), 0x55667788);
	CU_ASSERT_EQUAL(word(&out, packet_at + 20), 5);
	CU_ASSERT_EQUAL(word(&out, packet_at + 24), 60);
	CU_ASSERT_EQUAL(memcmp(out.data + packet_at + 28, "abcde\0\0\0", 8), 0);
	CU_ASSERT_EQUAL(memcmp(out.data + packet_at + 40, "dropped: TCP_CHECKSUM (TCP", 26), 0);
	text_free(&out);
}

UNIT_TESTS(UNIT_TEST(records_come_out_as_they_went_in), UNIT_TEST(what_is_not_published_is_not_read),
	   UNIT_TEST(each_word_narrows), UNIT_TEST(words_are_all_true_of_a_frame),
	   UNIT_TEST(ports_of_later_fragments_are_not_invented),
	   UNIT_TEST(what_is_not_understood_is_named),
	   UNIT_TEST(frames_cut_anywhere_are_read_to_their_end_only),
	   UNIT_TEST(drops_are_told_to_their_frames), UNIT_TEST(a_full_ring_is_counted_and_harms_nobody),
	   UNIT_TEST(the_rate_is_kept), UNIT_TEST(ports_and_directions_are_chosen),
	   UNIT_TEST(blocks_say_their_length_twice))
