#include "stack/base/trace.h"

#include "stack/base/counter.h"
#include "stack/base/invariant.h"

/* What each text that follows may count on. */
#define TEXT_SHARE_BYTES 48

/* --- ring ------------------------------------------------------------------------------------ */

void trace_ring_init(struct trace_ring *ring, struct trace_event *slots, uint32_t count)
{
	INVARIANT(count > 0 && (count & (count - 1)) == 0);
	memset(ring, 0, sizeof(*ring));
	ring->slots = slots;
	ring->mask = count - 1;
}

struct trace_event *trace_ring_slot(struct trace_ring *ring)
{
	if (ring->tail - __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) <= ring->mask)
		return &ring->slots[ring->tail & ring->mask];
	counter_inc(&ring->lost);
	return NULL;
}

void trace_ring_push(struct trace_ring *ring)
{
	__atomic_store_n(&ring->tail, ring->tail + 1, __ATOMIC_RELEASE);
}

const struct trace_event *trace_ring_peek(const struct trace_ring *ring)
{
	if (ring->head == __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE))
		return NULL;
	return &ring->slots[ring->head & ring->mask];
}

void trace_ring_pop(struct trace_ring *ring)
{
	__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
}

/* --- sinks and flows ------------------------------------------------------------------------- */

void trace_set_sink(struct trace *trace, unsigned place, struct trace_sink *sink)
{
	uint32_t bit = 1u << place;

	INVARIANT(place < TRACE_SINKS_MAX);
	trace->sinks[place] = sink;
	trace->active = sink ? trace->active | bit : trace->active & ~bit;
	trace->on_request = sink && sink->path_bytes ? trace->on_request | bit
						     : trace->on_request & ~bit;
	/* What an earlier sink of this place wanted is nobody's business any more. */
	for (uint32_t i = 0; i < TRACE_FLOWS_MAX; i++) {
		trace->flows[i].word &= ~bit;
		if (!(trace->flows[i].word & TRACE_SINKS_MASK))
			trace->flows[i].word = 0;
	}
}

/* FNV-1a: who chooses a colliding flow mixes up two traces, and harms nobody else. */
uint32_t trace_flow_id(const struct flow_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	uint32_t id = (uint32_t)(hash >> 32) >> TRACE_ID_SHIFT;

	return id ? id : 1;
}

static struct trace_flow *find(struct trace *trace, const struct flow_key *key)
{
	for (uint32_t i = 0; i < TRACE_FLOWS_MAX; i++)
		if (trace->flows[i].word && flow_key_equal(&trace->flows[i].key, key))
			return &trace->flows[i];
	return NULL;
}

uint32_t trace_flow(struct trace *trace, const struct flow_key *key)
{
	struct trace_flow *flow = find(trace, key);

	if (!flow)
		return 0;
	flow->used = ++trace->uses;
	return flow->word;
}

static struct trace_flow *place_for(struct trace *trace)
{
	struct trace_flow *oldest = &trace->flows[0];

	for (uint32_t i = 0; i < TRACE_FLOWS_MAX; i++) {
		struct trace_flow *flow = &trace->flows[i];

		if (!flow->word)
			return flow;
		if (trace->uses - flow->used > trace->uses - oldest->used)
			oldest = flow;
	}
	return oldest;
}

void trace_flow_set(struct trace *trace, const struct flow_key *key, uint32_t word)
{
	struct trace_flow *flow = find(trace, key);

	if (!flow && !word)
		return;
	if (!flow) {
		flow = place_for(trace);
		flow->key = *key;
	}
	flow->word = word;
	flow->used = ++trace->uses;
}

/* --- beginning ------------------------------------------------------------------------------- */

static bool wants(const struct trace_sink *sink, const struct flow_key *key)
{
	return sink->left > 0 && (!sink->wants || sink->wants(sink, key));
}

uint32_t trace_wanted(const struct trace *trace, const struct flow_key *key, bool opening)
{
	uint32_t id = trace_flow_id(key), wanted = 0;

	for (unsigned i = 0; i < TRACE_SINKS_MAX; i++) {
		const struct trace_sink *sink = trace->sinks[i];

		if (sink && !sink->path_bytes && (sink->id ? sink->id == id : opening) &&
		    wants(sink, key))
			wanted |= 1u << i;
	}
	return wanted;
}

uint32_t trace_begin(struct trace *trace, const struct flow_key *key, uint32_t sinks,
		     const char *remote, const char *local)
{
	uint32_t id = trace_flow_id(key) << TRACE_ID_SHIFT;
	char remote_text[IP_ADDR_TEXT_BYTES], local_text[IP_ADDR_TEXT_BYTES];

	ip_endpoint_format(&key->remote, key->remote_port, remote_text, sizeof(remote_text));
	ip_endpoint_format(&key->local, key->local_port, local_text, sizeof(local_text));
	for (unsigned i = 0; i < TRACE_SINKS_MAX; i++)
		if ((sinks & 1u << i) && trace->sinks[i] && trace->sinks[i]->left > 0)
			trace->sinks[i]->left--;
	TRACE(trace, id | sinks, BEGIN, .t = {trace_text(remote ? remote : remote_text),
					      trace_text(local ? local : local_text)});
	uint32_t word = id | sinks | (trace_flow(trace, key) & trace->active);

	trace_flow_set(trace, key, word);
	return word;
}

uint32_t trace_request(struct trace *trace, const struct flow_key *key, uint32_t word,
		       struct trace_text path, const char *remote, const char *local)
{
	uint32_t sinks = 0;

	for (unsigned i = 0; i < TRACE_SINKS_MAX; i++) {
		const struct trace_sink *sink = trace->sinks[i];

		if (sink && sink->path_bytes && path.length >= sink->path_bytes &&
		    memcmp(path.data, sink->path, sink->path_bytes) == 0 &&
		    (!sink->id || sink->id == trace_flow_id(key)) && wants(sink, key))
			sinks |= 1u << i;
	}
	word &= ~trace->on_request;
	trace_flow_set(trace, key, word & TRACE_SINKS_MASK ? word : 0);
	if (sinks)
		return trace_begin(trace, key, sinks, remote, local);
	return word & TRACE_SINKS_MASK ? word : 0;
}

/* --- events ---------------------------------------------------------------------------------- */

static void copy_texts(struct trace_event *event, const struct trace_text *texts)
{
	uint32_t at = 0;

	for (unsigned i = 0; i < TRACE_TEXTS; i++) {
		uint32_t room = TRACE_TEXT_BYTES - at, length = texts[i].length;

		for (unsigned k = i + 1; k < TRACE_TEXTS; k++)
			room -= texts[k].length < TEXT_SHARE_BYTES ? texts[k].length
								   : TEXT_SHARE_BYTES;
		if (length > room) {
			length = room;
			event->cut |= (uint8_t)(1u << i);
		}
		if (length > 0)
			memcpy(event->texts + at, texts[i].data, length);
		event->text_bytes[i] = (uint8_t)length;
		at += length;
	}
}

void trace_put(struct trace *trace, uint32_t word, enum trace_kind kind,
	       const struct trace_args *args)
{
	uint32_t sinks = trace ? word & trace->active : 0;

	for (unsigned i = 0; i < TRACE_SINKS_MAX; i++) {
		struct trace_event *event;

		if (!(sinks & 1u << i))
			continue;
		event = trace_ring_slot(&trace->sinks[i]->ring);
		if (!event)
			continue;
		event->at_ns = trace->now_ns;
		event->word = word;
		event->kind = (uint8_t)kind;
		event->cut = 0;
		memcpy(event->numbers, args->n, sizeof(event->numbers));
		copy_texts(event, args->t);
		trace_ring_push(&trace->sinks[i]->ring);
	}
}
