#include "xds/reflect/to_json.h"

#include <inttypes.h>
#include <math.h>
#include "xds/protos.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "stack/base/compiler.h"
#include "xds/reflect/field.h"

static json_t *base64(const ProtobufCBinaryData *bytes)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t groups = (bytes->len + 2) / 3;
	struct config_arena *arena = config_arena_create();
	char *text = arena ? config_arena_alloc(arena, groups * 4 + 1) : NULL;
	json_t *json = NULL;

	for (size_t i = 0; text && i < groups; i++) {
		size_t left = bytes->len - i * 3;
		const uint8_t *from = bytes->data + i * 3;
		uint32_t bits = (uint32_t)from[0] << 16 | (left > 1 ? (uint32_t)from[1] << 8 : 0) |
				(left > 2 ? from[2] : 0);

		for (unsigned k = 0; k < 4; k++)
			text[i * 4 + k] = k <= left ? letters[bits >> (18 - 6 * k) & 63] : '=';
	}
	if (text)
		json = json_stringn(text, groups * 4);
	config_arena_destroy(arena);
	return json;
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_string(isnan(value) ? "NaN" :
							       value > 0 ? "Infinity" : "-Infinity");
}

static json_t *scalar(const ProtobufCFieldDescriptor *field, const void *value)
{
	const ProtobufCEnumValue *known;
	char text[32];
	int64_t with_sign;
	uint64_t without;
	int32_t narrow;
	uint32_t unsigned_narrow;
	float real;
	double wide;
	const char *string;

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		memcpy(&with_sign, value, sizeof(with_sign));
		snprintf(text, sizeof(text), "%" PRId64, with_sign);
		return json_string(text);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		memcpy(&without, value, sizeof(without));
		snprintf(text, sizeof(text), "%" PRIu64, without);
		return json_string(text);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		memcpy(&narrow, value, sizeof(narrow));
		return json_integer(narrow);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		memcpy(&unsigned_narrow, value, sizeof(unsigned_narrow));
		return json_integer(unsigned_narrow);
	case PROTOBUF_C_TYPE_ENUM:
		memcpy(&narrow, value, sizeof(narrow));
		known = protobuf_c_enum_descriptor_get_value(field->descriptor, narrow);
		return known ? json_string(known->name) : json_integer(narrow);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)value);
	case PROTOBUF_C_TYPE_FLOAT:
		memcpy(&real, value, sizeof(real));
		return number((double)real);
	case PROTOBUF_C_TYPE_DOUBLE:
		memcpy(&wide, value, sizeof(wide));
		return number(wide);
	case PROTOBUF_C_TYPE_BYTES:
		return base64(value);
	default:
		memcpy(&string, value, sizeof(string));
		return json_string(string ? string : "");
	}
}

static json_t *value_json(const struct document *document, const ProtobufCMessage *message,
			  const ProtobufCFieldDescriptor *field, size_t index)
{
	return field_type(field) ? to_json(document, field_message(message, field, index)) :
				   scalar(field, field_value(message, field, index));
}

static json_t *time_json(const ProtobufCMessage *message)
{
	const Google__Protobuf__Duration *time = (const Google__Protobuf__Duration *)message;
	bool duration = message->descriptor == &google__protobuf__duration__descriptor;
	char text[64], fraction[16] = "";
	int32_t nanos = time->nanos < 0 ? -time->nanos : time->nanos;
	time_t seconds = time->seconds;
	struct tm date;

	if (nanos) {
		snprintf(fraction, sizeof(fraction), ".%09d", nanos);
		for (size_t end = strlen(fraction); end > 0 && fraction[end - 1] == '0'; end--)
			fraction[end - 1] = '\0';
	}
	if (duration)
		snprintf(text, sizeof(text), "%s%" PRId64 "%ss",
			 time->seconds < 0 || time->nanos < 0 ? "-" : "",
			 time->seconds < 0 ? -time->seconds : time->seconds, fraction);
	else if (gmtime_r(&seconds, &date))
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%sZ", date.tm_year + 1900,
			 date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec,
			 fraction);
	else
		return json_null();
	return json_string(text);
}

static json_t *any_json(const struct document *document, const ProtobufCMessage *message)
{
	const Google__Protobuf__Any *any = (const Google__Protobuf__Any *)message;
	const struct note *note = document ? document_find(document, message) : NULL;
	json_t *json = note && note->content ? to_json(document, note->content) : json_object();

	if (json && !json_is_object(json)) {
		json_t *outer = json_object();

		json_object_set_new(outer, "value", json);
		json = outer;
	}
	if (json)
		json_object_set_new(json, "@type", json_string(any->type_url ? any->type_url : ""));
	return json;
}

static json_t *map_json(const struct document *document, const ProtobufCMessage *message,
			const ProtobufCFieldDescriptor *field)
{
	json_t *json = json_object();

	for (size_t i = 0; json && i < field_count(message, field); i++) {
		const ProtobufCMessage *entry = field_message(message, field, i);
		const ProtobufCFieldDescriptor *fields = entry->descriptor->fields;
		json_t *key = value_json(document, entry, &fields[0], 0);
		bool empty = field_type(&fields[1]) && !field_message(entry, &fields[1], 0);

		json_object_set_new(json, json_is_string(key) ? json_string_value(key) : "",
				    empty ? json_null() : value_json(document, entry, &fields[1], 0));
		json_decref(key);
	}
	return json;
}

static json_t *list_json(const struct document *document, const ProtobufCMessage *message,
			 const ProtobufCFieldDescriptor *field)
{
	json_t *json = json_array();

	for (size_t i = 0; json && i < field_count(message, field); i++)
		json_array_append_new(json, value_json(document, message, field, i));
	return json;
}

static json_t *value_message_json(const struct document *document, const ProtobufCMessage *message)
{
	const Google__Protobuf__Value *value = (const Google__Protobuf__Value *)message;

	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];

		if (field->id == (unsigned)value->kind_case &&
		    value->kind_case != GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE)
			return value_json(document, message, field, 0);
	}
	return json_null();
}

static bool is_wrapper(const ProtobufCMessageDescriptor *type)
{
	return type->n_fields == 1 && !strncmp(type->name, "google.protobuf.", 16) &&
	       !strcmp(type->fields[0].name, "value");
}

json_t *to_json(const struct document *document, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	if (type == &google__protobuf__any__descriptor)
		return any_json(document, message);
	if (type == &google__protobuf__duration__descriptor ||
	    type == &google__protobuf__timestamp__descriptor)
		return time_json(message);
	if (type == &google__protobuf__value__descriptor)
		return value_message_json(document, message);
	if (type == &google__protobuf__struct__descriptor)
		return map_json(document, message, &type->fields[0]);
	if (type == &google__protobuf__list_value__descriptor)
		return list_json(document, message, &type->fields[0]);
	if (is_wrapper(type))
		return value_json(document, message, &type->fields[0], 0);
	json_t *json = json_object();

	for (unsigned i = 0; json && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];

		if (!field_is_set(message, field))
			continue;
		json_object_set_new(json, field->name,
				    field_is_map(type, field) ? map_json(document, message, field) :
				    field->label == PROTOBUF_C_LABEL_REPEATED ?
				    list_json(document, message, field) :
				    value_json(document, message, field, 0));
	}
	return json;
}
