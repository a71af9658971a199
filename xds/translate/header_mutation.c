/* HeaderValueOption and HeaderMutation; used by routes and by the header_mutation filter. */
#include "gateway/filters/header_mutation.h"

#include <string.h>

#include "xds/translate/internal.h"

/* RFC 9110 5.6.2 */
static bool is_token(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++) {
		char c = *name;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && !strchr("!#$%&'*+-.^_`|~", c))
			return false;
	}
	return true;
}

static bool is_value(const char *value)
{
	/* RFC 9110 5.5: no control characters but the tab */
	for (; *value; value++)
		if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

static bool check_name(struct translation *t, const void *owner, const char *field,
		       const char *name, bool removed)
{
	if (!is_token(name) && !(name[0] == ':' && is_token(name + 1))) {
		FAULT(t, owner, field, "\"%s\" is not a header name", name);
		return false;
	}
	/* What Envoy refuses too: a request without them is none any more. */
	if (removed && (name[0] == ':' || !strcasecmp(name, "host"))) {
		FAULT(t, owner, field, "%s cannot be removed", name);
		return false;
	}
	if (!removed && (name[0] == ':' || !strcasecmp(name, "host"))) {
		FAULT(t, owner, field, "%s is not changed here; see host_rewrite_literal and "
		      "prefix_rewrite", name);
		return false;
	}
	return true;
}

static enum config_header_action action_of(struct translation *t, const Core__HeaderValueOption *from)
{
	if (from->append && from->append_action) {
		FAULT(t, from, "append", "only one of append and append_action can be set");
		return HEADER_APPEND_IF_EXISTS_OR_ADD;
	}
	if (from->append && !from->append->value)
		return HEADER_OVERWRITE_IF_EXISTS_OR_ADD;
	switch (from->append_action) {
	case CORE__HEADER_VALUE_OPTION__HEADER_APPEND_ACTION__ADD_IF_ABSENT:
		return HEADER_ADD_IF_ABSENT;
	case CORE__HEADER_VALUE_OPTION__HEADER_APPEND_ACTION__OVERWRITE_IF_EXISTS_OR_ADD:
		return HEADER_OVERWRITE_IF_EXISTS_OR_ADD;
	case CORE__HEADER_VALUE_OPTION__HEADER_APPEND_ACTION__OVERWRITE_IF_EXISTS:
		return HEADER_OVERWRITE_IF_EXISTS;
	default:
		return HEADER_APPEND_IF_EXISTS_OR_ADD;
	}
}

static void translate_option(struct translation *t, const Core__HeaderValueOption *from,
			     struct config_header_mutation *to)
{
	const char *value = from->header ? from->header->value : "";

	if (!from->header) {
		FAULT(t, from, "header", "required");
		return;
	}
	if (!check_name(t, from->header, "key", from->header->key, false))
		return;
	if (!is_value(value)) {
		FAULT(t, from->header, "value", "control characters cannot stand in a header");
		return;
	}
	to->action = action_of(t, from);
	to->name = translate_lower(t, from->header->key);
	to->value = translate_text(t, value);
	to->keep_empty_value = from->keep_empty_value;
	if (strchr(value, '%'))
		to->value_format = translate_format(t, from->header, "value", value);
}

static void translate_removal(struct translation *t, const void *owner, const char *field,
			      const char *name, struct config_header_mutation *to)
{
	if (!check_name(t, owner, field, name, true))
		return;
	to->action = HEADER_REMOVE;
	to->name = translate_lower(t, name);
}

void translate_header_options(struct translation *t, const void *owner,
			      const struct level_headers *from, struct config_header_mutations *out)
{
	size_t count = from->add_count + from->removed_count;
	struct config_header_mutation *items = config_arena_array(t->arena, count, sizeof(*items));

	out->items = items;
	out->count = items ? (uint32_t)count : 0;
	if (!items)
		return;
	/* Envoy removes first, so that a header can be replaced by one of the same name. */
	for (size_t i = 0; i < from->removed_count; i++)
		translate_removal(t, owner, from->removed_field, from->removed[i], &items[i]);
	for (size_t i = 0; i < from->add_count; i++)
		translate_option(t, from->add[i], &items[from->removed_count + i]);
}

void translate_header_rules(struct translation *t, MutationRules__HeaderMutation *const *rules,
			    size_t count, struct config_header_mutations *out)
{
	out->items = config_arena_array(t->arena, count, sizeof(*out->items));
	out->count = out->items ? (uint32_t)count : 0;
	for (uint32_t i = 0; i < out->count; i++) {
		const MutationRules__HeaderMutation *rule = rules[i];

		if (rule->action_case == MUTATION_RULES__HEADER_MUTATION__ACTION_REMOVE)
			translate_removal(t, rule, "remove", rule->remove, &out->items[i]);
		else if (rule->action_case == MUTATION_RULES__HEADER_MUTATION__ACTION_APPEND)
			translate_option(t, rule->append, &out->items[i]);
		else if (rule->action_case == MUTATION_RULES__HEADER_MUTATION__ACTION__NOT_SET)
			FAULT(t, rule, NULL, "one of remove and append is required");
	}
}

static const void *translate_mutations(struct translation *t,
				       const HeaderMutation__Mutations *from)
{
	struct header_mutation_config *config = config_arena_alloc(t->arena, sizeof(*config));

	if (!config || !from)
		return config;
	translate_header_rules(t, from->request_mutations, from->n_request_mutations,
			       &config->request);
	translate_header_rules(t, from->response_mutations, from->n_response_mutations,
			       &config->response);
	return config;
}

const void *translate_filter_config(struct translation *t, const ProtobufCMessage *config,
				    bool per_route)
{
	if (config->descriptor == &header_mutation__header_mutation__descriptor && !per_route)
		return translate_mutations(
			t, ((const HeaderMutation__HeaderMutation *)config)->mutations);
	if (config->descriptor == &header_mutation__header_mutation_per_route__descriptor && per_route)
		return translate_mutations(
			t, ((const HeaderMutation__HeaderMutationPerRoute *)config)->mutations);
	return NULL;
}
