#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"
#include "tests/unit/xds/xds_text.h"

#define HTTP "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3." \
	     "HttpConnectionManager"
#define ROUTER "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"

static const char whole[] =
	"hydrofoil:\n"
	"  ports:\n"
	"  - {name: a, af_packet: {interface: eth1}, addresses: [10.0.0.2/24], gateways: [10.0.0.1]}\n"
	"  - {name: x, af_xdp: {interface: eth2}}\n"
	"admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}\n"
	"static_resources:\n"
	"  listeners:\n"
	"  - name: web\n"
	"    address: {socket_address: {address: 10.0.0.2, port_value: 80}}\n"
	"    filter_chains:\n"
	"    - filters:\n"
	"      - name: http\n"
	"        typed_config:\n"
	"          \"@type\": " HTTP "\n"
	"          stat_prefix: web\n"
	"          route_config:\n"
	"            virtual_hosts:\n"
	"            - name: all\n"
	"              domains: [\"*\"]\n"
	"              routes:\n"
	"              - match: {prefix: /}\n"
	"                route: {cluster: site}\n"
	"          http_filters:\n"
	"          - name: router\n"
	"            typed_config: {\"@type\": " ROUTER "}\n"
	"  clusters:\n"
	"  - name: site\n"
	"    load_assignment:\n"
	"      cluster_name: site\n"
	"      endpoints:\n"
	"      - lb_endpoints:\n"
	"        - endpoint: {address: {socket_address: {address: 10.0.0.9, port_value: 8080}}}\n";

static void a_whole_file_becomes_a_root(void)
{
	struct xds_text test;

	xds_text_begin(&test, whole);
	xds_text_print(&test);
	CU_ASSERT_FATAL(test.good);
	struct config *config = config_root_create(&test.bootstrap.resources, &test.env, 7);

	CU_ASSERT_EQUAL(config->version, 7);
	CU_ASSERT_EQUAL_FATAL(config->listener_count, 1);
	const struct config_listener *web = config->listeners[0];

	CU_ASSERT_EQUAL(web->addresses[0].port, 80);
	CU_ASSERT_EQUAL(ip_addr_v4(&web->addresses[0].addr), 0x0a000002);
	CU_ASSERT_EQUAL(web->chains[0].kind, NETWORK_HTTP);
	const struct config_hcm *http = web->chains[0].http;
	const struct config_route_table *table = config_find_route_table(config, http->route_table_id);

	CU_ASSERT_PTR_NOT_NULL_FATAL(table);
	const struct config_route *route = &table->virtual_hosts[0].routes[0];
	const struct config_cluster *site = config_find_cluster(config, route->clusters[0].cluster_id);

	CU_ASSERT_PTR_NOT_NULL_FATAL(site);
	CU_ASSERT_STRING_EQUAL(site->name.data, "site");
	const struct config_endpoints *hosts = config_find_endpoints(config, site->object.id);

	CU_ASSERT_EQUAL_FATAL(hosts->endpoint_count, 1);
	CU_ASSERT_EQUAL(hosts->endpoints[0].port, 8080);
	CU_ASSERT_EQUAL(test.bootstrap.admin_port, 9901);
	CU_ASSERT_STRING_EQUAL(test.bootstrap.hydrofoil->ports[0]->af_packet->interface, "eth1");
	CU_ASSERT_STRING_EQUAL(test.bootstrap.hydrofoil->ports[1]->af_xdp->interface, "eth2");
	free(config);
	xds_text_end(&test);
}

static void defaults_are_envoys(void)
{
	struct xds_text test;

	xds_text_begin(&test, whole);
	CU_ASSERT_FATAL(test.good);
	const struct config_hcm *http = test.bootstrap.resources.listeners[0]->chains[0].http;
	const struct config_cluster *site = test.bootstrap.resources.clusters[0];
	const struct config_route *route =
		&test.bootstrap.resources.route_tables[0]->virtual_hosts[0].routes[0];

	CU_ASSERT_EQUAL(http->headers_kb_max, 60);
	CU_ASSERT_EQUAL(http->headers_count_max, 100);
	CU_ASSERT_EQUAL(http->stream_idle_timeout_ns, 300000000000);
	CU_ASSERT_EQUAL(http->idle_timeout_ns, 3600000000000);
	CU_ASSERT_EQUAL(http->drain_timeout_ns, 5000000000);
	CU_ASSERT_STRING_EQUAL(http->server_name.data, "hydrofoil");
	CU_ASSERT(http->generate_request_id);
	CU_ASSERT_EQUAL(route->timeout_ns, 15000000000);
	CU_ASSERT_EQUAL(route->cluster_not_found_status, 503);
	CU_ASSERT_EQUAL(site->connect_timeout_ns, 5000000000);
	CU_ASSERT_EQUAL(site->breakers.connections_max, 1024);
	CU_ASSERT_EQUAL(site->breakers.retries_max, 3);
	CU_ASSERT_EQUAL(site->lb_policy, LB_ROUND_ROBIN);
	CU_ASSERT_EQUAL(site->least_request_choices, 2);
	CU_ASSERT_EQUAL(test.bootstrap.resources.listeners[0]->buffer_limit_bytes, 1048576);
	xds_text_end(&test);
}

static void all_faults_are_told_at_once_with_their_place(void)
{
	struct xds_text test;

	xds_text_begin(&test,
		"static_resources:\n"
		"  clusters:\n"
		"  - name: a\n"
		"    conect_timeout: 5s\n"
		"    lb_policy: SOMETIMES\n"
		"  - name: b\n"
		"    connect_timeout: 5 seconds\n"
		"    health_checks: [{}]\n"
		"    load_assignment: {cluster_name: b}\n"
		"  - name: b\n"
		"    type: EDS\n"
		"    load_assignment: {cluster_name: b}\n");
	CU_ASSERT_FALSE(test.good);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 4, 5, "static_resources.clusters[0].conect_timeout",
			       "did you mean connect_timeout?"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 5, 16, "static_resources.clusters[0].lb_policy",
			       "LEAST_REQUEST"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 7, 22, "static_resources.clusters[1].connect_timeout",
			       "a duration"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 8, 5, "static_resources.clusters[1].health_checks",
			       "not supported"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 11, 5, "static_resources.clusters[2].type",
			       "STATIC and STRICT_DNS"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 3, 5, "static_resources.clusters[0].load_assignment",
			       "required"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 10, 5, "static_resources.clusters[2].name",
			       "another one"));
	CU_ASSERT_EQUAL(test.bootstrap.document.faults.errors, 7);
	xds_text_end(&test);
}

static void routes_and_tags_of_ports_are_checked(void)
{
	static const char path[] = "hydrofoil.ports[0].";
	struct xds_text test;

	xds_text_begin(&test,
		"hydrofoil:\n"
		"  ports:\n"
		"  - name: a\n"
		"    ring: {name: a}\n"
		"    vlan: 4095\n"
		"    inside: true\n"
		"    routes:\n"
		"    - {prefix: 10.0.0.0/8, via: 10.1.0.1}\n"
		"    - {prefix: 10.0.0.1/8, via: 10.1.0.1}\n"
		"    - {prefix: 10.0.0.0, via: 10.1.0.1}\n"
		"    - {prefix: 10.9.0.0/16, via: nowhere}\n"
		"    - {prefix: 10.9.0.0/16}\n"
		"    - {prefix: \"2001:db8::/32\", via: 10.1.0.1}\n"
		"    - {prefix: \"2001:db9::/32\", via: \"fe80::1\"}\n"
		"    - {prefix: 0.0.0.0/0, via: 224.0.0.1}\n");
	CU_ASSERT_FALSE(test.good);
	static const struct {
		uint32_t line, column;
		const char *field, *text;
	} wants[] = {
		{5, 5, "vlan", "1 to 4094"},
		{9, 8, "routes[1].prefix", "behind its length"},
		{10, 8, "routes[2].prefix", "a prefix like"},
		{11, 29, "routes[3].via", "not \"nowhere\""},
		{12, 8, "routes[4].prefix", "routes[3] has the same"},
		{13, 33, "routes[5].via", "not of one family"},
		{15, 27, "routes[7].via", "a next hop"},
	};

	for (unsigned i = 0; i < ARRAY_LEN(wants); i++) {
		char field[64];

		snprintf(field, sizeof(field), "%s%s", path, wants[i].field);
		CU_ASSERT(xds_text_has(&test, FAULT_ERROR, wants[i].line, wants[i].column, field,
				       wants[i].text));
	}
	CU_ASSERT_EQUAL(test.bootstrap.document.faults.errors, ARRAY_LEN(wants));
	if (test.bootstrap.document.faults.errors != ARRAY_LEN(wants))
		xds_text_print(&test);
	xds_text_end(&test);
}

static void exception_ports_are_checked(void)
{
	struct xds_text test;

	xds_text_begin(&test,
		"hydrofoil:\n"
		"  ports:\n"
		"  - name: a\n"
		"    ring: {name: a}\n"
		"    exception: {packets_per_second: 5}\n"
		"  - name: b\n"
		"    ring: {name: b}\n"
		"    exception: {tap: {}}\n"
		"  - name: c\n"
		"    ring: {name: c}\n"
		"    exception: {virtio_user: {interface: sixteen-are-more}}\n"
		"  - name: d\n"
		"    ring: {name: d}\n"
		"    exception: {tap: {interface: x0}, packets_per_second: 1000001}\n");
	CU_ASSERT_FALSE(test.good);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 5, 16, "hydrofoil.ports[0].exception", "tap and virtio_user"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 8, 22, "hydrofoil.ports[1].exception.tap.interface",
			       "required"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 11, 31,
			       "hydrofoil.ports[2].exception.virtio_user.interface", "longer than 15"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 14, 39,
			       "hydrofoil.ports[3].exception.packets_per_second", "1 to 1000000"));
	CU_ASSERT_EQUAL(test.bootstrap.document.faults.errors, 4);
	if (test.bootstrap.document.faults.errors != 4)
		xds_text_print(&test);
	xds_text_end(&test);
}

static void every_allocation_may_fail(void)
{
	bool good = false;

	for (long n = 0; n < 20000 && !good; n++) {
		struct xds_text test = {.env = {.names = config_names_create()}};

		config_arena_fail_after(n);
		good = bootstrap_parse(&test.bootstrap, "n", whole, strlen(whole), TREE_YAML, &test.env);
		config_arena_fail_after(-1);
		xds_text_end(&test);
	}
	CU_ASSERT(good);
}

static void validate_counts_what_it_prints(void)
{
	char path[] = "bootstrap-XXXXXX.yaml";
	int fd = mkstemps(path, 5);
	FILE *file = fdopen(fd, "w");
	char printed[2048] = "";
	FILE *out = fmemopen(printed, sizeof(printed), "w");

	fputs("nodes: {}\nadmin: 5\n", file);
	fclose(file);
	CU_ASSERT_EQUAL(bootstrap_validate(path, out), 2);
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(printed, ".yaml:1:1: nodes: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(printed, ".yaml:2:8: admin: "));
	unlink(path);
	out = fmemopen(printed, sizeof(printed), "w");
	CU_ASSERT_EQUAL(bootstrap_validate(path, out), 1);
	fclose(out);
	CU_ASSERT_PTR_NOT_NULL(strstr(printed, "cannot be read"));
}

UNIT_TESTS(UNIT_TEST(a_whole_file_becomes_a_root), UNIT_TEST(defaults_are_envoys),
	   UNIT_TEST(all_faults_are_told_at_once_with_their_place),
	   UNIT_TEST(routes_and_tags_of_ports_are_checked), UNIT_TEST(exception_ports_are_checked),
	   UNIT_TEST(every_allocation_may_fail), UNIT_TEST(validate_counts_what_it_prints))
