/* Fragments in every order, every overlap, every bound; no byte copied and no buffer lost. */
#include "stack/ip/reassembly.h"

#include <string.h>

#include "stack/base/time.h"
#include "tests/lib/eal.h"
#include "tests/lib/piece.h"
#include "tests/lib/unit.h"

#define L3 14u

static struct rte_mempool *mbufs;
static struct netif netif;
static struct ip_layer ip = {.netifs = &netif, .netif_count = 1};
static struct drop_counters drops;
static struct reassembly r;
static unsigned told[3];

static void tell(void *context, enum reassembly_news news, const struct ip_packet *fragment,
		 uint64_t now_ns)
{
	CU_ASSERT(context == &r && fragment->is_fragment && now_ns > 0);
	told[news]++;
}

static void start(uint32_t datagrams, uint32_t fragments, uint32_t buffers)
{
	test_eal_start(32);
	if (!mbufs)
		mbufs = test_mbuf_pool("reassembly", 511);
	netif = (struct netif){.mtu_bytes = 1500, .address_count = 2, .vrf = 7};
	netif.addresses[0] = (struct netif_address){ip_addr_from_v4(PIECE_OURS4), 24};
	netif.addresses[1] = (struct netif_address){ip_addr_from_v6(piece_ours6), 64};
	memset(&drops, 0, sizeof(drops));
	memset(told, 0, sizeof(told));
	struct reassembly_params params = {
		.datagrams_max = datagrams,
		.fragments_max = fragments,
		.bytes_max = buffers * (RTE_MBUF_DEFAULT_BUF_SIZE + sizeof(struct rte_mbuf)),
		.hash_key = {1, 2}, .drops = &drops, .tell = tell, .context = &r};

	CU_ASSERT_FATAL(reassembly_create(&r, &params));
}

static void stop(void)
{
	reassembly_destroy(&r);
	CU_ASSERT_EQUAL(r.bytes, 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
}

static struct ip_packet parse(const struct piece *p)
{
	struct ip_packet out = piece_parse(p, &ip, mbufs);

	CU_ASSERT_FATAL(out.is_fragment);
	return out;
}

static bool add(const struct piece *p, struct ip_input_from *whole, uint64_t now_ns)
{
	struct ip_packet fragment = parse(p);

	return reassembly_add(&r, &fragment, whole, now_ns);
}

/* A fragment that completes nothing. */
static void give(const struct piece *p, uint64_t now_ns)
{
	struct ip_input_from whole;

	CU_ASSERT(!add(p, &whole, now_ns));
}

static uint64_t dropped(enum drop_reason reason)
{
	return drops.count[reason];
}

static void check_whole(const struct piece *p, const struct ip_input_from *whole, uint32_t bytes)
{
	struct ip_packet out;
	uint8_t got[8192];

	CU_ASSERT_EQUAL_FATAL(p->v6 ? ip6_input(&ip, whole, &out) : ip4_input(&ip, whole, &out),
			      DROP_NONE);
	CU_ASSERT(!out.is_fragment && out.protocol == 17 && out.l4_bytes == bytes && out.vrf == 7);
	CU_ASSERT_EQUAL(whole->mbuf->pkt_len, out.l4_offset + bytes);
	CU_ASSERT_EQUAL(out.l4_offset, L3 + (p->v6 ? 40 + 8 * p->hop_by_hop : 20));
	CU_ASSERT(whole->mbuf->data_len >= 256 || whole->mbuf->nb_segs == 1);
	const uint8_t *data = rte_pktmbuf_read(whole->mbuf, out.l4_offset, bytes, got);

	CU_ASSERT_FATAL(data != NULL);
	for (uint32_t i = 0; i < bytes; i++)
		if (data[i] != piece_byte(i))
			CU_FAIL_FATAL("a byte is wrong");
	CU_ASSERT(rte_pktmbuf_mtod(whole->mbuf, uint8_t *)[12] == (p->v6 ? 0x86 : 8));
	if (p->v6)
		CU_ASSERT(out.was_fragmented);
}

#define PIECES 4

static void in_order_of(const unsigned order[PIECES], const struct piece *kind)
{
	static const uint32_t offsets[PIECES + 1] = {0, 24, 1024, 2400, 2405};
	struct ip_input_from whole;

	for (unsigned i = 0; i < PIECES; i++) {
		struct piece p = *kind;

		p.id = 77;
		p.from = 2;
		p.offset = offsets[order[i]];
		p.bytes = offsets[order[i] + 1] - p.offset;
		p.more = order[i] + 1 < PIECES;
		p.padding = order[i] * 5;
		CU_ASSERT_EQUAL_FATAL(add(&p, &whole, 1), i == PIECES - 1);
	}
	check_whole(kind, &whole, offsets[PIECES]);
	rte_pktmbuf_free(whole.mbuf);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
	CU_ASSERT_EQUAL(r.bytes, 0);
	CU_ASSERT_EQUAL(reassembly_deadline_ns(&r), DEADLINE_NEVER_NS);
}

static void every_order_gives_the_datagram(void)
{
	static const struct piece kinds[] = {
		{.v6 = false}, {.v6 = true}, {.v6 = true, .hop_by_hop = true},
		{.v6 = false, .segment_bytes = 200}, {.v6 = true, .segment_bytes = 100},
	};

	start(16, 64, 400);
	for (unsigned k = 0; k < ARRAY_LEN(kinds); k++)
		for (unsigned code = 0; code < 256; code++) {
			unsigned order[PIECES] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
			unsigned seen = 0;

			for (unsigned i = 0; i < PIECES; i++)
				seen |= 1u << order[i];
			if (seen == 15)
				in_order_of(order, &kinds[k]);
		}
	CU_ASSERT_EQUAL(r.completed, ARRAY_LEN(kinds) * 24);
	stop();
}

/* Two ranges in a row of eight units, the second one of all there are. */
static void overlaps(bool v6, uint32_t a, uint32_t a_end, bool a_more, uint32_t b, uint32_t b_end,
		     bool b_more)
{
	struct piece first = {.v6 = v6, .from = 2, .id = 1, .offset = a * 8 + 800,
			      .bytes = (a_end - a) * 8, .more = a_more};
	struct piece second = {.v6 = v6, .from = 2, .id = 1, .offset = b * 8 + 800,
			       .bytes = (b_end - b) * 8, .more = b_more};
	struct piece rest = {.v6 = v6, .from = 2, .id = 1, .offset = 0, .bytes = 800, .more = true};
	bool same = a == b && a_end == b_end && a_more == b_more;
	bool clash = !same && ((a < b_end && b < a_end) || (!a_more && (!b_more || b >= a_end)) ||
			       (!b_more && a >= b_end));

	start(16, 64, 400);
	give(&first, 1);
	give(&second, 1);
	CU_ASSERT_EQUAL(dropped(DROP_IP_FRAGMENT_DUPLICATE), same);
	CU_ASSERT_EQUAL(dropped(DROP_IP_FRAGMENT_OVERLAP), clash ? 2 : 0);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), clash ? 0 : same ? 1 : 2);
	if (clash) { /* RFC 8200 4.5: so goes what comes later */
		give(&rest, 1);
		CU_ASSERT_EQUAL(dropped(DROP_IP_FRAGMENT_OVERLAP), 3);
		CU_ASSERT_EQUAL(reassembly_expire(&r, REASSEMBLY_TIMEOUT_NS + 1, 9), 1);
		CU_ASSERT_EQUAL(told[REASSEMBLY_TIMED_OUT], 0);
	}
	stop();
}

static void every_overlap_refuses_the_datagram(void)
{
	for (uint32_t a = 0; a < 4; a++)
		for (uint32_t a_end = a + 1; a_end <= 4; a_end++)
			for (uint32_t b = 0; b < 4; b++)
				for (uint32_t b_end = b + 1; b_end <= 4; b_end++)
					for (unsigned more = 0; more < 4; more++)
						overlaps(more & 1, a, a_end, more & 1, b, b_end, more & 2);
}

static void keys_keep_datagrams_apart(void)
{
	struct piece p = {.from = 2, .id = 5, .bytes = 8, .more = true}, other;
	struct ip_input_from whole;

	start(64, 64, 400);
	give(&p, 1);
	other = p;
	other.offset = 8;
	other.more = false;
	other.id = 6;
	give(&other, 1);
	other.id = 5;
	other.from = 3;
	give(&other, 1);
	other.from = 2;
	other.protocol = 1;
	give(&other, 1);
	other.protocol = 0;
	netif.vrf = 8;
	give(&other, 1);
	netif.vrf = 7;
	CU_ASSERT_FATAL(add(&other, &whole, 1));
	check_whole(&p, &whole, 16);
	rte_pktmbuf_free(whole.mbuf);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 4);
	stop();
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_FULL), 4);
}

static void lengths_that_cannot_be(void)
{
	static const struct {
		struct piece piece;
		unsigned news; /* 3 = none */
	} cases[] = {
		{{.bytes = 12, .more = true}, REASSEMBLY_BAD_LENGTH},
		{{.bytes = 0, .more = true}, 3},
		{{.bytes = 0, .offset = 80}, 3},
		{{.bytes = 8, .offset = 65512}, REASSEMBLY_TOO_LONG},
		{{.v6 = true, .bytes = 13, .offset = 80, .more = true}, REASSEMBLY_BAD_LENGTH},
		{{.v6 = true, .bytes = 8, .offset = 65528}, REASSEMBLY_TOO_LONG},
		{{.v6 = true, .hop_by_hop = true, .bytes = 1, .offset = 65528}, REASSEMBLY_TOO_LONG},
	};
	static const struct piece longest[] = {
		{.from = 2, .bytes = 3, .offset = 65512}, /* 20 + 65,515 */
		{.from = 2, .v6 = true, .bytes = 7, .offset = 65528},
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		start(16, 64, 400);
		give(&cases[i].piece, 1);
		CU_ASSERT_EQUAL(dropped(DROP_IP_FRAGMENT_MALFORMED), 1);
		for (unsigned news = 0; news < 3; news++)
			CU_ASSERT_EQUAL(told[news], news == cases[i].news);
		CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 0);
		stop();
	}
	for (unsigned i = 0; i < ARRAY_LEN(longest); i++) {
		start(16, 64, 400);
		give(&longest[i], 1);
		CU_ASSERT_EQUAL(dropped(DROP_IP_FRAGMENT_MALFORMED), 0);
		CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 1);
		stop();
	}
}

static void the_time_runs_from_the_first_to_arrive(void)
{
	struct piece head = {.from = 2, .id = 1, .bytes = 8, .more = true};
	struct piece tail = {.from = 2, .id = 2, .offset = 8, .bytes = 8};
	struct ip_input_from whole;

	start(16, 64, 400);
	give(&head, 1000);
	give(&tail, 2000);
	head.id = 3;
	give(&head, 3000);
	CU_ASSERT_EQUAL(reassembly_deadline_ns(&r), 1000 + REASSEMBLY_TIMEOUT_NS);
	CU_ASSERT_EQUAL(reassembly_expire(&r, 999 + REASSEMBLY_TIMEOUT_NS, 9), 0);
	CU_ASSERT_EQUAL(reassembly_expire(&r, 2000 + REASSEMBLY_TIMEOUT_NS, 1), 1);
	CU_ASSERT_EQUAL(told[REASSEMBLY_TIMED_OUT], 1);
	CU_ASSERT_EQUAL(reassembly_expire(&r, 2000 + REASSEMBLY_TIMEOUT_NS, 9), 1);
	/* Nobody is told about a datagram whose first fragment did not come (RFC 792). */
	CU_ASSERT_EQUAL(told[REASSEMBLY_TIMED_OUT], 1);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_TIMEOUT), 2);
	tail.id = 3;
	CU_ASSERT_FATAL(add(&tail, &whole, 2001 + REASSEMBLY_TIMEOUT_NS));
	rte_pktmbuf_free(whole.mbuf);
	stop();
}

static void a_source_gets_its_share(void)
{
	struct piece p = {.from = 2, .bytes = 8, .more = true};
	struct ip_input_from whole;

	start(16, 64, 400);
	for (p.id = 1; p.id <= 6; p.id++)
		give(&p, 1);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_SOURCE), 2);
	/* Its oldest went, the newest can be completed. */
	p = (struct piece){.from = 2, .id = 6, .offset = 8, .bytes = 8};
	CU_ASSERT_FATAL(add(&p, &whole, 1));
	rte_pktmbuf_free(whole.mbuf);
	p.id = 2;
	give(&p, 1);
	p = (struct piece){.from = 2, .id = 2, .bytes = 8, .more = true};
	CU_ASSERT_FATAL(add(&p, &whole, 1));
	rte_pktmbuf_free(whole.mbuf);
	p = (struct piece){.from = 2, .id = 9, .bytes = 8, .more = true};
	p.from = 3;
	give(&p, 1);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_SOURCE), 2);
	stop();
	/* By bytes: a quarter of 16 buffers. */
	start(16, 64, 16);
	p = (struct piece){.from = 2, .id = 1, .bytes = 8, .more = true};
	for (unsigned i = 0; i < 6; i++, p.offset += 8)
		give(&p, 1);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_SOURCE), 2);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 4);
	stop();
}

static void the_oldest_makes_room(void)
{
	struct piece p = {.bytes = 8, .more = true};
	struct ip_input_from whole;

	/* Datagrams. */
	start(8, 64, 400);
	for (p.from = 2; p.from < 11; p.from++)
		give(&p, p.from);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_FULL), 1);
	CU_ASSERT_EQUAL(reassembly_deadline_ns(&r), 3 + REASSEMBLY_TIMEOUT_NS);
	stop();
	/* Buffers: the fourth of the newcomer's would be the seventeenth. */
	start(64, 64, 16);
	for (p.from = 2; p.from < 15; p.from++)
		give(&p, p.from);
	for (unsigned i = 0; i < 4; i++, p.offset += 8)
		give(&p, 20);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_FULL), 1);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 16);
	stop();
	/* Pieces. */
	start(64, 4, 400);
	for (p.from = 2, p.offset = 0; p.from < 8; p.from++)
		give(&p, 1);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_FULL), 2);
	p.from = 7;
	p.offset = 8;
	p.more = false;
	CU_ASSERT_FATAL(add(&p, &whole, 1)); /* the newest was not touched */
	rte_pktmbuf_free(whole.mbuf);
	stop();
	/* One that has it all for itself does not push itself out. */
	start(64, 2, 400);
	p = (struct piece){.from = 2, .bytes = 8, .more = true};
	for (unsigned i = 0; i < 3; i++, p.offset += 8)
		give(&p, 1);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), 2);
	stop();
}

static void too_many_pieces_are_refused(void)
{
	struct piece p = {.from = 2, .bytes = 8, .more = true};

	start(64, 256, 400);
	for (unsigned i = 0; i < REASSEMBLY_FRAGMENTS_EACH_MAX; i++, p.offset += 8)
		give(&p, 1);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(mbufs), REASSEMBLY_FRAGMENTS_EACH_MAX);
	give(&p, 1);
	CU_ASSERT_EQUAL(dropped(DROP_IP_REASSEMBLY_FRAGMENTS), REASSEMBLY_FRAGMENTS_EACH_MAX + 1);
	stop();
}

static void ecn_marks_survive(void)
{
	static const struct {
		uint8_t a, b, out; /* 9 = refused */
	} cases[] = {{0, 0, 0}, {2, 2, 2}, {2, 3, 3}, {3, 1, 3}, {0, 3, 9}, {3, 0, 9}, {0, 2, 0}};

	for (unsigned i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		bool v6 = i & 1;
		struct piece a = {.v6 = v6, .from = 2, .bytes = 8, .more = true, .ecn = cases[i / 2].a};
		struct piece b = {.v6 = v6, .from = 2, .offset = 8, .bytes = 8, .ecn = cases[i / 2].b};
		struct ip_input_from whole;
		struct ip_packet out;

		start(16, 16, 64);
		give(&a, 1);
		bool done = add(&b, &whole, 1);

		CU_ASSERT_EQUAL(done, cases[i / 2].out != 9);
		CU_ASSERT_EQUAL(dropped(DROP_IP_FRAGMENT_ECN), !done);
		if (done) {
			CU_ASSERT_EQUAL(v6 ? ip6_input(&ip, &whole, &out) : ip4_input(&ip, &whole, &out),
					DROP_NONE);
			CU_ASSERT_EQUAL(out.traffic_class & 3, cases[i / 2].out);
			rte_pktmbuf_free(whole.mbuf);
		}
		stop();
	}
}

static void shared_headers_are_not_written_to(void)
{
	struct piece a = {.from = 2, .bytes = 8, .more = true};
	struct piece b = {.from = 2, .offset = 8, .bytes = 8};
	struct ip_input_from whole;

	start(16, 16, 64);
	struct ip_packet fragment = parse(&a);
	struct rte_mbuf *mbuf = fragment.mbuf;

	rte_mbuf_refcnt_update(mbuf, 1);
	CU_ASSERT(!reassembly_add(&r, &fragment, &whole, 1));
	CU_ASSERT(!add(&b, &whole, 1));
	CU_ASSERT_EQUAL(dropped(DROP_LINK_SPLIT_HEADER), 1);
	rte_pktmbuf_free(mbuf);
	stop();
}

UNIT_TESTS(UNIT_TEST(every_order_gives_the_datagram), UNIT_TEST(every_overlap_refuses_the_datagram),
	   UNIT_TEST(keys_keep_datagrams_apart), UNIT_TEST(lengths_that_cannot_be),
	   UNIT_TEST(the_time_runs_from_the_first_to_arrive), UNIT_TEST(a_source_gets_its_share),
	   UNIT_TEST(the_oldest_makes_room), UNIT_TEST(too_many_pieces_are_refused),
	   UNIT_TEST(ecn_marks_survive), UNIT_TEST(shared_headers_are_not_written_to))
