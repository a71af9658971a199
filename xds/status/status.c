#include "xds/status/status.h"

#include "xds/protos.h"
#include <stdio.h>
#include <string.h>

#include "stack/base/compiler.h"
#include "xds/reflect/field.h"

#define STATUS_DEPTH_MAX 200

struct line {
	const char *pattern;
	enum field_status status;
	const char *why;
};

static const struct line lines[] = {
#define STATUS(pattern, status, why) {pattern, STATUS_##status, why},
#include "xds/status/status.def"
#undef STATUS
};

static size_t match_length(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return strncmp(pattern, name, length - 1) == 0 ? length : 0;
	/* Exact is longer than any prefix. */
	return strcmp(pattern, name) == 0 ? length + 2 : 0;
}

enum field_status status_find(const char *message, const char *field, const char **why)
{
	char name[512];
	const struct line *best = NULL;
	size_t best_length = 0;

	snprintf(name, sizeof(name), "%s.%s", message, field);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		size_t length = match_length(lines[i].pattern, name);

		if (length > best_length) {
			best_length = length;
			best = &lines[i];
		}
	}
	*why = best ? best->why : "";
	return best ? best->status : STATUS_NONE;
}

struct walk {
	struct document *document;
	unsigned depth;
};

/* `flag: false` of a feature that is refused asks for nothing. */
static bool is_switched_off(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field_type(field) != &google__protobuf__bool_value__descriptor ||
	    field->label == PROTOBUF_C_LABEL_REPEATED)
		return false;
	return !((const Google__Protobuf__BoolValue *)field_message(message, field, 0))->value;
}

static void walk_message(struct walk *walk, const ProtobufCMessage *message);

/* Key and value of a map have no status of their own. */
static void walk_entry(struct walk *walk, const ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[1];
	const ProtobufCMessage *value = field_type(field) ? field_message(entry, field, 0) : NULL;

	if (value && (document_find(walk->document, value) ||
		      document_note(walk->document, value, entry, "value", -1,
				    (struct position){0, 0})))
		walk_message(walk, value);
}

static void walk_field(struct walk *walk, const ProtobufCMessage *message,
		       const ProtobufCFieldDescriptor *field)
{
	const char *why;

	switch (status_find(message->descriptor->name, field->name, &why)) {
	case STATUS_SUPPORTED:
		break;
	case STATUS_IGNORED:
		document_warning(walk->document, message, field->name, "without effect: %s", why);
		return;
	default:
		if (!is_switched_off(message, field))
			document_fault(walk->document, message, field->name, "not supported: %s", why);
		return;
	}
	if (!field_type(field))
		return;
	bool map = field_is_map(message->descriptor, field);

	for (size_t i = 0; i < field_count(message, field); i++) {
		const ProtobufCMessage *child = field_message(message, field, i);

		if (!document_find(walk->document, child) &&
		    !document_note(walk->document, child, message, field->name,
				   field->label == PROTOBUF_C_LABEL_REPEATED ? (int32_t)i : -1,
				   (struct position){0, 0}))
			return;
		if (map)
			walk_entry(walk, child);
		else
			walk_message(walk, child);
	}
}

static void walk_message(struct walk *walk, const ProtobufCMessage *message)
{
	const struct note *note = document_find(walk->document, message);

	if (walk->depth == STATUS_DEPTH_MAX)
		return; /* readers refuse what is that deep */
	walk->depth++;
	if (note && note->content)
		walk_message(walk, note->content);
	else if (strncmp(message->descriptor->name, "google.protobuf.", 16) != 0)
		for (unsigned i = 0; i < message->descriptor->n_fields; i++)
			if (field_is_set(message, &message->descriptor->fields[i]))
				walk_field(walk, message, &message->descriptor->fields[i]);
	walk->depth--;
}

void status_check(struct document *document, const ProtobufCMessage *root)
{
	struct walk walk = {.document = document};

	walk_message(&walk, root);
}
