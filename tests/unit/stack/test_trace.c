/* Rings, sinks, flows and words of a trace. */
#include <stdlib.h>

#include "tests/lib/guard.h"
#include "tests/lib/trace_seen.h"
#include "tests/lib/unit.h"

static struct trace trace;
static struct trace_seen a, b;

static struct flow_key key_of(uint16_t remote_port)
{
	return (struct flow_key){.local = ip_addr_from_v4(0x0a000001),
				 .remote = ip_addr_from_v4(0x0a000002),
				 .local_port = 80,
				 .remote_port = remote_port};
}

static void start(uint32_t left_a, uint32_t left_b)
{
	memset(&trace, 0, sizeof(trace));
	trace_seen_init(&a, left_a);
	trace_seen_init(&b, left_b);
	trace_set_sink(&trace, 0, &a.sink);
	trace_set_sink(&trace, 2, &b.sink);
}

static void a_full_ring_loses_and_counts(void)
{
	struct trace_event slots[4];
	struct trace_ring ring;

	trace_ring_init(&ring, slots, 4);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 6; i++) {
			struct trace_event *event = trace_ring_slot(&ring);

			CU_ASSERT_EQUAL(event != NULL, i < 4);
			if (!event)
				continue;
			event->word = round * 10 + i;
			trace_ring_push(&ring);
		}
		CU_ASSERT_EQUAL(ring.lost, 2 * (round + 1));
		for (uint32_t i = 0; i < 4; i++) {
			CU_ASSERT_PTR_NOT_NULL_FATAL(trace_ring_peek(&ring));
			CU_ASSERT_EQUAL(trace_ring_peek(&ring)->word, round * 10 + i);
			trace_ring_pop(&ring);
		}
		CU_ASSERT_PTR_NULL(trace_ring_peek(&ring));
	}
}

static void an_event_goes_to_the_sinks_of_its_word_alone(void)
{
	start(1, 1);
	trace.now_ns = 77;
	TRACE(&trace, 0, CLUSTER, .t = {trace_text("nobody's")});
	TRACE(&trace, 9u << TRACE_ID_SHIFT | 1, CLUSTER, .t = {trace_text("one")});
	TRACE(&trace, 9u << TRACE_ID_SHIFT | 5 | TRACE_UPSTREAM, CLUSTER, .t = {trace_text("both")});
	TRACE(&trace, 9u << TRACE_ID_SHIFT | 2, CLUSTER, .t = {trace_text("of one that has gone")});
	TRACE(NULL, 9u << TRACE_ID_SHIFT | 1, CLUSTER, .t = {trace_text("nobody's")});
	CU_ASSERT_EQUAL(trace_ring_peek(&a.sink.ring)->at_ns, 77);
	CU_ASSERT_EQUAL(trace_ring_peek(&a.sink.ring)->word >> TRACE_ID_SHIFT, 9);
	trace_seen_take(&a);
	trace_seen_take(&b);
	CU_ASSERT_STRING_EQUAL(a.texts, "cluster one\ncluster both\n");
	CU_ASSERT_STRING_EQUAL(a.kinds, "CLUSTER >CLUSTER ");
	CU_ASSERT_STRING_EQUAL(b.texts, "cluster both\n");
}

static void the_id_is_of_the_flow(void)
{
	struct flow_key one = key_of(1), other = key_of(2), vrf = key_of(1);

	vrf.vrf = 1;
	CU_ASSERT_EQUAL(trace_flow_id(&one), trace_flow_id(&one));
	CU_ASSERT_NOT_EQUAL(trace_flow_id(&one), trace_flow_id(&other));
	CU_ASSERT_NOT_EQUAL(trace_flow_id(&one), trace_flow_id(&vrf));
	for (unsigned port = 0; port < 65536; port++) {
		struct flow_key key = key_of((uint16_t)port);

		CU_ASSERT_FATAL(trace_flow_id(&key) > 0 && trace_flow_id(&key) < 1u << 27);
	}
}

static void as_many_begin_as_are_left(void)
{
	struct flow_key key = key_of(1000), next = key_of(1001), more = key_of(1002);

	start(1, 2);
	CU_ASSERT_EQUAL(trace_wanted(&trace, &key, false), 0);
	CU_ASSERT_EQUAL(trace_wanted(&trace, &key, true), 5);
	CU_ASSERT_EQUAL(trace_flow(&trace, &key), 0);
	uint32_t word = trace_begin(&trace, &key, 5, NULL, NULL);

	CU_ASSERT_EQUAL(word, trace_flow_id(&key) << TRACE_ID_SHIFT | 5);
	CU_ASSERT_EQUAL(trace_flow(&trace, &key), word);
	CU_ASSERT_EQUAL(trace_wanted(&trace, &next, true), 4);
	trace_begin(&trace, &next, 4, "pid=7", "/run/x");
	CU_ASSERT_EQUAL(trace_wanted(&trace, &more, true), 0);
	trace_seen_take(&a);
	trace_seen_take(&b);
	CU_ASSERT_STRING_EQUAL(a.texts, "10.0.0.2:1000 to 10.0.0.1:80\n");
	CU_ASSERT_STRING_EQUAL(b.texts, "10.0.0.2:1000 to 10.0.0.1:80\npid=7 to /run/x\n");
	/* A second sink joins; the first one is not told again. */
	trace_begin(&trace, &next, 1, NULL, NULL);
	CU_ASSERT_EQUAL(trace_flow(&trace, &next) & TRACE_SINKS_MASK, 5);
}

static bool wants_even(const struct trace_sink *sink, const struct flow_key *key)
{
	return key->remote_port % 2 == 0;
}

static void one_may_be_asked_for_and_a_filter_decides(void)
{
	struct flow_key key = key_of(1000), other = key_of(1001);

	start(1, 1);
	a.sink.id = trace_flow_id(&key);
	b.sink.wants = wants_even;
	CU_ASSERT_EQUAL(trace_wanted(&trace, &key, false), 1);
	CU_ASSERT_EQUAL(trace_wanted(&trace, &key, true), 5);
	CU_ASSERT_EQUAL(trace_wanted(&trace, &other, false), 0);
	CU_ASSERT_EQUAL(trace_wanted(&trace, &other, true), 0);
}

static uint32_t request(const struct flow_key *key, uint32_t word, const char *path)
{
	return trace_request(&trace, key, word, trace_text(path), NULL, NULL);
}

static void a_path_begins_with_a_request_and_ends_with_the_next(void)
{
	struct flow_key key = key_of(1000);

	start(2, 1);
	memcpy(a.sink.path, "/shop", a.sink.path_bytes = 5);
	trace_set_sink(&trace, 0, &a.sink);
	CU_ASSERT_EQUAL(trace.on_request, 1);
	CU_ASSERT_EQUAL(trace_wanted(&trace, &key, true), 4); /* not a connection */
	CU_ASSERT_EQUAL(request(&key, 0, "/sho"), 0);
	CU_ASSERT_EQUAL(request(&key, 0, "/other"), 0);
	uint32_t word = request(&key, 0, "/shop?x");

	CU_ASSERT_EQUAL(word, trace_flow_id(&key) << TRACE_ID_SHIFT | 1);
	CU_ASSERT_EQUAL(trace_flow(&trace, &key), word);
	CU_ASSERT_EQUAL(request(&key, word, "/other"), 0);
	CU_ASSERT_EQUAL(trace_flow(&trace, &key), 0);
	/* Another tracer has the connection: it goes on. */
	word = trace_begin(&trace, &key, 4, NULL, NULL);
	CU_ASSERT_EQUAL(request(&key, word, "/shopping") & TRACE_SINKS_MASK, 5);
	CU_ASSERT_EQUAL(request(&key, word | 1, "/other"), word);
	CU_ASSERT_EQUAL(request(&key, word, "/shop") & TRACE_SINKS_MASK, 4); /* no more are left */
}

static void the_flow_not_seen_for_longest_makes_place(void)
{
	struct flow_key first = key_of(1), kept = key_of(2);

	start(1, 1);
	for (uint16_t i = 1; i <= TRACE_FLOWS_MAX; i++) {
		struct flow_key key = key_of(i);

		trace_flow_set(&trace, &key, 33);
	}
	CU_ASSERT_EQUAL(trace_flow(&trace, &first), 33);
	struct flow_key more = key_of(9999);

	trace_flow_set(&trace, &more, 65);
	CU_ASSERT_EQUAL(trace_flow(&trace, &more), 65);
	CU_ASSERT_EQUAL(trace_flow(&trace, &first), 33);
	CU_ASSERT_EQUAL(trace_flow(&trace, &kept), 0);
	trace_flow_set(&trace, &first, 0);
	CU_ASSERT_EQUAL(trace_flow(&trace, &first), 0);
}

static void a_sink_that_goes_leaves_nothing_to_the_next(void)
{
	struct flow_key key = key_of(1000), both = key_of(1001);

	start(1, 2);
	trace_begin(&trace, &key, 1, NULL, NULL);
	trace_begin(&trace, &both, 5, NULL, NULL);
	trace_set_sink(&trace, 0, NULL);
	CU_ASSERT_EQUAL(trace.active, 4);
	CU_ASSERT_EQUAL(trace_flow(&trace, &key), 0);
	CU_ASSERT_EQUAL(trace_flow(&trace, &both) & TRACE_SINKS_MASK, 4);
	TRACE(&trace, 33, CLUSTER, .t = {trace_text("late")}); /* no crash, nothing told */
}

/* --- words ------------------------------------------------------------------------------------ */

static struct trace_event event_of(enum trace_kind kind, const struct trace_args *args)
{
	start(1, 1);
	trace_put(&trace, 33, kind, args);
	return *trace_ring_peek(&a.sink.ring);
}

static const char *text_of(enum trace_kind kind, const struct trace_args *args)
{
	static char text[512];
	struct trace_event event = event_of(kind, args);

	trace_event_text(&event, text, sizeof(text));
	return text;
}
#define TEXT(kind, ...) text_of(TRACE_##kind, &(struct trace_args){__VA_ARGS__})

static void events_read_well(void)
{
	CU_ASSERT_STRING_EQUAL(TEXT(FRAME_IN, .n = {79, 0x18, 7, 8}, .t = {trace_text("front")}),
			       "in on front: PSH+ACK seq 7 ack 8, 79 bytes");
	CU_ASSERT_STRING_EQUAL(TEXT(FRAME_IN, .n = {0, 0x12, 7, 8}, .t = {trace_text("front")}),
			       "in on front: SYN+ACK seq 7 ack 8");
	CU_ASSERT_STRING_EQUAL(TEXT(FRAME_OUT, .n = {0}, .t = {trace_text("front")}),
			       "out on front: no flags seq 0 ack 0");
	CU_ASSERT_STRING_EQUAL(TEXT(ROUTE, .t = {trace_text("all"), trace_text("api")}),
			       "virtual host all: route api");
	CU_ASSERT_STRING_EQUAL(TEXT(ROUTE, .t = {trace_text("all"), {0}, trace_text("/api")}),
			       "virtual host all: route /api");
	CU_ASSERT_STRING_EQUAL(TEXT(NO_ROUTE, .n = {0}), "no route");
	CU_ASSERT_STRING_EQUAL(TEXT(CONNECTED, .n = {999999}), "connected after 999 us");
	CU_ASSERT_STRING_EQUAL(TEXT(CONNECTED, .n = {1500000}), "connected after 1.5 ms");
	CU_ASSERT_STRING_EQUAL(TEXT(CONNECTED, .n = {2500000000}), "connected after 2.50 s");
	CU_ASSERT_STRING_EQUAL(TEXT(TCP_END, .n = {1, 2, 0}), "over: 1 bytes received, 2 sent");
	CU_ASSERT_STRING_EQUAL(TEXT(REQUEST, .n = {1, 1, 3}, .t = {trace_text("GET"), trace_text("a.b"),
								  trace_text("/x\r\n\x1b[2Jy")}),
			       "GET a.b/x???[2Jy, HTTP/1.1, 3 fields");
}

static void long_texts_are_cut_and_leave_room_for_others(void)
{
	char method[300], path[300];

	memset(method, 'M', sizeof(method));
	memset(path, 'p', sizeof(path));
	const char *text = TEXT(REQUEST, .n = {1, 1, 3},
				.t = {{method, sizeof(method)}, trace_text("a.b"), {path, sizeof(path)}});
	size_t methods = strspn(text, "M");

	CU_ASSERT(methods > 100 && methods < 200);
	CU_ASSERT_EQUAL(strncmp(text + methods, "... a.bpppp", 11), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "p..., HTTP/1.1, 3 fields"));
	struct trace_event event = event_of(TRACE_REQUEST, &(struct trace_args){
		.t = {{method, sizeof(method)}, {path, sizeof(path)}, {path, sizeof(path)}}});

	CU_ASSERT_EQUAL(event.text_bytes[0] + event.text_bytes[1] + event.text_bytes[2],
			TRACE_TEXT_BYTES);
	CU_ASSERT_EQUAL(event.cut, 7);
}

static void every_kind_can_be_told_in_any_room(void)
{
	const struct trace_args full = {.n = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
					.t = {trace_text("first"), trace_text("second"),
					      trace_text("third")}};
	const struct trace_args empty = {.n = {0}};

	for (unsigned kind = 0; kind < TRACE_KIND_COUNT; kind++) {
		const struct trace_args *both[] = {&full, &empty};

		for (unsigned i = 0; i < 2; i++) {
			const char *text = text_of((enum trace_kind)kind, both[i]);

			CU_ASSERT(i == 1 || text[0] != '\0');
			CU_ASSERT_PTR_NULL(strpbrk(text, "[]{}"));
		}
		CU_ASSERT_NOT_EQUAL(strcmp(trace_kind_name(kind), "?"), 0);
		CU_ASSERT(strlen(trace_layer_name(kind)) <= 7 && trace_layer_depth(kind) <= 6);
		struct trace_event event = event_of((enum trace_kind)kind, &full);

		for (size_t size = 1; size < 40; size++) {
			char zeros[40] = {0}, *room = guard_copy(zeros, size, 1);

			trace_event_text(&event, room, (uint32_t)size);
			CU_ASSERT(strlen(room) < size);
			guard_free(room, size, 1);
		}
	}
	CU_ASSERT_STRING_EQUAL(trace_kind_name(TRACE_KIND_COUNT), "?");
	CU_ASSERT_STRING_EQUAL(trace_layer_name(TRACE_KIND_COUNT), "?");
}

UNIT_TESTS(UNIT_TEST(a_full_ring_loses_and_counts),
	   UNIT_TEST(an_event_goes_to_the_sinks_of_its_word_alone), UNIT_TEST(the_id_is_of_the_flow),
	   UNIT_TEST(as_many_begin_as_are_left),
	   UNIT_TEST(one_may_be_asked_for_and_a_filter_decides),
	   UNIT_TEST(a_path_begins_with_a_request_and_ends_with_the_next),
	   UNIT_TEST(the_flow_not_seen_for_longest_makes_place),
	   UNIT_TEST(a_sink_that_goes_leaves_nothing_to_the_next), UNIT_TEST(events_read_well),
	   UNIT_TEST(long_texts_are_cut_and_leave_room_for_others),
	   UNIT_TEST(every_kind_can_be_told_in_any_room))
