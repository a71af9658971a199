/* The virtual wire: an Ethernet segment with seeded delay, loss, duplication, corruption and
 * partitions.  Reordering comes from the spread of the delay.
 *
 *     client host ──┐
 *     worker port ──┼── wire ── frames in flight, ordered by (arrival, order of sending)
 *     origin host ──┘
 *
 * A router that cuts makes fragments of IPv4 packets, whatever they say about that, and of IPv6 packets
 * as their senders would have; each is an own frame with an own fate.
 *
 * Frames are copied off the sender's mbuf and into a fresh mbuf of the receiver, as a NIC does. */
#ifndef TESTS_SIM_WIRE_H
#define TESTS_SIM_WIRE_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/prng.h"

#define WIRE_ENDS_MAX 8
#define WIRE_FRAME_BYTES_MAX 2048

struct wire_faults {
	uint64_t delay_min_ns;
	uint64_t delay_max_ns;
	uint32_t loss_ppm;
	uint32_t duplicate_ppm;
	uint32_t corrupt_ppm;         /* one bit of an IP packet flips */
	uint32_t cut_bytes;           /* payload of each fragment that a router makes; 0 = none does */
	uint64_t partition_from_ns;   /* nothing passes in between; from == until: never */
	uint64_t partition_until_ns;
};

struct wire_frame;

struct wire_end {
	uint8_t mac[6];
	bool takes_all;                   /* not only what is for its MAC */
	struct rte_mempool *pool;         /* where received frames are put */
	struct rte_mbuf **inbox;          /* arrived, not yet taken */
	uint32_t inbox_count;
};

#define WIRE_INBOX_MAX 4096

struct wire {
	struct wire_faults faults;
	struct prng prng;
	struct wire_end ends[WIRE_ENDS_MAX];
	unsigned end_count;
	struct wire_frame **heap;         /* binary heap by arrival */
	uint32_t heap_count;
	uint32_t heap_capacity;
	uint64_t order;
	uint64_t hash;                    /* of every frame sent, with its time and sender */
	uint64_t frames;
	uint64_t frames_lost;
	uint32_t datagrams_cut;           /* and the identification of the next one */
	bool is_corrupted;                /* the packet that is being sent, in one of its parts */
	bool trace;
};

void wire_init(struct wire *wire, const struct wire_faults *faults, uint64_t seed, bool trace);
/* Drops what is in flight and in inboxes. */
void wire_close(struct wire *wire);
/* Returns the number of the new end. */
unsigned wire_attach(struct wire *wire, const uint8_t mac[6], struct rte_mempool *pool);
/* Takes the frame (all its segments) and puts it in flight. */
void wire_send(struct wire *wire, unsigned end, struct rte_mbuf *frame, uint64_t now_ns);
/* Moves what has arrived by now_ns into the inboxes. */
void wire_deliver(struct wire *wire, uint64_t now_ns);
/* Takes at most max frames off an end's inbox. */
uint32_t wire_receive(struct wire *wire, unsigned end, struct rte_mbuf **frames, uint32_t max);
bool wire_has_inbox(const struct wire *wire, unsigned end);
uint64_t wire_deadline_ns(const struct wire *wire);

#endif
