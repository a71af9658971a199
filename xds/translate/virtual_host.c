/* VirtualHost and RouteConfiguration. */
#include <stdio.h>
#include <string.h>

#include "xds/translate/internal.h"

/* All maps of name to Any have this layout. */
typedef Route__Route__TypedPerFilterConfigEntry entry_type;
_Static_assert(sizeof(entry_type) == sizeof(Route__VirtualHost__TypedPerFilterConfigEntry) &&
	       sizeof(entry_type) == sizeof(Route__RouteConfiguration__TypedPerFilterConfigEntry),
	       "entries of typed_per_filter_config look the same everywhere");

static void translate_override(struct translation *t, const entry_type *entry,
			       struct config_filter_override *to)
{
	const ProtobufCMessage *content = translate_any_content(t, entry, "value", entry->value);
	bool optional = false;

	to->filter_name = translate_text(t, entry->key);
	if (content && content->descriptor == &route__filter_config__descriptor) {
		const Route__FilterConfig *wrapped = (const Route__FilterConfig *)content;

		to->disabled = wrapped->disabled;
		optional = wrapped->is_optional;
		if (!wrapped->config)
			return;
		content = translate_any_content(t, wrapped, "config", wrapped->config);
	}
	if (!content)
		return;
	to->config = translate_filter_config(t, content, true);
	if (!to->config && !optional)
		FAULT(t, entry, NULL, "%s is not a per-route configuration that is known",
		      content->descriptor->name);
}

void translate_filter_overrides(struct translation *t, const struct level *from,
				struct config_filter_overrides *out)
{
	out->items = config_arena_array(t->arena, from->override_count, sizeof(*out->items));
	out->count = out->items ? (uint32_t)from->override_count : 0;
	for (uint32_t i = 0; i < out->count; i++)
		translate_override(t, from->overrides[i], &out->items[i]);
}

static void translate_domains(struct translation *t, const Route__VirtualHost *from,
			      struct config_virtual_host *to)
{
	to->domains = config_arena_array(t->arena, from->n_domains, sizeof(*to->domains));
	to->domain_count = to->domains ? (uint32_t)from->n_domains : 0;
	if (!from->n_domains)
		FAULT(t, from, "domains", "at least one is required");
	for (uint32_t i = 0; i < to->domain_count; i++) {
		const char *domain = from->domains[i];
		const char *star = strchr(domain, '*');

		to->domains[i] = translate_lower(t, domain);
		if (!*domain)
			FAULT(t, from, "domains", "a domain cannot be empty");
		else if (star && star != domain)
			FAULT(t, from, "domains", "\"%s\": only exact names, *suffix and * are known",
			      domain);
	}
}

void translate_virtual_host(struct translation *t, const Route__VirtualHost *from,
			    struct config_virtual_host *to, bool validate_clusters)
{
	if (!from->name[0])
		FAULT(t, from, "name", "required");
	to->name = translate_text(t, from->name);
	translate_domains(t, from, to);
	to->routes = config_arena_array(t->arena, from->n_routes, sizeof(*to->routes));
	to->route_count = to->routes ? (uint32_t)from->n_routes : 0;
	for (uint32_t i = 0; i < to->route_count; i++)
		translate_route(t, from->routes[i], from, &to->routes[i], validate_clusters);
	to->require_tls = from->require_tls == ROUTE__VIRTUAL_HOST__TLS_REQUIREMENT_TYPE__ALL ?
		TLS_REQUIRED_ALL :
		from->require_tls == ROUTE__VIRTUAL_HOST__TLS_REQUIREMENT_TYPE__EXTERNAL_ONLY ?
		TLS_REQUIRED_EXTERNAL : TLS_REQUIRED_NONE;
	to->include_attempt_count = from->include_request_attempt_count;
	translate_header_options(t, from, &LEVEL(from)->request, &to->request_headers);
	translate_header_options(t, from, &LEVEL(from)->response, &to->response_headers);
	translate_filter_overrides(t, LEVEL(from), &to->overrides);
}

static void translate_table(struct translation *t, const Route__RouteConfiguration *from,
			    struct config_route_table *to)
{
	/* Envoy's default for routes that stand in the listener. */
	bool validate = translate_bool(from->validate_clusters, true);

	to->name = translate_text(t, from->name);
	to->ignore_port_in_host = from->ignore_port_in_host_matching;
	to->most_specific_header_mutations_wins = from->most_specific_header_mutations_wins;
	to->virtual_hosts = config_arena_array(t->arena, from->n_virtual_hosts,
					       sizeof(*to->virtual_hosts));
	to->virtual_host_count = to->virtual_hosts ? (uint32_t)from->n_virtual_hosts : 0;
	for (uint32_t i = 0; i < to->virtual_host_count; i++)
		translate_virtual_host(t, from->virtual_hosts[i], &to->virtual_hosts[i], validate);
	translate_header_options(t, from, &LEVEL(from)->request, &to->request_headers);
	translate_header_options(t, from, &LEVEL(from)->response, &to->response_headers);
	translate_filter_overrides(t, LEVEL(from), &to->overrides);
}

uint32_t translate_route_table(struct translation *t, const Route__RouteConfiguration *from,
			       const char *unique_name)
{
	struct config_arena *outer = t->arena;
	struct config_object *outer_object = t->object;
	uint32_t errors = t->document->faults.errors;
	struct str name = {unique_name, (uint32_t)strlen(unique_name)};
	struct config_route_table *table = object_begin(t, CONFIG_ROUTE_TABLE, sizeof(*table), name);
	uint32_t id = CONFIG_NAME_NONE;
	struct why why;

	if (!table) {
		t->arena = outer;
		t->object = outer_object;
		return id;
	}
	translate_table(t, from, table);
	if (!object_failed(t, errors) && !route_index_build(table, &why))
		FAULT(t, from, "virtual_hosts", "%s", why.text);
	if (object_failed(t, errors) || t->resources->route_table_count == t->route_table_max) {
		table->object.destroy(&table->object);
	} else {
		t->resources->route_tables[t->resources->route_table_count++] = table;
		id = table->object.id;
	}
	t->arena = outer;
	t->object = outer_object;
	return id;
}
