/* A worker's side of traces (which frames begin them), and the reader's. */
#include <stdlib.h>

#include "dataplane/trace/trace_reader.h"
#include "tests/lib/eal.h"
#include "tests/lib/packet.h"
#include "tests/lib/trace_seen.h"
#include "tests/lib/unit.h"

#define CLIENT 0x0a000002
#define OTHER 0x0a000063
#define OWN 0x0a000001
#define SYN 0x02
#define ACK 0x10
#define EVENTS 64

static struct rte_mempool *pool;
static struct netif netifs[2] = {{.name = "front"}, {.name = "back"}};
static struct trace_tap taps[2];
static struct trace_wish wishes[2];
static struct trace_event *slots[2];
static struct trace_reader reader;

static struct rte_mbuf *frame(uint32_t from, uint16_t from_port, uint32_t to, uint16_t to_port,
			      uint8_t flags, uint32_t payload_bytes)
{
	static const uint8_t mac[6] = {2};
	struct packet packet = {0};

	if (!pool) {
		test_eal_start(64);
		pool = test_mbuf_pool("trace", 255);
	}
	packet_eth(&packet, mac, mac, 0x0800);
	packet_ip4(&packet, from, to, 6, 20 + payload_bytes, 0);
	packet_put16(&packet, from_port);
	packet_put16(&packet, to_port);
	packet_put32(&packet, 111);
	packet_put32(&packet, flags & ACK ? 222 : 0);
	packet_put16(&packet, 0x5000 | flags);
	packet_fill(&packet, 0, 6 + payload_bytes);
	return packet_mbuf(&packet, pool, 0);
}

/* Two workers with the same wish; the reader lets `connections` in. */
static void start(const struct trace_wish *like, uint32_t connections)
{
	for (unsigned i = 0; i < 2; i++) {
		slots[i] = calloc(EVENTS, sizeof(*slots[i]));
		CU_ASSERT_PTR_NOT_NULL_FATAL(slots[i]);
		trace_wish_init(&wishes[i], like, slots[i], EVENTS);
		trace_tap_init(&taps[i], NULL, netifs);
		trace_set_sink(&taps[i].trace, 1, &wishes[i].sink);
	}
	trace_reader_init(&reader, wishes, 2, connections, like->sink.path_bytes > 0);
}

static void stop(void)
{
	free(slots[0]);
	free(slots[1]);
}

static struct trace_wish wish_of(const char *name, const char *value)
{
	struct trace_wish wish = {.sink.left = 1};
	struct why why;

	if (name)
		CU_ASSERT_FATAL(capture_filter_set(&wish.filter, name, value, &why));
	return wish;
}

static void rx(unsigned worker, uint64_t at_ns, struct rte_mbuf *mbuf)
{
	taps[worker].trace.now_ns = at_ns;
	trace_tap_rx(&taps[worker], 0, &mbuf, 1);
	rte_pktmbuf_free(mbuf);
}

/* What the reader says until then. */
static const char *told(uint64_t until_ns)
{
	static struct text out;

	text_free(&out);
	out = (struct text){0};
	trace_reader_write(&reader, until_ns, &out);
	return out.data;
}

#define HAS(text, part) CU_ASSERT_PTR_NOT_NULL(strstr(text, part))
#define HAS_NOT(text, part) CU_ASSERT_PTR_NULL(strstr(text, part))

static void a_first_segment_begins_and_both_directions_follow(void)
{
	struct trace_wish wish = wish_of("dport", "80");
	struct rte_mbuf *mbuf;

	start(&wish, 1);
	rx(0, 5, frame(CLIENT, 999, OWN, 81, SYN, 0));       /* another port */
	rx(0, 5, frame(CLIENT, 998, OWN, 80, ACK, 5));       /* nothing new */
	rx(0, 5, frame(CLIENT, 997, OWN, 80, SYN | ACK, 0)); /* an answer */
	rx(0, 6, frame(CLIENT, 1000, OWN, 80, SYN, 0));
	rx(0, 7, frame(CLIENT, 1001, OWN, 80, SYN, 0));      /* one too many */
	mbuf = frame(OWN, 80, CLIENT, 1000, SYN | ACK, 0);
	trace_tap_tx(&taps[0], 1, &mbuf, 1);
	rte_pktmbuf_free(mbuf);
	rx(0, 9, frame(CLIENT, 1000, OWN, 80, ACK, 33));
	const char *text = told(100);

	HAS(text, "{\"events\":[\n{\"unix_ns\":6,\"worker\":0,\"conn\":\"");
	HAS(text, "\"side\":\"client\",\"layer\":\"conn\",\"depth\":0,\"event\":\"BEGIN\",\"text\":"
		  "\"10.0.0.2:1000 to 10.0.0.1:80\"}");
	HAS(text, "\"text\":\"in on front: SYN seq 111 ack 0\"}");
	HAS(text, "\"text\":\"out on back: SYN+ACK seq 111 ack 222\"}");
	HAS(text, "\"text\":\"in on front: ACK seq 111 ack 222, 33 bytes\"}");
	HAS(text, "\n],\"begun\":1,\"ended\":0,\"lost\":0,\"done\":false}\n");
	HAS_NOT(text, "1001");
	stop();
}

static void drops_are_told_with_their_reason_and_passed_on(void)
{
	struct trace_wish wish = wish_of("src", "10.0.0.0/8");
	struct trace_tap second;
	struct rte_mbuf *mbufs[2];

	start(&wish, 1);
	trace_tap_init(&second, NULL, netifs);
	trace_set_sink(&second.trace, 1, &wishes[1].sink);
	mbufs[0] = frame(CLIENT, 1000, OWN, 80, SYN, 0);
	mbufs[1] = frame(OTHER, 1000, OWN, 80, SYN, 0);
	taps[0].next = &second.watch;
	trace_tap_rx(&second, 0, mbufs, 2);
	trace_tap_rx(&taps[0], 0, mbufs, 2);
	drop_watch_tell(&taps[0].watch, mbufs[1], DROP_IP_NO_ROUTE); /* nobody traces that one */
	drop_watch_tell(&taps[0].watch, mbufs[0], DROP_TCP_CHECKSUM);
	rte_pktmbuf_free_bulk(mbufs, 2);
	const char *text = told(100);

	HAS(text, "\"worker\":0,");
	HAS(text, "\"layer\":\"tcp\",\"depth\":2,\"event\":\"TCP_DROPPED\",\"text\":"
		  "\"dropped, TCP_CHECKSUM: ");
	HAS_NOT(text, "IP_NO_ROUTE");
	CU_ASSERT_PTR_NOT_NULL(strstr(strstr(text, "TCP_DROPPED") + 1, "\"worker\":1,"));
	stop();
}

static void two_workers_agree_on_a_flow(void)
{
	struct trace_wish wish = wish_of(NULL, NULL);
	struct rte_mbuf *mbuf = frame(CLIENT, 1000, OWN, 80, SYN, 0);

	start(&wish, 1);
	taps[0].trace.now_ns = 10;
	trace_tap_rx(&taps[0], 0, &mbuf, 1);
	trace_tap_handed(&taps[0], 1, 0, mbuf);
	mbuf->port = 0;
	taps[1].trace.now_ns = 12;
	trace_tap_taken(&taps[1], 0, &mbuf, 1);
	taps[0].trace.now_ns = 15;
	trace_tap_rx(&taps[0], 0, &mbuf, 1);
	rte_pktmbuf_free(mbuf);
	/* Worker 1 let another one begin, which comes too late to be let in. */
	wishes[1].sink.left = 1;
	rx(1, 13, frame(OTHER, 77, OWN, 80, SYN, 0));
	const char *text = told(100), *at = text;
	static const char *const order[] = {"\"unix_ns\":10,\"worker\":0,", "BEGIN", "FRAME_IN",
					    "handed over to worker 1", "\"unix_ns\":12,\"worker\":1,",
					    "taken over from worker 0: SYN seq 111 ack 0",
					    "\"unix_ns\":15,\"worker\":0,", "\"begun\":1,"};

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(at = strstr(at, order[i]));
		at++;
	}
	HAS_NOT(text, "10.0.0.99");
	CU_ASSERT_PTR_NULL(strstr(strstr(text, "BEGIN") + 1, "BEGIN"));
	stop();
}

static void what_is_too_young_waits(void)
{
	struct trace_wish wish = wish_of(NULL, NULL);

	start(&wish, 1);
	rx(0, 20, frame(CLIENT, 1000, OWN, 80, SYN, 0));
	HAS(told(19), "{\"events\":[\n],\"begun\":0,");
	HAS(told(20), "FRAME_IN");
	HAS(told(UINT64_MAX), "{\"events\":[\n],\"begun\":1,");
	stop();
}

static void places_of_a_listener_and_an_id_narrow_it_down(void)
{
	struct trace_wish wish = wish_of(NULL, NULL);
	struct flow_key key = {.local = ip_addr_from_v4(OWN),
			       .remote = ip_addr_from_v4(CLIENT),
			       .local_port = 80,
			       .remote_port = 1000};

	wish.place_count = 2;
	wish.places[0] = (struct trace_place){ip_addr_from_v4(OTHER), 80};
	wish.places[1] = (struct trace_place){ip_addr_from_v4(0), 443};
	start(&wish, 1);
	rx(0, 1, frame(CLIENT, 1000, OWN, 80, SYN, 0));
	HAS(told(9), "\"begun\":0,");
	rx(0, 2, frame(CLIENT, 1000, OTHER, 80, SYN, 0));
	HAS(told(9), "\"begun\":1,");
	stop();
	wish = wish_of(NULL, NULL);
	wish.sink.id = trace_flow_id(&key);
	start(&wish, 1);
	rx(0, 1, frame(CLIENT, 1001, OWN, 80, SYN, 0));
	HAS(told(9), "\"begun\":0,");
	rx(0, 2, frame(CLIENT, 1000, OWN, 80, ACK, 1));
	HAS(told(9), "\"text\":\"in on front: ACK seq 111 ack 222, 1 bytes\"");
	stop();
}

static void the_reader_knows_the_end(void)
{
	struct trace_wish wish = wish_of(NULL, NULL);
	struct flow_key key = {.remote_port = 5};
	uint32_t word = trace_flow_id(&key) << TRACE_ID_SHIFT | 2;

	start(&wish, 1);
	trace_begin(&taps[0].trace, &key, 2, NULL, NULL);
	TRACE(&taps[0].trace, word | TRACE_UPSTREAM, TCP_END, .n = {1}); /* of the host's side */
	TRACE(&taps[0].trace, word, REQUEST_END, .n = {1});
	HAS(told(9), "\"ended\":0,\"lost\":0,\"done\":false}");
	TRACE(&taps[0].trace, word, TCP_END, .n = {1});
	TRACE(&taps[0].trace, word, TCP_END, .n = {1});
	HAS(told(9), "\"ended\":1,\"lost\":0,\"done\":true}");
	CU_ASSERT(trace_reader_is_done(&reader));
	stop();
	wish.sink.path_bytes = 1;
	wish.sink.left = 2;
	start(&wish, 2);
	for (int i = 1; i <= 2; i++) {
		char end[64];

		trace_begin(&taps[0].trace, &key, 2, NULL, NULL);
		TRACE(&taps[0].trace, word, REQUEST_END, .n = {1});
		snprintf(end, sizeof(end), "\"begun\":%d,\"ended\":%d,", i, i);
		HAS(told(9), end);
	}
	CU_ASSERT(trace_reader_is_done(&reader));
	stop();
}

static void losses_are_counted(void)
{
	struct trace_wish wish = wish_of(NULL, NULL);
	struct flow_key key = {.remote_port = 5};

	start(&wish, 1);
	uint32_t word = trace_begin(&taps[1].trace, &key, 2, NULL, NULL);

	for (int i = 0; i < EVENTS + 9; i++)
		TRACE(&taps[1].trace, word, CLUSTER, .t = {trace_text("c")});
	HAS(told(9), "\"lost\":10,");
	TRACE(&taps[1].trace, word, NO_CLUSTER, .n = {0});
	HAS(told(9), "there is no such cluster");
	stop();
}

UNIT_TESTS(UNIT_TEST(a_first_segment_begins_and_both_directions_follow),
	   UNIT_TEST(drops_are_told_with_their_reason_and_passed_on),
	   UNIT_TEST(two_workers_agree_on_a_flow), UNIT_TEST(what_is_too_young_waits),
	   UNIT_TEST(places_of_a_listener_and_an_id_narrow_it_down),
	   UNIT_TEST(the_reader_knows_the_end), UNIT_TEST(losses_are_counted))
