/* ICMP (RFC 792, RFC 1122 3.2.2) and ICMPv6 (RFC 4443): echo answered, errors in handed to the
 * flow they are about, errors out within a rate limit. */
#ifndef STACK_IP_ICMP_H
#define STACK_IP_ICMP_H

#include <stdint.h>

#include "stack/ip/ip_layer.h"
#include "stack/ip/ip_packet.h"
#include "stack/ip/reassembly.h"

/* Takes the packet; protocol is IP_PROTOCOL_ICMP4 or IP_PROTOCOL_ICMP6. */
void icmp_input(struct ip_layer *ip, const struct ip_packet *packet, uint64_t now_ns);

enum icmp_unreachable {
	ICMP_UNREACHABLE_PORT,
	ICMP_UNREACHABLE_PROTOCOL, /* ICMPv6: parameter problem, unrecognised next header */
};

/* Tells the sender, where the RFCs allow it; the caller keeps the packet. */
void icmp_send_unreachable(struct ip_layer *ip, const struct ip_packet *packet,
			   enum icmp_unreachable what, uint64_t now_ns);
/* The same about a fragment; a reassembly_tell, whose context is the ip_layer.  What ICMPv4 has no
 * message for is not told there. */
void icmp_send_about_fragment(void *context, enum reassembly_news news,
			      const struct ip_packet *fragment, uint64_t now_ns);

#endif
