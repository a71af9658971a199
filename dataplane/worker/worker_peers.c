#include "dataplane/worker/worker_peers.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/worker/mailbox.h"
#include "dataplane/worker/steer.h"
#include "dataplane/worker/worker_handover.h"
#include "dataplane/worker/worker_relay.h"
#include "dataplane/worker/worker_travel.h"
#include "stack/base/counter.h"
#include "stack/base/planted.h"

struct worker_peers {
	struct fabric *fabric;
	struct stack *stack;
	uint16_t self;
	uint16_t ports;
	struct port *devices[WORKER_PORTS_MAX]; /* where we own a queue, else NULL */
	struct worker_counters *counters;
	void (*record)(void *context, uint16_t worker, const void *bytes, uint32_t length_bytes);
	void *record_context;
	uint32_t homes;           /* buckets of which we are the home */
	bool look_again;          /* buckets have moved */
	bool may_leave;           /* a bucket may have become empty since we looked */
	bool under_way;           /* some bucket that we are in has other stops too */
	uint32_t flows[BUCKETS];  /* connections and TIME-WAIT entries, by bucket */
	/* The flow whose local port is being chosen, with its hash but for that port. */
	struct flow_key opening;
	uint32_t opening_hash;
	uint32_t passed_over;     /* ports since the last that would do */
	struct worker_tx forward[WORKER_PORTS_MAX]; /* of others, by port */
	struct worker_relay relays[WORKER_PORTS_MAX];
	struct worker_handover handover;
	struct worker_travel travel;
};

struct worker_peers *worker_peers_create(const struct worker_params *params,
					 const struct netif *netifs)
{
	/* Whole lines: no other worker's memory lies in them. */
	size_t bytes = (sizeof(struct worker_peers) + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES *
		       CACHE_LINE_BYTES;
	struct worker_peers *peers = aligned_alloc(CACHE_LINE_BYTES, bytes);

	if (!peers)
		return NULL;
	memset(peers, 0, bytes);
	peers->fabric = params->fabric;
	peers->self = params->index;
	peers->ports = params->port_count;
	peers->counters = params->counters;
	peers->record = params->record;
	peers->record_context = params->record_context;
	peers->handover.fabric = params->fabric;
	peers->handover.self = params->index;
	peers->handover.netifs = netifs;
	peers->handover.counters = params->counters;
	peers->handover.drops = params->drops;
	worker_travel_init(&peers->travel, params, &peers->handover);
	return peers;
}

static bool others_have_flows(const struct worker_peers *peers, uint32_t stops, uint32_t bucket)
{
	if (likely_true(bucket_is_only(stops, peers->self)))
		return false;
	for (uint16_t stop = bucket_first(stops); stop != BUCKET_NO_STOP; stop = bucket_next(stops, stop)) {
		const uint32_t *flows = peers->fabric->flows[stop];

		if (stop != peers->self && flows && __atomic_load_n(&flows[bucket], __ATOMIC_RELAXED) > 0)
			return true;
		if (stop == bucket_home(stops))
			break;
	}
	return false;
}

/* After so many ports a worker takes one in such a bucket; it has some thousand tries. */
#define PASSED_OVER_MAX 256

/* Hash of the reply, by linearity: all but the local port once a flow, then the port alone. */
static bool comes_home(void *context, const struct flow_key *key)
{
	struct worker_peers *peers = context;
	const struct toeplitz *toeplitz = &peers->fabric->toeplitz;
	struct flow_key flow = *key;

	flow.local_port = 0;
	if (!flow_key_equal(&flow, &peers->opening)) {
		peers->opening = flow;
		peers->opening_hash = steer_flow_hash(toeplitz, &flow);
	}
	uint32_t hash = peers->opening_hash ^
			toeplitz_dst_port(toeplitz, ip_addr_is_v4(&key->local), key->local_port);

	uint32_t stops = bucket_stops(&peers->fabric->buckets, bucket_of(hash));

	peers->passed_over++;
	/* A worker that rests has no bucket of its own; what it still serves keeps it in some. */
	if (bucket_home(stops) != peers->self &&
	    !(peers->homes == 0 && bucket_has(stops, peers->self)))
		return false;
	/* Another stop of the bucket may have a connection, or a TIME-WAIT entry, of the same four: where
	 * it has any at all, the bucket is the last resort. */
	if (peers->passed_over < PASSED_OVER_MAX && others_have_flows(peers, stops, bucket_of(hash)))
		return false;
	peers->passed_over = 0;
	return true;
}

static void count_flow(void *context, const struct flow_key *key, int change)
{
	struct worker_peers *peers = context;
	uint32_t bucket = bucket_of(steer_flow_hash(&peers->fabric->toeplitz, key));

	__atomic_store_n(&peers->flows[bucket], peers->flows[bucket] + (uint32_t)change,
			 __ATOMIC_RELAXED);
	/* Not here: frames of this burst may have been taken as ours already. */
	if (peers->flows[bucket] == 0)
		peers->may_leave = true;
}

/* Between bursts: out of the buckets that have moved and of which we know no flow any more. */
static void leave_buckets(struct worker_peers *peers, bool restart)
{
	struct buckets *buckets = &peers->fabric->buckets;
	bool leaving = false;

	peers->may_leave = false;
	peers->under_way = false;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		uint32_t stops = bucket_stops(buckets, i);

		if (bucket_is_only(stops, peers->self) || !bucket_has(stops, peers->self))
			continue;
		leaving |= peers->flows[i] > 0 && bucket_home(stops) != peers->self;
		if ((peers->flows[i] > 0 && !PLANTED(BUCKET_LEFT_EARLY)) || PLANTED(BUCKET_NEVER_LEFT) ||
		    !bucket_leave(buckets, i, peers->self))
			peers->under_way = true;
	}
	worker_travel_look(&peers->travel, leaving, restart);
}

bool worker_peers_begin(struct worker_peers *peers, uint64_t now_ns)
{
	bool moved = worker_travel_run(&peers->travel, now_ns);

	if (unlikely_true(peers->look_again || (peers->may_leave && peers->under_way)))
		leave_buckets(peers, peers->look_again);
	peers->look_again = false;
	return moved;
}

void worker_peers_set_trace(struct worker_peers *peers, struct trace_tap *tracing)
{
	peers->handover.tracing = tracing;
}

const uint32_t *worker_peers_flows(const struct worker_peers *peers)
{
	return peers->flows;
}

void worker_peers_look_at_buckets(struct worker_peers *peers)
{
	struct buckets *buckets = &peers->fabric->buckets;

	peers->homes = 0;
	for (uint32_t i = 0; i < BUCKETS; i++)
		peers->homes += bucket_home(bucket_stops(buckets, i)) == peers->self;
	peers->look_again = true;
}

void worker_peers_join(struct worker_peers *peers, struct gateway *gateway)
{
	peers->travel.gateway = gateway;
}

void worker_peers_drain(struct worker_peers *peers)
{
	worker_travel_stop(&peers->travel);
}

void worker_peers_start(struct worker_peers *peers, struct stack *stack, struct port **ports)
{
	peers->stack = stack;
	peers->handover.tcp = stack_tcp(stack);
	peers->travel.tcp = stack_tcp(stack);
	peers->travel.stack = stack;
	tcp_set_port_filter(stack_tcp(stack), comes_home, peers);
	tcp_set_flow_watch(stack_tcp(stack), count_flow, peers);
	peers->fabric->flows[peers->self] = peers->flows;
	worker_peers_look_at_buckets(peers);
	for (uint16_t i = 0; i < peers->ports; i++) {
		if (fabric_owns_queue(peers->fabric, peers->self, i)) {
			peers->devices[i] = ports[i];
			continue;
		}
		worker_relay_init(&peers->relays[i], peers->fabric, peers->self, i, ports[i]);
		ports[i] = &peers->relays[i].port;
	}
}

void worker_peers_stop(struct worker_peers *peers, uint64_t now_ns)
{
	worker_travel_clear(&peers->travel, now_ns);
}

void worker_peers_destroy(struct worker_peers *peers)
{
	for (uint16_t i = 0; peers && i < peers->ports; i++)
		worker_tx_clear(&peers->forward[i], peers->handover.drops);
	free(peers);
}

uint32_t worker_peers_sort(struct worker_peers *peers, uint16_t port, struct rte_mbuf **frames,
			   uint32_t count)
{
	uint32_t kept = worker_handover_sort(&peers->handover, port, peers->devices[port], frames, count);

	worker_handover_flush(&peers->handover);
	return kept;
}

bool worker_peers_pass_on(void *context, uint16_t port, struct rte_mbuf *frame)
{
	struct worker_peers *peers = context;
	uint32_t kept = worker_handover_sort(&peers->handover, port, NULL, &frame, 1);

	worker_handover_flush(&peers->handover);
	return kept == 0;
}

/* Frames of several ports lie in one ring: the stack gets runs of one port. */
static void give(struct worker_peers *peers, struct rte_mbuf **frames, uint32_t count,
		 uint64_t now_ns)
{
	for (uint32_t from = 0, to; from < count; from = to) {
		to = from + 1;
		while (to < count && frames[to]->port == frames[from]->port)
			to++;
		stack_input(peers->stack, frames[from]->port, frames + from, to - from, now_ns);
	}
}

bool worker_peers_receive(struct worker_peers *peers, uint64_t now_ns)
{
	bool any = false;

	for (uint16_t from = 0; from < peers->fabric->workers; from++) {
		struct rte_mbuf *frames[HANDOVER_BURST];
		uint32_t looked;

		if (from == peers->self || rte_ring_empty(fabric_frames(peers->fabric, from, peers->self)))
			continue;
		uint32_t count = worker_handover_take(&peers->handover, from, frames, &looked);

		worker_handover_flush(&peers->handover);
		if (unlikely_true(peers->handover.tracing != NULL))
			trace_tap_taken(peers->handover.tracing, from, frames, count);
		for (uint32_t i = 0; peers->record && i < count; i++)
			peers->record(peers->record_context, peers->self,
				      rte_pktmbuf_mtod(frames[i], void *), frames[i]->data_len);
		give(peers, frames, count, now_ns);
		any |= looked > 0;
	}
	return any;
}

uint32_t worker_peers_forward(struct worker_peers *peers, struct port_counters **port_counters)
{
	uint32_t sent = 0;

	for (uint16_t i = 0; i < peers->ports; i++)
		if (peers->devices[i])
			sent += worker_relay_forward(&peers->forward[i], peers->fabric, peers->self, i,
						     peers->devices[i], port_counters[i]);
	return sent;
}

bool worker_peers_are_blocked(const struct worker_peers *peers)
{
	for (uint16_t i = 0; i < peers->ports; i++)
		if (peers->forward[i].count > 0)
			return true;
	return false;
}

bool worker_peers_have_input(const struct worker_peers *peers)
{
	for (uint16_t i = 0; i < peers->ports; i++)
		if (peers->devices[i] && peers->forward[i].count == 0 &&
		    fabric_has_out(peers->fabric, peers->self, i))
			return true;
	return peers->look_again || (peers->may_leave && peers->under_way) ||
	       worker_travel_has_input(&peers->travel) ||
	       fabric_has_frames(peers->fabric, peers->self);
}

uint64_t worker_peers_deadline_ns(const struct worker_peers *peers)
{
	return worker_travel_deadline_ns(&peers->travel);
}

void worker_peers_tell(void *context, const struct neighbour_news *news)
{
	struct worker_peers *peers = context;
	struct mail mail = {.kind = MAIL_NEIGHBOUR, .neighbour = *news};

	if (PLANTED(NEWS_LOST))
		return;
	counter_inc(&peers->counters->neighbour_news);
	for (uint16_t i = 0; i < peers->fabric->workers; i++)
		if (i != peers->self && peers->fabric->boxes[i] &&
		    !mailbox_post_if_roomy(peers->fabric->boxes[i], &mail))
			counter_inc(&peers->counters->mailbox_full);
}

void worker_peers_tell_announcer(void *context, const struct dad_news *news)
{
	struct worker_peers *peers = context;
	struct mailbox *box = peers->fabric->boxes[WORKER_ANNOUNCER];
	struct mail mail = {.kind = MAIL_CLAIM, .claim = *news};

	if (box && !mailbox_post_if_roomy(box, &mail))
		counter_inc(&peers->counters->mailbox_full);
}
