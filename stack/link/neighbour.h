/* The neighbour table: next hop -> Ethernet header, for ARP and ND alike (RFC 4861 7.3.2).
 *
 *     (none) --first packet--> INCOMPLETE --answer--> REACHABLE --30 s--> STALE
 *                  |  3 x 1 s, no answer                  ^                 | packet
 *                  v                                      | answer          v
 *               FAILED --3 s--> (none)                  PROBE <---5 s--- DELAY
 *                  ^----------- 3 x 1 s, no answer --------'
 *
 * Bounded in entries, in packets waiting for an entry and in packets waiting in all.  Learning
 * goes through neighbour_learn alone, which tells what is new, so that the tables of other workers
 * can take it in by neighbour_import.
 * The table owns the waiting packets; they start with their IP header. */
#ifndef STACK_LINK_NEIGHBOUR_H
#define STACK_LINK_NEIGHBOUR_H

#include <rte_hash.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/base/wheel.h"
#include "stack/link/eth.h"

#define NEIGHBOUR_NONE UINT32_MAX
/* A burst of connections opens with so many SYNs before the first answer is in; a lost SYN costs a
 * second, which is a whole connect timeout (RFC 1122 2.3.2.2 wants one packet at the least). */
#define NEIGHBOUR_WAITING_MAX 32
#define NEIGHBOUR_WAITING_TOTAL_MAX 256
/* RFC 4861 10. */
#define NEIGHBOUR_SOLICIT_MAX 3
#define NEIGHBOUR_RETRANS_NS (1 * NS_PER_SECOND)
#define NEIGHBOUR_REACHABLE_NS (30 * NS_PER_SECOND)
#define NEIGHBOUR_DELAY_NS (5 * NS_PER_SECOND)
/* How long a next hop that did not answer is refused without asking again. */
#define NEIGHBOUR_FAILED_NS (3 * NS_PER_SECOND)

enum neighbour_state {
	NEIGHBOUR_FREE,
	NEIGHBOUR_INCOMPLETE,
	NEIGHBOUR_REACHABLE,
	NEIGHBOUR_STALE,
	NEIGHBOUR_DELAY,
	NEIGHBOUR_PROBE,
	NEIGHBOUR_FAILED,
};

struct neighbour {
	/* What a packet to a known neighbour needs: one line. */
	uint8_t eth_header[ETH_HEADER_BYTES_MAX]; /* ready to copy, once resolved */
	uint16_t netif;
	uint8_t eth_header_bytes;
	struct ip_addr addr;
	uint8_t state; /* enum neighbour_state */
	uint8_t solicits;
	uint8_t waiting_count;
	uint8_t reserved[21];
	/* Cold. */
	struct wheel_timer timer;
	struct rte_mbuf *waiting[NEIGHBOUR_WAITING_MAX]; /* oldest first */
} CACHE_ALIGNED;
_Static_assert(offsetof(struct neighbour, timer) == CACHE_LINE_BYTES, "hot part is one line");

/* How strong the word is that a neighbour has this MAC. */
enum neighbour_word {
	NEIGHBOUR_MENTIONED, /* it told us unasked: never a proof that it hears us */
	NEIGHBOUR_ANSWERED,  /* answer to our solicitation: reachable both ways */
};

struct neighbour_learning {
	enum neighbour_word word;
	bool may_create;     /* else only existing entries are updated */
	bool may_override;   /* replace another MAC (RFC 4861 7.2.5, Override flag) */
};

/* What a table has learnt, for the tables of other workers. */
struct neighbour_news {
	struct ip_addr addr;
	uint16_t netif;
	uint8_t mac[6];
	struct neighbour_learning learning;
};

struct neighbour_ops {
	/* Asks for addr; unicast_mac is NULL for a broadcast or multicast question. */
	void (*solicit)(void *context, uint16_t netif, const struct ip_addr *addr,
			const uint8_t *unicast_mac);
	/* A packet that waited is ready: takes the mbuf, which starts with its IP header. */
	void (*send)(void *context, const struct neighbour *to, struct rte_mbuf *mbuf);
	/* Something that others would want to know. */
	void (*learnt)(void *context, const struct neighbour_news *news);
};

struct neighbour_params {
	const struct netif *netifs;
	uint32_t entries_max;
	uint32_t hash_seed;
	const struct neighbour_ops *ops;
	void *context;
	struct drop_counters *drops;
	uint64_t now_ns;
};

struct neighbour_table {
	struct neighbour *entries; /* by position in hash, owned */
	uint32_t slots;
	uint32_t entries_max;
	uint32_t count;
	uint32_t waiting_total;
	uint32_t generation;       /* grows with every MAC that changes */
	uint32_t evict_hand;
	struct rte_hash *hash;
	const struct netif *netifs;
	const struct neighbour_ops *ops;
	void *context;
	struct drop_counters *drops;
	struct wheel wheel;
};

/* Boot.  False when memory is not to be had. */
MUST_USE bool neighbour_table_create(struct neighbour_table *table,
				     const struct neighbour_params *params);
/* Drops what waits. */
void neighbour_table_destroy(struct neighbour_table *table);

/* Index of the entry, or NEIGHBOUR_NONE. */
uint32_t neighbour_find(const struct neighbour_table *table, uint16_t netif,
			const struct ip_addr *addr);
void neighbour_learn(struct neighbour_table *table, uint16_t netif, const struct ip_addr *addr,
		     const uint8_t mac[6], const struct neighbour_learning *learning,
		     uint64_t now_ns);
/* What another worker's table has learnt: as neighbour_learn, but nobody is told. */
void neighbour_import(struct neighbour_table *table, const struct neighbour_news *news,
		      uint64_t now_ns);
/* A packet is for this next hop and the fast path below did not serve: finds or makes the entry,
 * sets *hint, and returns true when the header can be used now.  Otherwise the mbuf has been taken:
 * it waits, or it has been dropped and counted, as *verdict says. */
MUST_USE bool neighbour_resolve(struct neighbour_table *table, uint16_t netif,
				const struct ip_addr *next_hop, uint32_t *hint,
				struct rte_mbuf *mbuf, enum drop_reason *verdict, uint64_t now_ns);

/* A layer above has proof that what we send there arrives (RFC 4861 7.3.1): the entry at the hint, if
 * it is the right one and resolved, is REACHABLE from now on and is not asked. */
void neighbour_confirm(struct neighbour_table *table, uint32_t hint, uint16_t netif,
		       const struct ip_addr *next_hop, uint64_t now_ns);

/* The fast path: the entry at the hint if it is the right one and needs no attention. */
static inline const struct neighbour *neighbour_ready(const struct neighbour_table *table,
						      uint32_t hint, uint16_t netif,
						      const struct ip_addr *next_hop)
{
	if (unlikely_true(hint >= table->slots))
		return NULL;
	const struct neighbour *entry = &table->entries[hint];
	bool right = entry->netif == netif && entry->addr.words[0] == next_hop->words[0] &&
		     entry->addr.words[1] == next_hop->words[1];
	bool resolved = entry->state == NEIGHBOUR_REACHABLE || entry->state == NEIGHBOUR_DELAY ||
			entry->state == NEIGHBOUR_PROBE;

	return right && resolved ? entry : NULL;
}

/* Whether the entry has a MAC. */
static inline bool neighbour_is_resolved(const struct neighbour *entry)
{
	return entry->state >= NEIGHBOUR_REACHABLE && entry->state <= NEIGHBOUR_PROBE;
}

const char *neighbour_state_name(enum neighbour_state state);

#endif
