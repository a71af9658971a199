#include "tests/sim/tracer.h"

#include "dataplane/trace/trace_tap.h"
#include "stack/base/invariant.h"
#include "tests/sim/subject.h"

#define KINDS 2     /* of tracers: of connections, of requests */
#define EVENTS 1024 /* few enough that some are lost now and then */
#define TEXT_BYTES 512

static bool is_on;
static struct trace_wish wishes[SUBJECT_WORKERS_MAX][KINDS];
static struct trace_event events[SUBJECT_WORKERS_MAX][KINDS][EVENTS];

void tracer_set(bool on)
{
	is_on = on;
}

void tracer_attach(struct worker *worker, unsigned index, uint64_t now_ns)
{
	for (unsigned kind = 0; kind < KINDS && is_on; kind++) {
		struct trace_wish all = {.sink = {.left = UINT32_MAX, .path = "/",
						  .path_bytes = kind}};

		trace_wish_init(&wishes[index][kind], &all, events[index][kind], EVENTS);
		worker_set_trace(worker, kind, &wishes[index][kind].sink, now_ns);
	}
}

void tracer_read(unsigned index)
{
	const struct trace_event *event;
	char text[TEXT_BYTES];

	for (unsigned kind = 0; kind < KINDS && is_on; kind++) {
		struct trace_ring *ring = &wishes[index][kind].sink.ring;
		uint64_t last_ns = 0;

		while ((event = trace_ring_peek(ring))) {
			trace_event_text(event, text, sizeof(text));
			INVARIANT(event->kind < TRACE_KIND_COUNT && event->at_ns >= last_ns);
			INVARIANT((event->word & 1u << kind) && text[0] != '\0');
			last_ns = event->at_ns;
			trace_ring_pop(ring);
		}
	}
}
