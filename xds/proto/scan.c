#include "xds/proto/scan.h"

#include "xds/reflect/scalar.h"

/* https://protobuf.dev/programming-guides/encoding/ */
enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

struct scan {
	const uint8_t *start;
	struct scan_result *result;
	struct why *why;
};

struct bytes {
	const uint8_t *at;
	const uint8_t *end;
};

static bool fail(struct scan *scan, const uint8_t *at, const char *what,
		 const ProtobufCMessageDescriptor *type)
{
	return why_set(scan->why, "byte %zu, in %s: %s", (size_t)(at - scan->start), type->name, what);
}

/* At most bytes_max of them: 10 for numbers, 5 for tags and lengths, as protobuf-c reads them. */
static bool varint(struct bytes *bytes, unsigned bytes_max, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 7 * bytes_max && bytes->at < bytes->end; shift += 7) {
		uint8_t byte = *bytes->at++;

		if (shift < 64)
			*out |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static enum wire_type wire_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64;
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_LENGTH;
	default:
		return WIRE_VARINT;
	}
}

/* A packed repeated field: whole values of one kind. */
static bool packed(struct scan *scan, const ProtobufCMessageDescriptor *type,
		   const ProtobufCFieldDescriptor *field, struct bytes body)
{
	size_t step = wire_of(field->type) == WIRE_64 ? 8 : wire_of(field->type) == WIRE_32 ? 4 : 0;
	uint64_t value;

	if (step) {
		scan->result->fields += (size_t)(body.end - body.at) / step;
		return (size_t)(body.end - body.at) % step == 0 ||
		       fail(scan, body.at, "a packed field is cut off", type);
	}
	while (body.at < body.end) {
		scan->result->fields++;
		if (!varint(&body, 10, &value))
			return fail(scan, body.at, "a packed field is cut off", type);
	}
	return true;
}

static bool message(struct scan *scan, const ProtobufCMessageDescriptor *type, struct bytes bytes,
		    uint32_t depth);

static bool length_delimited(struct scan *scan, const ProtobufCMessageDescriptor *type,
			     const ProtobufCFieldDescriptor *field, struct bytes body,
			     uint32_t depth)
{
	if (!field || field->type == PROTOBUF_C_TYPE_BYTES)
		return true;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return message(scan, field->descriptor, body, depth + 1);
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return scalar_is_text((const char *)body.at, (size_t)(body.end - body.at)) ||
		       fail(scan, body.at, "a string with NUL or without UTF-8", type);
	return packed(scan, type, field, body);
}

static bool one_field(struct scan *scan, const ProtobufCMessageDescriptor *type,
		      struct bytes *bytes, uint32_t depth)
{
	const uint8_t *start = bytes->at;
	uint64_t tag, value;

	if (!varint(bytes, 5, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
		return fail(scan, start, "not a field tag", type);
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
	unsigned wire = tag & 7;

	scan->result->fields++;
	scan->result->unknown_fields += !field;
	if (scan->result->fields > SCAN_FIELDS_MAX)
		return fail(scan, start, "more fields than are unpacked", type);
	if (field && wire != wire_of(field->type) &&
	    !(wire == WIRE_LENGTH && field->label == PROTOBUF_C_LABEL_REPEATED))
		return fail(scan, start, "a field of another wire type", type);
	switch (wire) {
	case WIRE_VARINT:
		return varint(bytes, 10, &value) || fail(scan, start, "a number is cut off", type);
	case WIRE_64:
	case WIRE_32:
		value = wire == WIRE_64 ? 8 : 4;
		break;
	case WIRE_LENGTH:
		if (!varint(bytes, 5, &value))
			return fail(scan, start, "a length is cut off", type);
		break;
	default:
		return fail(scan, start, "groups are not taken", type);
	}
	if (value > (uint64_t)(bytes->end - bytes->at))
		return fail(scan, start, "a field is longer than what holds it", type);
	struct bytes body = {bytes->at, bytes->at + value};

	bytes->at += value;
	return wire != WIRE_LENGTH || length_delimited(scan, type, field, body, depth);
}

static bool message(struct scan *scan, const ProtobufCMessageDescriptor *type, struct bytes bytes,
		    uint32_t depth)
{
	if (depth > SCAN_DEPTH_MAX)
		return fail(scan, bytes.at, "nested too deep", type);
	if (depth > scan->result->depth)
		scan->result->depth = depth;
	while (bytes.at < bytes.end)
		if (!one_field(scan, type, &bytes, depth))
			return false;
	return true;
}

bool scan_message(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t length,
		  struct scan_result *result, struct why *why)
{
	struct scan scan = {.start = data, .result = result, .why = why};

	*result = (struct scan_result){0};
	if (length > SCAN_BYTES_MAX)
		return why_set(why, "larger than 256 MiB");
	return message(&scan, type, (struct bytes){data, data + length}, 1);
}
