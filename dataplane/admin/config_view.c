#include "dataplane/admin/config_view.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/config/config_arena.h"

static const char *copy_str(struct config_arena *arena, struct str text)
{
	return text.data ? config_arena_copy(arena, text.data, text.length).data : "";
}

static const char *copy_text(struct config_arena *arena, const char *text)
{
	return text ? config_arena_text(arena, text) : NULL;
}

static void copy_hosts(struct config_arena *arena, struct config_view_cluster *to,
		       const struct config_endpoints *from)
{
	if (!from)
		return;
	to->hosts = config_arena_array(arena, from->endpoint_count, sizeof(*to->hosts));
	for (uint32_t i = 0; to->hosts && i < from->endpoint_count; i++) {
		const struct config_endpoint *endpoint = &from->endpoints[i];

		to->hosts[to->host_count++] = (struct config_view_host){
			.addr = endpoint->addr,
			.port = endpoint->port,
			.pipe = copy_text(arena, endpoint->pipe),
			.health = endpoint->health,
			.weight = endpoint->weight,
			.stat_slot = endpoint->stat_slot,
			.hostname = copy_str(arena, endpoint->hostname),
		};
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct config_view_cluster *)a)->name,
		      ((const struct config_view_cluster *)b)->name);
}

static void copy_clusters(struct config_view *view, const struct config *config)
{
	view->clusters = config_arena_array(view->arena, config->cluster_count,
					    sizeof(*view->clusters));
	for (uint32_t id = 0; view->clusters && id < config->cluster_count; id++) {
		const struct config_cluster *cluster = config->clusters[id];

		if (!cluster)
			continue;
		struct config_view_cluster *to = &view->clusters[view->cluster_count++];

		to->name = copy_str(view->arena, cluster->name);
		to->stat_name = copy_str(view->arena, cluster->stat_name);
		to->discovery = cluster->discovery;
		to->breakers = cluster->breakers;
		copy_hosts(view->arena, to, config->endpoints[id]);
	}
	if (!config_arena_failed(view->arena) && view->cluster_count > 0)
		qsort(view->clusters, view->cluster_count, sizeof(*view->clusters), by_name);
}

static void copy_listeners(struct config_view *view, const struct config *config)
{
	view->listeners = config_arena_array(view->arena, config->listener_count,
					     sizeof(*view->listeners));
	for (uint32_t i = 0; view->listeners && i < config->listener_count; i++) {
		const struct config_listener *listener = config->listeners[i];
		struct config_view_listener *to = &view->listeners[view->listener_count++];
		size_t bytes = listener->address_count * sizeof(*listener->addresses);
		void *addresses = config_arena_alloc(view->arena, bytes);

		to->name = copy_str(view->arena, listener->name);
		if (!addresses)
			continue;
		memcpy(addresses, listener->addresses, bytes);
		to->addresses = addresses;
		for (uint32_t a = 0; a < listener->address_count; a++)
			to->addresses[a].pipe = copy_text(view->arena, listener->addresses[a].pipe);
		to->address_count = listener->address_count;
	}
}

bool config_view_copy(struct config_view *out, const struct config *config)
{
	*out = (struct config_view){.arena = config_arena_create()};
	if (!out->arena)
		return false;
	copy_clusters(out, config);
	copy_listeners(out, config);
	if (!config_arena_failed(out->arena))
		return true;
	config_view_free(out);
	return false;
}

void config_view_free(struct config_view *view)
{
	if (view->arena)
		config_arena_destroy(view->arena);
	*view = (struct config_view){0};
}
