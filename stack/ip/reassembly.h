/* Fragments on their way back to one datagram: RFC 791 and 815, RFC 8200 4.5, RFC 5722, RFC 6946.
 *
 *     fragment:   | eth | IP | (extensions) | (Fragment header) | part |     each in its own buffers
 *     datagram:   | eth | IP' | (extensions) | part 0 | -> | part 1 | -> | part 2 |      one chain
 *
 * Nothing is copied: the first fragment's buffer stays in front with its headers, rewritten to those
 * of an unfragmented datagram, and the parts of the others are chained behind it.  What comes out is
 * a frame that any worker can parse as if it had come so from the wire; only its packet_type says
 * that it did not (IP_PACKET_REASSEMBLED).
 *
 * One owner thread, a worker or a dispatcher.  All fragments of a datagram must reach the same one:
 * hash them by source and destination alone, then send the whole datagram where its flow belongs.
 * Bounded in datagrams, in real size of buffers, and in fragments each; one source may hold a quarter
 * of the first two and then pushes out its own oldest datagram.  When the whole is full the oldest of
 * all goes, for it is the least likely to be completed.  Fragments that overlap refuse their datagram, and what comes of it later. */
#ifndef STACK_IP_REASSEMBLY_H
#define STACK_IP_REASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/drops.h"
#include "stack/base/pool.h"
#include "stack/base/siphash.h"
#include "stack/base/time.h"
#include "stack/ip/ip_input.h"
#include "stack/ip/ip_packet.h"

#define REASSEMBLY_FRAGMENTS_EACH_MAX 64
/* RFC 8200 4.5, and the least that RFC 1122 3.3.2 asks for; from the first fragment to arrive. */
#define REASSEMBLY_TIMEOUT_NS (60 * NS_PER_SECOND)

/* What the sender may be told (RFC 792, RFC 8200 4.5). */
enum reassembly_news {
	REASSEMBLY_TIMED_OUT, /* about the first fragment, and only when that had come */
	REASSEMBLY_BAD_LENGTH, /* not the last one, and not a multiple of 8 bytes */
	REASSEMBLY_TOO_LONG, /* the datagram would be longer than 65,535 bytes */
};

/* fragment: lent for the call. */
typedef void (*reassembly_tell)(void *context, enum reassembly_news news,
				const struct ip_packet *fragment, uint64_t now_ns);

struct reassembly_params {
	uint32_t datagrams_max;
	uint32_t fragments_max; /* in all */
	uint32_t bytes_max;     /* of buffers, whatever part of them is used */
	struct siphash_key hash_key;
	struct drop_counters *drops;
	reassembly_tell tell; /* NULL = nobody is told */
	void *context;
};

struct reassembly {
	struct reassembly_params params;
	struct pool datagrams;
	struct pool fragments;
	uint32_t *buckets; /* by source, owned */
	uint32_t bucket_mask;
	uint32_t oldest;   /* index of a datagram, or POOL_NO_INDEX */
	uint32_t newest;
	uint64_t bytes;
	uint64_t completed; /* datagrams, since start */
};

/* Boot.  False when memory is not to be had. */
MUST_USE bool reassembly_create(struct reassembly *r, const struct reassembly_params *params);
/* Drops what waits. */
void reassembly_destroy(struct reassembly *r);

/* fragment: as ip4_input or ip6_input describe one (is_fragment).  Takes its mbuf in every case.  True
 * when it was the last one that was missing: *whole is the datagram, which the caller owns, ready for
 * ip4_input or ip6_input. */
MUST_USE bool reassembly_add(struct reassembly *r, const struct ip_packet *fragment,
			     struct ip_input_from *whole, uint64_t now_ns);
/* When the oldest datagram will have waited for too long; DEADLINE_NEVER_NS: none waits. */
uint64_t reassembly_deadline_ns(const struct reassembly *r);
/* Drops at most max datagrams whose time is over; returns how many. */
uint32_t reassembly_expire(struct reassembly *r, uint64_t now_ns, uint32_t max);

#endif
