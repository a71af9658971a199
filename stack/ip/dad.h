/* Does somebody else have our addresses?  RFC 4862 5.4 and RFC 4429 for IPv6, RFC 5227 for IPv4.
 *
 *                        probes, nobody answers            announcements
 *     TENTATIVE  ───────────────────────────────> PREFERRED ──> defends itself, at most once in 10 s
 *     OPTIMISTIC ──────────────┬────────────────>
 *      in use meanwhile        │ another has it
 *                              v
 *                          DUPLICATE ── 60 s ──> TENTATIVE
 *
 * Only PREFERRED and OPTIMISTIC addresses are answered for, spoken from and listened on.  A port that
 * does not probe has PREFERRED addresses from the start and announces them.  One worker does this for
 * all; the others are told what has become of it (stack_set_address_state), and tell it what they hear,
 * for a frame may come in on any core. */
#ifndef STACK_IP_DAD_H
#define STACK_IP_DAD_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/prng.h"
#include "stack/base/time.h"
#include "stack/netif.h"

#define DAD_PROBES_V4 3 /* RFC 5227 1.1 */
#define DAD_PROBES_V6 1 /* RFC 4862 5.1 */
#define DAD_RETRY_NS (60 * NS_PER_SECOND)
#define DAD_DEFEND_NS (10 * NS_PER_SECOND) /* RFC 5227 1.1, DEFEND_INTERVAL */

struct ip_layer;

struct dad_entry {
	uint8_t phase;
	uint8_t sent;
	uint64_t next_ns;
	uint64_t may_defend_ns;
	/* Read by other threads. */
	uint64_t conflicts;
	uint64_t other_mac; /* who claimed it last, the first byte highest; 0 = nobody */
	uint64_t may_tell_ns[2]; /* by word; of those who only listen */
};

struct dad {
	struct dad_entry *entries; /* NETIF_ADDRESSES_MAX a port, owned */
	uint32_t count;
	uint64_t deadline_ns;
	struct prng prng;
};

enum dad_word {
	DAD_CLAIMED, /* another host says that it has the address */
	DAD_PROBED,  /* another host asks in the name of nobody whether anyone has it */
};

/* How often one who only listens passes on the same word about an address. */
#define DAD_TELL_NS (1 * NS_PER_SECOND)

/* What one who only listens has heard, for the one who probes and announces. */
struct dad_news {
	uint16_t netif;
	uint8_t index; /* of the address */
	uint8_t word;  /* enum dad_word */
	uint8_t mac[6];
};

/* Boot.  False when memory is not to be had. */
MUST_USE bool dad_create(struct dad *dad, uint16_t netif_count, uint64_t seed);
void dad_destroy(struct dad *dad);
/* Announces or begins to probe every address, as its port wants it. */
void dad_start(struct ip_layer *ip, uint64_t now_ns);
/* For one who only listens: the states that dad_start begins with. */
void dad_follow(struct ip_layer *ip);
/* A message of another host, with this MAC, about our address `index` of the port.  Whether it is one
 * that we use is the caller's business: a probe is answered.  Told on, where ip->address_heard is set. */
void dad_heard(struct ip_layer *ip, uint16_t netif, unsigned index, const uint8_t mac[6],
	       enum dad_word word, uint64_t now_ns);
uint32_t dad_expire(struct ip_layer *ip, uint64_t now_ns);
static inline uint64_t dad_deadline_ns(const struct dad *dad)
{
	return dad->deadline_ns;
}

#endif
