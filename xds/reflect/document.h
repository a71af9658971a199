/* A tree of messages, and for every message where it stands: parent, field, line and column.
 *
 *     document ── root message ── … ── message ── …
 *        └─ notes: message -> {parent, field, index, position, positions of its set fields, content}
 *
 * The reader of files writes the notes while it builds; for messages from the wire document_adopt
 * does (without positions).  A fault then needs the message and the field's name only.  What an
 * Any holds is opened once and kept in its note.  Everything lives in the document's arena. */
#ifndef XDS_REFLECT_DOCUMENT_H
#define XDS_REFLECT_DOCUMENT_H

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>

#include "xds/reflect/fault.h"

/* Messages of one document; aliases in YAML may multiply what a small file says. */
#define DOCUMENT_MESSAGES_MAX 4000000

struct field_position {
	struct field_position *next;
	const ProtobufCFieldDescriptor *field;
	struct position position;
};

struct note {
	const ProtobufCMessage *message;
	const ProtobufCMessage *parent; /* NULL for a root */
	const char *name;               /* of the field in the parent, or of the root; "" = none */
	const char *map_key;            /* NULL unless the message is a value of a map */
	int32_t index;                  /* in a repeated field; -1 else */
	struct position position;
	struct field_position *fields;
	ProtobufCMessage *content;      /* of a google.protobuf.Any that was opened */
};

struct document {
	struct config_arena *arena;
	struct fault_list faults;
	struct note **buckets; /* malloc; by pointer, open addressing */
	uint32_t bucket_count;
	uint32_t note_count;
};

/* False when there is no memory. */
MUST_USE bool document_init(struct document *document, const char *source);
void document_free(struct document *document);

/* NULL when there is no memory, or with a fault when the document has too many messages. */
struct note *document_note(struct document *document, const ProtobufCMessage *message,
			   const ProtobufCMessage *parent, const char *name, int32_t index,
			   struct position position);
struct note *document_find(const struct document *document, const ProtobufCMessage *message);
void document_note_field(struct document *document, struct note *note,
			 const ProtobufCFieldDescriptor *field, struct position position);

/* "static_resources.clusters[0].connect_timeout"; field may be NULL.  Returns text. */
const char *document_path(const struct document *document, const ProtobufCMessage *message,
			  const char *field, char *text, size_t size);
struct position document_position(const struct document *document, const ProtobufCMessage *message,
				  const char *field);
void document_fault(struct document *document, const ProtobufCMessage *message, const char *field,
		    const char *format, ...) PRINTF_LIKE(4, 5);
void document_warning(struct document *document, const ProtobufCMessage *message, const char *field,
		      const char *format, ...) PRINTF_LIKE(4, 5);

#endif
