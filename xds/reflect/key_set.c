#include "xds/reflect/key_set.h"

#include <string.h>

static bool same(struct str a, struct str b)
{
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* FNV-1a; whoever writes the file may make keys collide and waits for it himself. */
static uint32_t hash_of(struct str key)
{
	uint32_t hash = 2166136261u;

	for (uint32_t i = 0; i < key.length; i++)
		hash = (hash ^ (uint8_t)key.data[i]) * 16777619u;
	return hash ^ hash >> 16;
}

static struct node **slot_of(const struct key_set *set, struct str key)
{
	uint32_t at = hash_of(key) & (set->slot_count - 1);

	while (set->slots[at] && !same(set->slots[at]->key, key))
		at = (at + 1) & (set->slot_count - 1);
	return &set->slots[at];
}

struct node *key_set_find(const struct key_set *set, const struct node *mapping, struct str key)
{
	if (set->slots)
		return *slot_of(set, key);
	for (struct node *child = mapping->first; child; child = child->next)
		if (same(child->key, key))
			return child;
	return NULL;
}

static bool rebuild(struct key_set *set, const struct node *mapping, struct config_arena *arena)
{
	struct key_set larger = {.slot_count = set->slot_count ? set->slot_count * 2 :
							       KEY_SET_LEAST * 4};

	larger.slots = config_arena_array(arena, larger.slot_count, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (struct node *child = mapping->first; child; child = child->next) {
		struct node **slot = slot_of(&larger, child->key);

		/* Of keys that stand twice, the first is what the second is compared with. */
		if (!*slot)
			*slot = child;
	}
	*set = larger;
	return true;
}

bool key_set_add(struct key_set *set, const struct node *mapping, struct node *child,
		 struct config_arena *arena)
{
	if (mapping->count < KEY_SET_LEAST)
		return true;
	if (!set->slots || mapping->count * 2 > set->slot_count)
		return rebuild(set, mapping, arena);
	struct node **slot = slot_of(set, child->key);

	if (!*slot)
		*slot = child;
	return true;
}
