/* The reader's side of one trace: the events of all workers in the order of time, as JSON.
 *
 *     ring of worker 0 ──┐
 *     ring of worker 1 ──┼─ by time ── of a connection that was let in? ──> {"conn":…,"text":…}
 *     …                ──┘              the first so many that begin
 *
 * Workers let connections begin each by itself, so that more may begin than were asked for; those
 * are passed over here.  Control threads. */
#ifndef DATAPLANE_TRACE_TRACE_READER_H
#define DATAPLANE_TRACE_TRACE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/text.h"
#include "dataplane/trace/trace_tap.h"

#define TRACE_CONNECTIONS_MAX 64

struct trace_reader {
	struct trace_wish *wishes; /* one a worker; the caller's */
	uint16_t workers;
	uint32_t connections_max;
	bool by_request;           /* a request is what begins and ends */
	int64_t wall_offset_ns;
	uint32_t begun;
	uint32_t ended;
	uint32_t count;
	struct {
		uint32_t id;
		bool open;
	} items[TRACE_CONNECTIONS_MAX];
};

/* connections_max <= TRACE_CONNECTIONS_MAX. */
void trace_reader_init(struct trace_reader *reader, struct trace_wish *wishes, uint16_t workers,
		       uint32_t connections_max, bool by_request);
/* Adds {"events":[…],"begun":1,"ended":0,"lost":0,"done":false} with what happened until then.  An
 * event of another worker may still come for the time behind it: until_ns lies a little in the past. */
void trace_reader_write(struct trace_reader *reader, uint64_t until_ns, struct text *out);
/* As many have ended as were asked for. */
bool trace_reader_is_done(const struct trace_reader *reader);

#endif
