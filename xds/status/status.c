#include "xds/status/status.h"

#include "xds/protos.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "stack/base/compiler.h"
#include "xds/reflect/field.h"

#define STATUS_DEPTH_MAX 200
#define NAME_BYTES 512

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

/* The lines by the hash of their patterns, without the '*'. */
#define SLOTS 2048
_Static_assert(ARRAY_LEN(lines) * 4 <= SLOTS, "the table of lines has room");

static struct slot {
	const struct line *line; /* NULL = free */
	uint32_t hash;
	uint32_t length;
	bool prefix;
} slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define HASH_START 2166136261u

/* FNV-1a, one character on: the hashes of all prefixes of a name come of one pass. */
static uint32_t hash_on(uint32_t hash, char c)
{
	return (hash ^ (uint8_t)c) * 16777619u;
}

static struct slot *slot_of(const char *text, uint32_t length, uint32_t hash, bool prefix)
{
	struct slot *slot = &slots[(hash ^ hash >> 16) & (SLOTS - 1)];

	while (slot->line && (slot->hash != hash || slot->length != length || slot->prefix != prefix ||
			      memcmp(slot->line->pattern, text, length) != 0))
		slot = slot + 1 < slots + SLOTS ? slot + 1 : slots;
	return slot;
}

static void index_lines(void)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const char *pattern = lines[i].pattern;
		size_t length = strcspn(pattern, "*");
		uint32_t hash = HASH_START;

		for (size_t k = 0; k < length; k++)
			hash = hash_on(hash, pattern[k]);
		struct slot *slot = slot_of(pattern, (uint32_t)length, hash, pattern[length] == '*');

		*slot = (struct slot){&lines[i], hash, (uint32_t)length, pattern[length] == '*'};
	}
}

static const struct line *find_line(const char *name)
{
	uint32_t hashes[NAME_BYTES] = {HASH_START}, length = 0;

	pthread_once(&once, index_lines);
	for (; name[length]; length++)
		hashes[length + 1] = hash_on(hashes[length], name[length]);
	const struct slot *slot = slot_of(name, length, hashes[length], false);

	/* The longest prefix comes first. */
	for (uint32_t n = length; !slot->line && n > 0; n--)
		slot = slot_of(name, n, hashes[n], true);
	return slot->line;
}

enum field_status status_find(const char *message, const char *field, const char **why)
{
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%s.%s", message, field);
	const struct line *line = find_line(name);

	*why = line ? line->why : "";
	return line ? line->status : STATUS_NONE;
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
