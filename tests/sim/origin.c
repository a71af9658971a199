#include "tests/sim/origin.h"

#include <stdio.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/sim/stream_io.h"

#define PIECE_BYTES 1200
/* A first request may need retransmissions to get here: RFC 6298 5.7 makes them start at 3 s after a
 * lost SYN, so a handful of losses in a row are minutes. */
#define FIRST_REQUEST_NS (10 * NS_PER_SECOND)
#define FIRST_REQUEST_LOSSY_NS (600 * NS_PER_SECOND)

static void drop(struct origin_connection *connection, uint64_t now_ns)
{
	stream_release(connection->stream, now_ns);
	connection->stream = NULL;
}

static void next_request(struct origin_connection *connection, uint64_t now_ns)
{
	uint64_t idle_timeout_ns = connection->origin->idle_timeout_ns;
	const struct wire_faults *faults = &connection->origin->host.wire->faults;

	if (idle_timeout_ns && connection->head_bytes == 0)
		idle_timeout_ns += faults->loss_ppm + faults->corrupt_ppm ? FIRST_REQUEST_LOSSY_NS
									  : FIRST_REQUEST_NS;

	connection->close_at_ns = idle_timeout_ns ? now_ns + idle_timeout_ns : 0;
	connection->answering = false;
	connection->continued = false;
	connection->head_bytes = 0;
	connection->head_sent = 0;
	connection->body_sent = 0;
	connection->chunk_left = 0;
	connection->answer_at_ns = 0;
	reader_start(&connection->reader, false, false, 0, 0);
}

static bool vanishes(struct origin *origin, uint32_t id)
{
	for (uint32_t i = 0; i < origin->vanished_count; i++)
		if (origin->vanished[i] == id)
			return false;
	if (origin->vanished_count == ORIGIN_VANISHED_MAX)
		return false;
	origin->vanished[origin->vanished_count++] = id;
	return true;
}

static void read_plan(struct origin_connection *connection, uint64_t now_ns)
{
	struct plan *plan = &connection->plan;
	unsigned mode = 0;

	*plan = (struct plan){0};
	const char *path = strchr(connection->reader.head, '/');

	INVARIANT(path && sscanf(path, "/w/%u/%u/%u", &plan->id, &plan->answer_bytes, &mode) == 3);
	plan->mode = mode;
	plan->method = connection->reader.head[0] == 'H' ? PLAN_HEAD : PLAN_GET;
	connection->reader.id = plan->id;
	connection->close_at_ns = 0;
	INVARIANT(plan->id < ORIGIN_IDS_MAX);
	if (strncmp(connection->reader.head, "POST", 4) == 0)
		connection->origin->posts[plan->id]++;
	connection->origin->requests++;
	if (plan->mode == MODE_LATE)
		connection->answer_at_ns = now_ns + NS_PER_MS * (1 + prng_below(&connection->origin->prng, 300));
}

static void build_head(struct origin_connection *connection)
{
	const struct plan *plan = &connection->plan;
	char framing[64] = "";

	if (plan->mode == MODE_CHUNKED)
		snprintf(framing, sizeof(framing), "transfer-encoding: chunked\r\n");
	else if (plan->mode != MODE_UNTIL_CLOSE && plan->mode != MODE_NO_CONTENT)
		snprintf(framing, sizeof(framing), "content-length: %u\r\n", plan->answer_bytes);
	bool closes = plan->mode == MODE_CLOSE_AFTER || plan->mode == MODE_UNTIL_CLOSE;

	connection->head_bytes = (uint32_t)snprintf(
		connection->head, sizeof(connection->head),
		"%s%sHTTP/1.1 %s\r\nx-id: %u\r\n%s%s\r\n",
		connection->reader.expect_continue && !connection->continued ? "HTTP/1.1 100 Continue\r\n\r\n" : "",
		plan->mode == MODE_INFORMATIONAL ? "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" : "",
		plan->mode == MODE_NO_CONTENT ? "204 No Content" : "200 OK", plan->id, framing,
		closes ? "connection: close\r\n" : "");
}

/* True when all of the answer has been written. */
static bool send_body(struct origin_connection *connection, uint64_t now_ns)
{
	const struct plan *plan = &connection->plan;
	struct host *host = &connection->origin->host;
	uint8_t piece[PIECE_BYTES + 32];

	while (connection->body_sent < plan->answer_bytes) {
		uint32_t want = (uint32_t)(plan->answer_bytes - connection->body_sent);
		int prefix = 0;

		if (want > PIECE_BYTES)
			want = PIECE_BYTES;
		if (stream_room(connection->stream) < want + 32)
			return false;
		if (plan->mode == MODE_CHUNKED)
			prefix = snprintf((char *)piece, sizeof(piece), "%x\r\n", want);
		for (uint32_t i = 0; i < want; i++)
			piece[(uint32_t)prefix + i] = plan_byte(plan->id, 1, connection->body_sent + i);
		uint32_t total = (uint32_t)prefix + want;

		if (plan->mode == MODE_CHUNKED) {
			memcpy(piece + total, "\r\n", 2);
			total += 2;
		}
		INVARIANT(stream_io_write(host, connection->stream, piece, total, now_ns) == total);
		connection->body_sent += want;
		if (plan->mode == MODE_RESET_IN_BODY && connection->body_sent > plan->answer_bytes / 2) {
			stream_reset(connection->stream, now_ns);
			drop(connection, now_ns);
			return false;
		}
	}
	if (plan->mode != MODE_CHUNKED)
		return true;
	uint32_t last = (uint32_t)snprintf((char *)piece, sizeof(piece), "0\r\nx-sum: %u\r\n\r\n",
					   plan->id);

	if (stream_room(connection->stream) < last)
		return false;
	INVARIANT(stream_io_write(host, connection->stream, piece, last, now_ns) == last);
	return true;
}

static void finish_answer(struct origin_connection *connection, uint64_t now_ns)
{
	enum plan_mode mode = connection->plan.mode;
	bool request_left = connection->reader.phase != READER_DONE;
	struct prng *prng = &connection->origin->prng;

	if (mode == MODE_CLOSE_AFTER || mode == MODE_UNTIL_CLOSE || request_left) {
		if (!request_left && mode == MODE_CLOSE_AFTER && prng_below(prng, 2)) {
			connection->head_bytes = UINT32_MAX;
			connection->close_at_ns = now_ns + NS_PER_MS * (1 + prng_below(prng, 30));
			return;
		}
		/* With a request body still on its way the rest is read and thrown away. */
		stream_shutdown(connection->stream, now_ns);
		if (!request_left)
			drop(connection, now_ns);
		else
			connection->head_bytes = UINT32_MAX;
		return;
	}
	next_request(connection, now_ns);
}

static void answer(struct origin_connection *connection, uint64_t now_ns)
{
	struct host *host = &connection->origin->host;

	if (connection->head_bytes == UINT32_MAX || now_ns < connection->answer_at_ns)
		return;
	if (!connection->answering) {
		build_head(connection);
		connection->answering = true;
	}
	while (connection->head_sent < connection->head_bytes) {
		uint32_t sent = stream_io_write(host, connection->stream,
						connection->head + connection->head_sent,
						connection->head_bytes - connection->head_sent, now_ns);

		if (sent == 0)
			return;
		connection->head_sent += sent;
	}
	if (connection->plan.method == PLAN_HEAD || send_body(connection, now_ns))
		finish_answer(connection, now_ns);
}

/* The request as far as it has come; true when an answer is due. */
static bool read_request(struct origin_connection *connection, uint64_t now_ns)
{
	struct origin *origin = connection->origin;
	struct reader *reader = &connection->reader;
	const uint8_t *bytes;
	uint32_t count;

	while (reader->phase != READER_DONE && (bytes = stream_io_peek(connection->stream, &count))) {
		bool had_head = reader_has_head(reader);
		uint32_t used = reader_feed(reader, bytes, count);

		INVARIANT(reader->phase != READER_BROKEN);
		stream_skip(connection->stream, &origin->host.slices, used, now_ns);
		if (had_head || !reader_has_head(reader))
			continue;
		read_plan(connection, now_ns);
		if (connection->plan.mode == MODE_VANISH_ONCE && vanishes(origin, connection->plan.id)) {
			drop(connection, now_ns);
			return false;
		}
		if (reader->expect_continue && connection->plan.mode != MODE_EARLY) {
			static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

			connection->continued = true;
			INVARIANT(stream_io_write(&origin->host, connection->stream, go_on,
						  sizeof(go_on) - 1, now_ns) == sizeof(go_on) - 1);
		}
	}
	if (reader->phase == READER_DONE) {
		bool sum_is_wrong = reader->trailer_sum != (reader->chunked ? connection->plan.id : 0);

		origin->body_errors += reader->body_hash_errors + sum_is_wrong;
		reader->body_hash_errors = 0;
		reader->trailer_sum = reader->chunked ? connection->plan.id : 0;
		return true;
	}
	return reader_has_head(reader) && connection->plan.mode == MODE_EARLY;
}

/* What comes after our end has said that it closes is read all the same, or a reset would overtake
 * the answer (RFC 9112 9.6). */
static void linger(struct origin_connection *connection, uint64_t now_ns)
{
	const uint8_t *bytes;
	uint32_t count;

	while ((bytes = stream_io_peek(connection->stream, &count)))
		stream_skip(connection->stream, &connection->origin->host.slices, count, now_ns);
}

static void serve(struct origin_connection *connection, uint64_t now_ns)
{
	/* RFC 9112 9.6: nothing may follow an answer that said Connection: close. */
	if (connection->head_bytes == UINT32_MAX && connection->close_at_ns &&
	    connection->stream->rx.bytes)
		connection->origin->late_requests++;
	/* Several pipelined requests may be there; each turn is one of them. */
	for (uint64_t before = UINT64_MAX; connection->stream && before != connection->origin->requests;) {
		before = connection->origin->requests;
		if (read_request(connection, now_ns) && connection->stream)
			answer(connection, now_ns);
	}
	if (connection->stream && connection->head_bytes == UINT32_MAX &&
	    connection->reader.phase == READER_DONE && !connection->close_at_ns)
		linger(connection, now_ns);
	if (connection->stream && connection->ended &&
	    (!reader_has_head(&connection->reader) || connection->head_bytes == UINT32_MAX))
		drop(connection, now_ns);
}

static void ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct origin_connection *connection = stream->owner;

	if (events & STREAM_RESET) {
		drop(connection, now_ns);
		return;
	}
	if (events & STREAM_ENDED)
		connection->ended = true;
	serve(connection, now_ns);
}

static const struct stream_owner_ops owner_ops = {.ready = ready};

static bool take_connection(void *context, struct stream *stream, uint64_t now_ns)
{
	struct origin *origin = context;

	for (unsigned i = 0; i < ORIGIN_CONNECTIONS_MAX; i++) {
		struct origin_connection *connection = &origin->connections[i];

		if (connection->stream)
			continue;
		connection->origin = origin;
		connection->stream = stream;
		connection->ended = false;
		connection->head_bytes = 0; /* what the block served before was another's */
		connection->head_bytes = 0;
		stream->owner = connection;
		stream->owner_ops = &owner_ops;
		next_request(connection, now_ns);
		return true;
	}
	return false;
}

void origin_open(struct origin *origin, struct wire *wire, const struct host_memory *memory,
		 unsigned number, uint32_t budget_bytes, uint64_t idle_timeout_ns, uint64_t seed,
		 uint64_t now_ns)
{
	struct tcp_listen_params params = {.any_family = true,
					   .local_port = ORIGIN_PORT,
					   .backlog = ORIGIN_CONNECTIONS_MAX,
					   .accept = take_connection,
					   .context = origin};

	memset(origin, 0, sizeof(*origin));
	prng_seed(&origin->prng, seed);
	origin->idle_timeout_ns = idle_timeout_ns;
	host_open(&origin->host, wire, memory, number, budget_bytes, seed, now_ns);
	origin->listener = tcp_listen(stack_tcp(origin->host.stack), &params);
	INVARIANT(origin->listener);
}

void origin_run(struct origin *origin, uint64_t now_ns)
{
	host_run(&origin->host, now_ns);
	for (unsigned i = 0; i < ORIGIN_CONNECTIONS_MAX; i++) {
		struct origin_connection *connection = &origin->connections[i];

		if (connection->stream && connection->answer_at_ns && connection->answer_at_ns <= now_ns) {
			connection->answer_at_ns = 0;
			serve(connection, now_ns);
		}
		if (connection->stream && connection->close_at_ns && connection->close_at_ns <= now_ns)
			drop(connection, now_ns);
	}
	host_run(&origin->host, now_ns);
}

uint64_t origin_deadline_ns(const struct origin *origin)
{
	uint64_t deadline_ns = host_deadline_ns(&origin->host);

	for (unsigned i = 0; i < ORIGIN_CONNECTIONS_MAX; i++) {
		const struct origin_connection *connection = &origin->connections[i];

		if (connection->stream && connection->close_at_ns)
			deadline_ns = deadline_earlier_ns(deadline_ns, connection->close_at_ns);
		if (connection->stream && connection->answer_at_ns)
			deadline_ns = deadline_earlier_ns(deadline_ns, connection->answer_at_ns);
	}
	return deadline_ns;
}

void origin_kill(struct origin *origin, uint64_t now_ns)
{
	for (unsigned i = 0; i < ORIGIN_CONNECTIONS_MAX; i++) {
		struct origin_connection *connection = &origin->connections[i];

		if (!connection->stream)
			continue;
		stream_reset(connection->stream, now_ns);
		drop(connection, now_ns);
	}
}

void origin_close(struct origin *origin, uint64_t now_ns)
{
	origin_kill(origin, now_ns);
	host_close(&origin->host);
}
