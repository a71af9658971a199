/* envoy.config.cluster.v3.Cluster */
#include <string.h>

#include "xds/translate/internal.h"

#define CONNECT_DEFAULT_NS (5ull * NANOSECONDS)
#define IDLE_DEFAULT_NS (3600ull * NANOSECONDS)
#define DNS_REFRESH_DEFAULT_NS (5ull * NANOSECONDS)
#define DNS_REFRESH_LEAST_NS 1000000u
#define BUFFER_DEFAULT_BYTES (1u << 20)
#define BREAKER_DEFAULT 1024
#define RETRIES_DEFAULT 3

static void translate_discovery(struct translation *t, const Cluster__Cluster *from,
				struct config_cluster *to)
{
	if (from->cluster_discovery_type_case == CLUSTER__CLUSTER__CLUSTER_DISCOVERY_TYPE_CLUSTER_TYPE)
		return; /* refused by the status table */
	switch (from->type) {
	case CLUSTER__CLUSTER__DISCOVERY_TYPE__STATIC:
		to->discovery = DISCOVERY_STATIC;
		break;
	case CLUSTER__CLUSTER__DISCOVERY_TYPE__STRICT_DNS:
		to->discovery = DISCOVERY_STRICT_DNS;
		break;
	default:
		FAULT(t, from, "type", "there is STATIC and STRICT_DNS");
	}
}

static void least_request_choices(struct translation *t, const void *owner,
				  const Google__Protobuf__UInt32Value *count,
				  struct config_cluster *to)
{
	to->least_request_choices = translate_u32(count, 2);
	if (to->least_request_choices < 2)
		FAULT(t, owner, "choice_count", "expected 2 or more");
}

/* The first policy of the list that is known (Envoy's rule). */
static void translate_policies(struct translation *t, const Cluster__LoadBalancingPolicy *from,
			       struct config_cluster *to)
{
	for (size_t i = 0; i < from->n_policies; i++) {
		const Core__TypedExtensionConfig *policy = from->policies[i]->typed_extension_config;
		const ProtobufCMessage *config = policy ? translate_any_content(
			t, policy, "typed_config", policy->typed_config) : NULL;

		if (!config)
			continue;
		if (config->descriptor == &lb_round_robin__round_robin__descriptor) {
			to->lb_policy = LB_ROUND_ROBIN;
			return;
		}
		if (config->descriptor == &lb_random__random__descriptor) {
			to->lb_policy = LB_RANDOM;
			return;
		}
		if (config->descriptor == &lb_least_request__least_request__descriptor) {
			const LbLeastRequest__LeastRequest *least =
				(const LbLeastRequest__LeastRequest *)config;

			to->lb_policy = LB_LEAST_REQUEST;
			least_request_choices(t, least, least->choice_count, to);
			return;
		}
	}
	FAULT(t, from, "policies", "none of them is known");
}

static void translate_balancer(struct translation *t, const Cluster__Cluster *from,
			       struct config_cluster *to)
{
	to->least_request_choices = 2;
	if (from->load_balancing_policy) {
		translate_policies(t, from->load_balancing_policy, to);
		return;
	}
	if (from->lb_config_case == CLUSTER__CLUSTER__LB_CONFIG_LEAST_REQUEST_LB_CONFIG)
		least_request_choices(t, from->least_request_lb_config,
				      from->least_request_lb_config->choice_count, to);
	switch (from->lb_policy) {
	case CLUSTER__CLUSTER__LB_POLICY__ROUND_ROBIN:
		to->lb_policy = LB_ROUND_ROBIN;
		break;
	case CLUSTER__CLUSTER__LB_POLICY__LEAST_REQUEST:
		to->lb_policy = LB_LEAST_REQUEST;
		break;
	case CLUSTER__CLUSTER__LB_POLICY__RANDOM:
		to->lb_policy = LB_RANDOM;
		break;
	default:
		FAULT(t, from, "lb_policy", "there is ROUND_ROBIN, LEAST_REQUEST and RANDOM");
	}
}

static void translate_breakers(struct translation *t, const Cluster__CircuitBreakers *from,
			       struct config_breakers *to)
{
	bool seen = false;

	*to = (struct config_breakers){BREAKER_DEFAULT, BREAKER_DEFAULT, BREAKER_DEFAULT,
				       RETRIES_DEFAULT, false};
	for (size_t i = 0; from && i < from->n_thresholds; i++) {
		const Cluster__CircuitBreakers__Thresholds *one = from->thresholds[i];

		if (one->priority != CORE__ROUTING_PRIORITY__DEFAULT) {
			document_warning(t->document, &one->base, "priority",
					 "without effect: no request has this priority");
			continue;
		}
		if (seen)
			FAULT(t, one, "priority", "a second threshold for DEFAULT");
		seen = true;
		to->connections_max = translate_u32(one->max_connections, BREAKER_DEFAULT);
		to->pending_max = translate_u32(one->max_pending_requests, BREAKER_DEFAULT);
		to->requests_max = translate_u32(one->max_requests, BREAKER_DEFAULT);
		to->retries_max = translate_u32(one->max_retries, RETRIES_DEFAULT);
		to->track_remaining = one->track_remaining;
	}
}

static void translate_dns(struct translation *t, const Cluster__Cluster *from,
			  struct config_cluster *to)
{
	static const uint8_t families[] = {64, 4, 6, 46, 0}; /* AUTO prefers IPv6 */

	to->dns_refresh_ns = translate_duration(t, from, "dns_refresh_rate", from->dns_refresh_rate,
						DNS_REFRESH_DEFAULT_NS);
	if (to->dns_refresh_ns <= DNS_REFRESH_LEAST_NS)
		FAULT(t, from, "dns_refresh_rate", "expected more than 1 ms");
	to->dns_respect_ttl = from->respect_dns_ttl;
	to->dns_family = (unsigned)from->dns_lookup_family < ARRAY_LEN(families) ?
		families[from->dns_lookup_family] : 0;
}

static void apply_common(struct translation *t, const Core__HttpProtocolOptions *common,
			 struct config_cluster *to)
{
	if (!common)
		return;
	to->idle_timeout_ns = translate_duration(t, common, "idle_timeout", common->idle_timeout,
						 to->idle_timeout_ns);
	to->requests_per_connection_max = translate_u32(common->max_requests_per_connection,
							to->requests_per_connection_max);
	if (common->max_connection_duration)
		FAULT(t, common, "max_connection_duration", "not supported upstream");
	if (common->max_headers_count)
		FAULT(t, common, "max_headers_count", "not supported upstream");
}

static void translate_protocol(struct translation *t, const Cluster__Cluster *from,
			       struct config_cluster *to)
{
	const char *known = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

	to->idle_timeout_ns = IDLE_DEFAULT_NS;
	to->requests_per_connection_max = translate_u32(from->max_requests_per_connection, 0);
	apply_common(t, from->common_http_protocol_options, to);
	for (size_t i = 0; i < from->n_typed_extension_protocol_options; i++) {
		const Cluster__Cluster__TypedExtensionProtocolOptionsEntry *entry =
			from->typed_extension_protocol_options[i];

		if (strcmp(entry->key, known) != 0) {
			FAULT(t, entry, NULL, "not a protocol that is known; there is %s", known);
			continue;
		}
		const UpstreamHttp__HttpProtocolOptions *options = translate_any(
			t, entry, "value", entry->value,
			&upstream_http__http_protocol_options__descriptor);

		if (options)
			apply_common(t, options->common_http_protocol_options, to);
	}
}

static void translate_transport(struct translation *t, const Cluster__Cluster *from,
				struct config_cluster *to)
{
	const Cluster__Cluster *cluster = from;
	uint16_t port;

	if (cluster->transport_socket) {
		const Core__TransportSocket *socket = cluster->transport_socket;

		if (socket->config_type_case == CORE__TRANSPORT_SOCKET__CONFIG_TYPE_TYPED_CONFIG)
			(void)!translate_any(t, socket, "typed_config", socket->typed_config,
					     &raw_buffer__raw_buffer__descriptor);
		else if (strcmp(socket->name, "envoy.transport_sockets.raw_buffer") != 0 &&
			 strcmp(socket->name, "raw_buffer") != 0)
			FAULT(t, socket, "name", "only envoy.transport_sockets.raw_buffer is known");
	}
	if (from->upstream_bind_config && from->upstream_bind_config->source_address) {
		Core__Address address = {.address_case = CORE__ADDRESS__ADDRESS_SOCKET_ADDRESS,
					 .socket_address = from->upstream_bind_config->source_address};

		if (translate_address(t, from->upstream_bind_config, "source_address", &address,
				      &to->source, &port, NULL) && port)
			FAULT(t, from->upstream_bind_config->source_address, "port_value",
			      "the stack chooses the port; set 0");
	}
}

struct config_cluster *translate_cluster(struct translation *t, const Cluster__Cluster *from)
{
	uint32_t errors = t->document->faults.errors;
	struct str name = {from->name, (uint32_t)strlen(from->name)};
	struct config_cluster *to = object_begin(t, CONFIG_CLUSTER, sizeof(*to), name);

	if (!to)
		return NULL;
	to->name = translate_text(t, from->name);
	to->stat_name = from->alt_stat_name[0] ? translate_text(t, from->alt_stat_name) : to->name;
	to->vrf = translate_vrf(t, from->metadata);
	translate_discovery(t, from, to);
	translate_balancer(t, from, to);
	to->connect_timeout_ns = translate_duration(t, from, "connect_timeout", from->connect_timeout,
						    CONNECT_DEFAULT_NS);
	if (to->connect_timeout_ns == 0)
		FAULT(t, from, "connect_timeout", "expected more than 0s");
	to->buffer_limit_bytes = translate_u32(from->per_connection_buffer_limit_bytes,
					       BUFFER_DEFAULT_BYTES);
	translate_breakers(t, from->circuit_breakers, &to->breakers);
	translate_dns(t, from, to);
	translate_protocol(t, from, to);
	translate_transport(t, from, to);
	if (object_failed(t, errors)) {
		to->object.destroy(&to->object);
		return NULL;
	}
	to->stat_slot = translate_slot(t, STAT_CLUSTER, to->stat_name.data);
	return to;
}
