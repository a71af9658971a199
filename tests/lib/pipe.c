#include "tests/lib/pipe.h"

#include <string.h>

static struct pipe_end *end_of(const struct stream *stream)
{
	return (struct pipe_end *)(uintptr_t)stream;
}

static void end_free(struct pipe_end *end)
{
	slice_queue_clear(end->pipes->slices, &end->tx);
	slice_queue_clear(end->pipes->slices, &end->stream.rx);
	if (end->peer)
		end->peer->peer = NULL;
	end->used = false;
}

static void pipe_taken(struct stream *stream, uint32_t bytes, uint32_t charge, uint64_t now_ns)
{
	(void)stream, (void)bytes, (void)charge, (void)now_ns;
}

static uint32_t pipe_room(const struct stream *stream)
{
	struct pipe_end *end = end_of(stream);
	uint32_t limit = end->pipes->queue_bytes;

	if (end->tx.bytes < limit)
		return limit - end->tx.bytes;
	end->was_full = true;
	return 0;
}

static void pipe_write(struct stream *stream, struct slice_queue *bytes, uint64_t now_ns)
{
	struct pipe_end *end = end_of(stream);

	(void)now_ns;
	end->tx_bytes += bytes->bytes;
	if (end->reset || !end->peer)
		slice_queue_clear(end->pipes->slices, bytes);
	else
		slice_queue_append(&end->tx, bytes);
}

static void pipe_shutdown(struct stream *stream, uint64_t now_ns)
{
	(void)now_ns;
	end_of(stream)->tx_ended = true;
}

void pipe_break(struct pipe_end *end, enum stream_failure failure)
{
	if (end->reset)
		return;
	end->reset = true;
	end->failure = failure;
	end->events |= STREAM_RESET;
	slice_queue_clear(end->pipes->slices, &end->tx);
}

static void pipe_reset(struct stream *stream, uint64_t now_ns)
{
	struct pipe_end *end = end_of(stream);

	(void)now_ns;
	if (end->peer)
		pipe_break(end->peer, STREAM_FAILURE_PEER_RESET);
	pipe_break(end, STREAM_FAILURE_LOCAL_RESET);
	slice_queue_clear(end->pipes->slices, &stream->rx);
}

static void pipe_release(struct stream *stream, uint64_t now_ns)
{
	struct pipe_end *end = end_of(stream);

	/* As TCP: closing with unread bytes resets (RFC 2525 2.17). */
	if (stream->rx.bytes && !end->reset)
		pipe_reset(stream, now_ns);
	slice_queue_clear(end->pipes->slices, &stream->rx);
	end->tx_ended = true;
	end->released = true;
	end->events = 0;
}

static void pipe_info(const struct stream *stream, struct stream_info *out)
{
	const struct pipe_end *end = end_of(stream);

	memset(out, 0, sizeof(*out));
	out->key = end->key;
	out->transport = "pipe";
	out->state = "OPEN";
	out->failure = end->failure;
	out->rx_bytes = end->rx_bytes;
	out->tx_bytes = end->tx_bytes;
	out->queued_bytes = end->tx.bytes;
}

static const struct stream_ops pipe_ops = {
	.taken = pipe_taken,
	.room = pipe_room,
	.write = pipe_write,
	.shutdown = pipe_shutdown,
	.reset = pipe_reset,
	.release = pipe_release,
	.info = pipe_info,
};

void pipes_init(struct pipes *pipes, struct slice_pool *slices)
{
	memset(pipes, 0, sizeof(*pipes));
	pipes->slices = slices;
	pipes->step_bytes = UINT32_MAX;
	pipes->window_bytes = 65536;
	pipes->queue_bytes = 65536;
}

struct pipe_end *pipes_pair(struct pipes *pipes)
{
	for (unsigned i = 0; i < PIPES_MAX; i++) {
		struct pipe_end *a = &pipes->ends[2 * i], *b = a + 1;

		if (a->used || b->used)
			continue;
		for (struct pipe_end *end = a; end <= b; end++) {
			memset(end, 0, sizeof(*end));
			end->pipes = pipes;
			end->stream.ops = &pipe_ops;
			end->used = true;
			end->key.local = ip_addr_from_v4(0x0a000001);
			end->key.remote = ip_addr_from_v4(0x0a000002);
			end->key.local_port = 80;
			end->key.remote_port = 40000;
		}
		a->peer = b;
		b->peer = a;
		return a;
	}
	return NULL;
}

static bool move_bytes(struct pipe_end *end)
{
	struct pipe_end *peer = end->peer;
	struct slice_queue dropped = {0};
	struct slice_queue *to;
	uint32_t want, moved;

	if (!peer || end->opening || peer->opening || end->reset)
		return false;
	to = peer->released ? &dropped : &peer->stream.rx;
	want = to->bytes < end->pipes->window_bytes ? end->pipes->window_bytes - to->bytes : 0;
	if (want > end->pipes->step_bytes)
		want = end->pipes->step_bytes;
	moved = slice_queue_move(end->pipes->slices, to, &end->tx, want);
	slice_queue_clear(end->pipes->slices, &dropped);
	if (moved) {
		peer->rx_bytes += moved;
		peer->events |= STREAM_READABLE;
		if (end->was_full && end->tx.bytes < end->pipes->queue_bytes) {
			end->was_full = false;
			end->events |= STREAM_WRITABLE;
		}
	}
	if (!end->tx.bytes && end->tx_ended && !end->end_delivered) {
		end->end_delivered = true;
		peer->events |= STREAM_ENDED;
		return true;
	}
	return moved > 0;
}

bool pipes_deliver(struct pipes *pipes, uint64_t now_ns)
{
	bool worked = false;

	for (unsigned i = 0; i < PIPES_MAX * 2; i++)
		if (pipes->ends[i].used)
			worked |= move_bytes(&pipes->ends[i]);
	for (unsigned i = 0; i < PIPES_MAX * 2; i++) {
		struct pipe_end *end = &pipes->ends[i];
		uint32_t events = end->events;

		if (!end->used)
			continue;
		if (end->released) {
			end->events = 0;
			if (end->reset || !end->peer || end->end_delivered)
				end_free(end);
			continue;
		}
		if (!events || !end->stream.owner_ops)
			continue;
		end->events = 0;
		end->stream.owner_ops->ready(&end->stream, events, now_ns);
		worked = true;
	}
	return worked;
}

unsigned pipes_in_use(const struct pipes *pipes)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PIPES_MAX * 2; i++)
		n += pipes->ends[i].used && !pipes->ends[i].released;
	return n;
}

void pipes_clear(struct pipes *pipes)
{
	for (unsigned i = 0; i < PIPES_MAX * 2; i++)
		if (pipes->ends[i].used)
			end_free(&pipes->ends[i]);
}
