#include "stack/tcp/tcp_table.h"

#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"

/* At most half of the places are used, so that overflow is rare. */
#define FILL_WAYS (TCP_TABLE_WAYS / 2)

bool tcp_table_create(struct tcp_table *table, uint32_t capacity, const void *keys,
		      uint32_t key_stride_bytes, const struct siphash_key *hash_key)
{
	uint32_t buckets = 1;

	while ((uint64_t)buckets * FILL_WAYS < capacity)
		buckets *= 2;
	*table = (struct tcp_table){.mask = buckets - 1,
				    .keys = keys,
				    .key_stride_bytes = key_stride_bytes,
				    .hash_key = *hash_key};
	table->buckets = aligned_alloc(CACHE_LINE_BYTES, (size_t)buckets * sizeof(*table->buckets));
	if (!table->buckets)
		return false;
	for (uint32_t i = 0; i < buckets; i++) {
		memset(&table->buckets[i], 0, sizeof(table->buckets[i]));
		memset(table->buckets[i].indices, 0xff, sizeof(table->buckets[i].indices));
	}
	return true;
}

void tcp_table_destroy(struct tcp_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

static uint16_t tag_of(uint64_t hash)
{
	return (uint16_t)(hash >> 48);
}

uint32_t tcp_table_find(const struct tcp_table *table, uint64_t hash, const struct flow_key *key)
{
	uint16_t tag = tag_of(hash);

	for (uint32_t step = 0; step <= table->mask; step++) {
		const struct tcp_table_bucket *bucket = &table->buckets[(hash + step) & table->mask];

		for (unsigned way = 0; way < TCP_TABLE_WAYS; way++) {
			uint32_t index = bucket->indices[way];

			if (bucket->tags[way] != tag || index == TCP_TABLE_NONE)
				continue;
			const void *entry =
				table->keys + (size_t)index * table->key_stride_bytes;

			if (flow_key_equal(entry, key))
				return index;
		}
		if (bucket->overflow == 0)
			break;
	}
	return TCP_TABLE_NONE;
}

static void tell(const struct tcp_table *table, uint32_t index, int change)
{
	if (table->watch)
		table->watch(table->watch_context,
			     (const void *)(table->keys + (size_t)index * table->key_stride_bytes),
			     change);
}

void tcp_table_insert(struct tcp_table *table, uint64_t hash, uint32_t index)
{
	table->generation++;
	for (uint32_t step = 0; step <= table->mask; step++) {
		struct tcp_table_bucket *bucket = &table->buckets[(hash + step) & table->mask];

		for (unsigned way = 0; way < TCP_TABLE_WAYS; way++) {
			if (bucket->indices[way] != TCP_TABLE_NONE)
				continue;
			bucket->indices[way] = index;
			bucket->tags[way] = tag_of(hash);
			table->count++;
			tell(table, index, 1);
			return;
		}
		bucket->overflow++;
	}
	INVARIANT(!"flow table holds more than its capacity");
}

void tcp_table_remove(struct tcp_table *table, uint64_t hash, uint32_t index)
{
	table->generation++;
	for (uint32_t step = 0; step <= table->mask; step++) {
		struct tcp_table_bucket *bucket = &table->buckets[(hash + step) & table->mask];

		for (unsigned way = 0; way < TCP_TABLE_WAYS; way++) {
			if (bucket->indices[way] != index)
				continue;
			bucket->indices[way] = TCP_TABLE_NONE;
			table->count--;
			tell(table, index, -1);
			return;
		}
		INVARIANT(bucket->overflow > 0);
		bucket->overflow--;
	}
	INVARIANT(!"flow table entry to remove is not there");
}
