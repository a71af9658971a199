/* Which flow a received frame belongs to, and its Toeplitz hash: what decides on which core it is
 * worked on, before the stack has seen it.
 *
 *     TCP, UDP                addresses and ports, as a NIC hashes them
 *     fragments               addresses only: all of a datagram meet on one core, which puts it together
 *     ICMP errors             the flow of the quoted packet, turned round
 *     all else                ARP, ND, echo, what nobody handles: any core will do, so it stays here
 *
 * Nothing is judged here: what is malformed stays, and the stack counts it.  Pure; reads headers of
 * any length and any split without leaving the frame.
 *
 * A device (RSS) hashes TCP and UDP without extension headers as we do, if it was told to; what it
 * makes of all the rest (errors, options, two tags, cut packets) differs, so that is left to software. */
#ifndef DATAPLANE_WORKER_STEER_H
#define DATAPLANE_WORKER_STEER_H

#include <rte_mbuf.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/toeplitz.h"

enum steer_kind { STEER_HERE, STEER_FLOW, STEER_FRAGMENT };

struct steering {
	enum steer_kind kind;
	uint32_t hash;        /* 0 where it stays here */
	struct flow_key key;  /* of STEER_FLOW; vrf is 0 */
	uint64_t rss_type;    /* RTE_ETH_RSS_…: as what a device hashes it; 0 = who knows */
};

/* All but the hash, which is 0. */
void steer_look(const struct rte_mbuf *frame, struct steering *out);
/* Of what steer_look has found. */
uint32_t steer_hash(const struct toeplitz *toeplitz, const struct steering *steering);
/* Both. */
void steer_frame(const struct toeplitz *toeplitz, const struct rte_mbuf *frame,
		 struct steering *out);
/* Hash of the frames that arrive for a flow of ours. */
uint32_t steer_flow_hash(const struct toeplitz *toeplitz, const struct flow_key *key);

#endif
