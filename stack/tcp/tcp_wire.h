/* The TCP header and its options on the wire (RFC 9293 3.1, 3.2; RFC 7323 2.2, 3.2).
 *
 *     0                   1                   2                   3
 *     +-------------------------------+-------------------------------+
 *     |          source port          |       destination port        |
 *     |                        sequence number                        |
 *     |                     acknowledgment number                     |
 *     | offset | rsvd |C E U A P R S F|            window             |
 *     |           checksum            |        urgent pointer         |
 *     |               options, padded to 32 bits, <= 40 bytes         |
 *     +---------------------------------------------------------------+ */
#ifndef STACK_TCP_TCP_WIRE_H
#define STACK_TCP_TCP_WIRE_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/drops.h"
#include "stack/ip/ip_packet.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10

#define TCP_HEADER_BYTES 20
#define TCP_HEADER_BYTES_MAX 60
#define TCP_NO_WSCALE 255

/* One received segment, in host order.  It refers to the mbuf of the packet that it came in and
 * shares its owner. */
struct tcp_segment {
	const struct ip_packet *packet;
	uint32_t seq;
	uint32_t ack;
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint16_t window;         /* as on the wire, not scaled */
	uint16_t mss_bytes;      /* 0 = no option */
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t payload_offset; /* from the start of the mbuf's data */
	uint32_t payload_bytes;
	uint8_t flags;
	uint8_t wscale;          /* TCP_NO_WSCALE = no option */
	bool has_timestamp;
};

/* What a header is built from. */
struct tcp_header {
	uint16_t source_port;
	uint16_t destination_port;
	uint32_t seq;
	uint32_t ack;
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint16_t window;
	uint16_t mss_bytes;      /* 0 = leave the option out */
	uint8_t flags;
	uint8_t wscale;          /* TCP_NO_WSCALE = leave the option out */
	bool has_timestamp;
};

/* Length in sequence space: payload, SYN and FIN. */
static inline uint32_t tcp_segment_seq_bytes(const struct tcp_segment *segment)
{
	return segment->payload_bytes + !!(segment->flags & TCP_SYN) + !!(segment->flags & TCP_FIN);
}

/* Reads header and options; DROP_NONE or DROP_TCP_MALFORMED.  The checksum is not looked at. */
MUST_USE enum drop_reason tcp_wire_parse(const struct ip_packet *packet, struct tcp_segment *out);
/* Whether the checksum over pseudo-header, header and payload is right. */
bool tcp_wire_checksum_ok(const struct ip_packet *packet);
/* Of a wrong one: whether it is the pseudo-header's sum alone, which a sender leaves for its device to
 * finish.  Linux peers on a veth send that, and no port says so. */
bool tcp_wire_checksum_is_unfinished(const struct ip_packet *packet);
/* Writes header and options with a zero checksum into to[TCP_HEADER_BYTES_MAX]; returns its length,
 * a multiple of 4. */
uint32_t tcp_wire_build(const struct tcp_header *header, uint8_t *to);
/* Fills the checksum of a whole segment (mbuf data starts with the TCP header): computed here, or
 * prepared for the port when it does that. */
void tcp_wire_checksum(struct rte_mbuf *mbuf, const struct ip_addr *source,
		       const struct ip_addr *destination, uint32_t header_bytes, bool offload);

#endif
