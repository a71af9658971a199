#include "gateway/route/mutate.h"

/* A field value must not end the line it stands in (RFC 9110 5.5). */
static void clean(char *value, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		if (((uint8_t)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
			value[i] = ' ';
	}
}

/* False when the arena is exhausted. */
static bool value_of(const struct config_header_mutation *item, struct arena *arena,
		     const struct log_context *context, struct str *value)
{
	char text[HEADER_VALUE_BYTES_MAX];

	*value = item->value;
	if (!item->value_format)
		return true;
	uint32_t length = log_format_write(item->value_format, context, text, sizeof(text));

	clean(text, length);
	*value = arena_copy(arena, (struct str){text, length});
	return value->data != NULL;
}

static bool apply_one(const struct config_header_mutation *item, struct header_list *headers,
		      struct arena *arena, const struct log_context *context)
{
	struct str value;

	if (item->action == HEADER_REMOVE) {
		header_remove(headers, item->name);
		return true;
	}
	/* Looked up first: what changes nothing need not be formatted. */
	bool exists = item->action != HEADER_APPEND_IF_EXISTS_OR_ADD &&
		      header_find_name(headers, item->name) != NULL;

	if ((item->action == HEADER_ADD_IF_ABSENT && exists) ||
	    (item->action == HEADER_OVERWRITE_IF_EXISTS && !exists))
		return true;
	if (!value_of(item, arena, context, &value))
		return false;
	if (value.length == 0 && !item->keep_empty_value)
		return true;
	if (exists)
		return header_set(headers, arena, item->name, value);
	return header_add(headers, arena, item->name, value);
}

bool mutate_apply(const struct config_header_mutations *mutations, struct header_list *headers,
		  struct arena *arena, const struct log_context *context)
{
	for (uint32_t i = 0; i < mutations->count; i++) {
		if (!apply_one(&mutations->items[i], headers, arena, context))
			return false;
	}
	return true;
}

static bool apply_levels(const struct config_header_mutations *const levels[3], bool reversed,
			 struct header_list *headers, struct arena *arena,
			 const struct log_context *context)
{
	for (int i = 0; i < 3; i++) {
		const struct config_header_mutations *level = levels[reversed ? 2 - i : i];

		if (level && !mutate_apply(level, headers, arena, context))
			return false;
	}
	return true;
}

bool mutate_request(const struct config_route_table *table, const struct route_choice *choice,
		    struct message_head *request, struct arena *arena,
		    const struct log_context *context)
{
	const struct config_header_mutations *const levels[3] = {
		choice->route ? &choice->route->request_headers : NULL,
		choice->virtual_host ? &choice->virtual_host->request_headers : NULL,
		&table->request_headers};

	return apply_levels(levels, table->most_specific_header_mutations_wins, &request->headers,
			    arena, context);
}

bool mutate_response(const struct config_route_table *table, const struct route_choice *choice,
		     struct message_head *response, struct arena *arena,
		     const struct log_context *context)
{
	const struct config_header_mutations *const levels[3] = {
		choice->route ? &choice->route->response_headers : NULL,
		choice->virtual_host ? &choice->virtual_host->response_headers : NULL,
		&table->response_headers};

	return apply_levels(levels, table->most_specific_header_mutations_wins, &response->headers,
			    arena, context);
}
