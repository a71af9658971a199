#include "dataplane/worker/worker_handover.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dataplane/worker/steer.h"
#include "stack/base/counter.h"
#include "stack/base/planted.h"

#define PREFETCH_AHEAD 4
/* Instead of a worker: the frame waits until its connection has arrived elsewhere. */
#define HELD_BACK BUCKET_NO_STOP

/* Between flushes no stage can overflow: no more frames than one stage holds are looked at. */
static void stage(struct worker_handover *h, uint16_t to, struct rte_mbuf *frame)
{
	if (unlikely_true(h->tracing != NULL))
		trace_tap_handed(h->tracing, to, frame->port & (uint16_t)~HANDOVER_UNDER_WAY, frame);
	h->staged[to][h->counts[to]++] = frame;
	h->staged_for |= UINT64_C(1) << to;
}

/* The first stop that does not know the flow yet; the home is the last of them. */
static uint16_t first_not_asked(uint32_t stops, uint64_t asked)
{
	for (uint16_t stop = bucket_first(stops); stop != BUCKET_NO_STOP;
	     stop = bucket_next(stops, stop))
		if (!(asked >> stop & 1))
			return stop;
	return BUCKET_NO_STOP;
}

/* A bucket under way: whoever knows the flow keeps it; the home takes what none of the others knows.
 * All have to be asked, in whatever order an older table led the frame here. */
static uint16_t choose_stop(const struct worker_handover *h, uint32_t stops, struct rte_mbuf *frame)
{
	bool under_way = frame->port & HANDOVER_UNDER_WAY;
	uint16_t port = frame->port & (uint16_t)~HANDOVER_UNDER_WAY;
	uint32_t travels = bucket_travels(&h->fabric->buckets, bucket_of(frame->hash.rss));
	bool valid = under_way && frame->hash.fdir.hi == travels;
	uint64_t asked = (valid ? frame->tx_offload : 0) | UINT64_C(1) << h->self;
	struct steering steering;

	steer_look(frame, &steering);
	steering.key.vrf = h->netifs[port].vrf;
	if (h->away > 0 && steering.kind == STEER_FLOW &&
	    h->hold_back(h->hold_back_context, &steering.key, frame))
		return HELD_BACK;
	if (steering.kind == STEER_FRAGMENT ? bucket_first(stops) == h->self
					    : tcp_knows(h->tcp, &steering.key))
		return h->self;
	uint16_t to = steering.kind == STEER_FRAGMENT ? bucket_first(stops)
						      : first_not_asked(stops, asked);

	if (to == BUCKET_NO_STOP)
		to = bucket_home(stops);
	if (PLANTED(OLD_TABLE_TRUSTED) && bucket_home(stops) == h->self)
		to = h->self;
	frame->port = port | HANDOVER_UNDER_WAY;
	frame->tx_offload = asked;
	frame->hash.fdir.hi = travels;
	return to;
}

/* The device's hash where it may be believed; else ours, by which the device is looked at. */
static uint32_t hash_of(const struct worker_handover *h, struct port *device,
			const struct rte_mbuf *frame, const struct steering *steering)
{
	uint32_t hash;

	if (!device || !port_rss_covers(&device->rss, steering->rss_type))
		return steer_hash(&h->fabric->toeplitz, steering);
	struct port_lane *lane = &device->lanes[h->self];

	if (port_rss_hash(&device->rss, &lane->rss_seen, frame, &hash)) {
		counter_inc(&h->counters->device_hashes);
		return hash;
	}
	hash = steer_hash(&h->fabric->toeplitz, steering);
	port_rss_observe(&device->rss, &lane->rss_seen, lane->queue, frame, hash);
	return hash;
}

static uint16_t home_of(const struct worker_handover *h, uint16_t port, struct port *device,
			struct rte_mbuf *frame)
{
	struct steering steering;

	steer_look(frame, &steering);
	if (steering.kind == STEER_HERE)
		return h->self;
	frame->hash.rss = hash_of(h, device, frame, &steering);
	frame->port = port;
	uint32_t bucket = bucket_of(frame->hash.rss);

	if (PLANTED(WRONG_BUCKET) && steering.kind == STEER_FLOW)
		bucket = bucket_of(steering.key.remote_port);
	uint32_t stops = bucket_stops(&h->fabric->buckets, bucket);

	if (likely_true(bucket_is_only(stops, h->self) && h->away == 0))
		return h->self;
	if (bucket_first(stops) != h->self)
		return bucket_first(stops);
	return choose_stop(h, stops, frame);
}

uint32_t worker_handover_sort(struct worker_handover *h, uint16_t port, struct port *device,
			      struct rte_mbuf **frames, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(frames[i], void *));
	for (uint32_t i = 0; i < count; i++) {
		if (i + PREFETCH_AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(frames[i + PREFETCH_AHEAD], void *));
		uint16_t to = home_of(h, port, device, frames[i]);

		if (to == h->self)
			frames[kept++] = frames[i];
		else if (to != HELD_BACK)
			stage(h, to, frames[i]);
	}
	return kept;
}

static void flush_one(struct worker_handover *h, uint16_t to)
{
	uint32_t count = h->counts[to];
	uint32_t taken = rte_ring_sp_enqueue_burst(fabric_frames(h->fabric, h->self, to),
						   (void **)h->staged[to], count, NULL);

	h->counts[to] = 0;
	counter_add(&h->counters->handed_over_packets, taken);
	for (uint32_t i = taken; i < count; i++)
		drop_count(h->drops, DROP_HANDOVER_FULL);
	if (taken < count)
		rte_pktmbuf_free_bulk(h->staged[to] + taken, count - taken);
	fabric_wake(h->fabric, to);
}

void worker_handover_flush(struct worker_handover *h)
{
	while (h->staged_for) {
		uint16_t to = (uint16_t)__builtin_ctzll(h->staged_for);

		h->staged_for &= h->staged_for - 1;
		flush_one(h, to);
	}
}

uint32_t worker_handover_again(struct worker_handover *h, struct rte_mbuf **frames, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t stops = bucket_stops(&h->fabric->buckets, bucket_of(frames[i]->hash.rss));
		uint16_t to = likely_true(bucket_is_only(stops, h->self) && h->away == 0)
				      ? h->self
				      : choose_stop(h, stops, frames[i]);

		if (to == HELD_BACK)
			continue;
		if (to == h->self)
			frames[i]->port &= (uint16_t)~HANDOVER_UNDER_WAY;
		if (to != h->self)
			stage(h, to, frames[i]);
		else if (!(PLANTED(HANDOVER_LOST) && frames[i]->pkt_len > 1000))
			frames[kept++] = frames[i];
		else
			rte_pktmbuf_free(frames[i]);
	}
	return kept;
}

uint32_t worker_handover_take(struct worker_handover *h, uint16_t from, struct rte_mbuf **frames,
			      uint32_t *looked)
{
	*looked = rte_ring_sc_dequeue_burst(fabric_frames(h->fabric, from, h->self), (void **)frames,
					    HANDOVER_BURST, NULL);
	counter_add(&h->counters->taken_over_packets, *looked);
	return worker_handover_again(h, frames, *looked);
}
