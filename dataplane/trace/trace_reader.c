#include "dataplane/trace/trace_reader.h"

#include <inttypes.h>

#include "stack/base/counter.h"
#include "stack/base/invariant.h"

#define READ_BYTES_MAX (8u << 20)
#define EVENT_TEXT_BYTES 512

void trace_reader_init(struct trace_reader *reader, struct trace_wish *wishes, uint16_t workers,
		       uint32_t connections_max, bool by_request)
{
	INVARIANT(connections_max > 0 && connections_max <= TRACE_CONNECTIONS_MAX);
	memset(reader, 0, sizeof(*reader));
	reader->wishes = wishes;
	reader->workers = workers;
	reader->connections_max = connections_max;
	reader->by_request = by_request;
}

bool trace_reader_is_done(const struct trace_reader *reader)
{
	return reader->ended >= reader->connections_max;
}

/* Its index; -1 = it was not let in. */
static int find(const struct trace_reader *reader, uint32_t id)
{
	for (uint32_t i = 0; i < reader->count; i++)
		if (reader->items[i].id == id)
			return (int)i;
	return -1;
}

/* False: it is not told again, or not wanted any more. */
static bool let_in(struct trace_reader *reader, int found, uint32_t id)
{
	if ((found >= 0 && reader->items[found].open) || reader->begun == reader->connections_max)
		return false;
	if (found < 0) {
		found = (int)reader->count++;
		reader->items[found].id = id;
	}
	reader->items[found].open = true;
	reader->begun++;
	return true;
}

static bool is_wanted(struct trace_reader *reader, const struct trace_event *event)
{
	uint32_t id = event->word >> TRACE_ID_SHIFT;
	char ends = trace_kind_ends(event->kind);
	int found = find(reader, id);

	if (event->kind == TRACE_BEGIN)
		return let_in(reader, found, id);
	if (found < 0)
		return false;
	if (ends == (reader->by_request ? 'r' : 'c') && !(event->word & TRACE_UPSTREAM) &&
	    reader->items[found].open) {
		reader->items[found].open = false;
		reader->ended++;
	}
	return true;
}

static void write_event(struct trace_reader *reader, uint16_t worker,
			const struct trace_event *event, struct text *out)
{
	char text[EVENT_TEXT_BYTES];

	trace_event_text(event, text, sizeof(text));
	text_printf(out,
		    "{\"unix_ns\":%" PRIu64 ",\"worker\":%u,\"conn\":\"%07x\",\"side\":\"%s\","
		    "\"layer\":\"%s\",\"depth\":%u,\"event\":\"%s\",\"text\":",
		    event->at_ns + (uint64_t)reader->wall_offset_ns, worker,
		    event->word >> TRACE_ID_SHIFT,
		    event->word & TRACE_UPSTREAM ? "upstream" : "client",
		    trace_layer_name(event->kind), trace_layer_depth(event->kind),
		    trace_kind_name(event->kind));
	text_add_json(out, text);
	text_add(out, "}");
}

/* The worker whose next event is the oldest; -1 = none is that old. */
static int oldest(const struct trace_reader *reader, uint64_t until_ns)
{
	uint64_t best_ns = until_ns;
	int best = -1;

	for (uint16_t i = 0; i < reader->workers; i++) {
		const struct trace_event *event = trace_ring_peek(&reader->wishes[i].sink.ring);

		if (event && (event->at_ns < best_ns || (best < 0 && event->at_ns == best_ns))) {
			best_ns = event->at_ns;
			best = i;
		}
	}
	return best;
}

void trace_reader_write(struct trace_reader *reader, uint64_t until_ns, struct text *out)
{
	const char *comma = "\n";
	uint64_t lost = 0;
	int worker;

	text_add(out, "{\"events\":[");
	while (out->length < READ_BYTES_MAX && !out->failed &&
	       (worker = oldest(reader, until_ns)) >= 0) {
		struct trace_ring *ring = &reader->wishes[worker].sink.ring;
		const struct trace_event *event = trace_ring_peek(ring);

		if (is_wanted(reader, event)) {
			text_add(out, comma);
			comma = ",\n";
			write_event(reader, (uint16_t)worker, event, out);
		}
		trace_ring_pop(ring);
	}
	for (uint16_t i = 0; i < reader->workers; i++)
		lost += counter_read(&reader->wishes[i].sink.ring.lost);
	text_printf(out, "\n],\"begun\":%u,\"ended\":%u,\"lost\":%" PRIu64 ",\"done\":%s}\n",
		    reader->begun, reader->ended, lost,
		    trace_reader_is_done(reader) ? "true" : "false");
}
