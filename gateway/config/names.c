#include "gateway/config/names.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/config/config_arena.h"

struct name_table {
	struct str *names;    /* by id */
	uint32_t count;
	uint32_t capacity;
	uint32_t *buckets;    /* id + 1, 0 = empty; open addressing */
	uint32_t bucket_count; /* a power of two, at least twice count */
};

struct config_names {
	struct config_arena *arena;
	struct name_table kinds[CONFIG_NAME_KINDS];
};

static enum config_kind table_of(enum config_kind kind)
{
	return kind == CONFIG_ENDPOINTS ? CONFIG_CLUSTER : kind;
}

/* FNV-1a 64: names come from the operator or the control plane, not from peers. */
static uint64_t hash_name(struct str name)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (uint32_t i = 0; i < name.length; i++)
		hash = (hash ^ (uint8_t)name.data[i]) * 0x100000001b3u;
	return hash ^ (hash >> 32);
}

static uint32_t *bucket_find(const struct name_table *table, struct str name)
{
	uint32_t mask = table->bucket_count - 1;
	uint32_t at = (uint32_t)hash_name(name) & mask;

	for (;; at = (at + 1) & mask) {
		uint32_t id = table->buckets[at];

		if (!id)
			return &table->buckets[at];
		const struct str *known = &table->names[id - 1];

		if (known->length == name.length && memcmp(known->data, name.data, name.length) == 0)
			return &table->buckets[at];
	}
}

static bool table_grow(struct name_table *table)
{
	uint32_t capacity = table->capacity ? table->capacity * 2 : 64;
	struct str *names = realloc(table->names, capacity * sizeof(*names));

	if (!names)
		return false;
	table->names = names;
	uint32_t *buckets = calloc(capacity * 2, sizeof(*buckets));

	if (!buckets)
		return false;
	free(table->buckets);
	table->buckets = buckets;
	table->bucket_count = capacity * 2;
	table->capacity = capacity;
	for (uint32_t id = 0; id < table->count; id++)
		*bucket_find(table, table->names[id]) = id + 1;
	return true;
}

struct config_names *config_names_create(void)
{
	struct config_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->arena = config_arena_create();
	if (!names->arena) {
		free(names);
		return NULL;
	}
	return names;
}

void config_names_destroy(struct config_names *names)
{
	if (!names)
		return;
	for (unsigned kind = 0; kind < CONFIG_NAME_KINDS; kind++) {
		free(names->kinds[kind].names);
		free(names->kinds[kind].buckets);
	}
	config_arena_destroy(names->arena);
	free(names);
}

uint32_t config_names_intern(struct config_names *names, enum config_kind kind, struct str name)
{
	struct name_table *table = &names->kinds[table_of(kind)];

	if (table->count == table->capacity && !table_grow(table))
		return CONFIG_NAME_NONE;
	uint32_t *bucket = bucket_find(table, name);

	if (*bucket)
		return *bucket - 1;
	struct str copy = config_arena_copy(names->arena, name.data, name.length);

	if (!copy.data)
		return CONFIG_NAME_NONE;
	table->names[table->count] = copy;
	*bucket = ++table->count;
	return table->count - 1;
}

uint32_t config_names_find(const struct config_names *names, enum config_kind kind, struct str name)
{
	const struct name_table *table = &names->kinds[table_of(kind)];

	if (!table->bucket_count)
		return CONFIG_NAME_NONE;
	return *bucket_find(table, name) - 1; /* an empty bucket holds 0: wraps to NONE */
}

struct str config_names_text(const struct config_names *names, enum config_kind kind, uint32_t id)
{
	const struct name_table *table = &names->kinds[table_of(kind)];

	return id < table->count ? table->names[id] : (struct str){NULL, 0};
}

uint32_t config_names_count(const struct config_names *names, enum config_kind kind)
{
	return names->kinds[table_of(kind)].count;
}
