/* A stack with one address, 10.0.0.1/24 or 2001:db8::a, and who claims it. */
#ifndef TESTS_UNIT_STACK_DAD_FIXTURE_H
#define TESTS_UNIT_STACK_DAD_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ip/dad.h"
#include "stack/stack.h"
#include "tests/lib/packet.h"

#define A4 0x0a000001u
#define B4 0x0a000002u

extern const uint8_t mac_a[6];
extern const uint8_t mac_b[6];
extern const uint8_t broadcast[6];
extern const uint8_t a6[16];
extern const uint8_t b6[16];
extern const uint8_t nobody6[16];
extern const uint8_t all_nodes6[16];
extern const uint8_t group_a6[16];
extern struct rte_mempool *mbufs;
extern struct netif netif;
extern struct drop_counters drops;
extern struct stack *stack;
extern uint64_t now_ns;
/* Of a stack that only listens, for another one that announces. */
extern bool listens;
extern struct dad_news heard;
extern unsigned heard_count;

/* One address, of one family. */
void start(enum netif_probing probing, bool v6, uint64_t seed);
void stop(void);
/* What the stack sends next; 0 = nothing.  Returns its bytes. */
uint32_t take(uint8_t out[2048]);
/* The frame comes in; what is sent at once. */
uint32_t give(const struct packet *packet, uint8_t out[2048]);
void put_arp(struct packet *packet, unsigned op, const uint8_t mac[6], uint32_t sender,
		    uint32_t target);
/* A solicitation from nobody (a probe), or an advertisement to all. */
void put_nd(struct packet *packet, bool probe, const uint8_t mac[6], const uint8_t target[16]);
void put_claim(struct packet *packet, bool v6);
void put_question(struct packet *packet, bool v6);
enum netif_address_state state(void);
/* Jumps to the next deadline and returns what was sent there. */
uint32_t next(uint8_t frame[2048], uint64_t *waited_ns);
bool is_announcement(const uint8_t *frame, uint32_t length, bool v6, bool override);
bool is_probe(const uint8_t *frame, uint32_t length, bool v6);

#endif
