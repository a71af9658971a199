/* IPv4 (RFC 791) and IPv6 (RFC 8200) headers: numbers, and writing them. */
#ifndef STACK_IP_IP_HEADER_H
#define STACK_IP_IP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ip/ip_output.h"

#define IP4_HEADER_BYTES 20
#define IP6_HEADER_BYTES 40
#define IP6_FRAGMENT_HEADER_BYTES 8
#define IP_HOP_LIMIT_DEFAULT 64
#define IP6_MTU_MIN_BYTES 1280

#define IP_PROTOCOL_ICMP4 1
#define IP_PROTOCOL_TCP 6
#define IP_PROTOCOL_UDP 17
#define IP_PROTOCOL_ICMP6 58
#define IP6_HOP_BY_HOP 0
#define IP6_ROUTING 43
#define IP6_FRAGMENT 44
#define IP6_DESTINATION_OPTIONS 60

/* Writes IP4_HEADER_BYTES, Don't Fragment set and identification 0 (RFC 6864 4.1). */
void ip4_header_write(uint8_t *to, const struct ip_output_meta *meta, uint16_t payload_bytes,
		      bool with_checksum);
/* Writes IP6_HEADER_BYTES. */
void ip6_header_write(uint8_t *to, const struct ip_output_meta *meta, uint16_t payload_bytes);

#endif
