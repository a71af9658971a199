#include "xds/reflect/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xds/reflect/tree.h"

#define PATH_BYTES 512
#define BUCKETS_AT_START 1024

bool document_init(struct document *document, const char *source)
{
	*document = (struct document){.arena = config_arena_create()};
	if (!document->arena)
		return false;
	document->buckets = calloc(BUCKETS_AT_START, sizeof(struct note *));
	document->bucket_count = BUCKETS_AT_START;
	const char *name = config_arena_text(document->arena, source);

	if (!document->buckets || !name) {
		document_free(document);
		return false;
	}
	fault_list_init(&document->faults, document->arena, name);
	return true;
}

void document_free(struct document *document)
{
	config_arena_destroy(document->arena);
	free(document->buckets);
	*document = (struct document){0};
}

static struct note **bucket_find(struct note **buckets, uint32_t count,
				 const ProtobufCMessage *message)
{
	/* Fibonacci hashing; the low bits of addresses are alike. */
	uint64_t hash = (uint64_t)(uintptr_t)message * 0x9e3779b97f4a7c15u;
	uint32_t at = (uint32_t)(hash >> 32) & (count - 1);

	while (buckets[at] && buckets[at]->message != message)
		at = (at + 1) & (count - 1);
	return &buckets[at];
}

static bool grow(struct document *document)
{
	uint32_t count = document->bucket_count * 2;
	struct note **buckets = calloc(count, sizeof(*buckets));

	if (!buckets)
		return false;
	for (uint32_t i = 0; i < document->bucket_count; i++)
		if (document->buckets[i])
			*bucket_find(buckets, count, document->buckets[i]->message) =
				document->buckets[i];
	free(document->buckets);
	document->buckets = buckets;
	document->bucket_count = count;
	return true;
}

struct note *document_note(struct document *document, const ProtobufCMessage *message,
			   const ProtobufCMessage *parent, const char *name, int32_t index,
			   struct position position)
{
	if (document->note_count == DOCUMENT_MESSAGES_MAX) {
		fault_add(&document->faults, FAULT_ERROR, position, "", "more messages than are read");
		return NULL;
	}
	if (document->note_count * 2 >= document->bucket_count && !grow(document))
		return NULL;
	struct note *note = config_arena_alloc(document->arena, sizeof(*note));

	if (!note)
		return NULL;
	*note = (struct note){.message = message, .parent = parent, .name = name, .index = index,
			      .position = position};
	*bucket_find(document->buckets, document->bucket_count, message) = note;
	document->note_count++;
	return note;
}

struct note *document_find(const struct document *document, const ProtobufCMessage *message)
{
	return message ? *bucket_find(document->buckets, document->bucket_count, message) : NULL;
}

void document_note_field(struct document *document, struct note *note,
			 const ProtobufCFieldDescriptor *field, struct position position)
{
	struct field_position *entry = config_arena_alloc(document->arena, sizeof(*entry));

	if (!entry)
		return;
	*entry = (struct field_position){note->fields, field, position};
	note->fields = entry;
}

/* From the message up to the root, then printed the other way round. */
const char *document_path(const struct document *document, const ProtobufCMessage *message,
			  const char *field, char *text, size_t size)
{
	const struct note *chain[2 * TREE_DEPTH_MAX];
	unsigned depth = 0;
	size_t length = 0;

	text[0] = '\0';
	for (const struct note *note = document_find(document, message);
	     note && depth < 2 * TREE_DEPTH_MAX; note = document_find(document, note->parent))
		chain[depth++] = note;
	while (depth-- > 0 && length < size) {
		const struct note *note = chain[depth];

		if (note->name[0])
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? "." : "", note->name);
		if (length < size && note->map_key)
			length += (size_t)snprintf(text + length, size - length, "[%s]", note->map_key);
		else if (length < size && note->index >= 0)
			length += (size_t)snprintf(text + length, size - length, "[%d]", note->index);
	}
	if (field && length < size)
		snprintf(text + length, size - length, "%s%s", length ? "." : "", field);
	return text;
}

struct position document_position(const struct document *document, const ProtobufCMessage *message,
				  const char *field)
{
	const struct note *note = document_find(document, message);

	if (!note)
		return (struct position){0, 0};
	for (const struct field_position *entry = note->fields; field && entry; entry = entry->next)
		if (!strcmp(entry->field->name, field))
			return entry->position;
	return note->position;
}

static void complain(struct document *document, enum fault_severity severity,
		     const ProtobufCMessage *message, const char *field, const char *format,
		     va_list args)
{
	char path[PATH_BYTES];
	char text[FAULT_TEXT_BYTES];

	vsnprintf(text, sizeof(text), format, args);
	fault_add(&document->faults, severity, document_position(document, message, field),
		  document_path(document, message, field, path, sizeof(path)), "%s", text);
}

void document_fault(struct document *document, const ProtobufCMessage *message, const char *field,
		    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(document, FAULT_ERROR, message, field, format, args);
	va_end(args);
}

void document_warning(struct document *document, const ProtobufCMessage *message, const char *field,
		      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(document, FAULT_WARNING, message, field, format, args);
	va_end(args);
}
