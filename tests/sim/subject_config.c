#include "tests/sim/subject_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/invariant.h"
#include "tests/sim/subject.h"
#include "xds/bootstrap/bootstrap.h"

#define TEXT_BYTES 8192

static struct bootstrap bootstraps[SUBJECT_CONFIGS];
static struct config *roots[SUBJECT_CONFIGS];
static struct config_names *names;
static const char *const origin_hosts[] = {"10.0.0.11", "2001:db8::c"};

/* Slots by kind and name, as the shared segment gives them out. */
static struct {
	char names[STAT_KIND_COUNT][SUBJECT_SLOTS][128];
	uint32_t counts[STAT_KIND_COUNT];
} slots;

static uint32_t find_slot(struct stat_registry *self, enum stat_kind kind, const char *name)
{
	(void)self;
	for (uint32_t i = 1; i <= slots.counts[kind]; i++)
		if (strcmp(slots.names[kind][i], name) == 0)
			return i;
	INVARIANT(slots.counts[kind] + 1 < SUBJECT_SLOTS);
	uint32_t slot = ++slots.counts[kind];

	snprintf(slots.names[kind][slot], sizeof(slots.names[kind][slot]), "%s", name);
	return slot;
}

static struct stat_registry registry = {.slot = find_slot};

static int write_endpoints(char *text, size_t size, unsigned index, unsigned origins)
{
	int length = 0;

	for (unsigned i = 0; i < origins; i++)
		length += snprintf(text + length, size - (size_t)length,
				   "        - endpoint: {address: {socket_address: {address: \"%s\", "
				   "port_value: 8080}}}\n",
				   origin_hosts[index % 2 ? origins - 1 - i : i]);
	return length;
}

/* The two configs say the same about routes, but use another balancer and another route timeout
 * object, and list the endpoints in another order. */
static void write_text(char *text, size_t size, unsigned index, unsigned origins)
{
	static const char listener[] =
		"hydrofoil: {ports: [{name: sim, ring: {name: sim}, addresses: [10.0.0.2/24]}]}\n"
		"static_resources:\n"
		"  listeners:\n"
		"  - name: web\n"
		"    address: {socket_address: {address: \"::\", ipv4_compat: true, port_value: %u}}\n"
		"    filter_chains:\n"
		"    - filters:\n"
		"      - name: envoy.filters.network.http_connection_manager\n"
		"        typed_config:\n"
		"          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n"
		"          stat_prefix: sim\n"
		"          http_protocol_options: {accept_http_10: true}\n"
		"          access_log:\n"
		"          - name: file\n"
		"            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/stdout}\n"
		"          http_filters:\n"
		"          - name: envoy.filters.http.router\n"
		"            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}\n"
		"          route_config:\n"
		"            name: sim\n"
		"            virtual_hosts:\n"
		"            - name: sim\n"
		"              domains: [\"*\"]\n"
		"              routes:\n"
		"              - match: {prefix: /w/}\n"
		"                route: {cluster: origins, timeout: 0s}\n"
		"  - name: bytes\n"
		"    address: {socket_address: {address: \"::\", ipv4_compat: true, port_value: %u}}\n"
		"    filter_chains:\n"
		"    - filters:\n"
		"      - name: envoy.filters.network.tcp_proxy\n"
		"        typed_config:\n"
		"          \"@type\": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n"
		"          stat_prefix: bytes\n"
		"          cluster: bytes\n"
		"          idle_timeout: 300s\n"
		"  clusters:\n"
		"  - name: origins\n"
		"    type: STATIC\n"
		"    connect_timeout: 120s\n"
		"    lb_policy: %s\n"
		"    circuit_breakers: {thresholds: [{max_connections: %u}]}\n"
		"    typed_extension_protocol_options:\n"
		"      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n"
		"        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n"
		"        common_http_protocol_options: {idle_timeout: 60s}\n"
		"        explicit_http_config: {http_protocol_options: {}}\n"
		"    load_assignment:\n"
		"      cluster_name: origins\n"
		"      endpoints:\n"
		"      - lb_endpoints:\n";
	int length = snprintf(text, size, listener, SUBJECT_HTTP_PORT, SUBJECT_TCP_PORT,
			      index % 2 ? "LEAST_REQUEST" : "ROUND_ROBIN", index % 2 ? 3 : 1024);

	length += write_endpoints(text + length, size - (size_t)length, index, origins);
	length += snprintf(text + length, size - (size_t)length,
			   "  - name: bytes\n"
			   "    type: STATIC\n"
			   "    connect_timeout: 120s\n"
			   "    load_assignment:\n"
			   "      cluster_name: bytes\n"
			   "      endpoints:\n"
			   "      - lb_endpoints:\n");
	write_endpoints(text + length, size - (size_t)length, index, origins);
}

/* What the publisher does for a real worker: each object has a hold count of its own. */
static void number_objects(struct config_resources *resources)
{
	static uint32_t next;

	for (uint32_t i = 0; i < resources->listener_count; i++)
		resources->listeners[i]->object.hold = next++;
	for (uint32_t i = 0; i < resources->route_table_count; i++)
		resources->route_tables[i]->object.hold = next++;
	for (uint32_t i = 0; i < resources->cluster_count; i++) {
		resources->clusters[i]->object.hold = next++;
		resources->endpoints[i]->object.hold = next++;
	}
	INVARIANT(next <= SUBJECT_HOLDS);
}

void subject_configs_create(unsigned origins)
{
	struct translate_env env = {.stats = &registry};

	names = config_names_create();
	INVARIANT(names && origins <= ARRAY_LEN(origin_hosts));
	env.names = names;
	for (unsigned i = 0; i < SUBJECT_CONFIGS; i++) {
		char text[TEXT_BYTES];

		write_text(text, sizeof(text), i, origins);
		bool loaded = bootstrap_parse(&bootstraps[i], "sim", text, strlen(text), TREE_YAML, &env);

		if (!loaded)
			fault_list_print(&bootstraps[i].document.faults, stderr);
		INVARIANT(loaded);
		number_objects(&bootstraps[i].resources);
		roots[i] = config_root_create(&bootstraps[i].resources, &env, i + 1);
		INVARIANT(roots[i]);
		/* Where a kernel serves the subject, its port is what a socket is known by. */
		for (uint32_t k = 0; k < roots[i]->listener_count; k++)
			roots[i]->listeners[k]->addresses[0].kernel_socket =
				roots[i]->listeners[k]->addresses[0].port;
	}
}

const struct config *subject_config_root(unsigned index)
{
	return roots[index];
}

uint32_t subject_config_http_slot(void)
{
	return find_slot(&registry, STAT_HTTP, "sim");
}
