/* A validated IP datagram on its way up from the link to ICMP, UDP or TCP.
 *
 *     mbuf data
 *     v
 *     +-----+-----------+------------------+---------+
 *     | eth | IP header | l4 header + data | padding |   the padding is not counted in l4_bytes
 *     +-----+-----------+------------------+---------+
 *                       ^ l4_offset        ^ l4_offset + l4_bytes
 *
 * The headers up to and including the first min(l4_bytes, IP_PACKET_L4_LINEAR_BYTES) bytes of L4
 * lie in the first segment.  Who is given the packet owns its mbuf. */
#ifndef STACK_IP_IP_PACKET_H
#define STACK_IP_IP_PACKET_H

#include <rte_mbuf.h>
#include <stdint.h>

#include "stack/base/addr.h"

#define IP_PACKET_L4_LINEAR_BYTES 60 /* the longest TCP header */

struct ip_packet {
	struct rte_mbuf *mbuf;
	struct ip_addr source;
	struct ip_addr destination;
	uint16_t l3_offset;   /* of the IP header in the first segment */
	uint16_t l4_offset;
	uint16_t l4_bytes;
	uint16_t netif;       /* index of the interface that it came in on */
	uint16_t vrf;
	uint8_t protocol;
	uint8_t hop_limit;    /* TTL or hop limit */
	uint8_t traffic_class;
	uint8_t is_v6;
	uint8_t is_group;     /* the destination is a multicast group that we joined */
};

#endif
