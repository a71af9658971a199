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
 * Table: entry hash mod size -> queue, filled in turn; sizes of 0, or of more than PORT_RETA_MAX or
 * no power of two, are not used.  Set up by the control thread; observed by each worker for its lane. */
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

struct port_rss {
	uint32_t state;      /* enum port_rss_state; control thread writes, workers read */
	uint16_t reta_size;
	uint16_t table[PORT_RETA_MAX];
};

/* What one worker saw on its lane. */
struct port_rss_seen {
	uint64_t frames;
	uint64_t hash_right;
	uint64_t hash_wrong;
	uint64_t hash_absent;
	uint64_t queue_right;
	uint64_t queue_wrong;
};

/* Gives the device our key (TOEPLITZ_KEY_BYTES of it) and a table over `queues`.  False: state is NONE
 * or REFUSED, why says what the device did; the port works without. */
bool port_rss_set_up(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
		     const struct port_caps *caps, const uint8_t *key, uint16_t queues,
		     struct why *why);
/* Moves entries to other queues: queue_of[reta_size].  False when the device refuses; the old table
 * stays valid then. */
MUST_USE bool port_rss_move(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
			    const uint16_t *queue_of);

/* By which queue a flow of this hash comes. */
static inline uint16_t port_rss_queue(const struct port_rss *rss, uint32_t hash)
{
	return rss->table[hash & (rss->reta_size - 1u)];
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

/* A frame with addresses and ports came by `queue`; `hash` is the software's. */
void port_rss_observe(const struct port_rss *rss, struct port_rss_seen *seen, uint16_t queue,
		      const struct rte_mbuf *frame, uint32_t hash);
/* From all lanes to a verdict, by the control thread.  True when the state changed; why says it in
 * words. */
bool port_rss_judge(struct port_rss *rss, const struct port_rss_seen *const *seen, uint16_t lanes,
		    struct why *why);

#endif
