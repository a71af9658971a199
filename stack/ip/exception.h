/* What came in on an interface and is nobody's here, for the kernel behind its exception port, which has
 * the same MAC and the same addresses.  Where there is none, all is as before: dropped, RST, ICMP error.
 *
 *     TCP without listener or connection, UDP, other protocols, ICMP that we have no use for    given
 *     errors about flows that are not ours; other destinations; groups that we did not join;
 *     other EtherTypes; fragments as they come, or as one datagram where they are for us         given
 *     answers to ARP and neighbour solicitations             given too, when we have learnt from them
 *     questions for addresses that are not the port's        given: answered there, if anywhere
 *     echo, questions for our addresses                      kept: both would answer
 *     what is malformed, or for an address that is not in use here                              dropped
 *
 * Pure: whoever takes the frames limits and counts them. */
#ifndef STACK_IP_EXCEPTION_H
#define STACK_IP_EXCEPTION_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"

struct ip_layer;
struct ip_packet;

enum exception_rank {
	EXCEPTION_COMMON,   /* a SYN or a datagram of UDP: any stranger can send a flood of them */
	EXCEPTION_FAVOURED, /* the rest, which is not to drown in it */
};

/* Takes the frame. */
typedef void (*exception_taker)(void *context, uint16_t netif, struct rte_mbuf *frame,
				enum exception_rank rank, uint64_t now_ns);

/* False when the interface has no exception port, or the frame is one of our own that came back: then
 * the caller keeps it. */
MUST_USE bool exception_give(const struct ip_layer *ip, uint16_t netif, struct rte_mbuf *frame,
			     enum exception_rank rank, uint64_t now_ns);
/* The same, for a packet to a destination that nobody here has. */
MUST_USE bool exception_give_foreign(const struct ip_layer *ip, const struct ip_packet *packet,
				     uint64_t now_ns);
/* Whether an ARP packet that has been dealt with here is of use to the kernel as well. */
bool exception_wants_arp(const struct ip_layer *ip, uint16_t netif, const uint8_t *bytes,
			 uint32_t length_bytes);
/* The same for a question about an address, by ARP or neighbour solicitation. */
bool exception_answers_for(const struct ip_layer *ip, uint16_t netif, const struct ip_addr *target);

#endif
