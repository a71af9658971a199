/* The messages that are held, by name. */
#ifndef XDS_PROTO_REGISTRY_H
#define XDS_PROTO_REGISTRY_H

#include <protobuf-c/protobuf-c.h>

/* By full name ("envoy.config.core.v3.Address"); NULL when it is not held.  Thread-safe. */
const ProtobufCMessageDescriptor *registry_find(const char *full_name);
/* By type URL: what follows the last slash. */
const ProtobufCMessageDescriptor *registry_find_url(const char *type_url);
/* All of them, sorted by name. */
unsigned registry_count(void);
const ProtobufCMessageDescriptor *registry_at(unsigned index);

#endif
