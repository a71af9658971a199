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
#include <rte_mbuf_ptype.h>
#include <stdint.h>

#include "stack/base/addr.h"

#define IP_PACKET_L4_LINEAR_BYTES 60 /* the longest TCP header */
/* packet_type of a frame that reassembly has made; a device names the layers below as well. */
#define IP_PACKET_REASSEMBLED RTE_PTYPE_L4_FRAG

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
	/* A fragment is for reassembly alone: its l4_offset and l4_bytes are where its part lies. */
	uint8_t is_fragment;
	uint8_t more_fragments;
	uint8_t was_fragmented; /* it came in fragments, or with a Fragment header (RFC 6946) */
	uint16_t fragment_offset; /* bytes */
	uint32_t fragment_id;
};

#endif
