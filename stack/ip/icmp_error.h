/* ICMP errors that came in: which flow of ours are they about? */
#ifndef STACK_IP_ICMP_ERROR_H
#define STACK_IP_ICMP_ERROR_H

#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/ip/ip_packet.h"

struct icmp_error {
	struct flow_key key;  /* local = the source of the quoted packet */
	uint32_t sequence;    /* of the quoted TCP segment */
	uint16_t mtu_bytes;   /* 0 = it did not arrive; else the next hop takes no more than this */
};

/* message: the ICMP message, length_bytes of it contiguous, checksum verified.  DROP_NONE when it
 * names a TCP flow that left from packet->destination; DROP_ICMP_UNHANDLED for types that TCP has
 * no use for; unreachable, time exceeded and parameter problem are all the same to it. */
MUST_USE enum drop_reason icmp_error_parse(const struct ip_packet *packet, const uint8_t *message,
					   uint32_t length_bytes, struct icmp_error *out);

#endif
