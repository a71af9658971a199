/* What the scan lets pass does protobuf-c no harm (it may still refuse: it cannot merge everything
 * that stands twice), and has only good text in it. */
#include <stdlib.h>
#include <string.h>

#include "xds/reflect/field.h"
#include "xds/reflect/scalar.h"
#include "xds/protos.h"

#include "xds/proto/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];

		for (size_t k = 0; k < field_count(message, field); k++) {
			if (field_type(field) && field_message(message, field, k))
				check_text(field_message(message, field, k));
			if (field->type != PROTOBUF_C_TYPE_STRING)
				continue;
			const char *text = *(char **)field_value(message, field, k);

			if (!scalar_is_text(text, strlen(text)))
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&listener__listener__descriptor, &route__route_configuration__descriptor,
		&cluster__cluster__descriptor, &endpoint__cluster_load_assignment__descriptor,
		&google__protobuf__struct__descriptor};
	struct scan_result result;
	struct why why;

	if (size == 0)
		return 0;
	const ProtobufCMessageDescriptor *type = types[data[0] % 5];

	if (!scan_message(type, data + 1, size - 1, &result, &why))
		return 0;
	ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, size - 1, data + 1);

	if (!message)
		return 0;
	check_text(message);
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}
