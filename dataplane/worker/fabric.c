#include "dataplane/worker/fabric.h"

#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

static size_t whole_lines(size_t bytes)
{
	return (bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
}

/* In our own memory: no name, no registry of DPDK's. */
static struct rte_ring *make_ring(unsigned slots)
{
	ssize_t bytes = rte_ring_get_memsize(slots);
	struct rte_ring *ring = bytes < 0 ? NULL : aligned_alloc(CACHE_LINE_BYTES,
								 whole_lines((size_t)bytes));

	if (ring && rte_ring_init(ring, "fabric", slots, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		free(ring);
		return NULL;
	}
	return ring;
}

static bool make_rings(struct fabric *fabric)
{
	for (uint16_t from = 0; from < fabric->workers; from++) {
		for (uint16_t to = 0; to < fabric->workers; to++) {
			if (from == to)
				continue;
			struct rte_ring *ring = make_ring(FABRIC_FRAMES);

			fabric->frames[from * fabric->workers + to] = ring;
			if (!ring)
				return false;
			ring = make_ring(FABRIC_TRAVEL_SLOTS);
			fabric->travel[from * fabric->workers + to] = ring;
			if (!ring)
				return false;
		}
		for (uint16_t port = 0; port < fabric->ports; port++) {
			if (fabric_owns_queue(fabric, from, port))
				continue;
			struct rte_ring *ring = make_ring(FABRIC_OUT_FRAMES);

			fabric->out[from * fabric->ports + port] = ring;
			if (!ring)
				return false;
		}
	}
	return true;
}

static bool make_exception_rings(struct fabric *fabric)
{
	fabric->exceptions = calloc(fabric->workers, sizeof(struct rte_ring *));
	for (uint16_t from = 1; fabric->exceptions && from < fabric->workers; from++) {
		fabric->exceptions[from] = make_ring(FABRIC_EXCEPTION_FRAMES);
		if (!fabric->exceptions[from])
			return false;
	}
	return fabric->exceptions != NULL;
}

bool fabric_create(struct fabric **out, const struct fabric_params *params, struct why *why)
{
	size_t workers = params->workers;
	struct fabric *fabric = aligned_alloc(CACHE_LINE_BYTES, whole_lines(sizeof(*fabric)));

	if (!fabric)
		return why_set(why, "no memory for %u workers; lower their number", params->workers);
	memset(fabric, 0, sizeof(*fabric));
	fabric->workers = params->workers;
	fabric->ports = params->ports;
	for (uint16_t i = 0; i < params->ports; i++)
		fabric->queues[i] = params->queues[i];
	fabric->frames = calloc(workers * workers, sizeof(struct rte_ring *));
	fabric->travel = calloc(workers * workers, sizeof(struct rte_ring *));
	fabric->out = calloc(workers * params->ports + 1, sizeof(struct rte_ring *));
	buckets_init(&fabric->buckets, params->workers);
	if (!fabric->frames || !fabric->travel || !fabric->out || !make_rings(fabric) ||
	    (params->exceptions && !make_exception_rings(fabric)) ||
	    !toeplitz_set_key(&fabric->toeplitz, params->key ? params->key : toeplitz_default_key,
			      TOEPLITZ_KEY_BYTES)) {
		fabric_destroy(fabric);
		return why_set(why, "no memory for the rings between %u workers; lower their number",
			       params->workers);
	}
	*out = fabric;
	return true;
}

static void free_ring(struct rte_ring *ring)
{
	void *frame;

	while (ring && rte_ring_sc_dequeue(ring, &frame) == 0)
		rte_pktmbuf_free(frame);
	free(ring);
}

void fabric_destroy(struct fabric *fabric)
{
	uint32_t frames = (uint32_t)fabric->workers * fabric->workers;
	uint32_t out = (uint32_t)fabric->workers * fabric->ports;

	for (uint32_t i = 0; fabric->frames && i < frames; i++)
		free_ring(fabric->frames[i]);
	/* What these point to is its sender's. */
	for (uint32_t i = 0; fabric->travel && i < frames; i++)
		free(fabric->travel[i]);
	for (uint32_t i = 0; fabric->out && i < out; i++)
		free_ring(fabric->out[i]);
	for (uint32_t i = 0; fabric->exceptions && i < fabric->workers; i++)
		free_ring(fabric->exceptions[i]);
	free(fabric->exceptions);
	free(fabric->frames);
	free(fabric->travel);
	free(fabric->out);
	free(fabric);
}

void fabric_attach(struct fabric *fabric, uint16_t worker, struct mailbox *box,
		   struct doorbell *bell)
{
	fabric->boxes[worker] = box;
	fabric->bells[worker] = bell;
}

bool fabric_has_travel(const struct fabric *fabric, uint16_t worker)
{
	for (uint16_t from = 0; from < fabric->workers; from++)
		if (from != worker && !rte_ring_empty(fabric_travel(fabric, from, worker)))
			return true;
	return false;
}

bool fabric_has_frames(const struct fabric *fabric, uint16_t worker)
{
	for (uint16_t from = 0; from < fabric->workers; from++)
		if (from != worker && !rte_ring_empty(fabric_frames(fabric, from, worker)))
			return true;
	return false;
}

bool fabric_has_out(const struct fabric *fabric, uint16_t worker, uint16_t port)
{
	uint16_t step = fabric->queues[port];

	for (uint32_t from = (uint32_t)worker + step; from < fabric->workers; from += step)
		if (!rte_ring_empty(fabric_out(fabric, (uint16_t)from, port)))
			return true;
	return false;
}
