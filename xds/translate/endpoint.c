/* ClusterLoadAssignment as config_endpoints, or as names for the resolver. */
#include <stdio.h>
#include <string.h>

#include "xds/translate/internal.h"

static enum config_health health_of(Core__HealthStatus status)
{
	switch (status) {
	case CORE__HEALTH_STATUS__HEALTHY:
		return HEALTH_HEALTHY;
	case CORE__HEALTH_STATUS__DEGRADED:
		return HEALTH_DEGRADED;
	case CORE__HEALTH_STATUS__UNHEALTHY:
	case CORE__HEALTH_STATUS__TIMEOUT:
		return HEALTH_UNHEALTHY;
	case CORE__HEALTH_STATUS__DRAINING:
		return HEALTH_DRAINING;
	default:
		return HEALTH_UNKNOWN;
	}
}

static void add_dns_target(struct translation *t, const struct config_cluster *cluster,
			   const char *hostname, const struct config_endpoint *endpoint)
{
	struct config_resources *resources = t->resources;
	char *copy = config_arena_text(t->document->arena, hostname);

	if (!copy || resources->dns_target_count == t->dns_target_max)
		return;
	resources->dns_targets[resources->dns_target_count++] = (struct config_dns_target){
		.cluster_id = cluster->object.id, .hostname = copy, .port = endpoint->port,
		.weight = endpoint->weight, .health = endpoint->health};
}

static void translate_endpoint(struct translation *t, const Endpoint__LbEndpoint *from,
			       const struct config_cluster *cluster, struct config_endpoints *to)
{
	struct config_endpoint *endpoint = &to->endpoints[to->endpoint_count];
	const char *hostname = NULL;
	bool names = cluster->discovery == DISCOVERY_STRICT_DNS;
	char text[IP_ADDR_TEXT_BYTES];
	char stat_name[1024];

	if (from->host_identifier_case != ENDPOINT__LB_ENDPOINT__HOST_IDENTIFIER_ENDPOINT) {
		if (!from->host_identifier_case)
			FAULT(t, from, "endpoint", "required");
		return;
	}
	*endpoint = (struct config_endpoint){
		.weight = translate_u32(from->load_balancing_weight, 1),
		.health = health_of(from->health_status)};
	if (endpoint->weight < 1)
		FAULT(t, from, "load_balancing_weight", "expected 1 or more");
	if (!translate_place(t, from->endpoint, "address", from->endpoint->address, &endpoint->addr,
			     &endpoint->port, names ? &hostname : NULL, &endpoint->pipe))
		return;
	if (endpoint->pipe && names)
		FAULT(t, from->endpoint, "address", "a STRICT_DNS cluster has no Unix sockets");
	if (endpoint->port == 0 && !endpoint->pipe)
		FAULT(t, from->endpoint, "address", "an endpoint needs a port");
	if (hostname) {
		add_dns_target(t, cluster, hostname, endpoint);
		return;
	}
	endpoint->hostname = translate_optional_text(t, from->endpoint->hostname);
	snprintf(stat_name, sizeof(stat_name), "%s\n%s", cluster->stat_name.data,
		 endpoint->pipe ? endpoint->pipe :
				  ip_endpoint_format(&endpoint->addr, endpoint->port, text,
						     sizeof(text)));
	endpoint->stat_slot = translate_slot(t, STAT_ENDPOINT, stat_name);
	to->endpoint_count++;
}

static void translate_localities(struct translation *t, const Cluster__Cluster *cluster,
				 const struct config_cluster *made, struct config_endpoints *to)
{
	const Endpoint__ClusterLoadAssignment *assignment = cluster->load_assignment;
	size_t count = 0;

	for (size_t i = 0; i < assignment->n_endpoints; i++)
		count += assignment->endpoints[i]->n_lb_endpoints;
	to->endpoints = config_arena_array(t->arena, count, sizeof(*to->endpoints));
	for (size_t i = 0; to->endpoints && i < assignment->n_endpoints; i++) {
		const Endpoint__LocalityLbEndpoints *locality = assignment->endpoints[i];

		if (locality->priority)
			FAULT(t, locality, "priority", "there is one priority, 0");
		for (size_t k = 0; k < locality->n_lb_endpoints; k++)
			translate_endpoint(t, locality->lb_endpoints[k], made, to);
	}
}

struct config_endpoints *translate_endpoints(struct translation *t, const Cluster__Cluster *cluster,
					     const struct config_cluster *made)
{
	uint32_t errors = t->document->faults.errors;
	struct config_endpoints *to = object_begin(t, CONFIG_ENDPOINTS, sizeof(*to), made->name);

	if (!to)
		return NULL;
	if (cluster->load_assignment)
		translate_localities(t, cluster, made, to);
	else
		FAULT(t, cluster, "load_assignment", "required for STATIC and STRICT_DNS");
	if (object_failed(t, errors)) {
		to->object.destroy(&to->object);
		return NULL;
	}
	return to;
}
