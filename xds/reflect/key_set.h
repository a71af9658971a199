/* The children of one mapping by their keys, so that a mapping of any size is read in linear time.
 *
 * A small mapping is looked through child by child; from KEY_SET_LEAST children on there is a table.
 * All zero is an empty set; its memory is the arena's, at most four times that of its last table. */
#ifndef XDS_REFLECT_KEY_SET_H
#define XDS_REFLECT_KEY_SET_H

#include "xds/reflect/tree.h"

#define KEY_SET_LEAST 16

struct key_set {
	struct node **slots; /* NULL = not needed yet */
	uint32_t slot_count; /* a power of two, more than the children */
};

/* The child of that key; NULL when there is none.  Every child is in the set. */
struct node *key_set_find(const struct key_set *set, const struct node *mapping, struct str key);
/* The newest child of the mapping; false when there is no memory. */
MUST_USE bool key_set_add(struct key_set *set, const struct node *mapping, struct node *child,
			  struct config_arena *arena);

#endif
