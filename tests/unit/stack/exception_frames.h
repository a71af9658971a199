/* Frames from 10.0.0.2 (and 2001:db8::b) to a stack that is 10.0.0.1 (and 2001:db8::a), whole and with right
 * checksums. */
#ifndef TESTS_UNIT_STACK_EXCEPTION_FRAMES_H
#define TESTS_UNIT_STACK_EXCEPTION_FRAMES_H

#include "stack/tcp/tcp_wire.h"
#include "tests/lib/packet.h"

#define A4 0x0a000001u
#define B4 0x0a000002u
#define FREE4 0x0a000009u    /* nobody's here */
#define DUPLICATE4 0x0a000005u
#define GROUP4 0xe0000005u   /* 224.0.0.5 */

#define ICMP 1
#define TCP 6
#define UDP 17
#define OSPF 89
#define ICMP6 58

extern const uint8_t mac_a[6];
extern const uint8_t mac_b[6];
extern const uint8_t mac_c[6];
extern const uint8_t broadcast[6];
extern const uint8_t group_mac[6];
extern const uint8_t a6[16];
extern const uint8_t b6[16];
extern const uint8_t free6[16];
extern const uint8_t all_nodes6[16];

/* The headers only. */
void put_ip4(struct packet *packet, uint32_t to, unsigned protocol, uint32_t bytes);
void put_tcp(struct packet *packet, uint32_t to, uint16_t port, uint8_t flags);
void put_udp(struct packet *packet, uint32_t to);
/* Quotes a segment of a connection that nobody here has. */
void put_icmp(struct packet *packet, uint8_t type, uint8_t code);
void put_arp(struct packet *packet, unsigned op, uint32_t target);
/* A message that is no answer or question of neighbour discovery has `target` in its place too. */
void put_icmp6(struct packet *packet, uint8_t type, const uint8_t to[16], const uint8_t target[16]);
/* The group of an address (RFC 4291 2.7.1). */
void solicited_node(const uint8_t addr[16], uint8_t out[16]);

#endif
