/* Fields of protobuf-c messages by descriptor: make, set, read.
 *
 * protobuf-c keeps a message as a C struct and says in the descriptor where each field stands;
 * everything that treats messages in general (reader, printer, status walk) goes through here. */
#ifndef XDS_REFLECT_FIELD_H
#define XDS_REFLECT_FIELD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "gateway/config/config_arena.h"

/* A message with all defaults; NULL when there is no memory. */
ProtobufCMessage *field_message_create(const ProtobufCMessageDescriptor *descriptor,
				       struct config_arena *arena);

/* Whether the field is set: a repeated field with members, a message that is there, the case of a
 * oneof, a scalar that is not its default (proto3 cannot tell more). */
bool field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
/* How many values it has: the members of a repeated field, else 0 or 1. */
size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
/* Where value `index` stands (index 0 of a field that is not repeated). */
void *field_value(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		  size_t index);
/* The message in a field of message type. */
ProtobufCMessage *field_message(const ProtobufCMessage *message,
				const ProtobufCFieldDescriptor *field, size_t index);
/* Bytes of one value in memory. */
size_t field_value_bytes(const ProtobufCFieldDescriptor *field);
/* Gives a repeated field room for count zeroed values; false when there is no memory. */
bool field_reserve(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t count,
		   struct config_arena *arena);
/* Marks the case of a oneof. */
void field_choose(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

bool field_in_oneof(const ProtobufCFieldDescriptor *field);
/* protoc's rule: the field's type is a nested message named after the field, with key and value. */
bool field_is_map(const ProtobufCMessageDescriptor *owner, const ProtobufCFieldDescriptor *field);
/* snake_case to lowerCamelCase (protobuf's JSON names); cut at size. */
void field_json_name(const char *name, char *out, size_t size);

static inline const ProtobufCMessageDescriptor *field_type(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
}

#endif
