#include "stack/ip/dad.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/planted.h"
#include "stack/ip/ip_layer.h"
#include "stack/ip/resolver.h"

/* RFC 5227 1.1 and RFC 4862 5.4.2, RFC 4861 10. */
#define FIRST_DELAY_MOST_NS (1 * NS_PER_SECOND)
#define PROBE_LEAST_NS (1 * NS_PER_SECOND)
#define PROBE_MOST_NS (2 * NS_PER_SECOND)
#define ANNOUNCE_WAIT_NS (2 * NS_PER_SECOND)
#define RETRANS_NS (1 * NS_PER_SECOND)
#define ANNOUNCEMENTS 2
#define ANNOUNCE_INTERVAL_NS (2 * NS_PER_SECOND)

enum phase {
	PHASE_IDLE,
	PHASE_PROBING,
	PHASE_ANNOUNCING,
	PHASE_GIVEN_UP,
};

bool dad_create(struct dad *dad, uint16_t netif_count, uint64_t seed)
{
	*dad = (struct dad){.count = (uint32_t)netif_count * NETIF_ADDRESSES_MAX,
			    .deadline_ns = DEADLINE_NEVER_NS};
	prng_seed(&dad->prng, seed);
	dad->entries = calloc(dad->count, sizeof(*dad->entries));
	for (uint32_t i = 0; dad->entries && i < dad->count; i++)
		dad->entries[i].next_ns = DEADLINE_NEVER_NS;
	return dad->entries != NULL;
}

void dad_destroy(struct dad *dad)
{
	free(dad->entries);
}

static uint64_t some_ns(struct dad *dad, uint64_t least_ns, uint64_t most_ns)
{
	return least_ns + prng_next(&dad->prng) % (most_ns - least_ns + 1);
}

static void find_deadline(struct dad *dad)
{
	dad->deadline_ns = DEADLINE_NEVER_NS;
	for (uint32_t i = 0; i < dad->count; i++)
		dad->deadline_ns = deadline_earlier_ns(dad->deadline_ns, dad->entries[i].next_ns);
}

/* An address and all that is kept about it. */
struct subject {
	struct ip_layer *ip;
	uint16_t netif;
	unsigned index;
	const struct ip_addr *addr;
	struct dad_entry *entry;
};

static struct subject subject_of(struct ip_layer *ip, uint32_t number)
{
	uint16_t netif = (uint16_t)(number / NETIF_ADDRESSES_MAX);
	unsigned index = number % NETIF_ADDRESSES_MAX;

	return (struct subject){ip, netif, index, &ip->netifs[netif].addresses[index].addr,
				&ip->dad.entries[number]};
}

static void set_state(const struct subject *s, enum netif_address_state state)
{
	__atomic_store_n(&s->ip->netifs[s->netif].address_states[s->index], (uint8_t)state,
			 __ATOMIC_RELEASE);
}

static void wait_until(const struct subject *s, uint64_t next_ns)
{
	s->entry->next_ns = next_ns;
	s->ip->dad.deadline_ns = deadline_earlier_ns(s->ip->dad.deadline_ns, next_ns);
}

static void begin_probing(const struct subject *s, enum netif_address_state state, uint64_t now_ns)
{
	set_state(s, state);
	s->entry->phase = PHASE_PROBING;
	s->entry->sent = 0;
	wait_until(s, now_ns + some_ns(&s->ip->dad, 0, FIRST_DELAY_MOST_NS));
}

static void announce(const struct subject *s, uint64_t now_ns)
{
	resolver_announce(s->ip, s->netif, s->addr);
	s->entry->sent++;
	if (s->entry->sent < ANNOUNCEMENTS) {
		wait_until(s, now_ns + ANNOUNCE_INTERVAL_NS);
		return;
	}
	s->entry->phase = PHASE_IDLE;
	s->entry->next_ns = DEADLINE_NEVER_NS;
}

static void begin_announcing(const struct subject *s, uint64_t now_ns)
{
	set_state(s, NETIF_ADDRESS_PREFERRED);
	s->entry->phase = PHASE_ANNOUNCING;
	s->entry->sent = 0;
	announce(s, now_ns);
}

static void probe(const struct subject *s, uint64_t now_ns)
{
	struct dad *dad = &s->ip->dad;
	bool is_v4 = ip_addr_is_v4(s->addr);
	unsigned most = is_v4 ? DAD_PROBES_V4 : DAD_PROBES_V6;

	if (s->entry->sent == most) {
		begin_announcing(s, now_ns);
		return;
	}
	resolver_probe(s->ip, s->netif, s->addr);
	s->entry->sent++;
	if (s->entry->sent < most)
		wait_until(s, now_ns + some_ns(dad, PROBE_LEAST_NS, PROBE_MOST_NS));
	else
		wait_until(s, now_ns + (is_v4 ? ANNOUNCE_WAIT_NS : RETRANS_NS));
}

void dad_start(struct ip_layer *ip, uint64_t now_ns)
{
	for (uint16_t i = 0; i < ip->netif_count; i++) {
		for (unsigned j = 0; j < ip->netifs[i].address_count; j++) {
			struct subject s = subject_of(ip, (uint32_t)i * NETIF_ADDRESSES_MAX + j);

			switch ((enum netif_probing)ip->netifs[i].probing) {
			case NETIF_PROBES_NOT:
				begin_announcing(&s, now_ns);
				break;
			case NETIF_PROBES_MEANWHILE:
				begin_probing(&s, NETIF_ADDRESS_OPTIMISTIC, now_ns);
				resolver_announce(ip, i, s.addr);
				break;
			case NETIF_PROBES_FIRST:
				begin_probing(&s, NETIF_ADDRESS_TENTATIVE, now_ns);
				break;
			}
		}
	}
}

void dad_follow(struct ip_layer *ip)
{
	static const enum netif_address_state first[] = {
		[NETIF_PROBES_NOT] = NETIF_ADDRESS_PREFERRED,
		[NETIF_PROBES_MEANWHILE] = NETIF_ADDRESS_OPTIMISTIC,
		[NETIF_PROBES_FIRST] = NETIF_ADDRESS_TENTATIVE,
	};

	for (uint16_t i = 0; i < ip->netif_count; i++)
		for (unsigned j = 0; j < ip->netifs[i].address_count; j++)
			ip->netifs[i].address_states[j] = (uint8_t)first[ip->netifs[i].probing];
}

static uint64_t packed(const uint8_t mac[6])
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 6; i++)
		value = value << 8 | mac[i];
	return value;
}

static void count_conflict(const struct subject *s, const uint8_t mac[6])
{
	__atomic_store_n(&s->entry->other_mac, packed(mac), __ATOMIC_RELAXED);
	__atomic_store_n(&s->entry->conflicts, s->entry->conflicts + 1, __ATOMIC_RELAXED);
}

static void tell_on(const struct subject *s, const uint8_t mac[6], enum dad_word word, uint64_t now_ns)
{
	struct dad_news news = {.netif = s->netif, .index = (uint8_t)s->index, .word = (uint8_t)word};

	if (now_ns < s->entry->may_tell_ns[word] || PLANTED(CLAIM_NOT_TOLD))
		return;
	s->entry->may_tell_ns[word] = now_ns + DAD_TELL_NS;
	memcpy(news.mac, mac, sizeof(news.mac));
	s->ip->address_heard(s->ip->address_heard_context, &news);
}

void dad_heard(struct ip_layer *ip, uint16_t netif, unsigned index, const uint8_t mac[6],
	       enum dad_word word, uint64_t now_ns)
{
	struct subject s = subject_of(ip, (uint32_t)netif * NETIF_ADDRESSES_MAX + index);
	enum netif_address_state state = ip->netifs[netif].address_states[index];

	if (ip->address_heard) {
		tell_on(&s, mac, word, now_ns);
		return;
	}
	/* What is in use is answered for, which is its defence against probes. */
	if (word == DAD_PROBED && state != NETIF_ADDRESS_TENTATIVE)
		return;
	count_conflict(&s, mac);
	if (s.entry->phase == PHASE_PROBING) {
		set_state(&s, NETIF_ADDRESS_DUPLICATE);
		s.entry->phase = PHASE_GIVEN_UP;
		s.entry->next_ns = now_ns + DAD_RETRY_NS;
		find_deadline(&ip->dad);
		return;
	}
	/* RFC 5227 2.4 (c): it was given to us, and is defended for ever. */
	if (state == NETIF_ADDRESS_PREFERRED && now_ns >= s.entry->may_defend_ns) {
		s.entry->may_defend_ns = now_ns + DAD_DEFEND_NS;
		resolver_announce(ip, netif, s.addr);
	}
}

static void fire(const struct subject *s, uint64_t now_ns)
{
	switch ((enum phase)s->entry->phase) {
	case PHASE_PROBING:
		probe(s, now_ns);
		break;
	case PHASE_ANNOUNCING:
		announce(s, now_ns);
		break;
	case PHASE_GIVEN_UP:
		begin_probing(s, NETIF_ADDRESS_TENTATIVE, now_ns);
		break;
	case PHASE_IDLE:
		s->entry->next_ns = DEADLINE_NEVER_NS;
		break;
	}
}

uint32_t dad_expire(struct ip_layer *ip, uint64_t now_ns)
{
	struct dad *dad = &ip->dad;
	uint32_t fired = 0;

	if (likely_true(dad->deadline_ns > now_ns))
		return 0;
	for (uint32_t i = 0; i < dad->count; i++) {
		struct subject s = subject_of(ip, i);

		if (s.entry->next_ns > now_ns)
			continue;
		fire(&s, now_ns);
		fired++;
	}
	find_deadline(dad);
	return fired;
}
