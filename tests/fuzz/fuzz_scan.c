/* What the scan lets pass, protobuf-c unpacks. */
#include <stdlib.h>

#include "xds/protos.h"

#include "xds/proto/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		abort();
	protobuf_c_message_free_unpacked(message, NULL);
	return 0;
}
