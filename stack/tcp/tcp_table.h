/* Flow table: from a flow_key to a 32-bit index, bounded, no allocation after creation.
 *
 *     bucket, one cache line
 *     +-------------------+----------+--------------------------+
 *     | 10 tags (16 bits) | overflow | 10 indices (32 bits)     |
 *     +-------------------+----------+--------------------------+
 *
 * Open addressing by buckets.  `overflow` counts the entries whose path went through this bucket
 * because it was full; a search ends at the first bucket where it is 0.  The hash is keyed
 * (siphash13), so that a peer cannot choose its collisions.  Keys stay with their entries: the table
 * is told where (base, stride). */
#ifndef STACK_TCP_TCP_TABLE_H
#define STACK_TCP_TCP_TABLE_H

#include <rte_prefetch.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/siphash.h"

#define TCP_TABLE_WAYS 10
#define TCP_TABLE_NONE UINT32_MAX

struct tcp_table_bucket {
	uint16_t tags[TCP_TABLE_WAYS];
	uint32_t overflow;
	uint32_t indices[TCP_TABLE_WAYS];
};
_Static_assert(sizeof(struct tcp_table_bucket) == CACHE_LINE_BYTES, "a bucket is one cache line");

struct tcp_table {
	struct tcp_table_bucket *buckets; /* owned */
	uint32_t mask;
	uint32_t count;
	uint32_t generation;              /* changes with every insert and remove */
	const uint8_t *keys;
	uint32_t key_stride_bytes;
	struct siphash_key hash_key;
	/* Told of every insert (+1) and remove (-1); NULL = nobody wants to know. */
	void (*watch)(void *context, const struct flow_key *key, int change);
	void *watch_context;
};

/* keys: address of entry 0's struct flow_key; entry n's is n * stride further. */
MUST_USE bool tcp_table_create(struct tcp_table *table, uint32_t capacity, const void *keys,
			       uint32_t key_stride_bytes, const struct siphash_key *hash_key);
void tcp_table_destroy(struct tcp_table *table);

static inline uint64_t tcp_table_hash(const struct tcp_table *table, const struct flow_key *key)
{
	return siphash13(&table->hash_key, key, sizeof(*key));
}

static inline void tcp_table_prefetch(const struct tcp_table *table, uint64_t hash)
{
	rte_prefetch0(&table->buckets[hash & table->mask]);
}

/* TCP_TABLE_NONE when it is not there. */
uint32_t tcp_table_find(const struct tcp_table *table, uint64_t hash, const struct flow_key *key);
/* The key must not be there yet, and entry `index` must hold it.  The capacity promised at creation
 * always fits. */
void tcp_table_insert(struct tcp_table *table, uint64_t hash, uint32_t index);
/* The entry must be there. */
void tcp_table_remove(struct tcp_table *table, uint64_t hash, uint32_t index);

#endif
