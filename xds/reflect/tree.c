#include "xds/reflect/tree.h"

#include <jansson.h>
#include <string.h>
#include <yaml.h>

#include "xds/reflect/key_set.h"

#define ANCHORS_MAX 1024

struct anchor {
	struct str name;
	struct node *node;
};

struct reader {
	yaml_parser_t yaml;
	struct config_arena *arena;
	struct fault_list *faults;
	struct anchor *anchors;
	uint32_t anchor_count;
	uint32_t node_count;
	bool failed; /* the rest of the text makes no sense any more */
};

static struct position position_of(yaml_mark_t mark)
{
	return (struct position){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static void fail(struct reader *reader, yaml_mark_t mark, const char *text)
{
	if (!reader->failed)
		fault_add(reader->faults, FAULT_ERROR, position_of(mark), "", "%s", text);
	reader->failed = true;
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->yaml, event))
		return true;
	const char *problem = reader->yaml.problem ? reader->yaml.problem : "out of memory";
	yaml_mark_t mark = reader->yaml.problem_mark;

	if (reader->yaml.error == YAML_READER_ERROR)
		mark = reader->yaml.mark;
	fail(reader, mark, problem);
	return false;
}

static bool is_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	return !*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
	       !strcmp(text, "NULL");
}

static struct node *node_create(struct reader *reader, enum node_kind kind, yaml_mark_t mark)
{
	struct node *node = config_arena_alloc(reader->arena, sizeof(*node));

	if (!node || ++reader->node_count > TREE_NODES_MAX) {
		fail(reader, mark, node ? "more values than are read from one file" : "out of memory");
		return NULL;
	}
	node->kind = kind;
	node->weight = 1;
	node->position = position_of(mark);
	return node;
}

static struct node *anchor_find(struct reader *reader, const yaml_char_t *name)
{
	/* The newest of a name is meant (YAML 1.1 3.2.2.2). */
	for (uint32_t i = reader->anchor_count; i-- > 0;)
		if (!strcmp(reader->anchors[i].name.data, (const char *)name))
			return reader->anchors[i].node;
	return NULL;
}

static void anchor_add(struct reader *reader, const yaml_char_t *name, struct node *node,
		       yaml_mark_t mark)
{
	if (!name)
		return;
	if (reader->anchor_count == ANCHORS_MAX) {
		fail(reader, mark, "more than 1024 anchors");
		return;
	}
	struct str copy = config_arena_copy(reader->arena, (const char *)name,
					    strlen((const char *)name));

	if (copy.data)
		reader->anchors[reader->anchor_count++] = (struct anchor){copy, node};
}

/* Aliases of aliases multiply what a walk sees: each use is charged with all that it brings. */
static struct node *node_repeat(struct reader *reader, const struct node *target, yaml_mark_t mark)
{
	if (reader->node_count > TREE_NODES_MAX - target->weight) {
		fail(reader, mark, "more values than are read from one file");
		return NULL;
	}
	struct node *node = node_create(reader, target->kind, mark);

	if (!node)
		return NULL;
	reader->node_count += target->weight - 1;
	*node = *target;
	node->next = NULL;
	return node;
}

/* A shallow copy, because a node is in one list of children only. */
static struct node *alias_node(struct reader *reader, const yaml_event_t *event)
{
	struct node *target = anchor_find(reader, event->data.alias.anchor);

	if (!target || target->open) {
		fail(reader, event->start_mark,
		     target ? "an alias inside of what it names" : "an alias to an unknown anchor");
		return NULL;
	}
	return node_repeat(reader, target, event->start_mark);
}

struct node *tree_child(const struct node *mapping, const char *key)
{
	size_t length = strlen(key);

	for (struct node *child = mapping->first; child; child = child->next)
		if (child->key.length == length && !memcmp(child->key.data, key, length))
			return child;
	return NULL;
}

static void child_append(struct node *parent, struct node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
	parent->weight += child->weight;
}

static struct node *read_node(struct reader *reader, yaml_event_t *event, uint32_t depth);

static bool is_merge_key(struct str key)
{
	return key.length == 2 && !memcmp(key.data, "<<", 2);
}

static void entry_append(struct reader *reader, struct node *mapping, struct key_set *keys,
			 struct node *child, yaml_mark_t mark)
{
	child_append(mapping, child);
	if (!key_set_add(keys, mapping, child, reader->arena))
		fail(reader, mark, "out of memory");
}

/* Merge key: what the mapping itself does not say comes from the other one. */
static void merge(struct reader *reader, struct node *into, struct key_set *keys,
		  const struct node *from, yaml_mark_t mark)
{
	if (from->kind != NODE_MAPPING) {
		fail(reader, mark, "a merge key (<<) takes a mapping or an alias to one");
		return;
	}
	for (const struct node *child = from->first; child; child = child->next) {
		if (key_set_find(keys, into, child->key))
			continue;
		struct node *copy = node_repeat(reader, child, mark);

		if (!copy)
			return;
		entry_append(reader, into, keys, copy, mark);
	}
}

static void read_sequence(struct reader *reader, struct node *node, uint32_t depth)
{
	yaml_event_t event;

	while (!reader->failed && next_event(reader, &event)) {
		bool end = event.type == YAML_SEQUENCE_END_EVENT;
		struct node *child = end ? NULL : read_node(reader, &event, depth + 1);

		yaml_event_delete(&event);
		if (end)
			return;
		if (child)
			child_append(node, child);
	}
}

static void read_entry(struct reader *reader, struct node *node, struct key_set *keys,
		       const yaml_event_t *key_event, struct node **merged, uint32_t depth)
{
	yaml_event_t event;
	struct position key_position = position_of(key_event->start_mark);

	if (key_event->type != YAML_SCALAR_EVENT) {
		fail(reader, key_event->start_mark, "a key has to be a plain name");
		return;
	}
	struct str key = config_arena_copy(reader->arena,
					   (const char *)key_event->data.scalar.value,
					   key_event->data.scalar.length);

	if (!key.data || !next_event(reader, &event))
		return;
	struct node *child = read_node(reader, &event, depth + 1);

	yaml_event_delete(&event);
	if (!child)
		return;
	if (memchr(key.data, 0, key.length))
		fault_add(reader->faults, FAULT_ERROR, key_position, "", "a key with a NUL character");
	if (is_merge_key(key) &&
	    key_event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		*merged = child;
		return;
	}
	const struct node *twin = key_set_find(keys, node, key);

	if (twin)
		fault_add(reader->faults, FAULT_ERROR, key_position, key.data,
			  "the key stands twice; first at line %u", twin->key_position.line);
	child->key = key;
	child->key_position = key_position;
	entry_append(reader, node, keys, child, key_event->start_mark);
}

static void read_mapping(struct reader *reader, struct node *node, uint32_t depth)
{
	yaml_event_t event;
	struct node *merged = NULL;
	struct key_set keys = {0};

	while (!reader->failed && next_event(reader, &event)) {
		bool end = event.type == YAML_MAPPING_END_EVENT;
		yaml_mark_t mark = event.start_mark;

		if (!end)
			read_entry(reader, node, &keys, &event, &merged, depth);
		yaml_event_delete(&event);
		if (end) {
			if (merged)
				merge(reader, node, &keys, merged, mark);
			return;
		}
	}
}

static struct node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct node *node = node_create(reader, is_null(event) ? NODE_NULL : NODE_SCALAR,
					event->start_mark);

	if (!node)
		return NULL;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = config_arena_copy(reader->arena, (const char *)event->data.scalar.value,
				       event->data.scalar.length);
	anchor_add(reader, event->data.scalar.anchor, node, event->start_mark);
	return node->text.data ? node : NULL;
}

static struct node *read_node(struct reader *reader, yaml_event_t *event, uint32_t depth)
{
	struct node *node;

	if (depth > TREE_DEPTH_MAX) {
		fail(reader, event->start_mark, "nested more than 64 levels deep");
		return NULL;
	}
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return alias_node(reader, event);
	case YAML_SCALAR_EVENT:
		return read_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		node = node_create(reader, event->type == YAML_MAPPING_START_EVENT ?
				   NODE_MAPPING : NODE_SEQUENCE, event->start_mark);
		if (!node)
			return NULL;
		node->open = true;
		anchor_add(reader, event->type == YAML_MAPPING_START_EVENT ?
			   event->data.mapping_start.anchor : event->data.sequence_start.anchor,
			   node, event->start_mark);
		if (node->kind == NODE_MAPPING)
			read_mapping(reader, node, depth);
		else
			read_sequence(reader, node, depth);
		node->open = false;
		return node;
	default:
		fail(reader, event->start_mark, "expected a value");
		return NULL;
	}
}

/* One document and nothing after it. */
static struct node *read_document(struct reader *reader)
{
	struct node *root = NULL;
	yaml_event_t event;
	unsigned documents = 0;

	while (!reader->failed && next_event(reader, &event)) {
		yaml_event_type_t type = event.type;

		if (type == YAML_DOCUMENT_START_EVENT && documents++)
			fail(reader, event.start_mark, "a second document in one file");
		else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
			 type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT)
			root = read_node(reader, &event, 0);
		yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT)
			break;
	}
	return reader->failed ? NULL : root;
}

static bool json_check(const char *text, size_t length, struct fault_list *faults)
{
	json_error_t error;
	json_t *json = json_loadb(text, length, JSON_DECODE_ANY, &error);

	if (json) {
		json_decref(json);
		return true;
	}
	fault_add(faults, FAULT_ERROR,
		  (struct position){error.line > 0 ? (uint32_t)error.line : 1,
				    error.column > 0 ? (uint32_t)error.column : 1},
		  "", "not JSON: %s", error.text);
	return false;
}

struct node *tree_parse(const char *text, size_t length, enum tree_format format,
			struct config_arena *arena, struct fault_list *faults)
{
	struct reader reader = {.arena = arena, .faults = faults};
	struct position start = {1, 1};

	if (length > TREE_TEXT_BYTES_MAX) {
		fault_add(faults, FAULT_ERROR, start, "", "larger than 256 MiB");
		return NULL;
	}
	if (format == TREE_JSON && !json_check(text, length, faults))
		return NULL;
	reader.anchors = config_arena_array(arena, ANCHORS_MAX, sizeof(*reader.anchors));
	if (!reader.anchors || !yaml_parser_initialize(&reader.yaml)) {
		fault_add(faults, FAULT_ERROR, start, "", "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding(&reader.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.yaml, (const unsigned char *)text, length);
	struct node *root = read_document(&reader);

	yaml_parser_delete(&reader.yaml);
	if (!root && !reader.failed)
		fault_add(faults, FAULT_ERROR, start, "", "the file is empty");
	return root;
}
