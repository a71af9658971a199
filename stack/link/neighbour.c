#include "stack/link/neighbour.h"

#include <rte_errno.h>
#include <rte_jhash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "stack/base/planted.h"

/* How many entries are looked at to find one that may go. */
#define EVICT_SCAN_MAX 64

struct neighbour_key {
	struct ip_addr addr;
	uint32_t netif;
	uint32_t reserved; /* 0: the key compares as bytes */
};
_Static_assert(sizeof(struct neighbour_key) == 24, "no padding in what is hashed");

static struct neighbour_key key_of(uint16_t netif, const struct ip_addr *addr)
{
	return (struct neighbour_key){.addr = *addr, .netif = netif};
}

static void fire(struct wheel_timer *timer, void *context, uint64_t now_ns);

bool neighbour_table_create(struct neighbour_table *table, const struct neighbour_params *params)
{
	char name[RTE_HASH_NAMESIZE];

	/* Twice the room, so that the buckets never refuse before entries_max does. */
	*table = (struct neighbour_table){.slots = params->entries_max * 2,
					  .entries_max = params->entries_max,
					  .netifs = params->netifs,
					  .ops = params->ops,
					  .context = params->context,
					  .drops = params->drops};
	if (table->slots < 16)
		table->slots = 16;
	/* The name only has to be unique in the process. */
	snprintf(name, sizeof(name), "nb%p", (void *)table);
	struct rte_hash_parameters hash = {.name = name,
					   .entries = table->slots,
					   .key_len = sizeof(struct neighbour_key),
					   .hash_func = rte_jhash,
					   .hash_func_init_val = params->hash_seed,
					   .socket_id = (int)SOCKET_ID_ANY};

	table->entries = aligned_alloc(CACHE_LINE_BYTES, table->slots * sizeof(struct neighbour));
	table->hash = table->entries ? rte_hash_create(&hash) : NULL;
	if (!table->hash) {
		free(table->entries);
		return false;
	}
	memset(table->entries, 0, table->slots * sizeof(struct neighbour));
	wheel_init(&table->wheel, params->now_ns, fire, table);
	return true;
}

static struct rte_mbuf *take_oldest(struct neighbour_table *table, struct neighbour *entry)
{
	struct rte_mbuf *mbuf = entry->waiting[0];

	entry->waiting_count--;
	table->waiting_total--;
	memmove(&entry->waiting[0], &entry->waiting[1],
		entry->waiting_count * sizeof(entry->waiting[0]));
	return mbuf;
}

static enum drop_reason drop(struct neighbour_table *table, struct rte_mbuf *mbuf,
			     enum drop_reason reason)
{
	drop_count(table->drops, reason);
	rte_pktmbuf_free(mbuf);
	return reason;
}

static void drop_waiting(struct neighbour_table *table, struct neighbour *entry)
{
	while (entry->waiting_count > 0)
		drop(table, take_oldest(table, entry), DROP_NEIGHBOUR_UNRESOLVED);
}

void neighbour_table_destroy(struct neighbour_table *table)
{
	for (uint32_t i = 0; i < table->slots; i++)
		drop_waiting(table, &table->entries[i]);
	rte_hash_free(table->hash);
	free(table->entries);
}

uint32_t neighbour_find(const struct neighbour_table *table, uint16_t netif,
			const struct ip_addr *addr)
{
	struct neighbour_key key = key_of(netif, addr);
	int32_t position = rte_hash_lookup(table->hash, &key);

	return position >= 0 ? (uint32_t)position : NEIGHBOUR_NONE;
}

static void remove_entry(struct neighbour_table *table, struct neighbour *entry)
{
	struct neighbour_key key = key_of(entry->netif, &entry->addr);

	drop_waiting(table, entry);
	wheel_disarm(&table->wheel, &entry->timer);
	INVARIANT(rte_hash_del_key(table->hash, &key) == entry - table->entries);
	entry->state = NEIGHBOUR_FREE;
	table->count--;
}

/* Makes room: the next entry after the hand that nobody needs at the moment. */
static bool evict_one(struct neighbour_table *table)
{
	for (uint32_t i = 0; i < EVICT_SCAN_MAX && i < table->slots; i++) {
		struct neighbour *entry = &table->entries[table->evict_hand];

		table->evict_hand = table->evict_hand + 1 < table->slots ? table->evict_hand + 1 : 0;
		if (entry->state == NEIGHBOUR_STALE || entry->state == NEIGHBOUR_FAILED) {
			remove_entry(table, entry);
			return true;
		}
	}
	return false;
}

/* A new entry without a MAC; NULL when the table is full of entries that are in use. */
static struct neighbour *add_entry(struct neighbour_table *table, uint16_t netif,
				   const struct ip_addr *addr)
{
	struct neighbour_key key = key_of(netif, addr);

	if (table->count >= table->entries_max && !evict_one(table))
		return NULL;
	int32_t position = rte_hash_add_key(table->hash, &key);

	if (position < 0)
		return NULL;
	INVARIANT((uint32_t)position < table->slots);
	struct neighbour *entry = &table->entries[position];

	memset(entry, 0, sizeof(*entry));
	entry->netif = netif;
	entry->addr = *addr;
	table->count++;
	return entry;
}

static const uint8_t *mac_of(const struct neighbour *entry)
{
	return entry->eth_header;
}

static void set_state(struct neighbour_table *table, struct neighbour *entry,
		      enum neighbour_state state, uint64_t timer_ns)
{
	entry->state = (uint8_t)state;
	entry->solicits = 0;
	if (timer_ns == DEADLINE_NEVER_NS)
		wheel_disarm(&table->wheel, &entry->timer);
	else
		wheel_arm(&table->wheel, &entry->timer, timer_ns);
}

static void solicit(struct neighbour_table *table, struct neighbour *entry, uint64_t now_ns)
{
	entry->solicits++;
	table->ops->solicit(table->context, entry->netif, &entry->addr,
			    entry->state == NEIGHBOUR_PROBE ? mac_of(entry) : NULL);
	if (!PLANTED(SOLICIT_NOT_REPEATED))
		wheel_arm(&table->wheel, &entry->timer, now_ns + NEIGHBOUR_RETRANS_NS);
}

static void fire(struct wheel_timer *timer, void *context, uint64_t now_ns)
{
	struct neighbour_table *table = context;
	struct neighbour *entry = container_of_member(timer, struct neighbour, timer);

	switch ((enum neighbour_state)entry->state) {
	case NEIGHBOUR_INCOMPLETE:
	case NEIGHBOUR_PROBE:
		if (entry->solicits < NEIGHBOUR_SOLICIT_MAX) {
			solicit(table, entry, now_ns);
			return;
		}
		drop_waiting(table, entry);
		set_state(table, entry, NEIGHBOUR_FAILED, now_ns + NEIGHBOUR_FAILED_NS);
		return;
	case NEIGHBOUR_REACHABLE:
		set_state(table, entry, NEIGHBOUR_STALE, DEADLINE_NEVER_NS);
		return;
	case NEIGHBOUR_DELAY:
		entry->state = NEIGHBOUR_PROBE;
		entry->solicits = 0;
		solicit(table, entry, now_ns);
		return;
	case NEIGHBOUR_FAILED:
		remove_entry(table, entry);
		return;
	case NEIGHBOUR_FREE:
	case NEIGHBOUR_STALE:
		break;
	}
	INVARIANT(!"a timer in a state that has none");
}

static void set_mac(struct neighbour_table *table, struct neighbour *entry, const uint8_t mac[6])
{
	uint16_t type = ip_addr_is_v4(&entry->addr) ? ETH_TYPE_IP4 : ETH_TYPE_IP6;

	eth_write(entry->eth_header, &table->netifs[entry->netif], mac, type);
	entry->eth_header_bytes = eth_header_bytes(&table->netifs[entry->netif]);
	table->generation++;
}

/* Returns whether it is news: another MAC than was known, or an answer, which whoever asked waits for. */
static bool learn(struct neighbour_table *table, uint16_t netif, const struct ip_addr *addr,
		  const uint8_t mac[6], const struct neighbour_learning *learning, uint64_t now_ns)
{
	bool is_answer = learning->word == NEIGHBOUR_ANSWERED;
	uint32_t index = neighbour_find(table, netif, addr);
	struct neighbour *entry = index != NEIGHBOUR_NONE ? &table->entries[index] : NULL;

	if (!entry && learning->may_create)
		entry = add_entry(table, netif, addr);
	if (!entry)
		return is_answer;
	bool unknown = entry->state == NEIGHBOUR_FREE || entry->state == NEIGHBOUR_INCOMPLETE ||
		       entry->state == NEIGHBOUR_FAILED;
	bool other_mac = unknown || memcmp(mac_of(entry), mac, 6) != 0;

	if (other_mac && !unknown && !learning->may_override) {
		/* RFC 4861 7.2.5: somebody else answers too; ask again before the next use. */
		if (entry->state == NEIGHBOUR_REACHABLE)
			set_state(table, entry, NEIGHBOUR_STALE, DEADLINE_NEVER_NS);
		return is_answer;
	}
	if (other_mac)
		set_mac(table, entry, mac);
	if (is_answer)
		set_state(table, entry, NEIGHBOUR_REACHABLE, now_ns + NEIGHBOUR_REACHABLE_NS);
	else if (other_mac)
		set_state(table, entry, NEIGHBOUR_STALE, DEADLINE_NEVER_NS);
	if (entry->waiting_count > 0 && entry->state == NEIGHBOUR_STALE)
		set_state(table, entry, NEIGHBOUR_DELAY, now_ns + NEIGHBOUR_DELAY_NS);
	while (entry->waiting_count > 0 && !PLANTED(WAITING_NOT_SENT))
		table->ops->send(table->context, entry, take_oldest(table, entry));
	return other_mac || is_answer;
}

void neighbour_learn(struct neighbour_table *table, uint16_t netif, const struct ip_addr *addr,
		     const uint8_t mac[6], const struct neighbour_learning *learning,
		     uint64_t now_ns)
{
	struct neighbour_news news = {.addr = *addr, .netif = netif, .learning = *learning};

	if (!learn(table, netif, addr, mac, learning, now_ns) || !table->ops->learnt)
		return;
	memcpy(news.mac, mac, sizeof(news.mac));
	table->ops->learnt(table->context, &news);
}

void neighbour_import(struct neighbour_table *table, const struct neighbour_news *news,
		      uint64_t now_ns)
{
	learn(table, news->netif, &news->addr, news->mac, &news->learning, now_ns);
}

static enum drop_reason wait(struct neighbour_table *table, struct neighbour *entry,
			     struct rte_mbuf *mbuf)
{
	/* RFC 4861 7.2.2: a new packet replaces the oldest. */
	if (entry->waiting_count == NEIGHBOUR_WAITING_MAX)
		drop(table, take_oldest(table, entry), DROP_NEIGHBOUR_FULL);
	else if (table->waiting_total == NEIGHBOUR_WAITING_TOTAL_MAX)
		return drop(table, mbuf, DROP_NEIGHBOUR_FULL);
	entry->waiting[entry->waiting_count++] = mbuf;
	table->waiting_total++;
	return DROP_NONE;
}

bool neighbour_resolve(struct neighbour_table *table, uint16_t netif, const struct ip_addr *next_hop,
		       uint32_t *hint, struct rte_mbuf *mbuf, enum drop_reason *verdict,
		       uint64_t now_ns)
{
	uint32_t index = neighbour_find(table, netif, next_hop);
	struct neighbour *entry = index != NEIGHBOUR_NONE ? &table->entries[index]
							  : add_entry(table, netif, next_hop);

	*verdict = DROP_NONE;
	if (!entry) {
		*verdict = drop(table, mbuf, DROP_NEIGHBOUR_FULL);
		return false;
	}
	*hint = (uint32_t)(entry - table->entries);
	switch ((enum neighbour_state)entry->state) {
	case NEIGHBOUR_FREE:
		entry->state = NEIGHBOUR_INCOMPLETE;
		*verdict = wait(table, entry, mbuf);
		solicit(table, entry, now_ns);
		return false;
	case NEIGHBOUR_INCOMPLETE:
		*verdict = wait(table, entry, mbuf);
		return false;
	case NEIGHBOUR_FAILED:
		*verdict = drop(table, mbuf, DROP_NEIGHBOUR_UNRESOLVED);
		return false;
	case NEIGHBOUR_STALE:
		set_state(table, entry, NEIGHBOUR_DELAY, now_ns + NEIGHBOUR_DELAY_NS);
		return true;
	case NEIGHBOUR_REACHABLE:
	case NEIGHBOUR_DELAY:
	case NEIGHBOUR_PROBE:
		break;
	}
	return true;
}

void neighbour_confirm(struct neighbour_table *table, uint32_t hint, uint16_t netif,
		       const struct ip_addr *next_hop, uint64_t now_ns)
{
	if (hint >= table->slots)
		return;
	struct neighbour *entry = &table->entries[hint];
	bool resolved = entry->state == NEIGHBOUR_REACHABLE || entry->state == NEIGHBOUR_STALE ||
			entry->state == NEIGHBOUR_DELAY || entry->state == NEIGHBOUR_PROBE;

	if (resolved && entry->netif == netif && ip_addr_equal(&entry->addr, next_hop))
		set_state(table, entry, NEIGHBOUR_REACHABLE, now_ns + NEIGHBOUR_REACHABLE_NS);
}

const char *neighbour_state_name(enum neighbour_state state)
{
	static const char *const names[] = {
		[NEIGHBOUR_FREE] = "FREE",	     [NEIGHBOUR_INCOMPLETE] = "INCOMPLETE",
		[NEIGHBOUR_REACHABLE] = "REACHABLE", [NEIGHBOUR_STALE] = "STALE",
		[NEIGHBOUR_DELAY] = "DELAY",	     [NEIGHBOUR_PROBE] = "PROBE",
		[NEIGHBOUR_FAILED] = "FAILED",
	};

	return (unsigned)state < ARRAY_LEN(names) ? names[state] : "?";
}
