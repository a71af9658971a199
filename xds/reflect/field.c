#include "xds/reflect/field.h"

#include <string.h>

ProtobufCMessage *field_message_create(const ProtobufCMessageDescriptor *descriptor,
				       struct config_arena *arena)
{
	ProtobufCMessage *message = config_arena_alloc(arena, descriptor->sizeof_message);

	if (!message)
		return NULL;
	message->descriptor = descriptor;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (field->type != PROTOBUF_C_TYPE_STRING || field_in_oneof(field) ||
		    field->label == PROTOBUF_C_LABEL_REPEATED)
			continue;
		const char *empty = protobuf_c_empty_string;

		memcpy((char *)message + field->offset, &empty, sizeof(empty));
	}
	return message;
}

bool field_in_oneof(const ProtobufCFieldDescriptor *field)
{
	return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

size_t field_value_bytes(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	default:
		return 8;
	}
}

static bool value_is_default(const ProtobufCFieldDescriptor *field, const void *value)
{
	static const char zero[16];
	const char *text;
	const ProtobufCBinaryData *bytes = value;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		memcpy(&text, value, sizeof(text));
		return !text || !*text;
	case PROTOBUF_C_TYPE_BYTES:
		return bytes->len == 0;
	default:
		return memcmp(value, zero, field_value_bytes(field)) == 0;
	}
}

bool field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return field_count(message, field) > 0;
}

size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const char *base = (const char *)message;
	uint32_t chosen;
	size_t count;

	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&count, base + field->quantifier_offset, sizeof(count));
		return count;
	}
	if (field_in_oneof(field)) {
		memcpy(&chosen, base + field->quantifier_offset, sizeof(chosen));
		return chosen == field->id;
	}
	return !value_is_default(field, base + field->offset);
}

void *field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		  size_t index)
{
	char *at = (char *)(uintptr_t)message + field->offset;
	char *values;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return at;
	memcpy(&values, at, sizeof(values));
	return values + index * field_value_bytes(field);
}

ProtobufCMessage *field_message(const ProtobufCMessage *message,
				const ProtobufCFieldDescriptor *field, size_t index)
{
	ProtobufCMessage *value;

	memcpy(&value, field_value(message, field, index), sizeof(value));
	return value;
}

bool field_reserve(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t count,
		   struct config_arena *arena)
{
	void *values = config_arena_array(arena, count, field_value_bytes(field));

	if (!values)
		return false;
	memcpy((char *)message + field->offset, &values, sizeof(values));
	memcpy((char *)message + field->quantifier_offset, &count, sizeof(count));
	return true;
}

void field_choose(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	uint32_t id = field->id;

	memcpy((char *)message + field->quantifier_offset, &id, sizeof(id));
}

bool field_is_map(const ProtobufCMessageDescriptor *owner, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *type = field_type(field);
	char entry[256];
	size_t length = 0;
	bool upper = true;

	if (!type || field->label != PROTOBUF_C_LABEL_REPEATED || type->n_fields != 2 ||
	    strcmp(type->fields[0].name, "key") != 0 || strcmp(type->fields[1].name, "value") != 0)
		return false;
	for (const char *c = field->name; *c && length < sizeof(entry) - 6; c++) {
		if (*c == '_') {
			upper = true;
			continue;
		}
		entry[length++] = upper && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		upper = false;
	}
	memcpy(entry + length, "Entry", 6);
	size_t owner_length = strlen(owner->name);

	return !strncmp(type->name, owner->name, owner_length) && type->name[owner_length] == '.' &&
	       !strcmp(type->name + owner_length + 1, entry);
}

void field_json_name(const char *name, char *out, size_t size)
{
	size_t length = 0;
	bool upper = false;

	for (; *name && length + 1 < size; name++) {
		if (*name == '_') {
			upper = true;
			continue;
		}
		out[length++] = upper && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
		upper = false;
	}
	out[length] = '\0';
}
