/* A tree of text as a message, by protobuf's JSON mapping over descriptors.
 *
 * Taken: field names in snake_case and lowerCamelCase; enums by name or number; 64-bit numbers as
 * strings; bytes in base64; Duration, Timestamp, FieldMask, wrappers, Struct, Value and ListValue in
 * their JSON forms; Any by "@type", whose content is kept in its note (document_find(any)->content)
 * and also when a TypedStruct wraps a message that is held; null = not there.  Every fault goes to the document
 * with its position; the message is still built from what is right. */
#ifndef XDS_REFLECT_FROM_TREE_H
#define XDS_REFLECT_FROM_TREE_H

#include "xds/reflect/document.h"
#include "xds/reflect/tree.h"

/* NULL only without memory.  `name` is the root's name in paths ("" = none); `skip_key` is a key of
 * the root that belongs to someone else, or NULL. */
ProtobufCMessage *from_tree(struct document *document, const ProtobufCMessageDescriptor *type,
			    const struct node *node, const char *name, const char *skip_key);

#endif
