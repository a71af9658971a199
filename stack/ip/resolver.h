/* Who answers and asks for link-layer addresses: ARP and ND messages in and out, on behalf of the
 * neighbour table, of duplicate address detection (dad.h), and of every host where a port is inside. */
#ifndef STACK_IP_RESOLVER_H
#define STACK_IP_RESOLVER_H

#include <stdint.h>

#include "stack/ip/ip_layer.h"
#include "stack/ip/ip_packet.h"

extern const struct neighbour_ops resolver_neighbour_ops;

/* An ARP packet of length_bytes; the caller keeps the frame it is in. */
enum drop_reason resolver_arp_input(struct ip_layer *ip, uint16_t netif, const uint8_t *bytes,
				    uint32_t length_bytes, uint64_t now_ns);
/* A neighbour solicitation or advertisement with a right checksum; the caller keeps the packet. */
enum drop_reason resolver_nd_input(struct ip_layer *ip, const struct ip_packet *packet,
				   const uint8_t *message, uint64_t now_ns);
/* Asks whether another host has the address, in the name of nobody (RFC 5227 2.1.1, RFC 4862 5.4.2). */
void resolver_probe(struct ip_layer *ip, uint16_t netif, const struct ip_addr *addr);
/* Gratuitous ARP (RFC 5227 2.3) or unsolicited advertisement (RFC 4861 7.2.6) of one address. */
void resolver_announce(struct ip_layer *ip, uint16_t netif, const struct ip_addr *addr);

#endif
