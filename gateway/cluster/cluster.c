#include "gateway/cluster/cluster.h"

#include <stdlib.h>

#include "gateway/cluster/pool.h"

#define PANIC_THRESHOLD_PERCENT 50 /* Envoy's default healthy_panic_threshold */

bool clusters_create(struct gateway *gateway)
{
	uint32_t buckets = 64;

	while (buckets < gateway->params.hosts_max)
		buckets *= 2;
	gateway->host_bucket_mask = buckets - 1;
	gateway->host_buckets = malloc(buckets * sizeof(uint32_t));
	gateway->clusters = calloc(gateway->params.clusters_max, sizeof(struct cluster_state));
	if (!gateway->host_buckets || !gateway->clusters)
		return false;
	for (uint32_t i = 0; i < buckets; i++)
		gateway->host_buckets[i] = POOL_NO_INDEX;
	for (uint32_t i = 0; i < gateway->params.clusters_max; i++)
		list_init(&gateway->clusters[i].hosts);
	return true;
}

void clusters_destroy(struct gateway *gateway)
{
	free(gateway->host_buckets);
	free(gateway->clusters);
}

struct cluster_state *cluster_state(struct gateway *gateway, uint32_t cluster_id)
{
	return cluster_id < gateway->params.clusters_max ? &gateway->clusters[cluster_id] : NULL;
}

/* --- hosts ------------------------------------------------------------------------------------- */

static uint32_t *host_bucket(struct gateway *gateway, uint32_t cluster_id,
			     const struct ip_addr *addr, uint16_t port)
{
	uint64_t hash = addr->words[0] ^ (addr->words[1] * UINT64_C(0x9e3779b97f4a7c15)) ^
			((uint64_t)cluster_id << 32) ^ port;

	hash *= UINT64_C(0xff51afd7ed558ccd);
	return &gateway->host_buckets[(hash >> 32) & gateway->host_bucket_mask];
}

struct host *host_find(struct gateway *gateway, uint32_t cluster_id, const struct ip_addr *addr,
		       uint16_t port)
{
	uint32_t index = *host_bucket(gateway, cluster_id, addr, port);

	while (index != POOL_NO_INDEX) {
		struct host *host = pool_at(&gateway->hosts, index);

		if (host->port == port && host->cluster_id == cluster_id &&
		    ip_addr_equal(&host->addr, addr))
			return host;
		index = host->hash_next;
	}
	return NULL;
}

/* The host is what this endpoint says it is, for as long as it likes. */
static void host_follow(struct gateway *gateway, struct host *host,
			const struct config_endpoints *endpoints,
			const struct config_endpoint *endpoint)
{
	struct config_holds *holds = gateway->params.holds;

	host->removed = false;
	host->stat_slot = endpoint->stat_slot;
	host->pipe = endpoint->pipe;
	if (host->endpoints == endpoints)
		return;
	config_hold(holds, &endpoints->object);
	if (host->endpoints)
		config_release(holds, &host->endpoints->object);
	host->endpoints = endpoints;
}

struct host *host_get(struct gateway *gateway, const struct config_cluster *cluster,
		      const struct config_endpoint *endpoint)
{
	uint32_t id = cluster->object.id;
	struct host *host = host_find(gateway, id, &endpoint->addr, endpoint->port);

	if (!host) {
		uint32_t *bucket = host_bucket(gateway, id, &endpoint->addr, endpoint->port);

		host = pool_take(&gateway->hosts);
		if (!host)
			return NULL;
		host->cluster = &gateway->clusters[id];
		host->cluster_id = id;
		host->addr = endpoint->addr;
		host->port = endpoint->port;
		host->hash_next = *bucket;
		*bucket = pool_index(&gateway->hosts, host);
		list_init(&host->idle);
		list_init(&host->waiters);
		list_init(&host->fresh_waiters);
		list_add(&host->cluster->hosts, &host->in_cluster);
	}
	host->cluster_slot = cluster->stat_slot;
	host_follow(gateway, host, config_find_endpoints(gateway->config, id), endpoint);
	return host;
}

const char *host_text(const struct host *host, char text[HOST_TEXT_BYTES])
{
	if (host->pipe)
		return host->pipe;
	return ip_endpoint_format(&host->addr, host->port, text, HOST_TEXT_BYTES);
}

void host_put(struct gateway *gateway, struct host *host)
{
	uint32_t index = pool_index(&gateway->hosts, host);
	uint32_t *link;

	if (host->connections || host->waiter_count || host->requests)
		return;
	link = host_bucket(gateway, host->cluster_id, &host->addr, host->port);
	while (*link != index)
		link = &((struct host *)pool_at(&gateway->hosts, *link))->hash_next;
	*link = host->hash_next;
	list_remove(&host->in_cluster);
	config_release(gateway->params.holds, &host->endpoints->object);
	pool_give(&gateway->hosts, host);
}

/* Hosts that are no longer among the endpoints keep nothing idle. */
static void hosts_sweep(struct gateway *gateway, struct cluster_state *state, uint32_t cluster_id,
			const struct config_endpoints *endpoints, uint64_t now_ns)
{
	for (struct list *item = state->hosts.next; item != &state->hosts; item = item->next)
		container_of_member(item, struct host, in_cluster)->removed = true;
	for (uint32_t i = 0; endpoints && i < endpoints->endpoint_count; i++) {
		const struct config_endpoint *endpoint = &endpoints->endpoints[i];
		struct host *host =
			host_find(gateway, cluster_id, &endpoint->addr, endpoint->port);

		if (host)
			host_follow(gateway, host, endpoints, endpoint);
	}
	for (struct list *item = state->hosts.next, *next; item != &state->hosts; item = next) {
		struct host *host = container_of_member(item, struct host, in_cluster);

		next = item->next;
		if (host->removed)
			pool_close_idle(gateway, host, now_ns);
	}
}

void clusters_config_changed(struct gateway *gateway, uint64_t now_ns)
{
	for (uint32_t id = 0; id < gateway->params.clusters_max; id++) {
		struct cluster_state *state = &gateway->clusters[id];
		const struct config_endpoints *endpoints;

		if (list_is_empty(&state->hosts))
			continue;
		endpoints = config_find_endpoints(gateway->config, id);
		if (!config_find_cluster(gateway->config, id))
			endpoints = NULL;
		if (!endpoints || endpoints != state->members.seen ||
		    endpoints->object.version != state->members.version)
			hosts_sweep(gateway, state, id, endpoints, now_ns);
	}
}

/* --- choice ------------------------------------------------------------------------------------ */

static bool is_healthy(const struct config_endpoint *endpoint)
{
	return endpoint->health == HEALTH_UNKNOWN || endpoint->health == HEALTH_HEALTHY;
}

static void members_look_through(struct cluster_members *members,
				 const struct config_endpoints *endpoints)
{
	uint32_t healthy = 0, degraded = 0, weight_min = UINT32_MAX;
	uint64_t count = endpoints->endpoint_count;

	*members = (struct cluster_members){.version = endpoints->object.version,
					    .seen = endpoints};
	for (uint32_t i = 0; i < count; i++) {
		const struct config_endpoint *endpoint = &endpoints->endpoints[i];

		healthy += is_healthy(endpoint);
		degraded += endpoint->health == HEALTH_DEGRADED;
		if (endpoint->weight > members->weight_max)
			members->weight_max = endpoint->weight;
		if (endpoint->weight < weight_min)
			weight_min = endpoint->weight;
	}
	members->any = count > 0;
	members->weighted = count > 0 && weight_min != members->weight_max;
	/* Panic: what is said about health cannot be right, so it is not looked at. */
	members->panic = (uint64_t)(healthy + degraded) * 100 < count * PANIC_THRESHOLD_PERCENT;
	members->all_usable = healthy == count || members->panic;
	members->degraded = healthy == 0;
}

bool balance_usable(const struct balance *balance, uint32_t index)
{
	const struct config_endpoint *endpoint = &balance->endpoints->endpoints[index];

	return balance->state->members.all_usable || is_healthy(endpoint) ||
	       (balance->state->members.degraded && endpoint->health == HEALTH_DEGRADED);
}

uint32_t balance_usable_from(const struct balance *balance, uint32_t index)
{
	uint32_t count = balance->endpoints->endpoint_count;

	for (uint32_t i = 0; i < count; i++) {
		if (index >= count)
			index = 0;
		if (balance_usable(balance, index))
			return index;
		index++;
	}
	return UINT32_MAX;
}

static const struct balancer *const balancers[] = {
	[LB_ROUND_ROBIN] = &balancer_round_robin,
	[LB_LEAST_REQUEST] = &balancer_least_request,
	[LB_RANDOM] = &balancer_random,
};

const struct config_endpoint *cluster_choose(struct gateway *gateway,
					     const struct config_cluster *cluster, uint64_t hash)
{
	struct balance balance = {
		.gateway = gateway,
		.cluster = cluster,
		.state = cluster_state(gateway, cluster->object.id),
		.endpoints = config_find_endpoints(gateway->config, cluster->object.id),
		.hash = hash,
	};
	uint32_t index;

	if (!balance.state || !balance.endpoints || !balance.endpoints->endpoint_count) {
		counter_inc(&stats_cluster(gateway, cluster->stat_slot)->lb_healthy_panic);
		return NULL;
	}
	struct cluster_members *members = &balance.state->members;

	if (members->seen != balance.endpoints ||
	    members->version != balance.endpoints->object.version)
		members_look_through(members, balance.endpoints);
	if (members->panic)
		counter_inc(&stats_cluster(gateway, cluster->stat_slot)->lb_healthy_panic);
	index = balancers[cluster->lb_policy]->choose(&balance);
	return index == UINT32_MAX ? NULL : &balance.endpoints->endpoints[index];
}
