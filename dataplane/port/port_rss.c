#include "dataplane/port/port_rss.h"

#include <string.h>

#include "dataplane/port/ethdev_calls.h"
#include "stack/base/counter.h"
#include "stack/base/planted.h"
#include "stack/base/toeplitz.h"

#define TCP_TYPES (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP)
#define GROUPS (PORT_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE)

static bool refuse(struct port_rss *rss, enum port_rss_state state)
{
	__atomic_store_n(&rss->state, (uint32_t)state, __ATOMIC_RELAXED);
	return false;
}

/* The device's key may be longer than what any input reaches; the rest is ours repeated. */
static bool set_key(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
		    const struct port_caps *caps, const uint8_t *key, struct why *why)
{
	uint8_t wanted[PORT_RSS_KEY_MAX], got[PORT_RSS_KEY_MAX] = {0};
	uint8_t bytes = (uint8_t)caps->rss_key_bytes;
	struct rte_eth_rss_conf conf = {.rss_key = wanted, .rss_key_len = bytes,
					.rss_hf = caps->rss_types & ETHDEV_RSS_TYPES};

	if (caps->rss_key_bytes < TOEPLITZ_KEY_BYTES || caps->rss_key_bytes > PORT_RSS_KEY_MAX)
		return why_set(why, "its key has %u bytes, not %u to %u", caps->rss_key_bytes,
			       TOEPLITZ_KEY_BYTES, PORT_RSS_KEY_MAX);
	if (!(conf.rss_hf & TCP_TYPES))
		return why_set(why, "it hashes no TCP ports");
	for (uint8_t i = 0; i < bytes; i++)
		wanted[i] = key[i % TOEPLITZ_KEY_BYTES];
	int result = calls->rss_update(id, &conf);

	if (result != 0)
		return why_set(why, "it refuses the key (%s)", strerror(-result));
	conf.rss_key = got;
	result = calls->rss_get(id, &conf);
	if (result != 0)
		return why_set(why, "its key can't be read back (%s)", strerror(-result));
	if (memcmp(wanted, got, TOEPLITZ_KEY_BYTES) != 0)
		return why_set(why, "it took the key and has another");
	if (!(conf.rss_hf & TCP_TYPES))
		return why_set(why, "it took the hash types and has others");
	__atomic_store_n(&rss->types, conf.rss_hf & caps->rss_types & ETHDEV_RSS_TYPES, __ATOMIC_RELAXED);
	return true;
}

static bool set_table(const struct ethdev_calls *calls, uint16_t id, uint16_t size,
		      const uint16_t *queue_of, struct why *why)
{
	struct rte_eth_rss_reta_entry64 wanted[GROUPS] = {0}, got[GROUPS] = {0};

	for (uint16_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &wanted[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= UINT64_C(1) << i % RTE_ETH_RETA_GROUP_SIZE;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = queue_of[i];
		got[i / RTE_ETH_RETA_GROUP_SIZE].mask = group->mask;
	}
	int result = calls->reta_update(id, wanted, size);

	if (result != 0)
		return why_set(why, "it refuses the table (%s)", strerror(-result));
	result = calls->reta_query(id, got, size);
	if (result != 0)
		return why_set(why, "its table can't be read back (%s)", strerror(-result));
	for (uint16_t i = 0; i < size; i++)
		if (got[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] != queue_of[i])
			return why_set(why, "it took the table and has another at entry %u", i);
	return true;
}

static bool usable_size(uint16_t size)
{
	return size > 0 && size <= PORT_RETA_MAX && (size & (size - 1)) == 0;
}

/* Workers may look at it meanwhile: nothing is taken away, and a size stays what it was. */
bool port_rss_set_up(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
		     const struct port_caps *caps, const uint8_t *key, uint16_t queues,
		     struct why *why)
{
	if (!caps->rss_types) {
		why_set(why, "the device has none");
		return refuse(rss, PORT_RSS_NONE);
	}
	if (!usable_size(caps->reta_size)) {
		why_set(why, "its table of %u entries can't be set", caps->reta_size);
		return refuse(rss, PORT_RSS_REFUSED);
	}
	if (rss->reta_size != caps->reta_size) {
		for (uint16_t i = 0; i < caps->reta_size; i++)
			rss->table[i] = rss->before[i] = i % queues;
		rss->reta_size = caps->reta_size;
	}
	if (!set_key(rss, calls, id, caps, key, why) ||
	    !set_table(calls, id, rss->reta_size, rss->table, why))
		return refuse(rss, PORT_RSS_REFUSED);
	rss->table_writes++;
	__atomic_store_n(&rss->state, PORT_RSS_TESTING, __ATOMIC_RELAXED);
	return true;
}

static void copy_table(uint16_t *to, const uint16_t *from, uint16_t size)
{
	for (uint16_t i = 0; i < size; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
}

bool port_rss_move(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
		   const uint16_t *queue_of, struct why *why)
{
	if (!port_rss_has_table(rss))
		return why_set(why, "it has no table");
	if (!set_table(calls, id, rss->reta_size, queue_of, why))
		return false;
	copy_table(rss->before, rss->table, rss->reta_size);
	copy_table(rss->table, queue_of, rss->reta_size);
	rss->table_writes++;
	return true;
}

bool port_rss_follow(struct port_rss *rss, const struct ethdev_calls *calls, uint16_t id,
		     const uint16_t *queue_of, struct why *why)
{
	struct why cause;

	if (!port_rss_has_table(rss))
		return false;
	if (rss->wait_steps > 0) {
		if (--rss->wait_steps > 0)
			return false;
		copy_table(rss->before, rss->table, rss->reta_size);
	}
	if (memcmp(rss->table, queue_of, rss->reta_size * sizeof(*queue_of)) == 0)
		return false;
	if (port_rss_move(rss, calls, id, queue_of, &cause)) {
		rss->wait_steps = RSS_SETTLE_STEPS;
		rss->refusal_told = false;
		return false;
	}
	rss->wait_steps = RSS_REFUSED_STEPS;
	if (rss->refusal_told)
		return false;
	rss->refusal_told = true;
	why_set(why, "RSS does not follow buckets that move: %.200s; workers hand over what is not theirs",
		cause.text);
	return true;
}

void port_rss_observe(const struct port_rss *rss, struct port_rss_seen *seen, uint16_t queue,
		      const struct rte_mbuf *frame, uint32_t hash)
{
	uint32_t state = __atomic_load_n(&rss->state, __ATOMIC_RELAXED);
	uint32_t entry = port_rss_entry(rss, hash);

	if (state != PORT_RSS_TESTING && state != PORT_RSS_TRUSTED)
		return;
	if (!(frame->ol_flags & RTE_MBUF_F_RX_RSS_HASH))
		counter_inc(&seen->hash_absent);
	else if (frame->hash.rss == hash || PLANTED(HASH_NOT_TESTED))
		counter_inc(&seen->hash_right);
	else
		counter_inc(&seen->hash_wrong);
	if (__atomic_load_n(&rss->table[entry], __ATOMIC_RELAXED) == queue ||
	    __atomic_load_n(&rss->before[entry], __ATOMIC_RELAXED) == queue)
		counter_inc(&seen->queue_right);
	else
		counter_inc(&seen->queue_wrong);
}

static void sum_up(struct port_rss_seen *sum, const struct port_rss_seen *const *seen, uint16_t lanes)
{
	memset(sum, 0, sizeof(*sum));
	for (uint16_t i = 0; i < lanes; i++) {
		sum->hash_right += counter_read(&seen[i]->hash_right);
		sum->hash_wrong += counter_read(&seen[i]->hash_wrong);
		sum->hash_absent += counter_read(&seen[i]->hash_absent);
		sum->queue_right += counter_read(&seen[i]->queue_right);
		sum->queue_wrong += counter_read(&seen[i]->queue_wrong);
	}
}

void port_rss_forget(struct port_rss *rss, const struct port_rss_seen *const *seen, uint16_t lanes)
{
	sum_up(&rss->forgotten, seen, lanes);
}

static bool change(struct port_rss *rss, enum port_rss_state state)
{
	__atomic_store_n(&rss->state, (uint32_t)state, __ATOMIC_RELAXED);
	return true;
}

bool port_rss_judge(struct port_rss *rss, const struct port_rss_seen *const *seen, uint16_t lanes,
		    struct why *why)
{
	struct port_rss_seen sum;

	if (rss->state != PORT_RSS_TESTING && rss->state != PORT_RSS_TRUSTED)
		return false;
	sum_up(&sum, seen, lanes);
	sum.hash_right -= rss->forgotten.hash_right;
	sum.hash_wrong -= rss->forgotten.hash_wrong;
	sum.queue_right -= rss->forgotten.queue_right;
	sum.queue_wrong -= rss->forgotten.queue_wrong;
	if (sum.hash_wrong > 0) {
		why_set(why, "RSS is not to be trusted: %llu of %llu frames had another hash than "
			     "Toeplitz with the key it was given; hashes are computed by software",
			(unsigned long long)sum.hash_wrong,
			(unsigned long long)(sum.hash_right + sum.hash_wrong));
		return change(rss, PORT_RSS_WRONG);
	}
	/* Frames on the wire while a table is being changed come by the old queue: some are no proof. */
	if (sum.queue_wrong > RSS_TRUST_FRAMES && sum.queue_wrong > sum.queue_right / 8) {
		why_set(why, "RSS is not to be trusted: %llu of %llu frames came by another queue than "
			     "that of the table; workers hand over what is not theirs",
			(unsigned long long)sum.queue_wrong,
			(unsigned long long)(sum.queue_right + sum.queue_wrong));
		return change(rss, PORT_RSS_WRONG);
	}
	if (rss->state == PORT_RSS_TESTING && sum.queue_right >= RSS_TRUST_FRAMES) {
		why_set(why, "RSS passed its test: %llu frames by the right queue, %s",
			(unsigned long long)sum.queue_right,
			sum.hash_right ? "with the right hash" : "without a hash in the frame");
		return change(rss, PORT_RSS_TRUSTED);
	}
	return false;
}
