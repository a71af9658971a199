/* The parts of a datagram, in order and complete, become one frame (see reassembly.h).  The chain owns
 * the buffers that were given to it. */
#ifndef STACK_IP_REASSEMBLY_JOIN_H
#define STACK_IP_REASSEMBLY_JOIN_H

#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/ip/ip_input.h"
#include "stack/ip/ip_packet.h"

/* A fragment that waits. */
struct reassembly_part {
	struct ip_packet packet;
	uint32_t next;
};

struct reassembly_chain {
	struct rte_mbuf *mbuf; /* the first part's */
	struct rte_mbuf *tail;
	struct ip_packet first;
	uint32_t payload_bytes;
	uint8_t ecn_seen;
};

/* first: of offset 0; ecn_seen: bit n = some fragment had the ECN field n. */
void reassembly_join_begin(struct reassembly_chain *chain, const struct ip_packet *first,
			   uint8_t ecn_seen);
/* The next part, the first one included; takes its mbuf and cuts off its headers and padding. */
void reassembly_join_part(struct reassembly_chain *chain, const struct ip_packet *part);
/* Rewrites the headers.  DROP_NONE: *whole owns the mbuf; else it is still the chain's. */
MUST_USE enum drop_reason reassembly_join_end(struct reassembly_chain *chain,
					      struct ip_input_from *whole);

#endif
