/* The messages of google.protobuf that have a JSON form of their own. */
#include "xds/protos.h"
#include <string.h>

#include "xds/proto/registry.h"
#include "xds/reflect/field.h"
#include "xds/reflect/from_tree_internal.h"
#include "xds/reflect/scalar.h"

static bool is(const ProtobufCMessage *message, const ProtobufCMessageDescriptor *type)
{
	return message->descriptor == type;
}

static void expected(struct from_tree *reader, const ProtobufCMessage *message,
		     const struct node *node, const char *what)
{
	from_tree_fault(reader, node->position, message, NULL, "expected %s, not \"%.60s\"", what,
			node->text.data ? node->text.data : "");
}

static bool is_wrapper(const ProtobufCMessageDescriptor *type)
{
	static const char *const names[] = {"Double", "Float", "Int64", "UInt64", "Int32",
					    "UInt32", "Bool", "String", "Bytes"};
	const char *prefix = "google.protobuf.";

	if (strncmp(type->name, prefix, strlen(prefix)) != 0)
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		size_t length = strlen(names[i]);

		if (!strncmp(type->short_name, names[i], length) &&
		    !strcmp(type->short_name + length, "Value"))
			return true;
	}
	return false;
}

static ProtobufCMessage *child_create(struct from_tree *reader, ProtobufCMessage *parent,
				      const ProtobufCMessageDescriptor *type, int32_t index,
				      const struct node *node)
{
	ProtobufCMessage *child = field_message_create(type, reader->document->arena);

	if (!child || !document_note(reader->document, child, parent, "", index, node->position))
		return NULL;
	return child;
}

static void read_struct(struct from_tree *reader, ProtobufCMessage *message,
			const struct node *node)
{
	Google__Protobuf__Struct *to = (Google__Protobuf__Struct *)message;

	if (node->kind != NODE_MAPPING) {
		expected(reader, message, node, "a mapping");
		return;
	}
	to->fields = config_arena_array(reader->document->arena, node->count, sizeof(*to->fields));
	for (const struct node *child = node->first; to->fields && child; child = child->next) {
		ProtobufCMessage *entry = child_create(reader, message,
			&google__protobuf__struct__fields_entry__descriptor, -1, child);
		ProtobufCMessage *value = entry ? child_create(reader, entry,
			&google__protobuf__value__descriptor, -1, child) : NULL;

		if (!value)
			return;
		document_find(reader->document, entry)->map_key = child->key.data;
		Google__Protobuf__Struct__FieldsEntry *pair =
			(Google__Protobuf__Struct__FieldsEntry *)entry;

		pair->key = (char *)(uintptr_t)child->key.data;
		pair->value = (Google__Protobuf__Value *)value;
		to->fields[to->n_fields++] = pair;
		from_tree_message(reader, value, child, NULL);
	}
}

static void read_list_value(struct from_tree *reader, ProtobufCMessage *message,
			    const struct node *node)
{
	Google__Protobuf__ListValue *to = (Google__Protobuf__ListValue *)message;

	if (node->kind != NODE_SEQUENCE) {
		expected(reader, message, node, "a list");
		return;
	}
	to->values = config_arena_array(reader->document->arena, node->count, sizeof(*to->values));
	for (const struct node *child = node->first; to->values && child; child = child->next) {
		ProtobufCMessage *value = child_create(reader, message,
			&google__protobuf__value__descriptor, (int32_t)to->n_values, child);

		if (!value)
			return;
		to->values[to->n_values++] = (Google__Protobuf__Value *)value;
		from_tree_message(reader, value, child, NULL);
	}
}

static void read_plain_value(Google__Protobuf__Value *to, const struct node *node)
{
	bool flag;
	double number;

	if (!node->quoted && !scalar_bool(node->text, &flag)) {
		to->bool_value = flag;
		to->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_BOOL_VALUE;
	} else if (!node->quoted && !scalar_double(node->text, &number)) {
		to->number_value = number;
		to->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
	} else {
		to->string_value = (char *)(uintptr_t)node->text.data;
		to->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRING_VALUE;
	}
}

static void read_any_value(struct from_tree *reader, ProtobufCMessage *message,
			   const struct node *node)
{
	Google__Protobuf__Value *to = (Google__Protobuf__Value *)message;
	ProtobufCMessage *child;

	switch (node->kind) {
	case NODE_NULL:
		to->null_value = GOOGLE__PROTOBUF__NULL_VALUE__NULL_VALUE;
		to->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE;
		break;
	case NODE_SCALAR:
		read_plain_value(to, node);
		break;
	case NODE_MAPPING:
		child = child_create(reader, message, &google__protobuf__struct__descriptor, -1, node);
		if (!child)
			return;
		to->struct_value = (Google__Protobuf__Struct *)child;
		to->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_STRUCT_VALUE;
		from_tree_message(reader, child, node, NULL);
		break;
	case NODE_SEQUENCE:
		child = child_create(reader, message, &google__protobuf__list_value__descriptor, -1,
				     node);
		if (!child)
			return;
		to->list_value = (Google__Protobuf__ListValue *)child;
		to->kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE;
		from_tree_message(reader, child, node, NULL);
		break;
	}
}

static bool is_typed_struct(const char *type_url)
{
	const ProtobufCMessageDescriptor *type = registry_find_url(type_url);

	return type == &udpa_type__typed_struct__descriptor ||
	       type == &xds_type__typed_struct__descriptor;
}

/* "@type" beside the fields of the message, or beside "value" when it has a form of its own. */
static void read_any(struct from_tree *reader, ProtobufCMessage *message, const struct node *node)
{
	Google__Protobuf__Any *any = (Google__Protobuf__Any *)message;
	const struct node *url = node->kind == NODE_MAPPING ? tree_child(node, "@type") : NULL;
	const char *skip = "@type";
	const struct node *inner;

	if (!url || url->kind != NODE_SCALAR) {
		if (node->kind != NODE_MAPPING || node->count > 0)
			from_tree_fault(reader, node->position, message, "@type",
					"expected a mapping with \"@type\"");
		return;
	}
	if (is_typed_struct(url->text.data)) {
		/* xds.type.v3.TypedStruct: any message in the JSON form of a Struct */
		inner = tree_child(node, "type_url") ? tree_child(node, "type_url") :
						       tree_child(node, "typeUrl");
		if (inner && inner->kind == NODE_SCALAR && registry_find_url(inner->text.data)) {
			url = inner;
			node = tree_child(node, "value") ? tree_child(node, "value") : node;
			skip = NULL;
		}
	}
	any->type_url = (char *)(uintptr_t)url->text.data;
	const ProtobufCMessageDescriptor *type = registry_find_url(any->type_url);
	ProtobufCMessage *content = type ? child_create(reader, message, type, -1, node) : NULL;

	if (!type)
		from_tree_fault(reader, url->position, message, "@type",
				"the type %s is not supported", any->type_url);
	if (!content)
		return;
	document_find(reader->document, message)->content = content;
	inner = tree_child(node, "value");
	if (inner && skip && node->count == 2 &&
	    (is_wrapper(type) || type->n_fields == 0 || !strncmp(type->name, "google.protobuf.", 16)))
		from_tree_message(reader, content, inner, NULL);
	else
		from_tree_message(reader, content, node, skip);
}

/* "a.b,cD": lowerCamelCase paths. */
static void read_field_mask(struct from_tree *reader, ProtobufCMessage *message,
			    const struct node *node)
{
	Google__Protobuf__FieldMask *mask = (Google__Protobuf__FieldMask *)message;
	size_t commas = 0;

	if (node->kind != NODE_SCALAR) {
		expected(reader, message, node, "field names with commas between");
		return;
	}
	for (uint32_t i = 0; i < node->text.length; i++)
		commas += node->text.data[i] == ',';
	mask->paths = config_arena_array(reader->document->arena, commas + 1, sizeof(char *));
	char *text = config_arena_alloc(reader->document->arena, 2 * (size_t)node->text.length + 1);

	if (!mask->paths || !text || node->text.length == 0)
		return;
	mask->paths[mask->n_paths++] = text;
	for (uint32_t i = 0; i < node->text.length; i++) {
		char c = node->text.data[i];

		if (c == ',') {
			*text++ = '\0';
			mask->paths[mask->n_paths++] = text;
		} else if (c >= 'A' && c <= 'Z') {
			*text++ = '_';
			*text++ = (char)(c - 'A' + 'a');
		} else {
			*text++ = c;
		}
	}
}

static void read_time(struct from_tree *reader, ProtobufCMessage *message, const struct node *node)
{
	/* Duration and Timestamp have the same layout. */
	Google__Protobuf__Duration *time = (Google__Protobuf__Duration *)message;
	const char *what;

	if (node->kind != NODE_SCALAR) {
		expected(reader, message, node, is(message, &google__protobuf__duration__descriptor) ?
			 "a duration in seconds, like 5s" : "a time like 2026-01-02T15:04:05Z");
		return;
	}
	what = is(message, &google__protobuf__duration__descriptor) ?
		scalar_duration(node->text, &time->seconds, &time->nanos) :
		scalar_timestamp(node->text, &time->seconds, &time->nanos);
	if (what)
		expected(reader, message, node, what);
}

bool well_known_from_tree(struct from_tree *reader, ProtobufCMessage *message,
			  const struct node *node)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	if (type == &google__protobuf__any__descriptor)
		read_any(reader, message, node);
	else if (type == &google__protobuf__duration__descriptor ||
		 type == &google__protobuf__timestamp__descriptor)
		read_time(reader, message, node);
	else if (type == &google__protobuf__struct__descriptor)
		read_struct(reader, message, node);
	else if (type == &google__protobuf__value__descriptor)
		read_any_value(reader, message, node);
	else if (type == &google__protobuf__list_value__descriptor)
		read_list_value(reader, message, node);
	else if (type == &google__protobuf__field_mask__descriptor)
		read_field_mask(reader, message, node);
	else if (is_wrapper(type) && node->kind == NODE_SCALAR)
		(void)!from_tree_scalar(reader, message, &type->fields[0], node,
					field_value(message, &type->fields[0], 0));
	else
		return false;
	return true;
}
