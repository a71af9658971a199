#include "dataplane/trace/trace_tap.h"

#include "stack/tcp/tcp.h"

#define PROTOCOL_TCP 6
#define FLAG_SYN 0x02
#define FLAG_ACK 0x10

static struct trace_event_layer {
	const char *prefix;
	enum trace_kind kind;
} const layers[] = {{"LINK_", TRACE_LINK_DROPPED}, {"IP_", TRACE_IP_DROPPED},
		    {"TCP_", TRACE_TCP_DROPPED}};

static void on_drop(struct drop_watch *watch, const struct rte_mbuf *frame, enum drop_reason reason)
{
	struct trace_tap *tap = (struct trace_tap *)watch; /* its first member */
	const char *name = drop_reason_name(reason);
	enum trace_kind kind = TRACE_WORKER_DROPPED;

	drop_watch_tell(tap->next, frame, reason);
	for (unsigned i = 0; i < ARRAY_LEN(layers); i++)
		if (strncmp(name, layers[i].prefix, strlen(layers[i].prefix)) == 0)
			kind = layers[i].kind;
	for (uint32_t i = 0; i < tap->pending_count; i++)
		if (tap->pending[i].frame == frame)
			trace_put(&tap->trace, tap->pending[i].word, kind,
				  &(struct trace_args){.t = {trace_text(name),
							     trace_text(drop_reason_help(reason))}});
}

void trace_tap_init(struct trace_tap *tap, struct tcp *tcp, const struct netif *netifs)
{
	memset(tap, 0, sizeof(*tap));
	tap->watch.dropped = on_drop;
	tap->tcp = tcp;
	tap->netifs = netifs;
}

static bool is_at_place(const struct trace_wish *wish, const struct flow_key *key)
{
	for (uint32_t i = 0; i < wish->place_count; i++) {
		const struct trace_place *place = &wish->places[i];

		if ((place->port == 0 || place->port == key->local_port) &&
		    (ip_addr_is_any(&place->addr) || ip_addr_equal(&place->addr, &key->local)))
			return true;
	}
	return wish->place_count == 0;
}

/* As if it were the client's first segment. */
static bool wish_wants(const struct trace_sink *sink, const struct flow_key *key)
{
	const struct trace_wish *wish = container_of_member(sink, const struct trace_wish, sink);
	struct capture_facts facts = {
		.is_ip = true,
		.has_ports = true,
		.protocol = PROTOCOL_TCP,
		.tcp_flags = FLAG_SYN,
		.source = key->remote,
		.destination = key->local,
		.source_port = key->remote_port,
		.destination_port = key->local_port,
	};

	return capture_filter_match_facts(&wish->filter, &facts) && is_at_place(wish, key);
}

void trace_wish_init(struct trace_wish *wish, const struct trace_wish *like,
		     struct trace_event *slots, uint32_t event_count)
{
	*wish = *like;
	wish->sink.wants = wish_wants;
	trace_ring_init(&wish->sink.ring, slots, event_count);
}

static bool read_flow(const struct trace_tap *tap, uint16_t port, bool received,
		      const struct rte_mbuf *frame, struct capture_facts *facts, struct flow_key *key)
{
	capture_facts_read(rte_pktmbuf_mtod(frame, const uint8_t *), frame->data_len, facts);
	if (!facts->has_ports || facts->protocol != PROTOCOL_TCP)
		return false;
	*key = (struct flow_key){
		.local = received ? facts->destination : facts->source,
		.remote = received ? facts->source : facts->destination,
		.local_port = received ? facts->destination_port : facts->source_port,
		.remote_port = received ? facts->source_port : facts->destination_port,
		.vrf = tap->netifs[port].vrf,
	};
	return true;
}

/* The word of a frame's flow, which may begin to be traced with it. */
static uint32_t word_of(struct trace_tap *tap, const struct capture_facts *facts,
			const struct flow_key *key, bool received)
{
	bool opening = received && (facts->tcp_flags & (FLAG_SYN | FLAG_ACK)) == FLAG_SYN;
	uint32_t word = trace_flow(&tap->trace, key);
	uint32_t wanted = trace_wanted(&tap->trace, key, opening) & ~word;

	if (!wanted)
		return word;
	word = trace_begin(&tap->trace, key, wanted, NULL, NULL);
	if (tap->tcp)
		tcp_trace_flow(tap->tcp, key, word);
	return word;
}

static void pend(struct trace_tap *tap, const struct rte_mbuf *frame, uint32_t word)
{
	if (!word || tap->pending_count == TRACE_PENDING_MAX)
		return;
	tap->pending[tap->pending_count].frame = frame;
	tap->pending[tap->pending_count++].word = word;
}

void trace_tap_rx(struct trace_tap *tap, uint16_t port, struct rte_mbuf *const *frames,
		  uint32_t count)
{
	tap->pending_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct capture_facts facts;
		struct flow_key key;

		if (!read_flow(tap, port, true, frames[i], &facts, &key))
			continue;
		uint32_t word = word_of(tap, &facts, &key, true);

		TRACE(&tap->trace, word, FRAME_IN,
		      .n = {facts.tcp_bytes, facts.tcp_flags, facts.tcp_seq, facts.tcp_ack},
		      .t = {trace_text(tap->netifs[port].name)});
		pend(tap, frames[i], word);
	}
}

void trace_tap_tx(struct trace_tap *tap, uint16_t port, struct rte_mbuf *const *frames,
		  uint32_t count)
{
	tap->pending_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct capture_facts facts;
		struct flow_key key;

		if (read_flow(tap, port, false, frames[i], &facts, &key))
			TRACE(&tap->trace, word_of(tap, &facts, &key, false), FRAME_OUT,
			      .n = {facts.tcp_bytes, facts.tcp_flags, facts.tcp_seq, facts.tcp_ack},
			      .t = {trace_text(tap->netifs[port].name)});
	}
}

void trace_tap_handed(struct trace_tap *tap, uint16_t to, uint16_t port,
		      const struct rte_mbuf *frame)
{
	struct capture_facts facts;
	struct flow_key key;

	if (read_flow(tap, port, true, frame, &facts, &key))
		TRACE(&tap->trace, trace_flow(&tap->trace, &key), HANDED_OVER, .n = {to});
}

void trace_tap_taken(struct trace_tap *tap, uint16_t from, struct rte_mbuf *const *frames,
		     uint32_t count)
{
	tap->pending_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct capture_facts facts;
		struct flow_key key;

		if (!read_flow(tap, frames[i]->port, true, frames[i], &facts, &key))
			continue;
		uint32_t word = word_of(tap, &facts, &key, true);

		TRACE(&tap->trace, word, TAKEN_OVER,
		      .n = {from, facts.tcp_flags, facts.tcp_seq, facts.tcp_ack});
		pend(tap, frames[i], word);
	}
}
