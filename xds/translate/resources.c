/* All resources of one source, and the root over them. */
#include <stdlib.h>

#include "xds/translate/internal.h"

static void destroy(void *object)
{
	struct config_object *head = object;

	if (head)
		head->destroy(head);
}

void config_resources_destroy(struct config_resources *resources)
{
	for (uint32_t i = 0; i < resources->listener_count; i++)
		destroy(resources->listeners[i]);
	for (uint32_t i = 0; i < resources->route_table_count; i++)
		destroy(resources->route_tables[i]);
	for (uint32_t i = 0; i < resources->cluster_count; i++) {
		destroy(resources->clusters[i]);
		destroy(resources->endpoints[i]);
	}
	*resources = (struct config_resources){0};
}

static bool make_lists(struct translation *t, const Bootstrap__Bootstrap__StaticResources *from)
{
	struct config_resources *to = t->resources;

	for (size_t i = 0; i < from->n_listeners; i++)
		t->route_table_max += (uint32_t)from->listeners[i]->n_filter_chains + 1;
	for (size_t i = 0; i < from->n_clusters; i++) {
		const Endpoint__ClusterLoadAssignment *hosts = from->clusters[i]->load_assignment;

		for (size_t k = 0; hosts && k < hosts->n_endpoints; k++)
			t->dns_target_max += (uint32_t)hosts->endpoints[k]->n_lb_endpoints;
	}
	to->listeners = translate_list(t, from->n_listeners, sizeof(*to->listeners));
	to->route_tables = translate_list(t, t->route_table_max, sizeof(*to->route_tables));
	to->clusters = translate_list(t, from->n_clusters, sizeof(*to->clusters));
	to->endpoints = translate_list(t, from->n_clusters, sizeof(*to->endpoints));
	to->dns_targets = translate_list(t, t->dns_target_max, sizeof(*to->dns_targets));
	return to->listeners && to->route_tables && to->clusters && to->endpoints && to->dns_targets;
}

void translate_static(struct translation *t, const Bootstrap__Bootstrap__StaticResources *from)
{
	struct config_resources *to = t->resources;

	if (!from || !make_lists(t, from))
		return;
	t->seen = config_names_create();
	if (!t->seen) {
		FAULT(t, from, NULL, "out of memory");
		return;
	}
	for (size_t i = 0; i < from->n_clusters; i++)
		translate_unique_name(t, from->clusters[i], CONFIG_CLUSTER, from->clusters[i]->name);
	for (size_t i = 0; i < from->n_listeners; i++)
		translate_unique_name(t, from->listeners[i], CONFIG_LISTENER,
				      from->listeners[i]->name);
	for (size_t i = 0; i < from->n_clusters; i++) {
		struct config_cluster *cluster = translate_cluster(t, from->clusters[i]);
		struct config_endpoints *endpoints = cluster ?
			translate_endpoints(t, from->clusters[i], cluster) : NULL;

		/* A cluster with faults keeps its place, so that routes to it find the name. */
		to->clusters[to->cluster_count] = cluster;
		to->endpoints[to->cluster_count] = endpoints;
		to->cluster_count++;
	}
	for (size_t i = 0; i < from->n_listeners; i++)
		to->listeners[to->listener_count++] = translate_listener(t, from->listeners[i]);
	config_names_destroy(t->seen);
}

struct config *config_root_create(const struct config_resources *resources,
				  const struct translate_env *env, uint64_t version)
{
	uint32_t tables = config_names_count(env->names, CONFIG_ROUTE_TABLE);
	uint32_t clusters = config_names_count(env->names, CONFIG_CLUSTER);
	struct config *config = calloc(1, sizeof(*config) + sizeof(void *) *
				       (resources->listener_count + tables + 2 * (size_t)clusters));

	if (!config)
		return NULL;
	config->version = version;
	config->listeners = (struct config_listener **)(config + 1);
	config->listener_count = resources->listener_count;
	config->route_tables = (struct config_route_table **)(config->listeners +
							      resources->listener_count);
	config->route_table_count = tables;
	config->clusters = (struct config_cluster **)(config->route_tables + tables);
	config->endpoints = (struct config_endpoints **)(config->clusters + clusters);
	config->cluster_count = clusters;
	for (uint32_t i = 0; i < resources->listener_count; i++)
		config->listeners[i] = resources->listeners[i];
	for (uint32_t i = 0; i < resources->route_table_count; i++)
		config->route_tables[resources->route_tables[i]->object.id] =
			resources->route_tables[i];
	for (uint32_t i = 0; i < resources->cluster_count; i++) {
		config->clusters[resources->clusters[i]->object.id] = resources->clusters[i];
		config->endpoints[resources->clusters[i]->object.id] = resources->endpoints[i];
	}
	return config;
}
