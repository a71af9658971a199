#include <stdlib.h>
#include <string.h>

#include "stack/base/prng.h"
#include "stack/tcp/tcp_table.h"
#include "tests/lib/unit.h"

#define CAPACITY 500

static struct flow_key keys[CAPACITY];
static struct tcp_table table;

static void fill_keys(void)
{
	for (uint32_t i = 0; i < CAPACITY; i++)
		keys[i] = (struct flow_key){.local = ip_addr_from_v4(0x0a000001),
					    .remote = ip_addr_from_v4(0x0a010000 + i / 3),
					    .local_port = 80,
					    .remote_port = (uint16_t)(1000 + i % 3)};
}

static uint32_t find(uint32_t i)
{
	return tcp_table_find(&table, tcp_table_hash(&table, &keys[i]), &keys[i]);
}

/* Against a plain array of what should be in it. */
static void agrees_with_a_model(void)
{
	struct siphash_key hash_key = {1, 2};
	bool in[CAPACITY] = {false};
	struct prng prng;

	fill_keys();
	prng_seed(&prng, 5);
	CU_ASSERT_FATAL(tcp_table_create(&table, CAPACITY, keys, sizeof(keys[0]), &hash_key));
	for (unsigned step = 0; step < 40000; step++) {
		uint32_t i = prng_below(&prng, CAPACITY);
		uint64_t hash = tcp_table_hash(&table, &keys[i]);

		CU_ASSERT_EQUAL_FATAL(find(i), in[i] ? i : TCP_TABLE_NONE);
		if (in[i])
			tcp_table_remove(&table, hash, i);
		else
			tcp_table_insert(&table, hash, i);
		in[i] = !in[i];
	}
	for (uint32_t i = 0; i < CAPACITY; i++) {
		CU_ASSERT_EQUAL(find(i), in[i] ? i : TCP_TABLE_NONE);
		if (in[i])
			tcp_table_remove(&table, tcp_table_hash(&table, &keys[i]), i);
	}
	CU_ASSERT_EQUAL(table.count, 0);
	for (uint32_t b = 0; b <= table.mask; b++)
		CU_ASSERT_EQUAL(table.buckets[b].overflow, 0);
	tcp_table_destroy(&table);
}

/* One hash for all: every entry overflows the same buckets, up to the last place of the table. */
static void holds_its_capacity_whatever_the_hash(void)
{
	struct siphash_key hash_key = {1, 2};

	fill_keys();
	CU_ASSERT_FATAL(tcp_table_create(&table, CAPACITY, keys, sizeof(keys[0]), &hash_key));
	for (uint32_t i = 0; i < CAPACITY; i++)
		tcp_table_insert(&table, 99, i);
	for (uint32_t i = 0; i < CAPACITY; i++)
		CU_ASSERT_EQUAL(tcp_table_find(&table, 99, &keys[i]), i);
	for (uint32_t i = 0; i < CAPACITY; i++)
		tcp_table_remove(&table, 99, i);
	for (uint32_t b = 0; b <= table.mask; b++)
		CU_ASSERT_EQUAL(table.buckets[b].overflow, 0);
	tcp_table_destroy(&table);
}

UNIT_TESTS(UNIT_TEST(agrees_with_a_model), UNIT_TEST(holds_its_capacity_whatever_the_hash))
