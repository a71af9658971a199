#include "gateway/exchange/request_memory.h"

#include <string.h>

#include "gateway/log/format.h"
#include "stack/base/time.h"
#include "tests/lib/gateway_world.h"
#include "tests/lib/unit.h"

static struct request_memory memory;

static void remember(uint64_t number)
{
	struct request_note note = {.duration_ns = number, .bytes_sent = ~number};

	request_memory_note(&memory, REQUEST_FAILED, &note);
}

static void the_latest_ones_are_kept(void)
{
	struct request_note note;

	memset(&memory, 0, sizeof(memory));
	CU_ASSERT(!request_memory_read(&memory, REQUEST_FAILED, 0, &note));
	for (uint64_t i = 1; i <= REQUEST_MEMORY_SLOTS + 10; i++) {
		remember(i);
		CU_ASSERT(request_memory_read(&memory, REQUEST_FAILED, 0, &note));
		CU_ASSERT_EQUAL(note.duration_ns, i);
		CU_ASSERT_EQUAL(request_memory_read(&memory, REQUEST_FAILED, 5, &note), i > 5);
	}
	for (uint32_t age = 0; age < REQUEST_MEMORY_SLOTS; age++) {
		CU_ASSERT(request_memory_read(&memory, REQUEST_FAILED, age, &note));
		CU_ASSERT_EQUAL(note.duration_ns, REQUEST_MEMORY_SLOTS + 10 - age);
		CU_ASSERT_EQUAL(note.bytes_sent, ~note.duration_ns);
	}
	CU_ASSERT(!request_memory_read(&memory, REQUEST_FAILED, REQUEST_MEMORY_SLOTS, &note));
	CU_ASSERT(!request_memory_read(&memory, REQUEST_SLOW, 0, &note));
}

static void what_is_being_written_is_not_read(void)
{
	struct request_note note;

	memset(&memory, 0, sizeof(memory));
	remember(1);
	memory.slots[REQUEST_FAILED][0].sequence++;
	CU_ASSERT(!request_memory_read(&memory, REQUEST_FAILED, 0, &note));
}

static struct world world;

static bool read_latest(enum request_kind kind, uint32_t age, struct request_note *note)
{
	return request_memory_read(gateway_requests(world.gateway), kind, age, note);
}

static void a_request_that_does_well_is_forgotten(void)
{
	struct request_note note;

	world_init(&world);
	world.origin_readable = origin_answers_ok;
	world_start(&world);
	peer_send(world_client(&world), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	CU_ASSERT(!read_latest(REQUEST_FAILED, 0, &note));
	CU_ASSERT(!read_latest(REQUEST_SLOW, 0, &note));
	world_end(&world);
}

static void a_failed_one_is_remembered_with_its_reason(void)
{
	struct request_note note;

	world_init(&world);
	world.origin_mode = ORIGIN_REFUSES;
	world_start(&world);
	peer_send(world_client(&world), "GET /cart?id=7 HTTP/1.1\r\nHost: shop.test\r\n\r\n");
	world_settle(&world);
	CU_ASSERT_FATAL(read_latest(REQUEST_FAILED, 0, &note));
	CU_ASSERT_EQUAL(note.status, 503);
	CU_ASSERT_STRING_EQUAL(note.method, "GET");
	CU_ASSERT_STRING_EQUAL(note.authority, "shop.test");
	CU_ASSERT_STRING_EQUAL(note.path, "/cart?id=7");
	CU_ASSERT(note.cluster[0] != 0);
	CU_ASSERT(note.response_flags &
		  UINT64_C(1) << RESPONSE_FLAG_BIT_UPSTREAM_CONNECTION_FAILURE);
	CU_ASSERT(!read_latest(REQUEST_FAILED, 1, &note));
	CU_ASSERT(!read_latest(REQUEST_SLOW, 0, &note));
	world_end(&world);
}

static void long_texts_are_cut(void)
{
	char request[700] = "GET /";
	struct request_note note;

	world_init(&world);
	world.origin_mode = ORIGIN_REFUSES;
	world_start(&world);
	memset(request + 5, 'a', 500);
	memcpy(request + 505, " HTTP/1.1\r\nHost: x\r\n\r\n", 23);
	peer_send(world_client(&world), request);
	world_settle(&world);
	CU_ASSERT_FATAL(read_latest(REQUEST_FAILED, 0, &note));
	CU_ASSERT_EQUAL(strlen(note.path), sizeof(note.path) - 1);
	world_end(&world);
}

static void nothing(struct peer *origin)
{
}

static void a_slow_one_is_remembered_from_the_threshold_on(void)
{
	struct request_note note;

	world_init(&world);
	world.origin_readable = nothing;
	world_start(&world);
	request_memory_set_slow(gateway_requests(world.gateway), 50 * NS_PER_MS);
	peer_send(world_client(&world), "GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
	world_settle(&world);
	world_wait(&world, 60 * NS_PER_MS);
	CU_ASSERT(!read_latest(REQUEST_SLOW, 0, &note));
	origin_answers_ok(&world.origins[0]);
	world_settle(&world);
	CU_ASSERT_FATAL(read_latest(REQUEST_SLOW, 0, &note));
	CU_ASSERT_EQUAL(note.status, 200);
	CU_ASSERT(note.duration_ns >= 60 * NS_PER_MS);
	CU_ASSERT(!read_latest(REQUEST_FAILED, 0, &note));
	world_end(&world);
}

UNIT_TESTS(UNIT_TEST(the_latest_ones_are_kept), UNIT_TEST(what_is_being_written_is_not_read),
	   UNIT_TEST(a_request_that_does_well_is_forgotten),
	   UNIT_TEST(a_failed_one_is_remembered_with_its_reason), UNIT_TEST(long_texts_are_cut),
	   UNIT_TEST(a_slow_one_is_remembered_from_the_threshold_on))
