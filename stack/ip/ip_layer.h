/* The state of the IP layer of one worker, shared by the files of stack/ip and stack/link's users.
 * Made by ip_layer_create at boot; one owner thread. */
#ifndef STACK_IP_IP_LAYER_H
#define STACK_IP_IP_LAYER_H

#include <limits.h>
#include <rte_mempool.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/drop_watch.h"
#include "stack/base/drops.h"
#include "stack/ip/dad.h"
#include "stack/ip/exception.h"
#include "stack/base/token_bucket.h"
#include "stack/ip/ip_output.h"
#include "stack/link/neighbour.h"
#include "stack/link/tx_queue.h"
#include "stack/netif.h"

/* What ICMP says about a flow; the arguments of tcp_path_error.  False when it is none of ours. */
typedef bool (*ip_path_error)(void *context, const struct flow_key *key, uint32_t sequence,
			      uint16_t mtu_bytes, uint64_t now_ns);
/* What was learnt about a neighbour and other workers do not know yet. */
typedef void (*ip_neighbour_news)(void *context, const struct neighbour_news *news);
/* What was heard about an address of ours, where another worker answers for it. */
typedef void (*ip_address_heard)(void *context, const struct dad_news *news);

struct ip_layer {
	struct netif *netifs;          /* the states of their addresses are written here */
	uint16_t netif_count;
	struct tx_queue *tx;           /* one an interface, owned */
	struct neighbour_table neighbours;
	struct dad dad;
	uint32_t generation;           /* of routes and addresses; routes of another one are stale */
	struct rte_mempool *header_pool;
	struct drop_counters *drops;
	struct drop_watch *drop_watch; /* NULL = nobody wants to know */
	struct token_bucket error_limit; /* errors that we send */
	struct token_bucket echo_limit;
	ip_path_error path_error;
	void *path_error_context;
	ip_neighbour_news neighbour_news; /* NULL = nobody wants to know */
	void *neighbour_news_context;
	ip_address_heard address_heard; /* NULL = it is our own business */
	void *address_heard_context;
	exception_taker exception; /* of interfaces with has_exception */
	void *exception_context;
};

struct ip_layer_params {
	struct netif *netifs;
	uint16_t netif_count;
	struct rte_mempool *header_pool;
	struct drop_counters *drops;
	uint32_t neighbours_max;
	uint32_t hash_seed;
	ip_path_error path_error;
	void *path_error_context;
	ip_neighbour_news neighbour_news;
	void *neighbour_news_context;
	ip_address_heard address_heard;
	void *address_heard_context;
	exception_taker exception;
	void *exception_context;
	uint64_t now_ns;
};

/* Boot; false when memory is not to be had. */
MUST_USE bool ip_layer_create(struct ip_layer *ip, const struct ip_layer_params *params);
void ip_layer_destroy(struct ip_layer *ip);

/* Whether addr is an own address of any interface in the vrf, and in use. */
bool ip_is_ours(const struct ip_layer *ip, uint16_t vrf, const struct ip_addr *addr);
/* Whether a datagram to addr that came in by this interface is for us: it is ours, or the interface is
 * inside and addr could be any host's. */
bool ip_accepts(const struct ip_layer *ip, uint16_t netif, const struct ip_addr *addr);
/* Whether a packet to addr can be for one host: not any, not a group, not loopback, not link-local. */
bool ip_could_be_a_host(const struct ip_addr *addr);
#define NETIF_NO_ADDRESS UINT_MAX
/* Index of the own address of this very interface that equals addr, in use or not. */
unsigned netif_find(const struct netif *netif, const struct ip_addr *addr);
/* Whether addr is an own address of this very interface, and in use. */
bool netif_owns(const struct netif *netif, const struct ip_addr *addr);

/* Counts and frees. */
enum drop_reason ip_drop(struct ip_layer *ip, struct rte_mbuf *mbuf, enum drop_reason reason);
/* Queues a whole frame (Ethernet header included) before all data; takes it. */
enum drop_reason ip_send_control(struct ip_layer *ip, uint16_t netif, struct rte_mbuf *frame);

#endif
