/* Traces: the events of single connections, through all layers, for whoever looks.
 *
 *     rx ─> tap ─> stack ─> gateway ─> upstream connection        one worker
 *            │ begin   │       │             │
 *            └─────────┴── TRACE(…) ─────────┘ ──> struct trace ──> ring of each sink ──> a reader
 *
 * What is traced carries a word (struct stream, struct exchange); 0 is nothing, and costs one branch:
 *
 *     bit 31                            5 4 3      0
 *         +------------------------------+-+--------+
 *         | id of the client's connection|U| sinks  |    U: on the side of the upstream host
 *         +------------------------------+-+--------+
 *
 * The id is made of the flow's addresses and ports, so that all workers know it without asking each
 * other, and foilctl conns can show it.  A sink is one who traces: a bounded ring to a control thread,
 * and what it wants.  Nothing allocates; what finds no room in a ring is counted as lost.  A worker
 * writes, sinks come and go between its polls. */
#ifndef STACK_BASE_TRACE_H
#define STACK_BASE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"

#define TRACE_SINKS_MAX 4
#define TRACE_SINKS_MASK 0xfu
#define TRACE_UPSTREAM 0x10u
#define TRACE_ID_SHIFT 5
#define TRACE_FLOWS_MAX 256
#define TRACE_PATH_BYTES_MAX 256
#define TRACE_NUMBERS 4
#define TRACE_TEXTS 3
#define TRACE_TEXT_BYTES 200

enum trace_layer {
#define TRACE_LAYER(name, text, depth) TRACE_LAYER_##name,
#define TRACE_EVENT(name, layer, ends, format)
#include "stack/base/trace.def"
#undef TRACE_LAYER
#undef TRACE_EVENT
	TRACE_LAYER_COUNT
};

enum trace_kind {
#define TRACE_LAYER(name, text, depth)
#define TRACE_EVENT(name, layer, ends, format) TRACE_##name,
#include "stack/base/trace.def"
#undef TRACE_LAYER
#undef TRACE_EVENT
	TRACE_KIND_COUNT
};

struct trace_text {
	const char *data;
	uint32_t length;
};

struct trace_args {
	uint64_t n[TRACE_NUMBERS];
	struct trace_text t[TRACE_TEXTS];
};

/* In a ring; plain data. */
struct trace_event {
	uint64_t at_ns;                  /* of the worker's clock */
	uint32_t word;
	uint8_t kind;                    /* enum trace_kind */
	uint8_t text_bytes[TRACE_TEXTS]; /* one behind the other in `texts` */
	uint64_t numbers[TRACE_NUMBERS];
	char texts[TRACE_TEXT_BYTES];
	uint8_t cut;                     /* bit i: text i was longer */
	uint8_t reserved[7];
};
_Static_assert(sizeof(struct trace_event) == 256, "four cache lines");
_Static_assert(TRACE_KIND_COUNT <= UINT8_MAX, "kinds fit a byte");

/* One writer, one reader; neither waits. */
struct trace_ring {
	struct trace_event *slots;   /* the owner's */
	uint32_t mask;               /* a power of two of them, less one */
	uint64_t head CACHE_ALIGNED; /* the reader's */
	uint64_t tail CACHE_ALIGNED; /* the writer's, as what follows */
	uint64_t lost;               /* found no room; others read it */
};

void trace_ring_init(struct trace_ring *ring, struct trace_event *slots, uint32_t count);
/* The writer's next slot, its own until trace_ring_push; NULL = lost, and counted. */
struct trace_event *trace_ring_slot(struct trace_ring *ring);
void trace_ring_push(struct trace_ring *ring);
/* The oldest event; NULL when there is none. */
const struct trace_event *trace_ring_peek(const struct trace_ring *ring);
void trace_ring_pop(struct trace_ring *ring);

/* What one tracer wants of one worker: all of the worker once it has it. */
struct trace_sink {
	struct trace_ring ring;
	uint32_t left;        /* so many connections, or requests, may still begin */
	uint32_t id;          /* this connection alone, new or not; 0 = every new one that is wanted */
	uint32_t path_bytes;  /* not 0: begins with a request whose path begins with `path` */
	char path[TRACE_PATH_BYTES_MAX];
	bool (*wants)(const struct trace_sink *sink, const struct flow_key *key); /* NULL = all */
};

struct trace_flow {
	struct flow_key key;
	uint32_t word;     /* 0 = free */
	uint32_t used;     /* for finding the one that was not used for longest */
};

struct trace {
	uint64_t now_ns;     /* of this poll */
	uint32_t active;     /* bits of sinks */
	uint32_t on_request; /* those that begin with a request */
	uint32_t uses;
	struct trace_sink *sinks[TRACE_SINKS_MAX];
	struct trace_flow flows[TRACE_FLOWS_MAX];
};

/* NULL: the place is free from now on, and events for it go nowhere. */
void trace_set_sink(struct trace *trace, unsigned place, struct trace_sink *sink);
/* Never 0, 27 bits. */
uint32_t trace_flow_id(const struct flow_key *key);

/* The word of a flow that is traced; 0 = it is not. */
uint32_t trace_flow(struct trace *trace, const struct flow_key *key);
/* Remembers a word; 0 forgets it.  The flow that was not seen for longest makes place. */
void trace_flow_set(struct trace *trace, const struct flow_key *key, uint32_t word);
/* Which sinks want this flow to be traced: opening, as a new connection; else as the one that they
 * have asked for. */
uint32_t trace_wanted(const struct trace *trace, const struct flow_key *key, bool opening);
/* Begins for these sinks, tells them of both ends, and returns the word.  Ends of a Unix socket are
 * named by the caller; NULL: the key says it. */
uint32_t trace_begin(struct trace *trace, const struct flow_key *key, uint32_t sinks,
		     const char *remote, const char *local);
/* A request with this path has come on a connection with this word: the word from now on, with or
 * without the sinks that begin with requests.  Ends as of trace_begin. */
uint32_t trace_request(struct trace *trace, const struct flow_key *key, uint32_t word,
		       struct trace_text path, const char *remote, const char *local);

COLD_CALL void trace_put(struct trace *trace, uint32_t word, enum trace_kind kind,
			 const struct trace_args *args);

/* TRACE(trace, word, ROUTE, .n = {1}, .t = {TRACE_STR(name)}): nothing is evaluated when word is 0. */
#define TRACE(trace, word_of, kind, ...)                                                           \
	do {                                                                                       \
		uint32_t trace_word_ = (word_of);                                                  \
                                                                                                   \
		if (unlikely_true(trace_word_ != 0))                                               \
			trace_put(trace, trace_word_, TRACE_##kind,                                \
				  &(struct trace_args){__VA_ARGS__});                              \
	} while (0)

/* Of a struct with data and length; of a string. */
#define TRACE_STR(str) {(str).data, (str).length}
static inline struct trace_text trace_text(const char *text)
{
	return (struct trace_text){text, text ? (uint32_t)strlen(text) : 0};
}

static inline uint32_t trace_upstream(uint32_t word)
{
	return word ? word | TRACE_UPSTREAM : 0;
}

/* --- for readers ----------------------------------------------------------------------------- */

const char *trace_kind_name(unsigned kind);   /* "FRAME_IN" */
const char *trace_layer_name(unsigned kind);  /* of the event's layer: "link" */
unsigned trace_layer_depth(unsigned kind);
char trace_kind_ends(unsigned kind);
/* The event in words into text[size]; what a client sent is made printable. */
void trace_event_text(const struct trace_event *event, char *text, uint32_t size);

#endif
