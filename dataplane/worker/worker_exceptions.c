#include "dataplane/worker/worker_exceptions.h"

#include <rte_ether.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/worker_counters.h"
#include "dataplane/port/exception_port.h"
#include "dataplane/worker/fabric.h"
#include "stack/base/counter.h"
#include "stack/base/planted.h"
#include "stack/base/time.h"
#include "stack/base/token_bucket.h"

#define BURST 64
#define RX_BURST 32
/* A device with a descriptor wakes who sleeps; in between, each look is a system call. */
#define LOOK_NS (20 * NS_PER_US)
/* The kernel waits so long for a port that takes nothing; then its frames are dropped, for a descriptor
 * that stays readable would keep the worker awake. */
#define PATIENCE_NS (10 * NS_PER_MS)

/* One port's. */
struct exception_end {
	struct exception_port *exception; /* NULL = the port has none */
	uint32_t reserved;                /* tokens, for what is favoured */
	struct token_bucket own;
	struct token_bucket all;          /* used by the owner */
	uint64_t look_at_ns;
	uint64_t full_since_ns;           /* 0 = the port's queue has room */
};

struct worker_exceptions {
	struct fabric *fabric; /* NULL = this is the only worker */
	struct stack *stack;
	uint16_t self;
	uint16_t ports;
	const struct netif *netifs;
	struct port_counters **counters;
	struct drop_counters *drops;
	void (*record)(void *context, uint16_t worker, const void *bytes, uint32_t length_bytes);
	void *record_context;
	uint32_t staged_count;
	struct rte_mbuf *staged[BURST];
	struct exception_end ends[WORKER_PORTS_MAX];
};

struct worker_exceptions *worker_exceptions_create(const struct worker_params *params,
						   const struct netif *netifs)
{
	size_t bytes = (sizeof(struct worker_exceptions) + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES *
		       CACHE_LINE_BYTES;
	struct worker_exceptions *e = aligned_alloc(CACHE_LINE_BYTES, bytes);

	if (!e)
		return NULL;
	memset(e, 0, bytes);
	e->fabric = params->fabric;
	e->self = params->index;
	e->ports = params->port_count;
	e->netifs = netifs;
	e->counters = params->port_counters;
	e->drops = params->drops;
	e->record = params->record;
	e->record_context = params->record_context;
	for (uint16_t i = 0; i < params->port_count; i++) {
		struct exception_port *exception = params->exceptions[i];
		struct exception_end *end = &e->ends[i];

		end->exception = exception;
		if (!exception)
			continue;
		end->reserved = exception->burst / 2;
		token_bucket_init(&end->own, exception->packets_per_second, exception->burst);
		token_bucket_init(&end->all, exception->packets_per_second, exception->burst);
	}
	return e;
}

void worker_exceptions_start(struct worker_exceptions *e, struct stack *stack)
{
	e->stack = stack;
}

static void drop(struct worker_exceptions *e, struct rte_mbuf **frames, uint32_t count,
		 enum drop_reason reason)
{
	for (uint32_t i = 0; i < count; i++) {
		drop_count(e->drops, reason);
		rte_pktmbuf_free(frames[i]);
	}
}

void worker_exceptions_destroy(struct worker_exceptions *e)
{
	if (e)
		drop(e, e->staged, e->staged_count, DROP_EXCEPTION_FULL);
	free(e);
}

static bool may_pass(struct worker_exceptions *e, struct token_bucket *bucket,
		     const struct exception_end *end, struct rte_mbuf *frame, enum exception_rank rank,
		     uint64_t now_ns)
{
	if (token_bucket_take(bucket, rank == EXCEPTION_COMMON ? end->reserved : 0, now_ns))
		return true;
	drop(e, &frame, 1, DROP_EXCEPTION_RATE);
	return false;
}

/* The kernel's interface is inside of the VLAN, as the stack is. */
static void take_tag_off(const struct netif *netif, struct rte_mbuf *frame)
{
	if (unlikely_true(netif->vlan || rte_pktmbuf_mtod(frame, struct rte_ether_hdr *)->ether_type ==
						 RTE_BE16(RTE_ETHER_TYPE_VLAN)))
		(void)!rte_vlan_strip(frame);
}

/* frames[] are one port's. */
static void give_to_kernel(struct worker_exceptions *e, uint16_t index, struct rte_mbuf **frames,
			   uint32_t count)
{
	struct port *device = &e->ends[index].exception->port;
	struct port_counters *counters = e->counters[index];
	uint64_t bytes[BURST], sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		take_tag_off(&e->netifs[index], frames[i]);
		sum += frames[i]->pkt_len;
		bytes[i] = sum;
	}
	uint32_t taken = device->ops->tx(device, 0, frames, count);

	if (taken > 0) {
		counter_add(&counters->exception_tx_frames, taken);
		counter_add(&counters->exception_tx_bytes, bytes[taken - 1]);
	}
	drop(e, frames + taken, count - taken, DROP_EXCEPTION_FULL);
}

static void give_runs(struct worker_exceptions *e, struct rte_mbuf **frames, uint32_t count)
{
	for (uint32_t from = 0, to; from < count; from = to) {
		to = from + 1;
		while (to < count && frames[to]->port == frames[from]->port)
			to++;
		give_to_kernel(e, frames[from]->port, frames + from, to - from);
	}
}

/* The owner: frames of all workers, within the limits of their ports. */
static void limit_and_give(struct worker_exceptions *e, struct rte_mbuf **frames, uint32_t count,
			   uint64_t now_ns)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct exception_end *end = &e->ends[frames[i]->port];

		if (may_pass(e, &end->all, end, frames[i], (enum exception_rank)frames[i]->tx_offload,
			     now_ns))
			frames[kept++] = frames[i];
	}
	give_runs(e, frames, kept);
}

static void flush(struct worker_exceptions *e, uint64_t now_ns)
{
	uint32_t count = e->staged_count;

	e->staged_count = 0;
	if (e->self == EXCEPTION_OWNER) {
		limit_and_give(e, e->staged, count, now_ns);
		return;
	}
	uint32_t taken = rte_ring_sp_enqueue_burst(fabric_exceptions(e->fabric, e->self),
						   (void **)e->staged, count, NULL);

	drop(e, e->staged + taken, count - taken, DROP_EXCEPTION_FULL);
	fabric_wake(e->fabric, EXCEPTION_OWNER);
}

void worker_exceptions_give(void *context, uint16_t port, struct rte_mbuf *frame,
			    enum exception_rank rank, uint64_t now_ns)
{
	struct worker_exceptions *e = context;
	struct exception_end *end = &e->ends[port];

	if (PLANTED(EXCEPTION_STRAYS) && e->self != EXCEPTION_OWNER) {
		rte_pktmbuf_free(frame);
		return;
	}
	if (!may_pass(e, &end->own, end, frame, rank, now_ns))
		return;
	if (e->staged_count == BURST)
		flush(e, now_ns);
	frame->port = port;
	frame->tx_offload = rank;
	e->staged[e->staged_count++] = frame;
}

static bool take_from_workers(struct worker_exceptions *e, uint64_t now_ns)
{
	bool any = false;

	for (uint16_t from = 0; e->fabric && from < e->fabric->workers; from++) {
		struct rte_mbuf *frames[BURST];

		if (from == EXCEPTION_OWNER)
			continue;
		uint32_t count = rte_ring_sc_dequeue_burst(fabric_exceptions(e->fabric, from),
							   (void **)frames, BURST, NULL);

		for (uint32_t i = 0; e->record && i < count; i++)
			e->record(e->record_context, e->self, rte_pktmbuf_mtod(frames[i], void *),
				  frames[i]->data_len);
		limit_and_give(e, frames, count, now_ns);
		any |= count > 0;
	}
	return any;
}

/* How many frames the kernel may send through the port now. */
static uint32_t room_for_kernel(struct worker_exceptions *e, uint16_t index, uint64_t now_ns)
{
	struct exception_end *end = &e->ends[index];
	uint32_t room = stack_send_room(e->stack, index);

	if (room > 0) {
		end->full_since_ns = 0;
		return room < RX_BURST ? room : RX_BURST;
	}
	if (end->full_since_ns == 0)
		end->full_since_ns = now_ns;
	return now_ns - end->full_since_ns < PATIENCE_NS ? 0 : RX_BURST;
}

static bool take_from_kernel(struct worker_exceptions *e, uint16_t index, uint64_t now_ns)
{
	struct exception_end *end = &e->ends[index];
	struct port *device = &end->exception->port;
	struct port_counters *counters = e->counters[index];
	struct rte_mbuf *frames[RX_BURST];
	uint32_t room = room_for_kernel(e, index, now_ns);

	if (room == 0 || (device->wait_fd >= 0 && now_ns < end->look_at_ns))
		return false;
	uint32_t count = device->ops->rx(device, 0, frames, room);

	if (count == 0)
		end->look_at_ns = now_ns + LOOK_NS;
	counter_add(&counters->exception_rx_frames, count);
	for (uint32_t i = 0; i < count; i++) {
		counter_add(&counters->exception_rx_bytes, frames[i]->pkt_len);
		stack_send(e->stack, index, frames[i]);
	}
	return count > 0;
}

bool worker_exceptions_run(struct worker_exceptions *e, uint64_t now_ns)
{
	bool worked = e->staged_count > 0;

	if (worked)
		flush(e, now_ns);
	if (e->self != EXCEPTION_OWNER)
		return worked;
	worked |= take_from_workers(e, now_ns);
	for (uint16_t i = 0; i < e->ports; i++)
		if (e->ends[i].exception)
			worked |= take_from_kernel(e, i, now_ns);
	return worked;
}

bool worker_exceptions_have_input(const struct worker_exceptions *e)
{
	if (e->self != EXCEPTION_OWNER || !e->fabric)
		return false;
	for (uint16_t from = 0; from < e->fabric->workers; from++)
		if (from != EXCEPTION_OWNER && !rte_ring_empty(fabric_exceptions(e->fabric, from)))
			return true;
	return false;
}
