#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/log/format.h"
#include "xds/translate/internal.h"

void *translate_list(struct translation *t, size_t count, size_t bytes)
{
	return config_arena_array(t->document->arena, count, bytes);
}

/* Every shared object is the first piece of its arena, right behind this. */
struct owned {
	struct config_arena *arena;
	struct owned_format *formats;
};

struct owned_format {
	struct owned_format *next;
	struct log_format *format;
};
_Static_assert(sizeof(struct owned) == 16, "the object behind it is aligned");

void object_destroy(struct config_object *object)
{
	struct owned *owned = (struct owned *)object - 1;

	for (const struct owned_format *at = owned->formats; at; at = at->next)
		log_format_free(at->format);
	config_arena_destroy(owned->arena);
}

struct log_format *translate_format(struct translation *t, const void *owner, const char *field,
				    const char *text)
{
	struct owned *owned = (struct owned *)t->object - 1;
	struct owned_format *entry = config_arena_alloc(t->arena, sizeof(*entry));
	struct why why;

	if (!entry)
		return NULL;
	entry->format = log_format_compile(text, &why);
	if (!entry->format) {
		FAULT(t, owner, field, "%s", why.text);
		return NULL;
	}
	entry->next = owned->formats;
	owned->formats = entry;
	return entry->format;
}

static void route_table_destroy(struct config_object *object)
{
	route_index_free(((struct config_route_table *)object)->index);
	object_destroy(object);
}

void *object_begin(struct translation *t, enum config_kind kind, size_t bytes, struct str name)
{
	struct config_arena *arena = config_arena_create();
	struct owned *owned = arena ? config_arena_alloc(arena, sizeof(*owned) + bytes) : NULL;
	uint32_t id = owned ? config_names_intern(t->env->names, kind, name) : CONFIG_NAME_NONE;

	if (id == CONFIG_NAME_NONE) {
		config_arena_destroy(arena);
		fault_add(&t->document->faults, FAULT_ERROR, (struct position){0, 0}, "",
			  "out of memory");
		return NULL;
	}
	struct config_object *object = (struct config_object *)(owned + 1);

	owned->arena = arena;
	*object = (struct config_object){
		.kind = kind, .id = id, .version = 1,
		.destroy = kind == CONFIG_ROUTE_TABLE ? route_table_destroy : object_destroy};
	t->arena = arena;
	t->object = object;
	return object;
}

bool object_failed(struct translation *t, uint32_t errors_before)
{
	if (config_arena_failed(t->arena))
		fault_add(&t->document->faults, FAULT_ERROR, (struct position){0, 0}, "",
			  "out of memory");
	return t->document->faults.errors != errors_before;
}

struct str translate_text(struct translation *t, const char *text)
{
	struct str copy = config_arena_copy(t->arena, text, strlen(text));

	return copy.data ? copy : (struct str){"", 0}; /* the arena remembers the failure */
}

struct str translate_optional_text(struct translation *t, const char *text)
{
	return text && *text ? translate_text(t, text) : (struct str){NULL, 0};
}

struct str translate_lower(struct translation *t, const char *text)
{
	struct str copy = config_arena_copy(t->arena, text, strlen(text));
	char *data = (char *)(uintptr_t)copy.data;

	for (uint32_t i = 0; data && i < copy.length; i++)
		if (data[i] >= 'A' && data[i] <= 'Z')
			data[i] = (char)(data[i] - 'A' + 'a');
	return copy.data ? copy : (struct str){"", 0};
}

uint64_t translate_duration(struct translation *t, const void *owner, const char *field,
			    const Google__Protobuf__Duration *duration, uint64_t absent_ns)
{
	if (!duration)
		return absent_ns;
	if (duration->seconds < 0 || duration->nanos < 0) {
		FAULT(t, owner, field, "a duration cannot be negative here");
		return absent_ns;
	}
	/* More than 292 years is never: as good as none, but not 0, which often means none. */
	if ((uint64_t)duration->seconds >= (uint64_t)INT64_MAX / NANOSECONDS)
		return INT64_MAX;
	return (uint64_t)duration->seconds * NANOSECONDS + (uint64_t)duration->nanos;
}

uint32_t translate_slot(struct translation *t, enum stat_kind kind, const char *name)
{
	return t->env->stats ? t->env->stats->slot(t->env->stats, kind, name) : STAT_SLOT_OVERFLOW;
}

bool translate_address(struct translation *t, const void *owner, const char *field,
		       const Core__Address *address, struct ip_addr *addr, uint16_t *port,
		       const char **hostname)
{
	if (hostname)
		*hostname = NULL;
	if (!address || address->address_case != CORE__ADDRESS__ADDRESS_SOCKET_ADDRESS) {
		if (address && address->address_case == CORE__ADDRESS__ADDRESS_PIPE)
			FAULT(t, address->pipe, NULL, "a Unix socket cannot stand here");
		if (!address || address->address_case == CORE__ADDRESS__ADDRESS__NOT_SET)
			FAULT(t, owner, field, "a socket_address is required");
		return false;
	}
	const Core__SocketAddress *socket = address->socket_address;
	bool good = true;

	if (socket->protocol != CORE__SOCKET_ADDRESS__PROTOCOL__TCP) {
		FAULT(t, socket, "protocol", "only TCP is served");
		good = false;
	}
	if (socket->port_specifier_case != CORE__SOCKET_ADDRESS__PORT_SPECIFIER_PORT_VALUE) {
		FAULT(t, socket, "port_value", "a port is required");
		good = false;
	} else if (socket->port_value > 65535) {
		FAULT(t, socket, "port_value", "a port is at most 65535");
		good = false;
	}
	*port = good ? (uint16_t)socket->port_value : 0;
	if (!ip_addr_parse(socket->address, addr)) {
		if (hostname && socket->address[0]) {
			*hostname = socket->address;
			return good;
		}
		FAULT(t, socket, "address", "expected an IPv4 or IPv6 address, not \"%s\"",
		      socket->address);
		good = false;
	}
	return good;
}

#define PIPE_PATH_BYTES_MAX 107 /* of a sockaddr_un, with its NUL */
#define PIPE_MODE_MAX 0777

static bool translate_pipe(struct translation *t, const Core__Pipe *from, struct ip_addr *addr,
			   const char **pipe)
{
	struct str path = {from->path, (uint32_t)strlen(from->path)};

	if (from->mode > PIPE_MODE_MAX)
		FAULT(t, from, "mode", "expected at most 511 (octal 777)");
	if (path.length == 0 || (path.data[0] != '/' && path.data[0] != '@')) {
		FAULT(t, from, "path", "expected an absolute path, or @ and a name");
		return false;
	}
	if (path.length > PIPE_PATH_BYTES_MAX) {
		FAULT(t, from, "path", "a path of at most %d bytes can be a socket's",
		      PIPE_PATH_BYTES_MAX);
		return false;
	}
	uint32_t id = config_names_intern(t->env->names, CONFIG_PIPE, path);

	if (id == CONFIG_NAME_NONE) {
		FAULT(t, from, "path", "out of memory");
		return false;
	}
	/* No host has this address: it is a multicast one. */
	addr->words[0] = UINT64_MAX;
	addr->words[1] = id;
	*pipe = config_names_text(t->env->names, CONFIG_PIPE, id).data;
	return true;
}

bool translate_place(struct translation *t, const void *owner, const char *field,
		     const Core__Address *address, struct ip_addr *addr, uint16_t *port,
		     const char **hostname, const char **pipe)
{
	*pipe = NULL;
	if (!address || address->address_case != CORE__ADDRESS__ADDRESS_PIPE)
		return translate_address(t, owner, field, address, addr, port, hostname);
	if (hostname)
		*hostname = NULL;
	*port = 0;
	return translate_pipe(t, address->pipe, addr, pipe);
}

const ProtobufCMessage *translate_any_content(struct translation *t, const void *owner,
					      const char *field, const Google__Protobuf__Any *any)
{
	const struct note *note = any ? document_find(t->document, &any->base) : NULL;

	if (!any || !any->type_url || !any->type_url[0]) {
		FAULT(t, owner, field, "required");
		return NULL;
	}
	return note ? note->content : NULL; /* a type that is not known was told when it was read */
}

const void *translate_any(struct translation *t, const void *owner, const char *field,
			  const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *type)
{
	const ProtobufCMessage *content = translate_any_content(t, owner, field, any);

	if (content && content->descriptor != type) {
		FAULT(t, any, "@type", "expected %s", type->name);
		return NULL;
	}
	return content;
}

static bool read_file(struct translation *t, const Core__DataSource *source, size_t bytes_max,
		      struct str *out)
{
	FILE *file = fopen(source->filename, "rb");

	if (!file) {
		FAULT(t, source, "filename", "%s: %s", source->filename, strerror(errno));
		return false;
	}
	char *data = malloc(bytes_max + 1);
	size_t length = data ? fread(data, 1, bytes_max + 1, file) : 0;
	bool good = data && !ferror(file) && length <= bytes_max;

	if (good)
		*out = config_arena_copy(t->arena, data, length);
	else
		FAULT(t, source, "filename", "%s cannot be read, or is larger than %zu bytes",
		      source->filename, bytes_max);
	free(data);
	fclose(file);
	return good && out->data;
}

bool translate_data_source(struct translation *t, const Core__DataSource *source, size_t bytes_max,
			   struct str *out)
{
	const char *text;

	*out = (struct str){"", 0};
	switch (source->specifier_case) {
	case CORE__DATA_SOURCE__SPECIFIER_FILENAME:
		return read_file(t, source, bytes_max, out);
	case CORE__DATA_SOURCE__SPECIFIER_INLINE_BYTES:
		*out = config_arena_copy(t->arena, (const char *)source->inline_bytes.data,
					 source->inline_bytes.len);
		break;
	case CORE__DATA_SOURCE__SPECIFIER_INLINE_STRING:
		*out = config_arena_copy(t->arena, source->inline_string,
					 strlen(source->inline_string));
		break;
	case CORE__DATA_SOURCE__SPECIFIER_ENVIRONMENT_VARIABLE:
		text = getenv(source->environment_variable);
		if (!text) {
			FAULT(t, source, "environment_variable", "%s is not set",
			      source->environment_variable);
			return false;
		}
		*out = config_arena_copy(t->arena, text, strlen(text));
		break;
	default:
		FAULT(t, source, NULL, "one of filename, inline_string, inline_bytes is required");
		return false;
	}
	if (out->length > bytes_max) {
		FAULT(t, source, NULL, "larger than %zu bytes", bytes_max);
		return false;
	}
	return out->data;
}

uint32_t translate_cluster_name(struct translation *t, const void *owner, const char *field,
				const char *name, bool must_exist)
{
	struct str text = {name, (uint32_t)strlen(name)};

	if (!text.length) {
		FAULT(t, owner, field, "a cluster name cannot be empty");
		return CONFIG_NAME_NONE;
	}
	if (must_exist && config_names_find(t->seen, CONFIG_CLUSTER, text) == CONFIG_NAME_NONE)
		FAULT(t, owner, field, "there is no cluster \"%s\"", name);
	uint32_t id = config_names_intern(t->env->names, CONFIG_CLUSTER, text);

	if (id == CONFIG_NAME_NONE)
		FAULT(t, owner, field, "out of memory");
	return id;
}

void translate_unique_name(struct translation *t, const void *message, enum config_kind kind,
			   const char *name)
{
	struct str text = {name, (uint32_t)strlen(name)};

	if (!text.length)
		FAULT(t, message, "name", "required");
	else if (config_names_find(t->seen, kind, text) != CONFIG_NAME_NONE)
		FAULT(t, message, "name", "there is another one of this name, \"%s\"", name);
	else if (config_names_intern(t->seen, kind, text) == CONFIG_NAME_NONE)
		FAULT(t, message, "name", "out of memory");
}
