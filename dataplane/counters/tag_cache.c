#include "dataplane/counters/tag_cache.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/exposition.h"
#include "dataplane/counters/text.h"
#include "stack/base/invariant.h"

#define STALE_OBJECTS_MAX 4096
#define TABLE_START 1024

struct object {
	uint64_t generation;
	struct tag_entry *entries; /* whiches; labels 0 = not worked out */
};

struct tag_cache {
	struct stat_tags *tags;
	struct object *objects[SEGMENT_KIND_COUNT + 1]; /* by slot */
	uint32_t capacity[SEGMENT_KIND_COUNT + 1];
	struct text texts;      /* ended by NUL each */
	size_t *at;             /* number -> where in texts */
	uint32_t *table;        /* hash -> number, 0 = free */
	uint32_t count, mask;   /* of numbers; of the table */
	uint32_t stale;         /* objects that got another name */
	uint64_t gave_up, made;
};

static bool table_grow(struct tag_cache *cache)
{
	uint32_t size = cache->mask ? (cache->mask + 1) * 2 : TABLE_START;
	uint32_t *table = calloc(size, sizeof(*table));
	size_t *at = realloc(cache->at, size * sizeof(*at));

	cache->at = at ? at : cache->at;
	if (!table || !at) {
		free(table);
		return false;
	}
	for (uint32_t n = 1; n < cache->count; n++) {
		const char *text = cache->texts.data + at[n];
		uint32_t i = (uint32_t)segment_hash(SEGMENT_HASH_START, text, strlen(text));

		while (table[i & (size - 1)])
			i++;
		table[i & (size - 1)] = n;
	}
	free(cache->table);
	cache->table = table;
	cache->mask = size - 1;
	return true;
}

/* Where the text stands in the table, or would. */
static uint32_t *find_place(const struct tag_cache *cache, const char *text)
{
	uint32_t i = (uint32_t)segment_hash(SEGMENT_HASH_START, text, strlen(text));

	for (; cache->table[i & cache->mask]; i++) {
		uint32_t number = cache->table[i & cache->mask];

		if (strcmp(cache->texts.data + cache->at[number], text) == 0)
			break;
	}
	return &cache->table[i & cache->mask];
}

/* The number of a text; 0 when there is no memory. */
static uint32_t intern(struct tag_cache *cache, const char *text)
{
	if (cache->count * 2 >= cache->mask && !table_grow(cache))
		return 0;
	uint32_t *place = find_place(cache, text);
	size_t at = cache->texts.length;

	if (*place)
		return *place;
	text_add_bytes(&cache->texts, text, strlen(text) + 1);
	if (cache->texts.failed)
		return 0;
	cache->at[cache->count] = at;
	*place = cache->count;
	return cache->count++;
}

uint32_t tag_cache_number(const struct tag_cache *cache, const char *text)
{
	return cache->table ? *find_place(cache, text) : 0;
}

static void forget(struct tag_cache *cache)
{
	for (uint32_t kind = 0; kind <= SEGMENT_KIND_COUNT; kind++) {
		for (uint32_t slot = 0; slot < cache->capacity[kind]; slot++)
			free(cache->objects[kind][slot].entries);
		free(cache->objects[kind]);
		cache->objects[kind] = NULL;
		cache->capacity[kind] = 0;
	}
	text_free(&cache->texts);
	free(cache->at);
	free(cache->table);
	cache->at = NULL;
	cache->table = NULL;
	cache->mask = 0;
	cache->count = 1;
	cache->stale = 0;
}

struct tag_cache *tag_cache_create(struct stat_tags *tags)
{
	struct tag_cache *cache = calloc(1, sizeof(*cache));

	if (cache) {
		cache->tags = tags;
		cache->count = 1;
	}
	return cache;
}

void tag_cache_free(struct tag_cache *cache)
{
	if (!cache)
		return;
	forget(cache);
	free(cache);
}

void tag_cache_begin(struct tag_cache *cache)
{
	if (cache->stale > STALE_OBJECTS_MAX || cache->texts.failed)
		forget(cache);
}

static bool reserve(struct tag_cache *cache, uint32_t kind, uint32_t slot)
{
	uint32_t capacity = cache->capacity[kind] ? cache->capacity[kind] : 64;

	if (slot < cache->capacity[kind])
		return true;
	while (capacity <= slot)
		capacity *= 2;
	struct object *objects = realloc(cache->objects[kind], capacity * sizeof(*objects));

	if (!objects)
		return false;
	memset(objects + cache->capacity[kind], 0,
	       (capacity - cache->capacity[kind]) * sizeof(*objects));
	cache->objects[kind] = objects;
	cache->capacity[kind] = capacity;
	return true;
}

static void add_labels(struct text *out, const struct stat_tagged *tagged)
{
	char value[STAT_TAG_NAME_BYTES];

	text_add(out, "");
	for (uint32_t i = 0; i < tagged->count; i++) {
		const struct stat_tag *tag = &tagged->tags[i];
		uint32_t length = tag->length < sizeof(value) ? tag->length : sizeof(value) - 1;

		memcpy(value, tag->value, length);
		value[length] = '\0';
		text_printf(out, "%s%s=", i ? "," : "", tag->label);
		exposition_label_value(out, value);
	}
}

/* Envoy's way from a dotted name to a metric's. */
static void make_metric_name(char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	for (; *name; name++)
		*name = strchr(good, *name) ? *name : '_';
}

static bool work_out(struct tag_cache *cache, const struct tag_stat *stat, struct tag_entry *entry)
{
	char name[STAT_TAG_NAME_BYTES] = "";
	struct stat_part parts[STAT_TAG_PARTS_MAX];
	struct stat_tagged tagged;
	struct text labels = {0};
	uint32_t count = stat->make(stat, name, sizeof(name), parts);

	stat_tags_extract(cache->tags, name, parts, count, &tagged);
	cache->gave_up += tagged.gave_up;
	cache->made++;
	make_metric_name(tagged.name);
	add_labels(&labels, &tagged);
	entry->family = labels.failed ? 0 : intern(cache, tagged.name);
	entry->labels = entry->family ? intern(cache, labels.data) : 0;
	text_free(&labels);
	return entry->labels != 0;
}

const struct tag_entry *tag_cache_find(struct tag_cache *cache, const struct tag_stat *stat)
{
	INVARIANT(stat->kind <= SEGMENT_KIND_COUNT && stat->which < stat->whiches);
	if (!reserve(cache, stat->kind, stat->slot))
		return NULL;
	struct object *object = &cache->objects[stat->kind][stat->slot];

	if (object->entries && object->generation != stat->generation) {
		free(object->entries);
		object->entries = NULL;
		cache->stale++;
	}
	if (!object->entries)
		object->entries = calloc(stat->whiches, sizeof(*object->entries));
	if (!object->entries)
		return NULL;
	object->generation = stat->generation;
	struct tag_entry *entry = &object->entries[stat->which];

	return entry->labels || work_out(cache, stat, entry) ? entry : NULL;
}

const char *tag_cache_text(const struct tag_cache *cache, uint32_t number)
{
	return cache->texts.data + cache->at[number];
}

uint32_t tag_cache_texts(const struct tag_cache *cache)
{
	return cache->count;
}

uint64_t tag_cache_gave_up(const struct tag_cache *cache)
{
	return cache->gave_up;
}

uint64_t tag_cache_made(const struct tag_cache *cache)
{
	return cache->made;
}
