/* HTTP filters: the one seam between a request and what happens to it.
 *
 *     decode:  codec ──> filter 0 ──> filter 1 ──> … ──> router (terminal) ──> upstream
 *     encode:  codec <── filter 0 <── filter 1 <── …  <── router           <── upstream
 *
 * A filter is one file with one struct filter_type.  The same type may stand in a chain several
 * times: `struct filter` is one place in the chain of one exchange, with its own state (in the
 * exchange's arena, zeroed, freed with it).  A message passes as head(ended) and then any number of
 * body(bytes, ended); trailers are in the exchange when the call with ended comes.
 *
 * What a call may return
 *     FILTER_CONTINUE  go on to the next filter (with the bytes as this filter left them)
 *     FILTER_SUSPEND   nothing passes this place until filter_resume_*; the sender is held back
 *     FILTER_BUFFER    from head: hold the head, collect the whole body up to the buffer limit (413
 *                      or 500 above it), then call body once with all of it
 *     FILTER_ANSWERED  filter_reply was called: the request goes no further
 *
 * Inside a call a filter may also clear the route (exchange_clear_route), and start a call to another
 * cluster (filter_call, gateway/filters/callout.h) and suspend until its answer comes. */
#ifndef GATEWAY_FILTERS_FILTER_H
#define GATEWAY_FILTERS_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/config/config.h"
#include "gateway/exchange/message.h"
#include "stack/base/slice.h"

struct exchange;
struct filter;

enum filter_result { FILTER_CONTINUE, FILTER_SUSPEND, FILTER_BUFFER, FILTER_ANSWERED };

struct filter_type {
	const char *name;     /* Envoy's: "envoy.filters.http.header_mutation" */
	uint32_t state_bytes; /* per place and exchange */
	bool terminal;        /* ends every chain */
	/* All may be NULL. */
	enum filter_result (*decode_head)(struct filter *filter, bool ended, uint64_t now_ns);
	enum filter_result (*decode_body)(struct filter *filter, struct slice_queue *bytes,
					  bool ended, uint64_t now_ns);
	enum filter_result (*encode_head)(struct filter *filter, bool ended, uint64_t now_ns);
	enum filter_result (*encode_body)(struct filter *filter, struct slice_queue *bytes,
					  bool ended, uint64_t now_ns);
	/* The exchange ends, whatever the state it is in. */
	void (*destroy)(struct filter *filter, uint64_t now_ns);
};

/* One direction at one place: what waits here. */
struct filter_side {
	struct slice_queue held;
	uint8_t waiting;      /* enum filter_result: CONTINUE, SUSPEND or BUFFER */
	bool head_held;
	bool head_ended;      /* the head that is held ended the message */
	bool held_seen;       /* this filter has seen the bytes that are held */
	bool end_held;
};

struct filter {
	struct exchange *exchange;
	const struct filter_type *type;
	const struct config_http_filter *config;
	void *state;
	uint8_t index;        /* place in the chain */
	bool skipped;         /* disabled for this route */
	struct filter_side decode;
	struct filter_side encode;
};

struct filter_chain {
	struct filter *filters; /* in the arena */
	uint8_t count;
};

/* Continue after FILTER_SUSPEND; later, never from inside the call that returns it. */
void filter_resume_decode(struct filter *filter, uint64_t now_ns);
void filter_resume_encode(struct filter *filter, uint64_t now_ns);

/* Answers here instead of going on; runs the encode filters.  Strings must last as long as the
 * exchange (literals, config or arena).  Returns FILTER_ANSWERED. */
enum filter_result filter_reply(struct filter *filter, uint16_t status, struct str body,
				struct str details, uint64_t response_flags, uint64_t now_ns);

/* The most specific per-route config for this filter's name: route, virtual host, route table;
 * NULL when there is none.  The filter knows the type. */
const void *filter_route_config(struct filter *filter);

/* The type by its Envoy name; NULL when it is not known.  xds/translate resolves with it. */
const struct filter_type *filter_type_find(struct str name);

extern const struct filter_type filter_router;
extern const struct filter_type filter_header_mutation;

#endif
