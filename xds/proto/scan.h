/* Looks through raw protobuf bytes before protobuf-c unpacks them.
 *
 * protobuf-c recurses without limit, takes strings with NUL and bad UTF-8, and believes lengths of
 * nested messages; what passes here does none of that.  Nothing is allocated. */
#ifndef XDS_PROTO_SCAN_H
#define XDS_PROTO_SCAN_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define SCAN_DEPTH_MAX 100
#define SCAN_BYTES_MAX (256u << 20)
/* Fields of all messages together; each costs memory when it is unpacked. */
#define SCAN_FIELDS_MAX (16u << 20)

struct scan_result {
	uint64_t fields;         /* known or not */
	uint64_t unknown_fields;
	uint32_t depth;          /* of the deepest message; 1 = nothing nested */
};

/* True when the bytes may be given to protobuf-c as a `type` (which may still refuse them).  What an
 * Any holds is bytes here and is scanned when it is opened.  False says in *why what is wrong, and
 * at which byte. */
MUST_USE bool scan_message(const ProtobufCMessageDescriptor *type, const uint8_t *data,
			   size_t length, struct scan_result *result, struct why *why);

#endif
