/* UDP (RFC 768): nobody listens yet, so a well-formed datagram is answered with an ICMP error.
 * Sockets (DNS, QUIC) will hang off udp_input. */
#ifndef STACK_IP_UDP_H
#define STACK_IP_UDP_H

#include <stdint.h>

#include "stack/ip/ip_layer.h"
#include "stack/ip/ip_packet.h"

/* Takes the packet. */
void udp_input(struct ip_layer *ip, const struct ip_packet *packet, uint64_t now_ns);

#endif
