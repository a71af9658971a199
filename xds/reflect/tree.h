/* YAML and JSON text as a tree in which every node knows its line and column.
 *
 * JSON is checked by jansson first and then read as YAML, which contains it, so that both have
 * positions.  Anchors and aliases are followed (an alias is the same node; merge keys `<<` too);
 * a key that stands twice in a mapping is a fault, like any text that libyaml refuses. */
#ifndef XDS_REFLECT_TREE_H
#define XDS_REFLECT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "xds/reflect/fault.h"

#define TREE_DEPTH_MAX 64
#define TREE_NODES_MAX 4000000
#define TREE_TEXT_BYTES_MAX (256u << 20)

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node {
	enum node_kind kind;
	struct position position;
	/* NODE_SCALAR; NODE_NULL keeps its text too */
	struct str text;
	bool quoted;            /* "…", '…', | or > : always a string */
	/* NODE_SEQUENCE and NODE_MAPPING: children in order */
	struct node *first;
	struct node *last;
	uint32_t count;
	uint32_t weight;        /* nodes below it, itself and all repetitions by aliases included */
	/* as a child */
	struct node *next;
	struct str key;         /* in a mapping */
	struct position key_position;
	bool open;              /* still being read: an alias to it would be a loop */
};

enum tree_format { TREE_YAML, TREE_JSON };

/* NULL when the text could not be read; every reason is in faults.  Lives in the arena. */
struct node *tree_parse(const char *text, size_t length, enum tree_format format,
			struct config_arena *arena, struct fault_list *faults);
/* NULL when the mapping has no such key. */
struct node *tree_child(const struct node *mapping, const char *key);

#endif
