/* Who serves an address, and what nobody serves. */
#include "xds/bootstrap/placement.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "tests/unit/xds/xds_text.h"

#define PORTS "hydrofoil:\n  ports:\n  - {name: a, ring: {name: r}, addresses: [10.0.0.2/24]}\n"

static struct ip_addr address(const char *text)
{
	struct ip_addr addr = {0};

	CU_ASSERT(ip_addr_parse(text, &addr));
	return addr;
}

static void check(const char *text, const char *at, enum placement listener, enum placement endpoint)
{
	struct ip_addr addr = address(at);
	struct xds_text test;

	xds_text_begin(&test, text);
	CU_ASSERT_FATAL(test.good);
	CU_ASSERT_EQUAL(placement_of_listener(test.bootstrap.hydrofoil, &addr, 0, NULL), listener);
	CU_ASSERT_EQUAL(placement_of_endpoint(test.bootstrap.hydrofoil, &addr, NULL), endpoint);
	CU_ASSERT_EQUAL(placement_of_listener(test.bootstrap.hydrofoil, &addr, 0, "/a"),
			PLACED_IN_KERNEL);
	CU_ASSERT_EQUAL(placement_of_endpoint(test.bootstrap.hydrofoil, &addr, "/a"),
			PLACED_IN_KERNEL);
	xds_text_end(&test);
}

static void every_address_has_its_place(void)
{
	static const char both[] = PORTS "  kernel: {any_address: true}\n";
	static const char inside[] = PORTS "  - {name: b, ring: {name: b}, inside: true}\n";
	static const char none[] = "node: {id: a}\n";

	check(PORTS, "127.0.0.1", PLACED_IN_KERNEL, PLACED_IN_KERNEL);
	check(PORTS, "127.3.2.1", PLACED_IN_KERNEL, PLACED_IN_KERNEL);
	check(PORTS, "::1", PLACED_IN_KERNEL, PLACED_IN_KERNEL);
	check(PORTS, "10.0.0.2", PLACED_ON_PORT, PLACED_ON_PORT);
	check(PORTS, "10.0.0.3", PLACED_NOWHERE, PLACED_ON_PORT);
	check(PORTS, "0.0.0.0", PLACED_ON_PORT, PLACED_NOWHERE);
	check(PORTS, "::", PLACED_ON_PORT, PLACED_NOWHERE);
	check(PORTS, "224.0.0.1", PLACED_NOWHERE, PLACED_NOWHERE);
	/* An inside port takes every destination but those that stay on a link. */
	check(inside, "192.0.2.9", PLACED_ON_PORT, PLACED_ON_PORT);
	check(inside, "fe80::9", PLACED_NOWHERE, PLACED_ON_PORT);
	check(inside, "127.0.0.1", PLACED_IN_KERNEL, PLACED_IN_KERNEL);
	check(both, "::", PLACED_ON_BOTH, PLACED_NOWHERE);
	check(both, "10.0.0.2", PLACED_ON_PORT, PLACED_ON_PORT);
	check(none, "10.0.0.3", PLACED_IN_KERNEL, PLACED_IN_KERNEL);
	check(none, "0.0.0.0", PLACED_IN_KERNEL, PLACED_NOWHERE);
	check("hydrofoil: {workers: 1}\n", "10.0.0.3", PLACED_IN_KERNEL, PLACED_IN_KERNEL);
}

static void what_nobody_serves_is_named_with_its_place(void)
{
	struct xds_text test;

	xds_text_begin(&test,
		       PORTS
		       "static_resources:\n"
		       "  listeners:\n"
		       "  - name: a\n"
		       "    address: {socket_address: {address: 192.0.2.7, port_value: 80}}\n"
		       "  - name: b\n"
		       "    address: {socket_address: {address: 127.0.0.1, port_value: 0}}\n"
		       "    additional_addresses:\n"
		       "    - address: {socket_address: {address: 10.9.9.9, port_value: 80}}\n"
		       "  clusters:\n"
		       "  - name: c\n"
		       "    load_assignment:\n"
		       "      endpoints:\n"
		       "      - lb_endpoints:\n"
		       "        - endpoint: {address: {socket_address: {address: 0.0.0.0, port_value: 8080}}}\n");
	CU_ASSERT(!test.good);
	xds_text_print(&test);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 7, 32,
			       "static_resources.listeners[0].address.socket_address.address",
			       "no port has the address 192.0.2.7"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 9, 52,
			       "static_resources.listeners[1].address.socket_address.port_value",
			       "every port"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 11, 34,
			       "static_resources.listeners[1].additional_addresses[0].address."
			       "socket_address.address", "10.9.9.9"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 17, 49,
			       "static_resources.clusters[0].load_assignment.endpoints[0]."
			       "lb_endpoints[0].endpoint.address.socket_address.address",
			       "not an address that a connection can go to"));
	xds_text_end(&test);
}

static void pipes_are_read(void)
{
	struct xds_text test;
	char text[1024], path[110];

	xds_text_begin(&test,
		       "static_resources:\n"
		       "  clusters:\n"
		       "  - name: c\n"
		       "    load_assignment:\n"
		       "      endpoints:\n"
		       "      - lb_endpoints:\n"
		       "        - endpoint: {address: {pipe: {path: /run/app.sock}}}\n"
		       "        - endpoint: {address: {pipe: {path: \"@app\"}}}\n");
	xds_text_print(&test);
	CU_ASSERT_FATAL(test.good);
	const struct config_endpoints *hosts = test.bootstrap.resources.endpoints[0];

	CU_ASSERT_STRING_EQUAL(hosts->endpoints[0].pipe, "/run/app.sock");
	CU_ASSERT_STRING_EQUAL(hosts->endpoints[1].pipe, "@app");
	CU_ASSERT(!ip_addr_equal(&hosts->endpoints[0].addr, &hosts->endpoints[1].addr));
	xds_text_end(&test);
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[108] = 0;
	snprintf(text, sizeof(text),
		 "static_resources:\n"
		 "  clusters:\n"
		 "  - name: c\n"
		 "    load_assignment:\n"
		 "      endpoints:\n"
		 "      - lb_endpoints:\n"
		 "        - endpoint: {address: {pipe: {path: %s}}}\n"
		 "        - endpoint: {address: {pipe: {path: relative, mode: 512}}}\n", path);
	xds_text_begin(&test, text);
	CU_ASSERT(!test.good);
	xds_text_print(&test);
	const char *at = "static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints";

	snprintf(text, sizeof(text), "%s[0].endpoint.address.pipe.path", at);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 7, 39, text, "at most 107 bytes"));
	snprintf(text, sizeof(text), "%s[1].endpoint.address.pipe.path", at);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 8, 39, text, "absolute path"));
	snprintf(text, sizeof(text), "%s[1].endpoint.address.pipe.mode", at);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 8, 55, text, "511"));
	xds_text_end(&test);
}

UNIT_TESTS(UNIT_TEST(every_address_has_its_place),
	   UNIT_TEST(what_nobody_serves_is_named_with_its_place), UNIT_TEST(pipes_are_read))
