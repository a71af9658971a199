/* A message as JSON, by protobuf's mapping over descriptors (the other way of from_tree.h).
 *
 * Field names in snake_case, as Envoy's config_dump has them; enums by name; 64-bit numbers as
 * strings; Any with "@type" and its content, where the document has opened it. */
#ifndef XDS_REFLECT_TO_JSON_H
#define XDS_REFLECT_TO_JSON_H

#include <jansson.h>

#include "xds/reflect/document.h"

/* A new reference; NULL when there is no memory.  document may be NULL: an Any then shows its type
 * only. */
json_t *to_json(const struct document *document, const ProtobufCMessage *message);

#endif
