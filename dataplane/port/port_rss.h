/* Receive-side scaling (RSS) of a device: set, read back, and tested on what arrives.
 *
 *     key, table --> device --> read back: the same? --no--> REFUSED
 *                                   | yes
 *                                   v
 *              each frame looked at: is its hash ours, and its queue that of the table?
 *                 TESTING --RSS_TRUST_FRAMES right ones, no wrong--> TRUSTED --a wrong one--> WRONG
 *
 * Nothing rests on it: a frame that came by another core's queue is handed over.  What it saves is
 * that work, and, once TRUSTED, computing the hash.  A device that delivers no hash, or spreads with
 * a table that can't be set, is tested by its queues alone.
 *
 * Table: entry hash mod size -> queue, filled in turn at first, then as port_rss_follow wants it; sizes
 * of 0, or of more than PORT_RETA_MAX or no power of two, are not used.  For a moment after a change
 * frames come by the old queue, which counts as right.
 *
 * All but the observing is the control thread's; each worker observes for its lane. */
#ifndef DATAPLANE_PORT_PORT_RSS_H
#define DATAPLANE_PORT_PORT_RSS_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port/port_caps.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct ethdev_calls;

#define PORT_RETA_MAX 512
#define PORT_RSS_KEY_MAX 64
#define RSS_TRUST_FRAMES 64
/* Of a trusted device one frame in so many is still looked at. */
#define RSS_SAMPLE_EVERY 256

enum port_rss_state { PORT_RSS_NONE, PORT_RSS_REFUSED, PORT_RSS_TESTING, PORT_RSS_TRUSTED,
		      PORT_RSS_WRONG };

/* What one worker saw on its lane; it alone writes. */
struct port_rss_seen {
	uint64_t frames;
	uint64_t hash_right;
	uint64_t hash_wrong;
	uint64_t hash_absent;
	uint64_t queue_right;
	uint64_t queue_wrong;
};

/* All zero at first.  Control thread writes, workers read state to table. */
struct port_rss {
	uint32_t state;                 /* enum port_rss_state */
	uint16_t reta_size;
	uint64_t types;                 /* RTE_ETH_RSS_…: what it hashes */
	uint16_t before[PORT_RETA_MAX]; /* the table until a moment ago */
	uint16_t table[PORT_RETA_MAX];
	struct port_rss_seen forgotten; /* what was seen before it was set up */
	uint16_t wait_steps;            /* until the table may be changed (again) */
	bool refusal_told;
	uint64_t table_writes;
};

/* Gives the device our key (TOEPLITZ_KEY_BYTES of it) and a table over `queues`; the table that it had
 * when this is called again, after a reset.  False: state is NONE or REFUSED, why says what the device
 * did; the port works without. */
bool port_rss_set_up(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
		     const struct port_caps *caps, const uint8_t *key, uint16_t queues,
		     struct why *why);
/* What lanes have seen until now says nothing any more. */
void port_rss_forget(struct port_rss *rss, const struct port_rss_seen *const *seen, uint16_t lanes);
/* Moves entries to other queues: queue_of[reta_size].  False when the device refuses, and why; the old
 * table stays valid then. */
MUST_USE bool port_rss_move(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
			    const uint16_t *queue_of, struct why *why);
/* At every step of the port: moves what is not where queue_of[reta_size] has it.  One change at a time;
 * a device that refuses is asked again after RSS_REFUSED_STEPS.  True when there is a refusal to tell. */
MUST_USE bool port_rss_follow(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
			      const uint16_t *queue_of, struct why *why);
#define RSS_SETTLE_STEPS 2
#define RSS_REFUSED_STEPS 10

/* Whether the device has a table that can be followed. */
static inline bool port_rss_has_table(const struct port_rss *rss)
{
	return rss->reta_size > 0 && rss->state != PORT_RSS_NONE && rss->state != PORT_RSS_REFUSED;
}

static inline uint32_t port_rss_entry(const struct port_rss *rss, uint32_t hash)
{
	return hash & (rss->reta_size - 1u) & (PORT_RETA_MAX - 1u);
}

/* By which queue a flow of this hash comes. */
static inline uint16_t port_rss_queue(const struct port_rss *rss, uint32_t hash)
{
	return __atomic_load_n(&rss->table[port_rss_entry(rss, hash)], __ATOMIC_RELAXED);
}

/* Whether the device's hash of a frame of this type (RTE_ETH_RSS_…, one of them) is of interest. */
static inline bool port_rss_covers(const struct port_rss *rss, uint64_t type)
{
	uint32_t state = __atomic_load_n(&rss->state, __ATOMIC_RELAXED);

	return (state == PORT_RSS_TESTING || state == PORT_RSS_TRUSTED) &&
	       (__atomic_load_n(&rss->types, __ATOMIC_RELAXED) & type) != 0;
}

/* The device's own hash of a frame, where it may be believed; the caller computes it otherwise, and
 * shows it to port_rss_observe.  Now and then it says no, so that the device stays tested. */
static inline bool port_rss_hash(const struct port_rss *rss, struct port_rss_seen *seen,
				 const struct rte_mbuf *frame, uint32_t *hash)
{
	if (__atomic_load_n(&rss->state, __ATOMIC_RELAXED) != PORT_RSS_TRUSTED ||
	    !(frame->ol_flags & RTE_MBUF_F_RX_RSS_HASH) || ++seen->frames % RSS_SAMPLE_EVERY == 0)
		return false;
	*hash = frame->hash.rss;
	return true;
}

/* A frame of a type that it covers came by `queue`; `hash` is the software's. */
void port_rss_observe(const struct port_rss *rss, struct port_rss_seen *seen, uint16_t queue,
		      const struct rte_mbuf *frame, uint32_t hash);
/* From all lanes to a verdict, by the control thread.  True when the state changed; why says it in
 * words. */
bool port_rss_judge(struct port_rss *rss, const struct port_rss_seen *const *seen, uint16_t lanes,
		    struct why *why);

#endif
