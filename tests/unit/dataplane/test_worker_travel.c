/* Idle connections follow their bucket, whatever comes meanwhile. */
#include <string.h>

#include "dataplane/worker/worker_travel.h"
#include "stack/base/time.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/peers_fixture.h"

#define ACK 0x10
#define RST 0x04
#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

static uint16_t port;    /* the client's */
static uint32_t bucket;
static uint32_t acked;   /* what the client acknowledges */
static uint32_t seq;     /* what it sends next */

static uint32_t hash_of_port(uint16_t source_port)
{
	struct flow_key key = {.local = ip_addr_from_v4(OURS), .remote = ip_addr_from_v4(PEER),
			       .local_port = 80, .remote_port = source_port};

	return steer_flow_hash(&fabric->toeplitz, &key);
}

/* Takes in what the gateway sent to the client since frame `from`: returns its text. */
static const char *read_answer(uint32_t from)
{
	static char text[4096];
	uint32_t length = 0;

	for (uint32_t i = from; i < wire.out_count; i++) {
		uint8_t bytes[2048];
		uint32_t bytes_all = wire.out[i]->pkt_len;

		if (bytes_all < 54 || bytes_all > sizeof(bytes))
			continue;
		const uint8_t *data = rte_pktmbuf_read(wire.out[i], 0, bytes_all, bytes);
		uint32_t header = 34 + (data[46] >> 4) * 4u;
		uint32_t here = (uint32_t)(data[16] << 8 | data[17]) + 14 - header;

		if (data[12] != 8 || data[13] != 0 || data[23] != 6 ||
		    (data[36] << 8 | data[37]) != port)
			continue;
		memcpy(text + length, data + header, here);
		length += here;
		acked = (uint32_t)data[38] << 24 | (uint32_t)data[39] << 16 |
			(uint32_t)data[40] << 8 | data[41];
		acked += here + (data[47] & 2 ? 1 : 0);
		CU_ASSERT(!(data[47] & RST));
	}
	text[length] = '\0';
	return text;
}

static void say(const char *text)
{
	hear_text(port, ACK, seq, acked, text);
	seq += (uint32_t)strlen(text);
}

/* As often as it takes to look through all connections. */
static void rest(void)
{
	for (unsigned i = 0; i < 60 * WORKERS; i++)
		worker_poll(ones[i % WORKERS].worker, now_ns);
}

/* A client of worker 1 that has been answered once and is idle. */
static void start_with_client(bool acknowledges)
{

	start();
	settle();
	hear_arp(1);
	port = 1000;
	do {
		bucket = bucket_of(hash_of_port(++port));
	} while (bucket_home(bucket_stops(&fabric->buckets, bucket)) != 1);
	uint32_t from = wire.out_count;

	hear_syn(port);
	settle();
	seq = 2;
	read_answer(from);
	say("");
	settle();
	CU_ASSERT_EQUAL_FATAL(ones[1].https[0].downstream_cx_active, 1);
	from = wire.out_count;
	say(GET);
	settle();
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	if (acknowledges)
		say("");
	settle();
}

static void move_bucket(uint16_t to)
{
	struct mail mail = {.kind = MAIL_BUCKETS};

	CU_ASSERT(bucket_move(&fabric->buckets, bucket, to));
	for (uint16_t i = 0; i < WORKERS; i++)
		CU_ASSERT(mailbox_post(worker_mailbox(ones[i].worker), &mail));
}

static void poll(uint16_t worker)
{
	worker_poll(ones[worker].worker, now_ns);
}

/* Worker 1 reads its mail, looks at the buckets, and lets the connection go. */
static void begin_to_go(void)
{
	for (unsigned i = 0; i < 3; i++)
		poll(1);
}

static void is_served_by(uint16_t worker)
{
	for (uint16_t i = 0; i < WORKERS; i++) {
		uint64_t here = i == worker;

		CU_ASSERT_EQUAL(ones[i].tcp.connections, here);
		CU_ASSERT_EQUAL(ones[i].tcp.connections_established, here);
		CU_ASSERT_EQUAL(ones[i].https[0].downstream_cx_active, here);
		CU_ASSERT_EQUAL(ones[i].https[0].downstream_cx_http1_active, here);
		CU_ASSERT_EQUAL(ones[i].listeners[0].downstream_cx_active, here);
		/* The listener's own place, and the connection's. */
		CU_ASSERT_EQUAL(ones[i].holds[0], 1 + here);
		CU_ASSERT_EQUAL(gateway_connections(worker_gateway(ones[i].worker)), here);
	}
	uint64_t before = ones[worker].https[0].downstream_rq_total;
	uint32_t from = wire.out_count;

	say(GET);
	rest();
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	CU_ASSERT_EQUAL(ones[worker].https[0].downstream_rq_total, before + 1);
}

static void end(uint16_t worker)
{
	hear_text(port, RST | ACK, seq, acked, "");
	rest();
	CU_ASSERT_EQUAL(ones[worker].tcp.connections, 0);
	CU_ASSERT_EQUAL(ones[worker].https[0].downstream_cx_destroy, 1);
	finish();
}

static void an_idle_connection_follows_its_bucket(void)
{
	start_with_client(true);
	move_bucket(2);
	rest();
	CU_ASSERT(bucket_is_only(bucket_stops(&fabric->buckets, bucket), 2));
	CU_ASSERT_EQUAL(ones[1].counters.travelled_out, 1);
	CU_ASSERT_EQUAL(ones[2].counters.travelled_in, 1);
	is_served_by(2);
	/* Opened once. */
	CU_ASSERT_EQUAL(ones[1].https[0].downstream_cx_total, 1);
	CU_ASSERT_EQUAL(ones[2].https[0].downstream_cx_total, 0);
	CU_ASSERT_EQUAL(ones[1].https[0].downstream_cx_destroy, 0);
	end(2);
}

/* The client has not acknowledged its answer: what it lost is sent again by the other worker. */
static void what_is_unacknowledged_goes_along(void)
{
	start_with_client(false);
	move_bucket(2);
	rest();
	CU_ASSERT_EQUAL(ones[2].counters.travelled_in, 1);
	uint32_t from = wire.out_count;

	for (unsigned i = 0; i < 40 && ones[2].tcp.retransmission_timeouts == 0; i++) {
		now_ns += 100 * NS_PER_MS;
		settle();
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	say("");
	rest();
	is_served_by(2);
	end(2);
}

static void a_request_on_the_way_is_held_back(void)
{
	start_with_client(true);
	move_bucket(2);
	begin_to_go();
	CU_ASSERT_EQUAL(ones[1].tcp.connections, 1);
	uint32_t from = wire.out_count;

	say(GET);
	poll(0);
	poll(1);
	CU_ASSERT_EQUAL(ones[1].counters.travel_frames_held, 1);
	CU_ASSERT_EQUAL(ones[2].counters.travelled_in, 0);
	rest();
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	CU_ASSERT_EQUAL(ones[2].https[0].downstream_rq_total, 1);
	is_served_by(2);
	end(2);
}

static void more_than_can_be_held_back_is_counted(void)
{
	start_with_client(true);
	move_bucket(2);
	begin_to_go();
	for (unsigned i = 0; i < TRAVELLER_FRAMES_MAX + 3; i++) {
		say("");
		poll(0);
		poll(1);
	}
	CU_ASSERT_EQUAL(ones[1].drops.count[DROP_TRAVEL_FRAMES_FULL], 3);
	rest();
	is_served_by(2);
	end(2);
}

/* The bucket comes back before worker 2 has looked: that one is no stop any more, and refuses. */
static void who_is_no_stop_refuses(void)
{
	start_with_client(true);
	move_bucket(2);
	begin_to_go();
	move_bucket(1);
	CU_ASSERT(bucket_leave(&fabric->buckets, bucket, 2));
	uint32_t from = wire.out_count;

	/* Now the bucket is worker 1's alone, and still its connection must not see the frame. */
	say(GET);
	poll(0);
	poll(1);
	CU_ASSERT_EQUAL(ones[1].counters.travel_frames_held, 1);
	rest();
	CU_ASSERT_EQUAL(ones[1].counters.travel_refused, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	is_served_by(1);
	end(1);
}

/* It would not know the listener: asked again later, when it has the config. */
static void an_older_config_refuses(void)
{
	start_with_client(true);
	renew_config(1, 2);
	rest();
	move_bucket(2);
	rest();
	CU_ASSERT(ones[1].counters.travel_refused >= 1);
	is_served_by(1);
	say("");
	renew_config(2, 2);
	for (unsigned i = 0; i < 3; i++) {
		now_ns += NS_PER_SECOND;
		rest();
	}
	CU_ASSERT_EQUAL(ones[2].counters.travelled_in, 1);
	is_served_by(2);
	end(2);
}

/* An older table leads a frame to worker 2 before the connection has gone there; then the bucket moves on,
 * and the connection with it. */
static void a_frame_asks_again_who_has_been_asked_before(void)
{
	start_with_client(true);
	move_bucket(2);
	poll(1);
	poll(1);
	uint32_t from = wire.out_count;

	say(GET);
	struct rte_mbuf *frame = wire.in[0][--wire.in_count[0]];

	frame->port = 0;
	frame->hash.rss = hash_of_port(port);
	CU_ASSERT_EQUAL(rte_ring_sp_enqueue(fabric_frames(fabric, 0, 2), frame), 0);
	poll(2);
	poll(1);
	CU_ASSERT_EQUAL(ones[1].counters.travel_frames_held, 1);
	move_bucket(0);
	poll(2); /* has it, but not its frame */
	poll(1);
	poll(0); /* would not know it yet */
	rest();
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	is_served_by(0);
	end(0);
}

/* There and back, before either has settled. */
static void goes_to_and_fro(void)
{
	start_with_client(true);
	for (unsigned i = 0; i < 12; i++) {
		move_bucket(i % 3);
		for (unsigned k = 0; k < i; k++)
			poll(k % 3);
		say("");
		poll(0);
	}
	rest();
	CU_ASSERT(ones[0].counters.travelled_in + ones[1].counters.travelled_in +
			  ones[2].counters.travelled_in > 2);
	is_served_by(2);
	end(2);
}

/* Half a request has come: it is answered where it is, and the connection goes afterwards. */
static void a_busy_one_goes_when_it_is_idle(void)
{
	start_with_client(true);
	say("GET / HTTP/1.1\r\nHo");
	rest();
	move_bucket(2);
	rest();
	CU_ASSERT_EQUAL(ones[2].counters.travelled_in, 0);
	CU_ASSERT_EQUAL(ones[1].counters.travel_refused, 0);
	uint32_t from = wire.out_count;

	say("st: x\r\n\r\n");
	rest();
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	CU_ASSERT_EQUAL(ones[1].https[0].downstream_rq_total, 2);
	CU_ASSERT_EQUAL(ones[2].counters.travelled_in, 1);
	is_served_by(2);
	end(2);
}

static void who_drains_takes_nobody(void)
{
	struct mail mail = {.kind = MAIL_DRAIN};

	start_with_client(true);
	CU_ASSERT(mailbox_post(worker_mailbox(ones[2].worker), &mail));
	rest();
	move_bucket(2);
	rest();
	CU_ASSERT_EQUAL(ones[1].counters.travelled_out, 0);
	CU_ASSERT_EQUAL(ones[1].tcp.connections, 1);
	uint32_t from = wire.out_count;

	say(GET);
	rest();
	CU_ASSERT_PTR_NOT_NULL(strstr(read_answer(from), "HTTP/1.1 404"));
	end(1);
}

/* Everything ends while one is on its way. */
static void the_end_finds_it_here(void)
{
	start_with_client(true);
	move_bucket(2);
	begin_to_go();
	say(GET);
	poll(0);
	poll(1);
	CU_ASSERT_EQUAL(ones[1].counters.travel_frames_held, 1);
	finish();
}

UNIT_TESTS(UNIT_TEST(an_idle_connection_follows_its_bucket),
	   UNIT_TEST(what_is_unacknowledged_goes_along),
	   UNIT_TEST(a_request_on_the_way_is_held_back),
	   UNIT_TEST(more_than_can_be_held_back_is_counted), UNIT_TEST(who_is_no_stop_refuses),
	   UNIT_TEST(an_older_config_refuses), UNIT_TEST(a_frame_asks_again_who_has_been_asked_before),
	   UNIT_TEST(goes_to_and_fro),
	   UNIT_TEST(a_busy_one_goes_when_it_is_idle), UNIT_TEST(who_drains_takes_nobody),
	   UNIT_TEST(the_end_finds_it_here))
