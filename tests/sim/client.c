#include "tests/sim/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/sim/stream_io.h"

#define PIECE_BYTES 1200
#define CONNECTIONS_MAX 64
#define GIVE_UP_NS (600 * NS_PER_SECOND)

void client_init(struct client *client, struct host *host, struct prng *prng, uint32_t first_id,
		 bool hostile)
{
	memset(client, 0, sizeof(*client));
	client->host = host;
	prng_fork(prng, &client->prng);
	client->manner = prng_below(prng, CLIENT_MANNER_COUNT);
	if (!hostile && client->manner == CLIENT_VANISHES)
		client->manner = CLIENT_PLAIN;
	client->count = 1 + prng_below(prng, CLIENT_REQUESTS_MAX);
	for (unsigned i = 0; i < client->count; i++) {
		plan_make(&client->plans[i], prng, first_id + i, hostile);
		if (client->manner == CLIENT_TRICKLES && client->plans[i].request_bytes > 300)
			client->plans[i].request_bytes = 300;
		if (client->manner == CLIENT_OLD) {
			client->plans[i].request_chunked = false;
			client->plans[i].expect_continue = false;
		}
	}
}

/* Ends the connection and everything that is still open on it. */
static void finish(struct client *client, uint64_t now_ns)
{
	for (unsigned i = client->reading; i < client->count; i++)
		if (client->outcomes[i] == OUTCOME_NONE)
			client->outcomes[i] = i <= client->sending && client->opened ? OUTCOME_CUT
										     : OUTCOME_UNSENT;
	if (client->stream)
		stream_release(client->stream, now_ns);
	client->stream = NULL;
	client->done = true;
}

static void build_head(struct client *client)
{
	const struct plan *plan = &client->plans[client->sending];
	char framing[64] = "";

	if (plan->method == PLAN_POST || plan->method == PLAN_PUT) {
		if (plan->request_chunked)
			snprintf(framing, sizeof(framing), "Transfer-Encoding: chunked\r\n");
		else
			snprintf(framing, sizeof(framing), "Content-Length: %u\r\n", plan->request_bytes);
	}
	client->head_bytes = (uint32_t)snprintf(
		client->head, sizeof(client->head),
		"%s /w/%u/%u/%u HTTP/1.%u\r\nHost: sim.test\r\nUser-Agent: sim\r\n%s%s%s\r\n",
		plan_method_name(plan->method), plan->id, plan->answer_bytes, (unsigned)plan->mode,
		client->manner != CLIENT_OLD,
		client->manner == CLIENT_OLD && plan->id % 2 ? "Connection: keep-alive\r\n" : "",
		framing, plan->expect_continue ? "Expect: 100-continue\r\n" : "");
	client->sends[client->sending]++;
	client->head_sent = 0;
	client->body_sent = 0;
	client->body_closed = false;
}

static uint32_t send_limit(struct client *client)
{
	return client->manner == CLIENT_TRICKLES ? 1 + prng_below(&client->prng, 7) : PIECE_BYTES;
}

/* Writes one piece of the request body; returns false when there is no room. */
static bool send_body_piece(struct client *client, uint64_t now_ns)
{
	const struct plan *plan = &client->plans[client->sending];
	uint8_t piece[PIECE_BYTES + 64];
	uint32_t want = (uint32_t)(plan->request_bytes - client->body_sent);
	uint32_t limit = send_limit(client);
	uint32_t total = 0;

	if (stream_room(client->stream) < sizeof(piece))
		return false;
	if (want > limit)
		want = limit;
	if (plan->request_chunked)
		total = (uint32_t)snprintf((char *)piece, sizeof(piece), "%X\r\n", want);
	for (uint32_t i = 0; i < want; i++)
		piece[total + i] = plan_byte(plan->id, 0, client->body_sent + i);
	total += want;
	if (plan->request_chunked) {
		client->body_closed = want == 0;
		total += (uint32_t)(client->body_closed
					    ? snprintf((char *)piece + total, sizeof(piece) - total, "x-sum: %u\r\n\r\n", plan->id)
					    : snprintf((char *)piece + total, sizeof(piece) - total, "\r\n"));
	}
	client->body_sent += want;
	return stream_io_write(client->host, client->stream, piece, total, now_ns) == total;
}

static bool body_left(const struct client *client)
{
	const struct plan *plan = &client->plans[client->sending];

	if (plan->method != PLAN_POST && plan->method != PLAN_PUT)
		return false;
	return client->body_sent < plan->request_bytes || (plan->request_chunked && !client->body_closed);
}

/* RFC 9110 10.1.1: whoever asked for 100 (Continue) waits for it, or for an answer.  In front of the
 * gateway for ever, because it has promised to send one. */
static bool waits_for_invitation(const struct client *client)
{
	return client->plans[client->sending].expect_continue && client->body_sent == 0 &&
	       client->sending == client->reading && !client->reader.informed &&
	       client->reader.phase == READER_HEAD;
}

/* Writes what there is room for; a trickler goes on a little later. */
static void send_requests(struct client *client, uint64_t now_ns)
{
	bool trickles = client->manner == CLIENT_TRICKLES;

	if (client->pause_until_ns > now_ns || (trickles && client->wake_at_ns > now_ns))
		return;
	while (client->stream && client->sending < client->count) {
		if (client->sending > client->reading && client->manner != CLIENT_PIPELINES)
			return;
		if (client->head_bytes == 0)
			build_head(client);
		if (trickles)
			client->wake_at_ns = now_ns + NS_PER_MS;
		if (client->head_sent < client->head_bytes) {
			uint32_t want = client->head_bytes - client->head_sent;
			uint32_t limit = send_limit(client);
			uint32_t sent = stream_io_write(client->host, client->stream,
							client->head + client->head_sent,
							want < limit ? want : limit, now_ns);

			client->head_sent += sent;
			if (sent == 0 || trickles)
				return;
			continue;
		}
		if (body_left(client)) {
			if (waits_for_invitation(client))
				return;
			if (!send_body_piece(client, now_ns) || trickles)
				return;
			continue;
		}
		client->sending++;
		client->head_bytes = 0;
		if (client->sending == client->count && client->manner == CLIENT_HALF_CLOSES)
			stream_shutdown(client->stream, now_ns);
	}
}

static void judge(struct client *client)
{
	const struct plan *plan = &client->plans[client->reading];
	const struct reader *reader = &client->reader;
	char id[16];
	uint16_t expected = plan->mode == MODE_NO_CONTENT ? 204 : 200;
	uint32_t body_bytes = plan->method == PLAN_HEAD ? 0 : plan->answer_bytes;

	client->statuses[client->reading] = reader->status;
	reader_header(reader, "x-id", id, sizeof(id));
	if (id[0] == '\0' && reader->status >= 400) {
		client->outcomes[client->reading] = OUTCOME_REFUSED;
		return;
	}
	bool has_trailer = reader->chunked && plan->mode == MODE_CHUNKED && plan->method != PLAN_HEAD;
	bool right = (uint32_t)strtoul(id, NULL, 10) == plan->id && reader->status == expected &&
		     reader->body_bytes == body_bytes && reader->body_hash_errors == 0 &&
		     reader->trailer_sum == (has_trailer ? plan->id : 0);

	client->outcomes[client->reading] = right ? OUTCOME_ANSWERED : OUTCOME_WRONG;
}

static void start_reading(struct client *client)
{
	const struct plan *plan = &client->plans[client->reading];

	reader_start(&client->reader, true, plan->method == PLAN_HEAD, plan->id, 1);
}

static void connect_again(struct client *client, uint64_t now_ns);

static void answer_complete(struct client *client, uint64_t now_ns)
{
	char keeps[16];

	reader_header(&client->reader, "connection", keeps, sizeof(keeps));
	bool closes = client->reader.close ||
		      (client->manner == CLIENT_OLD && strcmp(keeps, "keep-alive") != 0);

	judge(client);
	client->reading++;
	if (client->pause_ns > 0)
		client->pause_until_ns = now_ns + client->pause_ns;
	if (client->reading == client->count)
		finish(client, now_ns);
	else if (closes || client->reading > client->sending)
		connect_again(client, now_ns);
	else
		start_reading(client);
}

static void read_answers(struct client *client, uint64_t now_ns)
{
	bool slowly = client->manner == CLIENT_READS_SLOWLY;
	/* However they lie: with a slice at a time many small ones would keep the window shut for longer
	 * than a probe waits, and a calm world has no probes. */
	uint32_t left = slowly ? 2000 : UINT32_MAX;
	const uint8_t *bytes;
	uint32_t count;

	if (slowly && client->wake_at_ns > now_ns)
		return;
	while (left > 0 && client->stream && (bytes = stream_io_peek(client->stream, &count))) {
		if (slowly && left == 2000)
			client->wake_at_ns = now_ns + NS_PER_MS * (1 + prng_below(&client->prng, 20));
		if (count > left)
			count = left;
		uint32_t used = reader_feed(&client->reader, bytes, count);

		stream_skip(client->stream, &client->host->slices, used, now_ns);
		left -= slowly ? used : 0;
		if (client->reader.phase == READER_BROKEN) {
			client->outcomes[client->reading] = OUTCOME_WRONG;
			finish(client, now_ns);
		} else if (client->reader.phase == READER_DONE) {
			answer_complete(client, now_ns);
		}
	}
}

/* No more answers will come on this connection.  An answer that came before its request was whole
 * ends the connection, which a client may notice only after having sent the next request. */
static void ended(struct client *client, uint64_t now_ns)
{
	bool after_early = client->reading > 0 && client->plans[client->reading - 1].mode == MODE_EARLY;
	bool untouched = client->reader.phase == READER_HEAD && client->reader.head_bytes == 0;

	if (after_early && untouched && client->connections < CONNECTIONS_MAX)
		connect_again(client, now_ns);
	else
		finish(client, now_ns);
}

/* The peer has ended: a slow reader takes all that is left. */
static void read_rest(struct client *client, uint64_t now_ns)
{
	struct stream *stream = client->stream;

	while (client->stream == stream && stream->rx.head) {
		client->wake_at_ns = 0;
		read_answers(client, now_ns);
	}
}

static void ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct client *client = stream->owner;

	if (events & STREAM_OPENED)
		client->opened = true;
	if (events & STREAM_RESET) {
		ended(client, now_ns);
		return;
	}
	client_run(client, now_ns);
	if (client->done || client->stream != stream || !(events & STREAM_ENDED))
		return;
	read_rest(client, now_ns);
	if (client->done || client->stream != stream)
		return;
	if (client->reader.phase == READER_BODY_CLOSE)
		answer_complete(client, now_ns);
	else
		ended(client, now_ns);
}

static const struct stream_owner_ops owner_ops = {.ready = ready};

static void open_connection(struct client *client, uint64_t now_ns)
{
	struct stream_target target = {.remote = client->gateway,
				       .remote_port = client->port,
				       .connect_timeout_ns = 60 * NS_PER_SECOND};
	struct stream_opener *opener = tcp_opener(stack_tcp(client->host->stack));
	enum stream_failure why;

	client->opened = false;
	client->head_bytes = 0;
	start_reading(client);
	client->stream = opener->open(opener, &target, &why, now_ns);
	if (!client->stream) {
		finish(client, now_ns);
		return;
	}
	client->stream->owner = client;
	client->stream->owner_ops = &owner_ops;
}

/* The gateway asked for another connection (Connection: close): what is left is sent on one. */
static void connect_again(struct client *client, uint64_t now_ns)
{
	stream_release(client->stream, now_ns);
	client->sending = client->reading;
	client->connections++;
	open_connection(client, now_ns);
}

void client_start(struct client *client, const struct ip_addr *gateway, uint16_t port, uint64_t now_ns)
{
	client->gateway = *gateway;
	client->port = port;
	client->give_up_at_ns = now_ns + GIVE_UP_NS;
	if (client->manner == CLIENT_VANISHES)
		client->vanish_at_ns = now_ns + prng_next(&client->prng) % (50 * NS_PER_MS);
	open_connection(client, now_ns);
}

void client_run(struct client *client, uint64_t now_ns)
{
	if (client->done)
		return;
	bool vanishes = client->vanish_at_ns && client->vanish_at_ns <= now_ns;

	if (client->pause_until_ns <= now_ns)
		client->pause_until_ns = 0;
	if (vanishes || client->give_up_at_ns <= now_ns) {
		if (client->stream)
			stream_reset(client->stream, now_ns);
		finish(client, now_ns);
		return;
	}
	if (!client->opened)
		return;
	send_requests(client, now_ns);
	read_answers(client, now_ns);
	if (!client->done)
		send_requests(client, now_ns);
}

uint64_t client_deadline_ns(const struct client *client)
{
	if (client->done)
		return DEADLINE_NEVER_NS;
	uint64_t deadline_ns = client->give_up_at_ns;

	if (client->vanish_at_ns)
		deadline_ns = deadline_earlier_ns(deadline_ns, client->vanish_at_ns);
	if (client->pause_until_ns)
		deadline_ns = deadline_earlier_ns(deadline_ns, client->pause_until_ns);
	bool sends = client->manner == CLIENT_TRICKLES && !client->pause_until_ns && client->opened &&
		     client->sending < client->count && client->sending <= client->reading;
	bool reads = client->manner == CLIENT_READS_SLOWLY && client->stream && client->stream->rx.head;

	if (sends || reads)
		deadline_ns = deadline_earlier_ns(deadline_ns, client->wake_at_ns);
	return deadline_ns;
}
