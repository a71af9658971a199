#include "xds/reflect/from_tree.h"

#include <stdio.h>
#include <string.h>

#include "xds/reflect/field.h"
#include "xds/reflect/from_tree_internal.h"
#include "xds/reflect/scalar.h"

#define NAME_BYTES 128

void from_tree_fault(struct from_tree *reader, struct position position,
		     const ProtobufCMessage *message, const char *field, const char *format, ...)
{
	char path[512];
	char text[FAULT_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fault_add(&reader->document->faults, FAULT_ERROR, position,
		  document_path(reader->document, message, field, path, sizeof(path)), "%s", text);
}

static const char *kind_name(const struct node *node)
{
	static const char *const names[] = {"nothing", "a value", "a list", "a mapping"};

	return names[node->kind];
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
						  struct str key)
{
	char json[NAME_BYTES];

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];

		if (strlen(field->name) == key.length && !memcmp(field->name, key.data, key.length))
			return field;
		field_json_name(field->name, json, sizeof(json));
		if (strlen(json) == key.length && !memcmp(json, key.data, key.length))
			return field;
	}
	return NULL;
}

/* Levenshtein's distance, cut off above the limit. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_BYTES];
	size_t length = strlen(b);

	if (length >= NAME_BYTES || strlen(a) >= NAME_BYTES)
		return NAME_BYTES;
	for (size_t j = 0; j <= length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < length; j++) {
			unsigned best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j + 1] = row[j + 1] + 1 < best ? row[j + 1] + 1 : best;
		}
	}
	return row[length];
}

static void unknown_field(struct from_tree *reader, const ProtobufCMessage *message,
			  const struct node *child)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	const char *best = NULL;
	unsigned least = 3; /* further away is another word */

	for (unsigned i = 0; i < type->n_fields; i++) {
		unsigned away = distance(child->key.data, type->fields[i].name);

		if (away < least) {
			least = away;
			best = type->fields[i].name;
		}
	}
	if (best)
		from_tree_fault(reader, child->key_position, message, child->key.data,
				"%s has no such field; did you mean %s?", type->name, best);
	else
		from_tree_fault(reader, child->key_position, message, child->key.data,
				"%s has no such field", type->name);
}

static bool read_enum(struct from_tree *reader, const ProtobufCMessage *owner,
		      const ProtobufCFieldDescriptor *field, const struct node *node, void *value)
{
	const ProtobufCEnumDescriptor *type = field->descriptor;
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value_by_name(
		type, node->text.data);
	int64_t number;
	char names[400];
	size_t length = 0;

	if (!known && !scalar_signed(node->text, 32, &number))
		known = protobuf_c_enum_descriptor_get_value(type, (int)number);
	if (known) {
		memcpy(value, &known->value, sizeof(int32_t));
		return true;
	}
	names[0] = '\0';
	for (unsigned i = 0; i < type->n_values && length < sizeof(names); i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
					   i ? ", " : "", type->values[i].name);
	from_tree_fault(reader, node->position, owner, field->name,
			"'%.40s' is unknown; expected one of %s", node->text.data, names);
	return false;
}

static const char *read_number(const ProtobufCFieldDescriptor *field, const struct node *node,
			       void *value)
{
	const char *expected;
	int64_t with_sign = 0;
	uint64_t without = 0;
	double real = 0;
	float narrow;

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		/* Little-endian: the low half of a 64-bit number is the 32-bit one. */
		expected = scalar_signed(node->text, (unsigned)field_value_bytes(field) * 8, &with_sign);
		memcpy(value, &with_sign, field_value_bytes(field));
		return expected;
	case PROTOBUF_C_TYPE_FLOAT:
		expected = scalar_double(node->text, &real);
		narrow = (float)real;
		memcpy(value, &narrow, sizeof(narrow));
		return expected;
	case PROTOBUF_C_TYPE_DOUBLE:
		expected = scalar_double(node->text, &real);
		memcpy(value, &real, sizeof(real));
		return expected;
	default:
		expected = scalar_unsigned(node->text, (unsigned)field_value_bytes(field) * 8, &without);
		memcpy(value, &without, field_value_bytes(field));
		return expected;
	}
}

bool from_tree_scalar(struct from_tree *reader, const ProtobufCMessage *owner,
		      const ProtobufCFieldDescriptor *field, const struct node *node, void *value)
{
	const char *expected = NULL;
	bool flag = false;

	if (node->kind != NODE_SCALAR) {
		from_tree_fault(reader, node->position, owner, field->name,
				"expected a single value, not %s", kind_name(node));
		return false;
	}
	switch (field->type) {
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(reader, owner, field, node, value);
	case PROTOBUF_C_TYPE_STRING:
		if (!scalar_is_text(node->text.data, node->text.length))
			expected = "UTF-8 text without a NUL character";
		memcpy(value, &node->text.data, sizeof(char *));
		break;
	case PROTOBUF_C_TYPE_BYTES:
		expected = scalar_base64(node->text, reader->document->arena, value);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		expected = scalar_bool(node->text, &flag);
		*(protobuf_c_boolean *)value = flag;
		break;
	default:
		expected = read_number(field, node, value);
	}
	if (expected)
		from_tree_fault(reader, node->position, owner, field->name, "expected %s, not \"%.*s\"",
				expected, (int)(node->text.length > 60 ? 60 : node->text.length),
				node->text.data);
	return !expected;
}

/* One value of a field, or one member of a repeated one. */
static void read_value(struct from_tree *reader, ProtobufCMessage *message,
		       const ProtobufCFieldDescriptor *field, int32_t index,
		       const struct node *node)
{
	void *at = field_value(message, field, index < 0 ? 0 : (size_t)index);
	const ProtobufCMessageDescriptor *type = field_type(field);

	uint32_t errors = reader->document->faults.errors;

	if (!type) {
		const char *empty = protobuf_c_empty_string;

		/* What is malformed counts as set all the same: one mistake, one complaint. */
		if (!from_tree_scalar(reader, message, field, node, at) &&
		    field->type == PROTOBUF_C_TYPE_STRING)
			memcpy(at, &empty, sizeof(empty));
		if (field_in_oneof(field))
			field_choose(message, field);
		return;
	}
	ProtobufCMessage *child = field_message_create(type, reader->document->arena);

	if (!child || !document_note(reader->document, child, message, field->name, index,
				     node->position))
		return;
	memcpy(at, &child, sizeof(child));
	if (field_in_oneof(field))
		field_choose(message, field);
	from_tree_message(reader, child, node, NULL);
	/* A malformed duration is none rather than 0. */
	if (errors != reader->document->faults.errors && node->kind == NODE_SCALAR && index < 0 &&
	    !field_in_oneof(field))
		memset(at, 0, sizeof(child));
}

static void read_map(struct from_tree *reader, ProtobufCMessage *message,
		     const ProtobufCFieldDescriptor *field, const struct node *node)
{
	const ProtobufCMessageDescriptor *type = field_type(field);
	size_t index = 0;

	if (node->kind != NODE_MAPPING) {
		from_tree_fault(reader, node->position, message, field->name,
				"expected a mapping, not %s", kind_name(node));
		return;
	}
	if (!field_reserve(message, field, node->count, reader->document->arena))
		return;
	for (const struct node *child = node->first; child; child = child->next, index++) {
		struct node key = {.kind = NODE_SCALAR, .position = child->key_position,
				   .text = child->key};
		ProtobufCMessage *entry = field_message_create(type, reader->document->arena);
		struct note *note = entry ? document_note(reader->document, entry, message, field->name,
							  (int32_t)index, child->key_position) : NULL;

		if (!note) {
			/* No hole may be left in the array. */
			memcpy((char *)message + field->quantifier_offset, &index, sizeof(index));
			return;
		}
		memcpy(field_value(message, field, index), &entry, sizeof(entry));
		note->map_key = child->key.data;
		read_value(reader, entry, &type->fields[0], -1, &key);
		if (child->kind != NODE_NULL || (field_type(&type->fields[1]) &&
						 !strcmp(field_type(&type->fields[1])->name,
							 "google.protobuf.Value")))
			read_value(reader, entry, &type->fields[1], -1, child);
	}
}

static void read_list(struct from_tree *reader, ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field, const struct node *node)
{
	size_t index = 0;

	if (node->kind != NODE_SEQUENCE) {
		from_tree_fault(reader, node->position, message, field->name,
				"expected a list, not %s", kind_name(node));
		return;
	}
	if (!field_reserve(message, field, node->count, reader->document->arena))
		return;
	for (const struct node *child = node->first; child; child = child->next, index++) {
		read_value(reader, message, field, (int32_t)index, child);
		/* A member that could not be made leaves no hole: the list ends before it. */
		if (!field_type(field) && field->type != PROTOBUF_C_TYPE_STRING)
			continue;
		if (!field_message(message, field, index)) {
			memcpy((char *)message + field->quantifier_offset, &index, sizeof(index));
			return;
		}
	}
}

static bool oneof_taken(struct from_tree *reader, ProtobufCMessage *message,
			const ProtobufCFieldDescriptor *field, const struct node *child)
{
	uint32_t chosen;

	if (!field_in_oneof(field))
		return false;
	memcpy(&chosen, (char *)message + field->quantifier_offset, sizeof(chosen));
	if (!chosen)
		return false;
	from_tree_fault(reader, child->key_position, message, field->name,
			"only one of this and %s can be set",
			protobuf_c_message_descriptor_get_field(message->descriptor, chosen)->name);
	return true;
}

/* Twice under its two names. */
static bool already_set(struct from_tree *reader, const struct note *note,
			const ProtobufCFieldDescriptor *field, const struct node *child)
{
	for (const struct field_position *seen = note->fields; seen; seen = seen->next)
		if (seen->field == field) {
			from_tree_fault(reader, child->key_position, note->message, field->name,
					"set twice; first at line %u", seen->position.line);
			return true;
		}
	return false;
}

static void read_fields(struct from_tree *reader, ProtobufCMessage *message,
			const struct node *node, const char *skip_key)
{
	struct note *note = document_find(reader->document, message);

	for (const struct node *child = node->first; child && note; child = child->next) {
		if (skip_key && !strcmp(child->key.data, skip_key))
			continue;
		const ProtobufCFieldDescriptor *field = find_field(message->descriptor, child->key);
		const ProtobufCMessageDescriptor *type = field ? field_type(field) : NULL;

		if (!field) {
			unknown_field(reader, message, child);
			continue;
		}
		if (already_set(reader, note, field, child) ||
		    (child->kind == NODE_NULL &&
		     !(type && !strcmp(type->name, "google.protobuf.Value"))))
			continue;
		if (oneof_taken(reader, message, field, child))
			continue;
		document_note_field(reader->document, note, field, child->key_position);
		if (field_is_map(message->descriptor, field))
			read_map(reader, message, field, child);
		else if (field->label == PROTOBUF_C_LABEL_REPEATED)
			read_list(reader, message, field, child);
		else
			read_value(reader, message, field, -1, child);
	}
}

void from_tree_message(struct from_tree *reader, ProtobufCMessage *message, const struct node *node,
		       const char *skip_key)
{
	if (reader->depth == FROM_TREE_DEPTH_MAX) {
		from_tree_fault(reader, node->position, message, NULL, "nested too deep");
		return;
	}
	reader->depth++;
	if (well_known_from_tree(reader, message, node))
		;
	else if (node->kind == NODE_MAPPING)
		read_fields(reader, message, node, skip_key);
	else if (node->kind != NODE_NULL)
		from_tree_fault(reader, node->position, message, NULL,
				"expected a mapping (%s), not %s", message->descriptor->name,
				kind_name(node));
	reader->depth--;
}

ProtobufCMessage *from_tree(struct document *document, const ProtobufCMessageDescriptor *type,
			    const struct node *node, const char *name, const char *skip_key)
{
	struct from_tree reader = {.document = document, .skip_key = skip_key};
	ProtobufCMessage *message = field_message_create(type, document->arena);

	if (!message || !document_note(document, message, NULL, name, -1, node->position))
		return NULL;
	from_tree_message(&reader, message, node, skip_key);
	return message;
}
