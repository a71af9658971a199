/* The whole stack of one worker: link, neighbours, IP, ICMP and TCP put together.
 *
 *     frames --> stack_input --> eth --> arp/nd
 *                                  \--> ip4/ip6 --> icmp
 *                                               \--> tcp --> stream events   (stack_deliver)
 *     frames <-- stack_output <-- control queue, then tcp_output, as many as there is room for
 *
 * Pure: no clock, no randomness, no port; everything is an argument. */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/drop_watch.h"
#include "stack/base/drops.h"
#include "stack/base/slice.h"
#include "stack/base/stream.h"
#include "stack/ip/exception.h"
#include "stack/link/neighbour.h"
#include "stack/netif.h"
#include "stack/tcp/tcp.h"

struct dad_news; /* stack/ip/dad.h */
struct ip_layer;
struct stack;

struct stack_params {
	struct netif *netifs; /* netif_count of them, outlive the stack, which writes the states of addresses */
	uint16_t netif_count;
	struct rte_mempool *header_pool;
	struct rte_mempool *indirect_pool;
	struct slice_pool *slices;
	struct tcp_counters *tcp_counters;
	struct drop_counters *drops;
	uint64_t seed;
	uint32_t neighbours_max;
	uint32_t connections_max;
	uint32_t timewait_max;
	uint32_t rx_budget_bytes;
	uint32_t tx_budget_bytes;
	/* What was learnt about a neighbour, for the stacks of other workers; NULL = there are none. */
	void (*neighbour_news)(void *context, const struct neighbour_news *news);
	void *neighbour_news_context;
	/* What was heard about addresses of ours, for the stack that announces them; NULL = this one does. */
	void (*address_heard)(void *context, const struct dad_news *news);
	void *address_heard_context;
	/* A datagram that was put together from fragments: true when another worker's stack has been
	 * given the frame, which its flow belongs to; NULL = all is for us. */
	bool (*pass_on)(void *context, uint16_t netif, struct rte_mbuf *frame);
	void *pass_on_context;
	/* Takes what is nobody's here, of interfaces with has_exception (ip/exception.h). */
	exception_taker exception;
	void *exception_context;
	uint64_t now_ns;
};

struct stack *stack_create(const struct stack_params *params);
void stack_destroy(struct stack *stack);

/* Takes every mbuf of one rx burst of one interface. */
void stack_input(struct stack *stack, uint16_t netif, struct rte_mbuf **frames, uint32_t count,
		 uint64_t now_ns);
/* Fills frames with what leaves on this interface, at most max; the caller owns them. */
uint32_t stack_output(struct stack *stack, uint16_t netif, struct rte_mbuf **frames, uint32_t max,
		      uint64_t now_ns);
/* Sends a frame that others have made, as it is but for the tag of the port's VLAN, behind what waits.
 * At most stack_send_room of them; takes it. */
void stack_send(struct stack *stack, uint16_t netif, struct rte_mbuf *frame);
uint32_t stack_send_room(const struct stack *stack, uint16_t netif);
uint64_t stack_deadline_ns(const struct stack *stack);
/* Returns how many timers fired. */
uint32_t stack_expire(struct stack *stack, uint64_t now_ns);
/* Hands stream events to their owners; returns how many. */
uint32_t stack_deliver(struct stack *stack, uint64_t now_ns);
/* Whether output or deliver would do something without further input. */
bool stack_has_work(const struct stack *stack);

/* How short the worker is of packet buffers (stack/tcp/tcp.h). */
void stack_set_pressure(struct stack *stack, enum tcp_pressure pressure);

/* It hears of every frame that is dropped from now on; NULL = nobody does. */
void stack_set_drop_watch(struct stack *stack, struct drop_watch *watch);
/* What is traced tells it from now on; NULL = nobody listens. */
void stack_set_trace(struct stack *stack, struct trace *trace);
struct tcp *stack_tcp(struct stack *stack);
/* Takes in what another worker's stack has learnt. */
void stack_learn(struct stack *stack, const struct neighbour_news *news, uint64_t now_ns);
/* Gratuitous ARP and unsolicited neighbour advertisements for all own addresses, after or while others
 * are asked whether they have them, as each port wants it (ip/dad.h).  One of several workers only. */
void stack_announce(struct stack *stack, uint64_t now_ns);
/* Instead, for all others: addresses are in the states in which announcing begins. */
void stack_follow_addresses(struct stack *stack);
/* What another worker's stack has heard about them, told to the one that announces. */
void stack_hear_of_address(struct stack *stack, const struct dad_news *news, uint64_t now_ns);
/* What the worker that announces has found out, told to the others. */
void stack_set_address_state(struct stack *stack, uint16_t netif, unsigned index,
			     enum netif_address_state state);
/* For those who look: ip/ip_show.h. */
const struct ip_layer *stack_ip(const struct stack *stack);

#endif
