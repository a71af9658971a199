#include "dataplane/admin/config_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/admin/config_view.h"
#include "dataplane/admin/json_mask.h"
#include "dataplane/admin/stat_filter.h"

#define TYPE "type.googleapis.com/"
#define ADMIN_TYPE TYPE "envoy.admin.v3."

static const struct list {
	const char *dump;      /* message of the whole list */
	const char *field;     /* the list in it */
	const char *entry;     /* message of one entry, nested in dump */
	const char *resource;  /* the resource in the entry */
	const char *type;      /* of the resource */
} lists[] = {
	{"ClustersConfigDump", "static_clusters", "StaticCluster", "cluster",
	 TYPE "envoy.config.cluster.v3.Cluster"},
	{"EndpointsConfigDump", "static_endpoint_configs", "StaticEndpointConfig", "endpoint_config",
	 TYPE "envoy.config.endpoint.v3.ClusterLoadAssignment"},
	{"ListenersConfigDump", "static_listeners", "StaticListener", "listener",
	 TYPE "envoy.config.listener.v3.Listener"},
	{"RoutesConfigDump", "static_route_configs", "StaticRouteConfig", "route_config",
	 TYPE "envoy.config.route.v3.RouteConfiguration"},
};
enum { LIST_CLUSTERS, LIST_ENDPOINTS, LIST_LISTENERS, LIST_ROUTES, LIST_COUNT };

/* {"@type": type} and what is in members, in this order. */
static json_t *with_type(const char *type, const json_t *members)
{
	json_t *made = json_pack("{s:s}", "@type", type);

	if (made && members && json_object_update(made, (json_t *)(uintptr_t)members) != 0) {
		json_decref(made);
		return NULL;
	}
	return made;
}

static void add_entry(json_t *entries, const struct list *list, const json_t *resource,
		      struct stat_filter *names)
{
	const char *name = json_string_value(json_object_get(resource, "name"));

	if (stat_filter_matches(names, name ? name : ""))
		json_array_append_new(entries, json_pack("{s:o}", list->resource,
							 with_type(list->type, resource)));
}

static void add_all(json_t *entries, const struct list *list, const json_t *resources,
		    struct stat_filter *names)
{
	for (size_t i = 0; i < json_array_size(resources); i++)
		add_entry(entries, list, json_array_get(resources, i), names);
}

static void add_routes_of_chain(json_t *entries, const json_t *chain, struct stat_filter *names)
{
	const json_t *filters = json_object_get(chain, "filters");

	for (size_t i = 0; i < json_array_size(filters); i++) {
		const json_t *config =
			json_object_get(json_array_get(filters, i), "typed_config");
		const json_t *routes = json_object_get(config, "route_config");

		if (routes)
			add_entry(entries, &lists[LIST_ROUTES], routes, names);
	}
}

static void add_routes(json_t *entries, const json_t *listeners, struct stat_filter *names)
{
	for (size_t l = 0; l < json_array_size(listeners); l++) {
		const json_t *listener = json_array_get(listeners, l);
		const json_t *chains = json_object_get(listener, "filter_chains");

		for (size_t c = 0; c < json_array_size(chains); c++)
			add_routes_of_chain(entries, json_array_get(chains, c), names);
		add_routes_of_chain(entries, json_object_get(listener, "default_filter_chain"),
				    names);
	}
}

static json_t *host_of(const struct config_view_host *host)
{
	static const char *const health[] = {"HEALTHY", "HEALTHY", "DEGRADED", "UNHEALTHY",
					     "DRAINING"};
	char address[IP_ADDR_TEXT_BYTES];
	json_t *at = host->pipe
			     ? json_pack("{s:{s:s}}", "pipe", "path", host->pipe)
			     : json_pack("{s:{s:s,s:i}}", "socket_address", "address",
					 ip_addr_format(&host->addr, address, sizeof(address)),
					 "port_value", (int)host->port);
	json_t *endpoint = json_pack("{s:o,s:{}}", "address", at, "health_check_config");

	if (host->hostname[0])
		json_object_set_new(endpoint, "hostname", json_string(host->hostname));
	return json_pack("{s:o,s:s,s:i}", "endpoint", endpoint, "health_status",
			 health[host->health], "load_balancing_weight", (int)host->weight);
}

/* The hosts of every cluster as a ClusterLoadAssignment. */
static void add_endpoints(json_t *entries, const struct config_view *view, struct stat_filter *names)
{
	for (uint32_t c = 0; view && c < view->cluster_count; c++) {
		const struct config_view_cluster *cluster = &view->clusters[c];
		json_t *hosts = json_array();

		for (uint32_t h = 0; h < cluster->host_count; h++)
			json_array_append_new(hosts, host_of(&cluster->hosts[h]));
		json_t *assignment = json_pack("{s:s,s:[{s:{},s:o}],s:{s:i}}", "cluster_name",
					       cluster->name, "endpoints", "locality",
					       "lb_endpoints", hosts, "policy",
					       "overprovisioning_factor", 140);

		if (stat_filter_matches(names, cluster->name))
			json_array_append_new(
				entries, json_pack("{s:o}", lists[LIST_ENDPOINTS].resource,
						   with_type(lists[LIST_ENDPOINTS].type,
							     assignment)));
		json_decref(assignment);
	}
}

static json_t *make_entries(uint32_t which, const json_t *bootstrap,
			    const struct config_view *view, struct stat_filter *names)
{
	const json_t *resources = json_object_get(bootstrap, "static_resources");
	json_t *entries = json_array();

	if (which == LIST_CLUSTERS)
		add_all(entries, &lists[which], json_object_get(resources, "clusters"), names);
	else if (which == LIST_ENDPOINTS)
		add_endpoints(entries, view, names);
	else if (which == LIST_LISTENERS)
		add_all(entries, &lists[which], json_object_get(resources, "listeners"), names);
	else
		add_routes(entries, json_object_get(resources, "listeners"), names);
	return entries;
}

/* The entries of one list, each with its type. */
static void add_one_list(json_t *configs, uint32_t which, json_t *entries)
{
	char type[128];

	snprintf(type, sizeof(type), ADMIN_TYPE "%s.%s", lists[which].dump, lists[which].entry);
	for (size_t i = 0; i < json_array_size(entries); i++)
		json_array_append_new(configs, with_type(type, json_array_get(entries, i)));
}

static void add_dump(json_t *configs, uint32_t which, json_t *entries)
{
	char type[128];

	snprintf(type, sizeof(type), ADMIN_TYPE "%s", lists[which].dump);
	json_array_append_new(configs, json_pack("{s:s,s:O}", "@type", type, lists[which].field,
						 entries));
}

/* Lists that Envoy has, and that are always empty here. */
static bool is_empty_here(const char *resource)
{
	static const char *const names[] = {
		"dynamic_listeners", "dynamic_active_clusters", "dynamic_warming_clusters",
		"dynamic_route_configs", "dynamic_endpoint_configs", "inline_scoped_route_configs",
		"dynamic_scoped_route_configs", "static_secrets", "dynamic_active_secrets",
		"dynamic_warming_secrets", "ecds_filters"};

	for (uint32_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(resource, names[i]) == 0)
			return true;
	return false;
}

bool config_dump_knows(const char *resource)
{
	for (uint32_t which = 0; which < LIST_COUNT; which++)
		if (strcmp(resource, lists[which].field) == 0)
			return true;
	return is_empty_here(resource);
}

static bool make_configs(json_t *configs, const json_t *bootstrap,
			 const struct config_view *view, const struct admin_config_query *query,
			 struct stat_filter *names, struct why *why)
{
	/* What can be asked for and is not there is an empty answer, as in Envoy. */
	bool found = !query->resource || is_empty_here(query->resource);

	if (!query->resource && !query->name_regex)
		json_array_append_new(configs,
				      json_pack("{s:s,s:O}", "@type",
						ADMIN_TYPE "BootstrapConfigDump", "bootstrap",
						bootstrap));
	for (uint32_t which = 0; which < LIST_COUNT; which++) {
		if (query->resource && strcmp(query->resource, lists[which].field) != 0)
			continue;
		if (which == LIST_ENDPOINTS && !query->include_eds)
			continue;
		json_t *entries = make_entries(which, bootstrap, view, names);

		if (query->resource)
			add_one_list(configs, which, entries);
		else
			add_dump(configs, which, entries);
		json_decref(entries);
		found = true;
	}
	return found ? true
		     : why_set(why, "%.200s not found in config dump; there are static_clusters, "
				    "static_listeners, static_route_configs and, with include_eds, "
				    "static_endpoint_configs", query->resource);
}

/* Of a list every entry stays; of the dumps those that have a field of the mask. */
static bool apply_mask(json_t **configs, const struct admin_config_query *query, struct why *why)
{
	json_t *kept = json_array();
	bool any = json_array_size(*configs) == 0;

	for (size_t i = 0; i < json_array_size(*configs); i++) {
		json_t *masked = json_mask(json_array_get(*configs, i), query->mask, why);

		if (!masked) {
			json_decref(kept);
			return false;
		}
		any |= json_mask_kept(masked);
		if (query->resource || json_mask_kept(masked))
			json_array_append(kept, masked);
		json_decref(masked);
	}
	json_decref(*configs);
	*configs = kept;
	return any || why_set(why, "mask: %.200s is no field here", query->mask);
}

bool config_dump_write(const json_t *bootstrap, const struct config_view *view,
		       const struct admin_config_query *query, struct text *out, struct why *why)
{
	struct stat_filter *names;

	if (!stat_filter_make(&names, query->name_regex, true, why))
		return false;
	json_t *configs = json_array();
	bool done = make_configs(configs, bootstrap, view, query, names, why);

	stat_filter_free(names);
	done = done && (!query->mask || apply_mask(&configs, query, why));
	if (done) {
		json_t *dump = json_array_size(configs) > 0 ? json_pack("{s:O}", "configs", configs)
							    : json_object();
		char *text = dump ? json_dumps(dump, JSON_INDENT(1)) : NULL;

		if (text) {
			text_add(out, text);
			text_add(out, "\n");
		} else {
			done = why_set(why, "no memory for the configuration as text");
		}
		free(text);
		json_decref(dump);
	}
	json_decref(configs);
	return done;
}
