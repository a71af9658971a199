/* What came out of a trace's ring, for tests. */
#ifndef TESTS_LIB_TRACE_SEEN_H
#define TESTS_LIB_TRACE_SEEN_H

#include <stdio.h>
#include <string.h>

#include "stack/base/trace.h"

#define TRACE_SEEN_EVENTS 1024

/* A sink that keeps TRACE_SEEN_EVENTS, and what was taken out of it as text. */
struct trace_seen {
	struct trace_sink sink;
	struct trace_event slots[TRACE_SEEN_EVENTS];
	char kinds[16384]; /* "BEGIN ROUTE >SERVES ", > = on the upstream side */
	char texts[65536]; /* a line an event */
};

static inline void trace_seen_init(struct trace_seen *seen, uint32_t left)
{
	memset(seen, 0, sizeof(*seen));
	trace_ring_init(&seen->sink.ring, seen->slots, TRACE_SEEN_EVENTS);
	seen->sink.left = left;
}

/* Takes out what is there, behind what was taken before. */
static inline void trace_seen_take(struct trace_seen *seen)
{
	const struct trace_event *event;
	char text[512];

	while ((event = trace_ring_peek(&seen->sink.ring))) {
		size_t kinds = strlen(seen->kinds), texts = strlen(seen->texts);

		trace_event_text(event, text, sizeof(text));
		snprintf(seen->kinds + kinds, sizeof(seen->kinds) - kinds, "%s%s ",
			 event->word & TRACE_UPSTREAM ? ">" : "", trace_kind_name(event->kind));
		snprintf(seen->texts + texts, sizeof(seen->texts) - texts, "%s\n", text);
		trace_ring_pop(&seen->sink.ring);
	}
}

#endif
