#include "stack/ip/reassembly.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/planted.h"
#include "stack/ip/ip_header.h"
#include "stack/ip/reassembly_join.h"

#define SOURCE_SHARE 4 /* of the bounds, for one source: a quarter */
#define END_UNKNOWN UINT32_MAX
#define IP_BYTES_MAX 65535u

struct datagram {
	struct ip_addr source;
	struct ip_addr destination;
	uint32_t id;
	uint16_t vrf;
	uint8_t protocol;   /* 0 in IPv6, where it is not part of the key (RFC 8200 4.5) */
	bool refused;       /* fragments overlapped: what comes is dropped, until the time is over */
	uint8_t ecn_seen;   /* bit n = a fragment had the ECN field n */
	uint16_t count;
	uint32_t end_bytes; /* of the payload, or END_UNKNOWN until the last fragment is here */
	uint32_t here_bytes;
	uint32_t charge_bytes;
	uint64_t deadline_ns;
	uint32_t first; /* fragments by offset; POOL_NO_INDEX = none */
	uint32_t last;
	uint32_t bucket_next;
	uint32_t older;
	uint32_t newer;
};

struct source_use {
	uint32_t datagrams;
	uint64_t bytes;
	struct datagram *oldest;
};

static struct datagram *datagram_at(const struct reassembly *r, uint32_t index)
{
	return pool_at(&r->datagrams, index);
}

static struct reassembly_part *part_at(const struct reassembly *r, uint32_t index)
{
	return pool_at(&r->fragments, index);
}

bool reassembly_create(struct reassembly *r, const struct reassembly_params *params)
{
	uint32_t buckets = 16;

	*r = (struct reassembly){.params = *params, .oldest = POOL_NO_INDEX, .newest = POOL_NO_INDEX};
	while (buckets < params->datagrams_max)
		buckets *= 2;
	r->bucket_mask = buckets - 1;
	r->buckets = malloc(buckets * sizeof(*r->buckets));
	if (!r->buckets || !pool_create(&r->datagrams, sizeof(struct datagram), params->datagrams_max)) {
		free(r->buckets);
		return false;
	}
	if (!pool_create(&r->fragments, sizeof(struct reassembly_part), params->fragments_max)) {
		pool_destroy(&r->datagrams);
		free(r->buckets);
		return false;
	}
	memset(r->buckets, 0xff, buckets * sizeof(*r->buckets));
	return true;
}

static void drop(struct reassembly *r, struct rte_mbuf *mbuf, enum drop_reason reason)
{
	drop_count(r->params.drops, reason);
	rte_pktmbuf_free(mbuf);
}

static void tell(struct reassembly *r, enum reassembly_news news, const struct ip_packet *fragment,
		 uint64_t now_ns)
{
	if (r->params.tell)
		r->params.tell(r->params.context, news, fragment, now_ns);
}

static uint32_t *bucket_of(struct reassembly *r, uint16_t vrf, const struct ip_addr *source)
{
	struct {
		struct ip_addr source;
		uint64_t vrf;
	} key = {.source = *source, .vrf = vrf};

	return &r->buckets[siphash13(&r->params.hash_key, &key, sizeof(key)) & r->bucket_mask];
}

/* --- datagrams ---------------------------------------------------------------------------- */

/* All of a source are in one bucket, so that what it holds is counted on the way. */
static struct datagram *find(struct reassembly *r, const struct ip_packet *f, uint32_t bucket,
			     struct source_use *use)
{
	struct datagram *found = NULL;

	*use = (struct source_use){0};
	for (uint32_t i = bucket; i != POOL_NO_INDEX; i = datagram_at(r, i)->bucket_next) {
		struct datagram *d = datagram_at(r, i);

		if (d->vrf != f->vrf || !ip_addr_equal(&d->source, &f->source))
			continue;
		use->datagrams++;
		use->bytes += d->charge_bytes;
		use->oldest = d; /* the newest come first */
		if (d->id == f->fragment_id && ip_addr_equal(&d->destination, &f->destination) &&
		    d->protocol == (f->is_v6 ? 0 : f->protocol))
			found = d;
	}
	return found;
}

static struct datagram *open_datagram(struct reassembly *r, const struct ip_packet *f,
				      uint32_t *bucket, uint64_t now_ns)
{
	struct datagram *d = pool_take(&r->datagrams);

	INVARIANT(d);
	uint32_t index = pool_index(&r->datagrams, d);

	*d = (struct datagram){.source = f->source, .destination = f->destination,
			       .id = f->fragment_id, .vrf = f->vrf,
			       .protocol = f->is_v6 ? 0 : f->protocol, .end_bytes = END_UNKNOWN,
			       .deadline_ns = now_ns + REASSEMBLY_TIMEOUT_NS,
			       .first = POOL_NO_INDEX, .last = POOL_NO_INDEX, .bucket_next = *bucket,
			       .older = r->newest, .newer = POOL_NO_INDEX};
	*bucket = index;
	if (r->newest != POOL_NO_INDEX)
		datagram_at(r, r->newest)->newer = index;
	else
		r->oldest = index;
	r->newest = index;
	return d;
}

static void close_datagram(struct reassembly *r, struct datagram *d)
{
	uint32_t index = pool_index(&r->datagrams, d);
	uint32_t *link = bucket_of(r, d->vrf, &d->source);

	while (*link != index)
		link = &datagram_at(r, *link)->bucket_next;
	*link = d->bucket_next;
	if (d->older != POOL_NO_INDEX)
		datagram_at(r, d->older)->newer = d->newer;
	else
		r->oldest = d->newer;
	if (d->newer != POOL_NO_INDEX)
		datagram_at(r, d->newer)->older = d->older;
	else
		r->newest = d->older;
	r->bytes -= d->charge_bytes;
	pool_give(&r->datagrams, d);
}

static void drop_parts(struct reassembly *r, struct datagram *d, enum drop_reason reason)
{
	while (d->first != POOL_NO_INDEX) {
		struct reassembly_part *part = part_at(r, d->first);

		d->first = part->next;
		drop(r, part->packet.mbuf, reason);
		pool_give(&r->fragments, part);
	}
	d->last = POOL_NO_INDEX;
	r->bytes -= d->charge_bytes;
	d->charge_bytes = 0;
	d->count = 0;
}

/* RFC 8200 4.5: all that is here goes, and so will all that comes. */
static void refuse(struct reassembly *r, struct datagram *d, enum drop_reason reason)
{
	drop_parts(r, d, reason);
	d->refused = true;
}

static void evict(struct reassembly *r, struct datagram *d, enum drop_reason reason)
{
	drop_parts(r, d, reason);
	close_datagram(r, d);
}

/* --- fragments ---------------------------------------------------------------------------- */

static enum drop_reason check(struct reassembly *r, const struct ip_packet *f, uint64_t now_ns)
{
	uint32_t headers_bytes = (uint32_t)f->l4_offset - f->l3_offset;
	uint32_t end_bytes = (uint32_t)f->fragment_offset + f->l4_bytes;

	if (f->more_fragments && f->l4_bytes % 8 != 0) {
		tell(r, REASSEMBLY_BAD_LENGTH, f, now_ns);
		return DROP_IP_FRAGMENT_MALFORMED;
	}
	if (f->l4_bytes == 0)
		return DROP_IP_FRAGMENT_MALFORMED;
	/* The length field does not count the fixed header of IPv6, and its Fragment header goes. */
	if (f->is_v6)
		headers_bytes -= IP6_HEADER_BYTES + IP6_FRAGMENT_HEADER_BYTES;
	if (headers_bytes + end_bytes > IP_BYTES_MAX) {
		tell(r, REASSEMBLY_TOO_LONG, f, now_ns);
		return DROP_IP_FRAGMENT_MALFORMED;
	}
	return DROP_NONE;
}

static uint32_t charge_of(const struct rte_mbuf *mbuf)
{
	uint32_t bytes = 0;

	for (; mbuf; mbuf = mbuf->next)
		bytes += (uint32_t)mbuf->buf_len + (uint32_t)sizeof(*mbuf);
	return bytes;
}

/* Makes room for `charge` more in d; DROP_NONE when there is.  Whoever loses many fragments on its way
 * must not wait for a minute: its own oldest goes, then anybody's. */
static enum drop_reason make_room(struct reassembly *r, const struct ip_packet *f,
				  const struct datagram *d, uint32_t charge)
{
	const uint32_t *bucket = bucket_of(r, f->vrf, &f->source);
	struct source_use use;

	for (;;) {
		(void)find(r, f, *bucket, &use);
		if (use.bytes + charge <= r->params.bytes_max / SOURCE_SHARE)
			break;
		if (use.oldest == d)
			return DROP_IP_REASSEMBLY_SOURCE;
		evict(r, use.oldest, DROP_IP_REASSEMBLY_SOURCE);
	}
	while (r->bytes + charge > r->params.bytes_max || r->fragments.available == 0) {
		struct datagram *oldest = datagram_at(r, r->oldest);

		if (oldest == d)
			return DROP_IP_REASSEMBLY_FULL;
		evict(r, oldest, DROP_IP_REASSEMBLY_FULL);
	}
	return DROP_NONE;
}

/* Where the fragment belongs: *after is the part in front of it, POOL_NO_INDEX at the start. */
static enum drop_reason find_place(const struct reassembly *r, const struct datagram *d,
				   const struct ip_packet *f, uint32_t *after)
{
	uint32_t start = f->fragment_offset, end = start + f->l4_bytes;
	uint32_t at = d->first;

	*after = POOL_NO_INDEX;
	/* Most come in order. */
	if (d->last != POOL_NO_INDEX && part_at(r, d->last)->packet.fragment_offset < start) {
		*after = d->last;
		at = POOL_NO_INDEX;
	}
	while (at != POOL_NO_INDEX && part_at(r, at)->packet.fragment_offset < start) {
		*after = at;
		at = part_at(r, at)->next;
	}
	const struct ip_packet *before = *after != POOL_NO_INDEX ? &part_at(r, *after)->packet : NULL;
	const struct ip_packet *next = at != POOL_NO_INDEX ? &part_at(r, at)->packet : NULL;

	/* The network may duplicate: the same range again is no attack (RFC 8200 4.5). */
	if (next && next->fragment_offset == start && next->l4_bytes == f->l4_bytes &&
	    next->more_fragments == f->more_fragments)
		return DROP_IP_FRAGMENT_DUPLICATE;
	if (next && (next->fragment_offset < end || !f->more_fragments))
		return DROP_IP_FRAGMENT_OVERLAP;
	if (before && (uint32_t)before->fragment_offset + before->l4_bytes > start)
		return DROP_IP_FRAGMENT_OVERLAP;
	/* A second end, or something behind the end. */
	if (d->end_bytes != END_UNKNOWN && (end > d->end_bytes || !f->more_fragments))
		return DROP_IP_FRAGMENT_OVERLAP;
	return DROP_NONE;
}

static void insert(struct reassembly *r, struct datagram *d, const struct ip_packet *f,
		   uint32_t after, uint32_t charge)
{
	struct reassembly_part *part = pool_take_dirty(&r->fragments);

	INVARIANT(part);
	uint32_t index = pool_index(&r->fragments, part);
	uint32_t *link = after != POOL_NO_INDEX ? &part_at(r, after)->next : &d->first;

	part->packet = *f;
	part->next = *link;
	*link = index;
	if (part->next == POOL_NO_INDEX)
		d->last = index;
	if (!f->more_fragments)
		d->end_bytes = (uint32_t)f->fragment_offset + f->l4_bytes;
	d->here_bytes += f->l4_bytes;
	d->count++;
	d->ecn_seen |= (uint8_t)(1u << (f->traffic_class & 3));
	d->charge_bytes += charge;
	r->bytes += charge;
}

/* Takes all parts off the datagram, chained in order. */
static bool join(struct reassembly *r, struct datagram *d, struct ip_input_from *whole)
{
	struct reassembly_chain chain = {.mbuf = NULL};
	enum drop_reason reason = DROP_NONE;

	reassembly_join_begin(&chain, &part_at(r, d->first)->packet, d->ecn_seen);
	while (d->first != POOL_NO_INDEX) {
		struct reassembly_part *part = part_at(r, d->first);

		d->first = part->next;
		reassembly_join_part(&chain, &part->packet);
		pool_give(&r->fragments, part);
	}
	reason = reassembly_join_end(&chain, whole);
	if (reason == DROP_NONE)
		r->completed++;
	else
		drop(r, chain.mbuf, reason);
	close_datagram(r, d);
	return reason == DROP_NONE;
}

/* DROP_NONE when the fragment has been taken into *d. */
static enum drop_reason take(struct reassembly *r, struct datagram *d, const struct ip_packet *f)
{
	uint32_t charge = charge_of(f->mbuf), after;

	if (d->refused)
		return DROP_IP_FRAGMENT_OVERLAP;
	enum drop_reason reason = find_place(r, d, f, &after);

	if (reason == DROP_NONE && d->count == REASSEMBLY_FRAGMENTS_EACH_MAX)
		reason = DROP_IP_REASSEMBLY_FRAGMENTS;
	if (reason == DROP_IP_FRAGMENT_OVERLAP || reason == DROP_IP_REASSEMBLY_FRAGMENTS)
		refuse(r, d, reason);
	if (reason == DROP_NONE)
		reason = make_room(r, f, d, charge);
	if (reason == DROP_NONE)
		insert(r, d, f, after, charge);
	return reason;
}

bool reassembly_add(struct reassembly *r, const struct ip_packet *f, struct ip_input_from *whole,
		    uint64_t now_ns)
{
	uint32_t *bucket = bucket_of(r, f->vrf, &f->source);
	enum drop_reason reason = check(r, f, now_ns);
	struct source_use use;

	if (reason != DROP_NONE) {
		drop(r, f->mbuf, reason);
		return false;
	}
	struct datagram *d = find(r, f, *bucket, &use);

	if (!d) {
		if (use.datagrams >= r->params.datagrams_max / SOURCE_SHARE)
			evict(r, use.oldest, DROP_IP_REASSEMBLY_SOURCE);
		else if (r->datagrams.available == 0)
			evict(r, datagram_at(r, r->oldest), DROP_IP_REASSEMBLY_FULL);
		d = open_datagram(r, f, bucket, now_ns);
	}
	reason = take(r, d, f);
	if (reason != DROP_NONE) {
		drop(r, f->mbuf, reason);
		if (d->first == POOL_NO_INDEX && !d->refused)
			close_datagram(r, d);
		return false;
	}
	return d->here_bytes == d->end_bytes && join(r, d, whole);
}

uint64_t reassembly_deadline_ns(const struct reassembly *r)
{
	return r->oldest != POOL_NO_INDEX ? datagram_at(r, r->oldest)->deadline_ns
					  : DEADLINE_NEVER_NS;
}

uint32_t reassembly_expire(struct reassembly *r, uint64_t now_ns, uint32_t max)
{
	uint32_t count = 0;

	/* The buffers, that is: their owner forgets them. */
	while (PLANTED(DATAGRAM_LEAKS) && reassembly_deadline_ns(r) <= now_ns) {
		struct datagram *d = datagram_at(r, r->oldest);

		d->first = POOL_NO_INDEX;
		close_datagram(r, d);
	}
	while (count < max && reassembly_deadline_ns(r) <= now_ns) {
		struct datagram *d = datagram_at(r, r->oldest);

		if (d->first != POOL_NO_INDEX && part_at(r, d->first)->packet.fragment_offset == 0)
			tell(r, REASSEMBLY_TIMED_OUT, &part_at(r, d->first)->packet, now_ns);
		drop_parts(r, d, DROP_IP_REASSEMBLY_TIMEOUT);
		close_datagram(r, d);
		count++;
	}
	return count;
}

void reassembly_destroy(struct reassembly *r)
{
	while (r->oldest != POOL_NO_INDEX)
		evict(r, datagram_at(r, r->oldest), DROP_IP_REASSEMBLY_FULL);
	pool_destroy(&r->fragments);
	pool_destroy(&r->datagrams);
	free(r->buckets);
}
