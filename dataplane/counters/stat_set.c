#include "dataplane/counters/stat_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/counters/breaker_gauges.h"

static bool all_zero(const uint64_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (values[i] != 0)
			return false;
	return true;
}

bool stat_set_load(const struct segment_reader *reader, uint32_t kind, struct stat_set *set,
		   struct why *why)
{
	uint32_t words = metric_table_kind(kind)->count, kept = 0;

	*set = (struct stat_set){.kind = kind, .table = metric_table_kind(kind)};
	if (!segment_reader_objects(reader, kind, &set->objects, why))
		return false;
	set->values = malloc(((uint64_t)set->objects.count + 1) * words * sizeof(uint64_t));
	if (!set->values) {
		stat_set_free(set);
		return why_set(why, "no memory for the values of %u objects", set->objects.count);
	}
	for (uint32_t i = 0; i < set->objects.count; i++) {
		const struct segment_object *object = &set->objects.items[i];
		uint64_t *row = &set->values[(uint64_t)kept * words];

		if (object->state != SEGMENT_ENTRY_USED ||
		    !segment_reader_sum(reader, kind, object, row))
			continue;
		if (kind < STAT_KIND_COUNT && object->slot == STAT_SLOT_OVERFLOW &&
		    all_zero(row, words))
			continue;
		if (kind == STAT_CLUSTER)
			breaker_gauges_fill(reader, object->slot, (struct cluster_stats *)row);
		set->objects.items[kept++] = *object;
	}
	set->objects.count = kept;
	return true;
}

void stat_set_free(struct stat_set *set)
{
	segment_objects_free(&set->objects);
	free(set->values);
	set->values = NULL;
}

static void replace_colons(char *text)
{
	for (; *text; text++)
		if (*text == ':')
			*text = '_';
}

void stat_name_split(const struct segment_object *object, struct stat_name *name)
{
	const char *second = strchr(object->name, '\n');
	size_t length = second ? (size_t)(second - object->name) : strlen(object->name);

	snprintf(name->first, sizeof(name->first), "%.*s", (int)length, object->name);
	snprintf(name->second, sizeof(name->second), "%s", second ? second + 1 : "");
	replace_colons(name->first);
	replace_colons(name->second);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

uint32_t stat_name_code(const char *metric, char *family, uint32_t size, char value[4])
{
	size_t length = strlen(metric);
	const char *code = metric + length - 3;

	if (length < 5 || code[-1] != '_' || code[0] < '1' || code[0] > '5')
		return 0;
	if (strcmp(code + 1, "xx") == 0) {
		snprintf(family, size, "%.*sxx", (int)(length - 3), metric);
		snprintf(value, 4, "%c", code[0]);
		return 1;
	}
	if (!is_digit(code[1]) || !is_digit(code[2]))
		return 0;
	snprintf(family, size, "%.*s", (int)(length - 4), metric);
	snprintf(value, 4, "%s", code);
	return 3;
}

bool stat_name_is_shown(const char *metric, uint64_t value)
{
	char family[128], code[4];

	if (strncmp(metric, "breaker_", 8) == 0 || value == BREAKER_NOT_TRACKED)
		return false;
	return value != 0 || stat_name_code(metric, family, sizeof(family), code) != 3;
}
