/* Messages to a worker: typed, bounded, from any thread, taken in order by worker_poll.
 *
 *      control threads --mailbox_post--> [ ring of MAILBOX_SLOTS ] --mailbox_take--> worker
 *                                   \--> doorbell (where the worker may be asleep)
 *
 * Each slot carries a turn number, so that producers agree on slots by one compare-and-swap and
 * the consumer needs no lock.  A message is copied in and out; what it points to is owned as each
 * kind says.  A full box refuses: the sender keeps the message and tries again later. */
#ifndef DATAPLANE_WORKER_MAILBOX_H
#define DATAPLANE_WORKER_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/config/config.h"
#include "stack/base/compiler.h"
#include "stack/base/stream.h"
#include "stack/ip/dad.h"
#include "stack/link/neighbour.h"

#define MAILBOX_SLOTS 256

/* Looks at all connections of a worker, a bounded bite a poll.  Owned by the sender, which waits
 * until `done` is set (release) before it touches or frees it. */
struct worker_visit {
	void (*visit)(void *context, const struct stream_info *info);
	void *context;
	uint32_t cursor;  /* of tcp_visit, then of kernel_streams_visit; 0 at first */
	bool kernel;      /* those of the stack have been seen */
	bool done;
};

struct worker;

/* Looks at a worker from inside, between two steps of a poll, or sets something in it: bounded, and
 * no more than a poll may take.  Owned by the sender, which waits until `done` is set (release). */
struct worker_call {
	void (*run)(void *context, struct worker *worker, uint64_t now_ns);
	void *context;
	bool done;
};

enum mail_kind {
	MAIL_CONFIG, /* use this root from now on; owned by the publisher */
	MAIL_DRAIN,  /* take no new connections, let the others end */
	MAIL_ASK_TO_GO, /* ask connections to end; listeners stay */
	MAIL_VISIT,  /* call visit for every connection */
	MAIL_CALL,   /* call run once */
	MAIL_ADDRESS, /* the worker that probes has found out about an address of ours; copied */
	MAIL_NEIGHBOUR, /* another worker has learnt this; copied */
	MAIL_CLAIM,     /* another worker has heard this about an address that this one announces; copied */
	MAIL_BUCKETS,   /* buckets have moved: look which of them this worker is done with */
	MAIL_KIND_COUNT
};

struct mail_address {
	uint16_t netif;
	uint8_t index;
	uint8_t state; /* enum netif_address_state */
};

struct mail {
	enum mail_kind kind;
	union {
		const struct config *config;
		struct worker_visit *visit;
		uint32_t directions; /* MAIL_ASK_TO_GO: as gateway_drain */
		struct worker_call *call;
		struct mail_address address;
		struct neighbour_news neighbour;
		struct dad_news claim;
	};
};

struct doorbell;

struct mailbox_slot {
	uint64_t turn;
	struct mail mail;
};

struct mailbox {
	uint64_t tail CACHE_ALIGNED; /* producers */
	uint64_t refused;
	uint64_t head CACHE_ALIGNED; /* the worker */
	struct doorbell *doorbell;   /* NULL: nobody sleeps (simulator, tests) */
	struct mailbox_slot slots[MAILBOX_SLOTS] CACHE_ALIGNED;
};

void mailbox_init(struct mailbox *box);
/* Any thread.  False when the box is full. */
MUST_USE bool mailbox_post(struct mailbox *box, const struct mail *mail);
/* For what can be lost: as above, but half of the box stays free for those who cannot. */
MUST_USE bool mailbox_post_if_roomy(struct mailbox *box, const struct mail *mail);
/* The worker only.  False when it is empty. */
MUST_USE bool mailbox_take(struct mailbox *box, struct mail *out);
/* The worker only. */
bool mailbox_is_empty(const struct mailbox *box);

#endif
