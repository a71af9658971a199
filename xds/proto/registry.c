#include "xds/proto/registry.h"

#include "xds/protos.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/compiler.h"

static const ProtobufCMessageDescriptor *messages[] = {
#define MESSAGE(descriptor) &descriptor,
#include "xds/protos.inc"
#undef MESSAGE
};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int compare(const void *a, const void *b)
{
	const ProtobufCMessageDescriptor *const *left = a;
	const ProtobufCMessageDescriptor *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static void sort(void)
{
	qsort(messages, ARRAY_LEN(messages), sizeof(messages[0]), compare);
}

const ProtobufCMessageDescriptor *registry_find(const char *full_name)
{
	ProtobufCMessageDescriptor key = {.name = full_name};
	const ProtobufCMessageDescriptor *key_pointer = &key;

	pthread_once(&once, sort);
	const ProtobufCMessageDescriptor **found = bsearch(&key_pointer, messages,
		ARRAY_LEN(messages), sizeof(messages[0]), compare);

	return found ? *found : NULL;
}

const ProtobufCMessageDescriptor *registry_find_url(const char *type_url)
{
	const char *slash = strrchr(type_url, '/');

	return slash ? registry_find(slash + 1) : NULL;
}

unsigned registry_count(void)
{
	return ARRAY_LEN(messages);
}

const ProtobufCMessageDescriptor *registry_at(unsigned index)
{
	pthread_once(&once, sort);
	return messages[index];
}
