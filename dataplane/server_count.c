/* What the control thread counts once in a while: the configuration in force and the process. */
#include <stdlib.h>

#include "dataplane/admin/process_memory.h"
#include "dataplane/clock.h"
#include "dataplane/server_private.h"
#include "stack/base/counter.h"
#include "stack/base/time.h"

static void gauge_set(uint64_t *gauge, uint64_t value)
{
	__atomic_store_n(gauge, value, __ATOMIC_RELAXED);
}

/* Versions of the objects of one kind that were last seen, by id; 0 = none. */
static bool seen_grow(struct seen_versions *seen, uint32_t count)
{
	uint64_t *grown;

	if (count <= seen->count)
		return true;
	grown = realloc(seen->versions, count * sizeof(*grown));
	if (!grown)
		return false;
	for (uint32_t i = seen->count; i < count; i++)
		grown[i] = 0;
	seen->versions = grown;
	seen->count = count;
	return true;
}

static void count_change(uint64_t *seen, uint64_t now, uint64_t *added, uint64_t *modified,
			 uint64_t *removed)
{
	if (*seen != now)
		counter_inc(*seen == 0 ? added : now == 0 ? removed : modified);
	*seen = now;
}

static void count_listener_changes(struct server *server, const struct config *config)
{
	struct process_counters *process = segment_process(server->assembly.segment);
	struct seen_versions *seen = &server->seen_listeners;
	uint32_t count = config_names_count(server->names, CONFIG_LISTENER);

	if (!seen_grow(seen, count))
		return;
	for (uint32_t id = 0; id < count; id++) {
		uint64_t now = 0, created = process->listener_added;

		for (uint32_t i = 0; i < config->listener_count; i++)
			if (config->listeners[i]->object.id == id)
				now = config->listeners[i]->object.version;
		count_change(&seen->versions[id], now, &process->listener_added,
			     &process->listener_modified, &process->listener_removed);
		if (process->listener_added != created)
			counter_inc(&process->listener_create_success);
	}
}

/* The members of one cluster: the control thread's gauges in the cluster's slot. */
static void count_members(struct server *server, const struct config_cluster *cluster,
			  const struct config_endpoints *endpoints)
{
	struct cluster_stats *stats = &segment_control(server->assembly.segment)
					       ->gateway.clusters[cluster->stat_slot];
	uint32_t healthy = 0, degraded = 0, heaviest = 0;
	uint32_t count = endpoints ? endpoints->endpoint_count : 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct config_endpoint *endpoint = &endpoints->endpoints[i];

		healthy += endpoint->health == HEALTH_UNKNOWN || endpoint->health == HEALTH_HEALTHY;
		degraded += endpoint->health == HEALTH_DEGRADED;
		heaviest = endpoint->weight > heaviest ? endpoint->weight : heaviest;
	}
	gauge_set(&stats->membership_total, count);
	gauge_set(&stats->membership_healthy, healthy);
	gauge_set(&stats->membership_degraded, degraded);
	gauge_set(&stats->max_host_weight, heaviest);
}

static void show_limits(struct server *server, const struct config_cluster *cluster)
{
	struct cluster_stats *stats = &segment_control(server->assembly.segment)
					       ->gateway.clusters[cluster->stat_slot];
	const struct config_breakers *breakers = &cluster->breakers;

	gauge_set(&stats->breaker_connections_max, breakers->connections_max);
	gauge_set(&stats->breaker_pending_max, breakers->pending_max);
	gauge_set(&stats->breaker_requests_max, breakers->requests_max);
	gauge_set(&stats->breaker_retries_max, breakers->retries_max);
	gauge_set(&stats->breaker_known, breakers->track_remaining ? 2 : 1);
}

static void count_cluster_changes(struct server *server, const struct config *config)
{
	struct process_counters *process = segment_process(server->assembly.segment);

	if (!seen_grow(&server->seen_clusters, config->cluster_count) ||
	    !seen_grow(&server->seen_endpoints, config->cluster_count))
		return;
	for (uint32_t id = 0; id < config->cluster_count; id++) {
		const struct config_cluster *cluster = config->clusters[id];
		const struct config_endpoints *endpoints = config->endpoints[id];
		uint64_t *members = &server->seen_endpoints.versions[id];
		uint64_t version = endpoints ? endpoints->object.version : 0;

		count_change(&server->seen_clusters.versions[id],
			     cluster ? cluster->object.version : 0, &process->cluster_added,
			     &process->cluster_modified, &process->cluster_removed);
		if (!cluster || cluster->stat_slot == STAT_SLOT_OVERFLOW)
			continue;
		show_limits(server, cluster);
		/* The first set is a change too, unless it is empty. */
		if (version != *members && (*members != 0 || endpoints->endpoint_count > 0))
			counter_inc(&segment_control(server->assembly.segment)
					     ->gateway.clusters[cluster->stat_slot]
					     .membership_change);
		if (version != *members || version == 0)
			count_members(server, cluster, endpoints);
		*members = version;
	}
}

void server_count_config(struct server *server)
{
	const struct config *config = publisher_config(server->assembly.publisher);

	if (config->version == server->counted_version)
		return;
	server->counted_version = config->version;
	count_cluster_changes(server, config);
	count_listener_changes(server, config);
}

void server_count_process(struct server *server)
{
	struct process_counters *process = segment_process(server->assembly.segment);
	const struct config *config = publisher_config(server->assembly.publisher);
	struct process_memory memory = process_memory_look();
	uint32_t clusters = 0;

	for (uint32_t i = 0; i < config->cluster_count; i++)
		clusters += config->clusters[i] != NULL;
	gauge_set(&process->workers_started, 1);
	gauge_set(&process->listeners_active, config->listener_count);
	gauge_set(&process->listeners_warming,
		  server->listening ? 0 : server->bootstrap.resources.listener_count);
	gauge_set(&process->clusters_active, clusters);
	gauge_set(&process->clusters_warming, publisher_warming(server->assembly.publisher));
	gauge_set(&process->config_version, config->version);
	gauge_set(&process->config_holds, publisher_held(server->assembly.publisher));
	gauge_set(&process->concurrency, server->assembly.settings.workers);
	gauge_set(&process->uptime_seconds, clock_now_ns() / NS_PER_SECOND);
	gauge_set(&process->memory_allocated_bytes, memory.allocated_bytes);
	gauge_set(&process->memory_heap_bytes, memory.heap_bytes);
	gauge_set(&process->memory_physical_bytes, memory.physical_bytes);
	gauge_set(&process->downstream_connections, assembly_connections(&server->assembly));
}

void server_count_free(struct server *server)
{
	free(server->seen_listeners.versions);
	free(server->seen_clusters.versions);
	free(server->seen_endpoints.versions);
}
