#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "tests/unit/xds/xds_text.h"

#define TCP "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

static char text[4096];

/* A listener on two addresses and its cluster, each with this metadata. */
static void begin(struct xds_text *test, const char *metadata)
{
	snprintf(text, sizeof(text),
		 "hydrofoil: {ports: [{name: a, ring: {name: a}, inside: true},\n"
		 "  {name: b, ring: {name: b}, inside: true, vrf: 7},\n"
		 "  {name: c, ring: {name: c}, inside: true, vrf: 65535}]}\n"
		 "static_resources:\n"
		 "  listeners:\n"
		 "  - name: l\n"
		 "    %s\n"
		 "    address: {socket_address: {address: 10.0.0.1, port_value: 80}}\n"
		 "    additional_addresses:\n"
		 "    - {address: {socket_address: {address: 10.0.0.2, port_value: 80}}}\n"
		 "    filter_chains: [{filters: [{name: t, typed_config: {\"@type\": " TCP ",\n"
		 "      stat_prefix: s, cluster: c}}]}]\n"
		 "  clusters:\n"
		 "  - name: c\n"
		 "    %s\n"
		 "    load_assignment: {cluster_name: c}\n", metadata, metadata);
	xds_text_begin(test, text);
}

static void metadata_names_the_vrf(void)
{
	static const struct {
		const char *metadata;
		uint16_t vrf;
	} cases[] = {
		{"metadata: {}", 0},
		{"metadata: {filter_metadata: {hydrofoil: {vrf: 7}}}", 7},
		{"metadata: {filter_metadata: {hydrofoil: {vrf: 65535}}}", 65535},
		{"metadata: {filter_metadata: {hydrofoil: {}}}", 0},
		{"metadata: {filter_metadata: {istio: {vrf: 9}}}", 0},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xds_text test;

		begin(&test, cases[i].metadata);
		if (!test.good)
			xds_text_print(&test);
		CU_ASSERT_FATAL(test.good);
		CU_ASSERT_EQUAL(test.bootstrap.resources.listeners[0]->addresses[0].vrf, cases[i].vrf);
		CU_ASSERT_EQUAL(test.bootstrap.resources.listeners[0]->addresses[1].vrf, cases[i].vrf);
		CU_ASSERT_EQUAL(test.bootstrap.resources.clusters[0]->vrf, cases[i].vrf);
		xds_text_end(&test);
	}
}

static void what_is_no_vrf_is_refused_in_its_place(void)
{
	static const struct {
		const char *value, *complaint;
		uint32_t errors;
	} cases[] = {
		{"vrf: 65536", "0 to 65535", 2}, {"vrf: -1", "0 to 65535", 2},
		{"vrf: 1.5", "0 to 65535", 2},   {"vrf: red", "0 to 65535", 2},
		{"wrf: 1", "\"wrf\" is not known here", 2},
		{"vrf: 8", "no port is in vrf 8", 4}, /* nor has one there the listener's addresses */
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char metadata[128];
		struct xds_text test;

		snprintf(metadata, sizeof(metadata), "metadata: {filter_metadata: {hydrofoil: {%s}}}",
			 cases[i].value);
		begin(&test, metadata);
		CU_ASSERT_FALSE(test.good);
		CU_ASSERT_EQUAL(test.bootstrap.document.faults.errors, cases[i].errors);
		const struct fault *fault = test.bootstrap.document.faults.first;

		CU_ASSERT_FATAL(fault != NULL);
		CU_ASSERT_EQUAL(fault->position.line, 7);
		CU_ASSERT_PTR_NOT_NULL(strstr(fault->text, cases[i].complaint));
		CU_ASSERT_PTR_NOT_NULL(strstr(fault->path, "listeners[0].metadata"));
		xds_text_end(&test);
	}
}

UNIT_TESTS(UNIT_TEST(metadata_names_the_vrf), UNIT_TEST(what_is_no_vrf_is_refused_in_its_place))
