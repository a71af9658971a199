#include "dataplane/worker/worker_travel.h"

#include <string.h>

#include "dataplane/worker/steer.h"
#include "stack/base/counter.h"
#include "stack/base/invariant.h"
#include "stack/base/planted.h"
#include "stack/base/time.h"
#include "stack/stack.h"

/* Places of the connection table looked at for each traveller that is free. */
#define SLOTS_A_TRAVELLER 4
/* Between two sweeps: those who were busy tell when they become idle, so this is for the others only. */
#define PAUSE_LEAST_NS NS_PER_MS
#define PAUSE_MOST_NS NS_PER_SECOND

/* In a ring: a traveller's address, which is aligned, with these in its low bits. */
#define IS_ANSWER 1u
#define IS_TAKEN 2u
#define MARKS (IS_ANSWER | IS_TAKEN)

static bool hold_back(void *context, const struct flow_key *key, struct rte_mbuf *frame)
{
	struct worker_travel *travel = context;

	for (unsigned i = 0; i < TRAVELLERS_MAX; i++) {
		struct traveller *traveller = &travel->travellers[i];

		if (!traveller->stream || !flow_key_equal(&traveller->tcp.key, key))
			continue;
		if (traveller->frame_count == TRAVELLER_FRAMES_MAX || PLANTED(TRAVELLER_FRAME_LOST)) {
			drop_count(travel->drops, DROP_TRAVEL_FRAMES_FULL);
			rte_pktmbuf_free(frame);
		} else {
			traveller->frames[traveller->frame_count++] = frame;
			counter_inc(&travel->counters->travel_frames_held);
		}
		return true;
	}
	return false;
}

void worker_travel_init(struct worker_travel *travel, const struct worker_params *params,
			struct worker_handover *handover)
{
	travel->fabric = params->fabric;
	travel->self = params->index;
	travel->counters = params->counters;
	travel->drops = params->drops;
	travel->record = params->record;
	travel->record_context = params->record_context;
	travel->handover = handover;
	handover->hold_back = hold_back;
	handover->hold_back_context = travel;
}

static void send(struct worker_travel *travel, uint16_t to, const struct traveller *traveller,
		 uintptr_t marks)
{
	void *message = (void *)((uintptr_t)traveller | marks);

	/* Neither side has more under way than a ring has room for. */
	INVARIANT(rte_ring_sp_enqueue(fabric_travel(travel->fabric, travel->self, to), message) == 0);
	fabric_wake(travel->fabric, to);
}

/* --- leaving --------------------------------------------------------------------------------- */

static struct traveller *free_traveller(struct worker_travel *travel)
{
	for (unsigned i = 0; i < TRAVELLERS_MAX; i++)
		if (!travel->travellers[i].stream)
			return &travel->travellers[i];
	return NULL;
}

/* Sends it, if it is to go and can. */
static void consider(void *context, struct stream *stream)
{
	struct worker_travel *travel = context;
	struct traveller *traveller;
	struct stream_info info;

	if (!tcp_may_travel(stream, TRAVELLER_SLICES_MAX) || !gateway_may_travel(stream))
		return;
	stream_info(stream, &info);
	uint32_t hash = steer_flow_hash(&travel->fabric->toeplitz, &info.key);
	uint16_t to = bucket_home(bucket_stops(&travel->fabric->buckets, bucket_of(hash)));

	if (to == travel->self || !(traveller = free_traveller(travel)))
		return;
	traveller->stream = stream;
	traveller->hash = hash;
	traveller->frame_count = 0;
	gateway_suspend(stream, &traveller->gateway);
	tcp_suspend(travel->tcp, stream, &traveller->tcp, travel->now_ns);
	travel->handover->away++;
	send(travel, to, traveller, 0);
}

static void idle_again(void *context, struct stream *stream)
{
	struct worker_travel *travel = context;

	if (travel->idle_count < TRAVEL_IDLE_MAX && tcp_is_stream(stream))
		travel->idle[travel->idle_count++] = stream;
}

void worker_travel_look(struct worker_travel *travel, bool leaving, bool restart)
{
	travel->leaving = leaving;
	gateway_watch_idle(travel->gateway, leaving ? idle_again : NULL, travel);
	if (!restart)
		return;
	travel->cursor = 0;
	travel->moved = 0;
	travel->pause_ns = PAUSE_LEAST_NS;
	travel->sweep_at_ns = 0;
}

/* A bite of the table; a sweep that moved somebody is soon followed by another one. */
static void sweep(struct worker_travel *travel)
{
	uint32_t slots = (TRAVELLERS_MAX - travel->handover->away) * SLOTS_A_TRAVELLER;

	if (travel->now_ns < travel->sweep_at_ns || slots == 0)
		return;
	tcp_visit_streams(travel->tcp, &travel->cursor, slots, consider, travel);
	if (travel->cursor > 0)
		return;
	travel->pause_ns = travel->moved > 0 ? PAUSE_LEAST_NS : travel->pause_ns * 2;
	if (travel->pause_ns > PAUSE_MOST_NS)
		travel->pause_ns = PAUSE_MOST_NS;
	travel->sweep_at_ns = travel->now_ns + travel->pause_ns;
	travel->moved = 0;
}

static void depart(struct worker_travel *travel)
{
	for (uint32_t i = 0; i < travel->idle_count; i++)
		if (travel->leaving && !travel->stopped)
			consider(travel, travel->idle[i]);
	travel->idle_count = 0;
	if (travel->leaving && !travel->stopped)
		sweep(travel);
}

/* --- answers --------------------------------------------------------------------------------- */

_Static_assert(TRAVELLER_FRAMES_MAX <= HANDOVER_BURST, "no stage overflows");

/* What came for it meanwhile goes where it is now. */
static void let_go(struct worker_travel *travel, struct traveller *traveller)
{
	struct rte_mbuf *frames[TRAVELLER_FRAMES_MAX];
	uint32_t count = traveller->frame_count;

	memcpy(frames, traveller->frames, count * sizeof(*frames));
	traveller->stream = NULL;
	travel->handover->away--;
	count = worker_handover_again(travel->handover, frames, count);
	worker_handover_flush(travel->handover);
	for (uint32_t i = 0; i < count; i++)
		stack_input(travel->stack, frames[i]->port, &frames[i], 1, travel->now_ns);
}

static void take_answer(struct worker_travel *travel, struct traveller *traveller, bool taken)
{
	struct stream *stream = traveller->stream;

	if (taken) {
		gateway_forget(stream, travel->now_ns);
		tcp_forget(travel->tcp, stream);
		counter_inc(&travel->counters->travelled_out);
		travel->moved++;
	} else {
		counter_inc(&travel->counters->travel_refused);
		if (!PLANTED(REFUSED_NOT_RESUMED)) {
			tcp_resume(travel->tcp, stream);
			gateway_resume(stream, travel->now_ns);
		}
	}
	let_go(travel, traveller);
}

/* --- arriving -------------------------------------------------------------------------------- */

static bool arrive(struct worker_travel *travel, struct traveller *traveller)
{
	uint32_t bucket = bucket_of(traveller->hash);

	/* Frames are led here only where this worker is a stop, and it may have left meanwhile. */
	if (travel->stopped ||
	    !bucket_has(bucket_stops(&travel->fabric->buckets, bucket), travel->self))
		return false;
	if (PLANTED(TRAVELLER_FORGOTTEN))
		return true;
	struct stream *stream = tcp_import(travel->tcp, &traveller->tcp, NULL, travel->now_ns);

	if (!stream)
		return false;
	if (!gateway_arrive(travel->gateway, &traveller->gateway, stream, travel->now_ns)) {
		tcp_forget(travel->tcp, stream);
		return false;
	}
	bucket_travelled(&travel->fabric->buckets, bucket);
	counter_inc(&travel->counters->travelled_in);
	return true;
}

static void record(const struct worker_travel *travel, uint16_t from,
		   const struct traveller *traveller, uintptr_t marks)
{
	uint32_t note[] = {from, (uint32_t)marks, traveller->hash, traveller->tcp.snd_nxt,
			   traveller->tcp.rcv_nxt};

	travel->record(travel->record_context, travel->self, note, sizeof(note));
}

static bool take_all(struct worker_travel *travel, uint16_t from)
{
	void *messages[FABRIC_TRAVEL_SLOTS];
	unsigned count = rte_ring_sc_dequeue_burst(fabric_travel(travel->fabric, from, travel->self),
						   messages, FABRIC_TRAVEL_SLOTS, NULL);

	for (unsigned i = 0; i < count; i++) {
		uintptr_t marks = (uintptr_t)messages[i] & MARKS;
		struct traveller *traveller = (struct traveller *)((uintptr_t)messages[i] - marks);

		if (travel->record)
			record(travel, from, traveller, marks);
		if (marks & IS_ANSWER)
			take_answer(travel, traveller, marks & IS_TAKEN);
		else
			send(travel, from, traveller,
			     IS_ANSWER | (arrive(travel, traveller) ? IS_TAKEN : 0));
	}
	return count > 0;
}

/* --- the worker asks ------------------------------------------------------------------------- */

bool worker_travel_run(struct worker_travel *travel, uint64_t now_ns)
{
	uint32_t away = travel->handover->away;
	bool any = false;

	travel->now_ns = now_ns;
	for (uint16_t from = 0; from < travel->fabric->workers; from++)
		if (from != travel->self &&
		    !rte_ring_empty(fabric_travel(travel->fabric, from, travel->self)))
			any |= take_all(travel, from);
	depart(travel);
	return any || travel->handover->away != away;
}

bool worker_travel_has_input(const struct worker_travel *travel)
{
	return travel->idle_count > 0 || fabric_has_travel(travel->fabric, travel->self);
}

uint64_t worker_travel_deadline_ns(const struct worker_travel *travel)
{
	/* While all are under way an answer wakes the worker. */
	if (!travel->leaving || travel->stopped || travel->handover->away == TRAVELLERS_MAX)
		return DEADLINE_NEVER_NS;
	return travel->cursor > 0 ? 0 : travel->sweep_at_ns;
}

void worker_travel_stop(struct worker_travel *travel)
{
	travel->stopped = true;
}

void worker_travel_clear(struct worker_travel *travel, uint64_t now_ns)
{
	for (unsigned i = 0; i < TRAVELLERS_MAX; i++) {
		struct traveller *traveller = &travel->travellers[i];

		if (!traveller->stream)
			continue;
		tcp_resume(travel->tcp, traveller->stream);
		gateway_resume(traveller->stream, now_ns);
		rte_pktmbuf_free_bulk(traveller->frames, traveller->frame_count);
		traveller->stream = NULL;
		travel->handover->away--;
	}
}
