/* Shared by from_tree.c and well_known.c. */
#ifndef XDS_REFLECT_FROM_TREE_INTERNAL_H
#define XDS_REFLECT_FROM_TREE_INTERNAL_H

#include "xds/reflect/from_tree.h"

/* Deeper nesting of messages, all Any contents included, is a fault. */
#define FROM_TREE_DEPTH_MAX 100

struct from_tree {
	struct document *document;
	const char *skip_key;
	unsigned depth;
};

/* Fills the message, whose note is there already. */
void from_tree_message(struct from_tree *reader, ProtobufCMessage *message, const struct node *node,
		       const char *skip_key);
/* One scalar, enum, string or bytes value to `value`; false with a fault. */
bool from_tree_scalar(struct from_tree *reader, const ProtobufCMessage *owner,
		      const ProtobufCFieldDescriptor *field, const struct node *node, void *value);
/* A fault at a node of the text. */
void from_tree_fault(struct from_tree *reader, struct position position,
		     const ProtobufCMessage *message, const char *field, const char *format, ...)
	PRINTF_LIKE(5, 6);
/* True when the type has a JSON form of its own; the message is filled then. */
bool well_known_from_tree(struct from_tree *reader, ProtobufCMessage *message,
			  const struct node *node);

#endif
