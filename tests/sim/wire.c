#include "tests/sim/wire.h"

#include <rte_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/time.h"
#include "tests/sim/wire_cut.h"

struct wire_frame {
	uint64_t arrival_ns;
	uint64_t order;
	unsigned to;
	uint32_t length_bytes;
	uint8_t bytes[];
};

void wire_init(struct wire *wire, const struct wire_faults *faults, uint64_t seed, bool trace)
{
	memset(wire, 0, sizeof(*wire));
	wire->faults = *faults;
	prng_seed(&wire->prng, seed);
	wire->hash = UINT64_C(0xcbf29ce484222325);
	wire->trace = trace;
}

void wire_close(struct wire *wire)
{
	for (uint32_t i = 0; i < wire->heap_count; i++)
		free(wire->heap[i]);
	free(wire->heap);
	for (unsigned end = 0; end < wire->end_count; end++) {
		rte_pktmbuf_free_bulk(wire->ends[end].inbox, wire->ends[end].inbox_count);
		free(wire->ends[end].inbox);
	}
	memset(wire, 0, sizeof(*wire));
}

unsigned wire_attach(struct wire *wire, const uint8_t mac[6], struct rte_mempool *pool)
{
	INVARIANT(wire->end_count < WIRE_ENDS_MAX);
	struct wire_end *end = &wire->ends[wire->end_count];

	memcpy(end->mac, mac, 6);
	end->pool = pool;
	end->inbox = calloc(WIRE_INBOX_MAX, sizeof(struct rte_mbuf *));
	INVARIANT(end->inbox);
	return wire->end_count++;
}

static bool arrives_before(const struct wire_frame *a, const struct wire_frame *b)
{
	return a->arrival_ns != b->arrival_ns ? a->arrival_ns < b->arrival_ns : a->order < b->order;
}

static void heap_push(struct wire *wire, struct wire_frame *frame)
{
	if (wire->heap_count == wire->heap_capacity) {
		wire->heap_capacity = wire->heap_capacity ? 2 * wire->heap_capacity : 256;
		wire->heap = realloc(wire->heap, wire->heap_capacity * sizeof(*wire->heap));
		INVARIANT(wire->heap);
	}
	uint32_t at = wire->heap_count++;

	for (; at > 0 && arrives_before(frame, wire->heap[(at - 1) / 2]); at = (at - 1) / 2)
		wire->heap[at] = wire->heap[(at - 1) / 2];
	wire->heap[at] = frame;
}

static struct wire_frame *heap_pop(struct wire *wire)
{
	struct wire_frame *first = wire->heap[0];
	struct wire_frame *last = wire->heap[--wire->heap_count];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= wire->heap_count)
			break;
		if (child + 1 < wire->heap_count &&
		    arrives_before(wire->heap[child + 1], wire->heap[child]))
			child++;
		if (!arrives_before(wire->heap[child], last))
			break;
		wire->heap[at] = wire->heap[child];
		at = child;
	}
	wire->heap[at] = last;
	return first;
}

static bool chance(struct wire *wire, uint32_t ppm)
{
	return ppm > 0 && prng_below(&wire->prng, 1000000) < ppm;
}

static void mix(struct wire *wire, const void *data, uint32_t length_bytes)
{
	const uint8_t *bytes = data;

	for (uint32_t i = 0; i < length_bytes; i++)
		wire->hash = (wire->hash ^ bytes[i]) * UINT64_C(0x100000001b3);
}

/* One bit of an IP packet: ARP has no checksum of its own, on a real wire the FCS guards it.  One bit
 * of a datagram, too, however it is cut: two may make up for each other in the sum that TCP checks. */
static void maybe_corrupt(struct wire *wire, struct wire_frame *frame)
{
	bool is_ip = (frame->bytes[12] == 0x08 && frame->bytes[13] == 0x00) ||
		     (frame->bytes[12] == 0x86 && frame->bytes[13] == 0xdd);

	if (is_ip && chance(wire, wire->faults.corrupt_ppm)) {
		uint32_t at = 14 + prng_below(&wire->prng, frame->length_bytes - 14);
		uint8_t bit = (uint8_t)(1u << prng_below(&wire->prng, 8));

		frame->bytes[at] ^= wire->is_corrupted ? 0 : bit;
		wire->is_corrupted = true;
	}
}

static void launch(struct wire *wire, unsigned to, const uint8_t *bytes, uint32_t length_bytes,
		   uint64_t now_ns)
{
	uint64_t spread_ns = wire->faults.delay_max_ns - wire->faults.delay_min_ns;
	struct wire_frame *frame = malloc(sizeof(*frame) + length_bytes);

	INVARIANT(frame);
	frame->to = to;
	frame->order = wire->order++;
	frame->length_bytes = length_bytes;
	frame->arrival_ns = now_ns + wire->faults.delay_min_ns;
	if (spread_ns > 0)
		frame->arrival_ns += prng_next(&wire->prng) % spread_ns;
	memcpy(frame->bytes, bytes, length_bytes);
	maybe_corrupt(wire, frame);
	heap_push(wire, frame);
}

static void print_frame(unsigned end, const uint8_t *bytes, uint32_t length_bytes, uint64_t now_ns)
{
	fprintf(stderr, "%12.6f ms  end %u  %u bytes ", (double)now_ns / 1e6, end, length_bytes);
	for (uint32_t i = 12; i < length_bytes && i < 78; i++)
		fprintf(stderr, "%02x", bytes[i]);
	fprintf(stderr, "\n");
}

static bool passes(struct wire *wire, uint64_t now_ns)
{
	bool cut = now_ns >= wire->faults.partition_from_ns && now_ns < wire->faults.partition_until_ns;

	if (!cut && !chance(wire, wire->faults.loss_ppm))
		return true;
	wire->frames_lost++;
	return false;
}

static void spread(struct wire *wire, unsigned from, const uint8_t *bytes, uint32_t length_bytes,
		   uint64_t now_ns)
{
	for (unsigned to = 0; to < wire->end_count; to++) {
		bool meant = (bytes[0] & 1) || wire->ends[to].takes_all ||
			     memcmp(bytes, wire->ends[to].mac, 6) == 0;

		if (to == from || !meant || !passes(wire, now_ns))
			continue;
		launch(wire, to, bytes, length_bytes, now_ns);
		if (chance(wire, wire->faults.duplicate_ppm))
			launch(wire, to, bytes, length_bytes, now_ns);
	}
}

void wire_send(struct wire *wire, unsigned end, struct rte_mbuf *mbuf, uint64_t now_ns)
{
	uint8_t buffer[WIRE_FRAME_BYTES_MAX];
	uint32_t length_bytes = mbuf->pkt_len;

	INVARIANT(length_bytes >= RTE_ETHER_HDR_LEN && length_bytes <= sizeof(buffer));
	const uint8_t *bytes = rte_pktmbuf_read(mbuf, 0, length_bytes, buffer);

	wire->frames++;
	wire->is_corrupted = false;
	mix(wire, &now_ns, sizeof(now_ns));
	mix(wire, &end, sizeof(end));
	mix(wire, bytes, length_bytes);
	if (wire->trace)
		print_frame(end, bytes, length_bytes, now_ns);
	struct wire_cut cut;

	if (wire_cut_begin(&cut, bytes, length_bytes, wire->faults.cut_bytes, wire->datagrams_cut + 1)) {
		wire->datagrams_cut++;
		while (wire_cut_next(&cut))
			spread(wire, end, cut.frame, cut.frame_bytes, now_ns);
	} else {
		spread(wire, end, bytes, length_bytes, now_ns);
	}
	rte_pktmbuf_free(mbuf);
}

void wire_deliver(struct wire *wire, uint64_t now_ns)
{
	while (wire->heap_count > 0 && wire->heap[0]->arrival_ns <= now_ns) {
		struct wire_frame *frame = heap_pop(wire);
		struct wire_end *end = &wire->ends[frame->to];
		struct rte_mbuf *mbuf =
			end->inbox_count < WIRE_INBOX_MAX ? rte_pktmbuf_alloc(end->pool) : NULL;

		/* A receiver without a buffer loses the frame, as a NIC with an empty ring does. */
		if (mbuf) {
			char *data = rte_pktmbuf_append(mbuf, (uint16_t)frame->length_bytes);

			INVARIANT(data);
			memcpy(data, frame->bytes, frame->length_bytes);
			end->inbox[end->inbox_count++] = mbuf;
		} else {
			wire->frames_lost++;
		}
		free(frame);
	}
}

uint32_t wire_receive(struct wire *wire, unsigned end_index, struct rte_mbuf **frames, uint32_t max)
{
	struct wire_end *end = &wire->ends[end_index];
	uint32_t count = end->inbox_count < max ? end->inbox_count : max;

	memcpy(frames, end->inbox, count * sizeof(*frames));
	memmove(end->inbox, end->inbox + count, (end->inbox_count - count) * sizeof(*frames));
	end->inbox_count -= count;
	return count;
}

bool wire_has_inbox(const struct wire *wire, unsigned end)
{
	return wire->ends[end].inbox_count > 0;
}

uint64_t wire_deadline_ns(const struct wire *wire)
{
	return wire->heap_count > 0 ? wire->heap[0]->arrival_ns : DEADLINE_NEVER_NS;
}
