#include "gateway/exchange/message.h"

#include <string.h>

#include "gateway/exchange/str.h"

static const struct str names[HEADER_ID_COUNT] = {
	[HEADER_OTHER] = {"", 0},
#define KNOWN_HEADER(id, name) [HEADER_##id] = {name, sizeof(name) - 1},
#include "gateway/exchange/known_headers.def"
#undef KNOWN_HEADER
};

/* Hash table over length, first and last letter, chained by id; filled once before main and never
 * written again.  A lookup compares one name, rarely two (test_message counts). */
#define BUCKETS 128
static uint8_t bucket_first[BUCKETS];
static uint8_t bucket_next[HEADER_ID_COUNT];

static uint32_t bucket_of(const char *name, uint32_t length)
{
	uint32_t first = (uint8_t)name[0] | 0x20u;
	uint32_t last = (uint8_t)name[length - 1] | 0x20u;

	return (length * 7 + first * 3 + last * 37) % BUCKETS;
}

__attribute__((constructor)) static void fill_buckets(void)
{
	for (uint32_t id = HEADER_ID_COUNT - 1; id > HEADER_OTHER; id--) {
		uint32_t bucket = bucket_of(names[id].data, names[id].length);

		bucket_next[id] = bucket_first[bucket];
		bucket_first[bucket] = (uint8_t)id;
	}
}

const char *header_id_name(enum header_id id)
{
	return names[id].data;
}

enum header_id header_id_find_bytes(const char *name, uint32_t length)
{
	if (unlikely_true(length == 0))
		return HEADER_OTHER;
	uint8_t id = bucket_first[bucket_of(name, length)];

	while (id != HEADER_OTHER) {
		if (names[id].length == length &&
		    str_bytes_equal_lower(names[id].data, name, length))
			break;
		id = bucket_next[id];
	}
	return (enum header_id)id;
}

struct header *header_find(const struct header_list *list, enum header_id id)
{
	if (!(list->ids_seen & UINT64_C(1) << id))
		return NULL;
	for (uint32_t i = 0; i < list->count; i++) {
		struct header *header = &list->items[i];

		if (header->id == id && !header->removed)
			return header;
	}
	return NULL;
}

/* The first header from index `from` on that has this name; list->count when there is none. */
static uint32_t find_from(const struct header_list *list, uint32_t from, enum header_id id,
			  struct str name)
{
	for (uint32_t i = from; i < list->count; i++) {
		const struct header *header = &list->items[i];

		if (header->id == id && !header->removed &&
		    (id != HEADER_OTHER || str_equal_nocase(header->name, name)))
			return i;
	}
	return list->count;
}

struct header *header_find_name(const struct header_list *list, struct str name)
{
	enum header_id id = header_id_find(name);

	if (id != HEADER_OTHER)
		return header_find(list, id);
	uint32_t index = find_from(list, 0, id, name);

	return index < list->count ? &list->items[index] : NULL;
}

#define FIRST_CAPACITY 24
#define MOST_HEADERS ((ARENA_CHUNK_BYTES - 64) / sizeof(struct header))
/* Beside what was received: what the edge adds, and some mutations. */
_Static_assert(CONFIG_HEADERS_COUNT_MAX + 20 <= MOST_HEADERS, "the headers allowed fit a chunk");

static bool grow(struct header_list *list, struct arena *arena)
{
	const size_t most = MOST_HEADERS;
	size_t capacity = list->capacity ? (size_t)list->capacity * 2 : FIRST_CAPACITY;

	if (list->capacity >= most)
		return false;
	if (capacity > most)
		capacity = most;
	struct header *items = arena_grow(arena, list->items, list->capacity * sizeof(*items),
					  capacity * sizeof(*items));

	if (!items)
		return false;
	list->items = items;
	list->capacity = (uint32_t)capacity;
	return true;
}

bool header_add_id(struct header_list *list, struct arena *arena, enum header_id id,
		   struct str name, struct str value)
{
	if (unlikely_true(list->count == list->capacity) && !grow(list, arena))
		return false;
	list->items[list->count++] = (struct header){.name = name, .value = value, .id = id};
	list->ids_seen |= UINT64_C(1) << id;
	return true;
}

bool header_add(struct header_list *list, struct arena *arena, struct str name, struct str value)
{
	return header_add_id(list, arena, header_id_find(name), name, value);
}

static void remove_from(struct header_list *list, uint32_t from, enum header_id id, struct str name)
{
	for (uint32_t i = find_from(list, from, id, name); i < list->count;
	     i = find_from(list, i + 1, id, name))
		list->items[i].removed = true;
}

void header_remove(struct header_list *list, struct str name)
{
	enum header_id id = header_id_find(name);

	if (list->ids_seen & UINT64_C(1) << id)
		remove_from(list, 0, id, name);
}

bool header_set(struct header_list *list, struct arena *arena, struct str name, struct str value)
{
	enum header_id id = header_id_find(name);
	uint32_t index = list->ids_seen & UINT64_C(1) << id ? find_from(list, 0, id, name)
							     : list->count;

	if (index >= list->count)
		return header_add_id(list, arena, id, name, value);
	list->items[index].value = value;
	remove_from(list, index + 1, id, name);
	return true;
}

bool str_equal_nocase(struct str a, struct str b)
{
	return a.length == b.length && str_bytes_equal_nocase(a.data, b.data, a.length);
}

bool str_equal(struct str a, struct str b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}
