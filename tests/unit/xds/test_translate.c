#include <stdio.h>
#include <string.h>

#include "gateway/filters/filter.h"
#include "gateway/filters/header_mutation.h"
#include "tests/lib/unit.h"
#include "tests/unit/xds/xds_text.h"

#define T "type.googleapis.com/envoy."
#define HTTP T "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
#define TCP T "extensions.filters.network.tcp_proxy.v3.TcpProxy"
#define ROUTER "{name: r, typed_config: {\"@type\": " T "extensions.filters.http.router.v3.Router}}"
#define MUTATION T "extensions.filters.http.header_mutation.v3.HeaderMutation"
#define FILE_LOG T "extensions.access_loggers.file.v3.FileAccessLog"
#define AT "address: {socket_address: {address: 10.0.0.1, port_value: 80}}"
#define HOST "{endpoint: {address: {socket_address: {address: 10.0.0.9, port_value: 80}}}}"
#define HOSTS "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [" HOST "]}]}"

static char text[16384];

/* One cluster c with these fields. */
static void with_cluster(struct xds_text *test, const char *fields)
{
	snprintf(text, sizeof(text), "static_resources: {clusters: [{name: c, %s}]}", fields);
	xds_text_begin(test, text);
}

/* One connection manager with these fields, one host with these routes. */
static void with_http(struct xds_text *test, const char *fields, const char *routes)
{
	snprintf(text, sizeof(text),
		 "static_resources: {clusters: [{name: c, " HOSTS "}, {name: d, " HOSTS "}],"
		 " listeners: [{name: l, " AT ", filter_chains: [{filters: [{name: h, typed_config: {"
		 "\"@type\": " HTTP ", stat_prefix: s, %s route_config: {virtual_hosts: [{name: v, "
		 "domains: [\"*.Example.com\"], routes: [%s]}]}}}]}]}]}", fields, routes);
	xds_text_begin(test, text);
}

#define FILTERS "http_filters: [" ROUTER "],"

static const struct config_hcm *hcm_of(const struct xds_text *test)
{
	xds_text_print(test);
	CU_ASSERT_FATAL(test->good);
	return test->bootstrap.resources.listeners[0]->chains[0].http;
}

static const struct config_route *routes_of(const struct xds_text *test)
{
	xds_text_print(test);
	CU_ASSERT_FATAL(test->good);
	return test->bootstrap.resources.route_tables[0]->virtual_hosts[0].routes;
}

static bool complains(const struct xds_text *test, const char *path, const char *part)
{
	return !test->good && xds_text_has(test, FAULT_ERROR, 0, 0, path, part);
}

static void cluster_fields(void)
{
	struct xds_text test;

	with_cluster(&test, "connect_timeout: 0.5s, lb_policy: LEAST_REQUEST, alt_stat_name: alt, "
		     "least_request_lb_config: {choice_count: 4}, "
		     "circuit_breakers: {thresholds: [{max_connections: 1, max_pending_requests: 2, "
		     "max_requests: 4294967295, max_retries: 0}]}, dns_lookup_family: V4_ONLY, "
		     "typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3."
		     "HttpProtocolOptions: {\"@type\": " T "extensions.upstreams.http.v3."
		     "HttpProtocolOptions, common_http_protocol_options: {idle_timeout: 0s, "
		     "max_requests_per_connection: 9}, explicit_http_config: {http_protocol_options: "
		     "{}}}}, " HOSTS);
	xds_text_print(&test);
	CU_ASSERT_FATAL(test.good);
	const struct config_cluster *c = test.bootstrap.resources.clusters[0];

	CU_ASSERT_EQUAL(c->connect_timeout_ns, 500000000);
	CU_ASSERT_EQUAL(c->lb_policy, LB_LEAST_REQUEST);
	CU_ASSERT_EQUAL(c->least_request_choices, 4);
	CU_ASSERT_STRING_EQUAL(c->stat_name.data, "alt");
	CU_ASSERT_EQUAL(c->breakers.connections_max, 1);
	CU_ASSERT_EQUAL(c->breakers.pending_max, 2);
	CU_ASSERT_EQUAL(c->breakers.requests_max, UINT32_MAX);
	CU_ASSERT_EQUAL(c->breakers.retries_max, 0);
	CU_ASSERT_EQUAL(c->idle_timeout_ns, 0);
	CU_ASSERT_EQUAL(c->requests_per_connection_max, 9);
	CU_ASSERT_EQUAL(c->dns_family, 4);
	xds_text_end(&test);
}

static void cluster_faults(void)
{
	static const struct {
		const char *fields, *path, *part;
	} wrong[] = {
		{"connect_timeout: 0s, " HOSTS, "connect_timeout", "more than 0s"},
		{"connect_timeout: -1s, " HOSTS, "connect_timeout", "negative"},
		{"lb_policy: MAGLEV, " HOSTS, "lb_policy", "ROUND_ROBIN"},
		{"type: ORIGINAL_DST, " HOSTS, "type", "STATIC"},
		{"least_request_lb_config: {choice_count: 1}, " HOSTS,
		 "least_request_lb_config.choice_count", "2 or more"},
		{"transport_socket: {name: tls}, " HOSTS, "transport_socket.name", "raw_buffer"},
		{"type: STATIC", "load_assignment", "required"},
		{"outlier_detection: {}, " HOSTS, "outlier_detection", "not supported"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct xds_text test;
		char path[256];

		snprintf(path, sizeof(path), "static_resources.clusters[0].%s", wrong[i].path);
		with_cluster(&test, wrong[i].fields);
		CU_ASSERT(complains(&test, path, wrong[i].part));
		CU_ASSERT_EQUAL(test.bootstrap.document.faults.errors, 1);
		xds_text_end(&test);
	}
}

static void dns_hosts_are_for_the_resolver(void)
{
	struct xds_text test;

	with_cluster(&test, "type: STRICT_DNS, dns_refresh_rate: 1s, load_assignment: {cluster_name: c, "
		     "endpoints: [{lb_endpoints: [{load_balancing_weight: 3, endpoint: {address: "
		     "{socket_address: {address: origin.test, port_value: 8080}}}}, " HOST "]}]}");
	xds_text_print(&test);
	CU_ASSERT_FATAL(test.good);
	const struct config_resources *got = &test.bootstrap.resources;

	CU_ASSERT_EQUAL(got->clusters[0]->dns_refresh_ns, 1000000000);
	CU_ASSERT_EQUAL_FATAL(got->dns_target_count, 1);
	CU_ASSERT_STRING_EQUAL(got->dns_targets[0].hostname, "origin.test");
	CU_ASSERT_EQUAL(got->dns_targets[0].port, 8080);
	CU_ASSERT_EQUAL(got->dns_targets[0].weight, 3);
	CU_ASSERT_EQUAL(got->endpoints[0]->endpoint_count, 1);
	xds_text_end(&test);
	with_cluster(&test, "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: "
		     "{address: {socket_address: {address: origin.test, port_value: 70000}}}}]}]}");
	CU_ASSERT(complains(&test, "static_resources.clusters[0].load_assignment.endpoints[0]."
			    "lb_endpoints[0].endpoint.address.socket_address.address", "IPv4 or IPv6"));
	CU_ASSERT(complains(&test, "static_resources.clusters[0].load_assignment.endpoints[0]."
			    "lb_endpoints[0].endpoint.address.socket_address.port_value", "65535"));
	xds_text_end(&test);
}

static void route_fields(void)
{
	struct xds_text test;

	with_http(&test, FILTERS,
		  "{name: n, match: {path: /a, case_sensitive: false}, route: {cluster: c, timeout: 0s, "
		  "prefix_rewrite: /b, host_rewrite_literal: h, cluster_not_found_response_code: "
		  "NOT_FOUND, retry_policy: {retry_on: \"connect-failure,reset\", per_try_timeout: 1s}}},"
		  "{match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: c, weight: 1}, "
		  "{name: d, weight: 3}]}}, request_headers_to_remove: [X-A], request_headers_to_add: "
		  "[{header: {key: X-B, value: \"%PROTOCOL%\"}, append_action: ADD_IF_ABSENT}]},"
		  "{match: {prefix: /r}, redirect: {https_redirect: true, path_redirect: /x, "
		  "response_code: TEMPORARY_REDIRECT, port_redirect: 8443}},"
		  "{match: {prefix: /d}, direct_response: {status: 418, body: {inline_string: tea}}}");
	const struct config_route *r = routes_of(&test);

	CU_ASSERT_EQUAL(r[0].match.kind, PATH_MATCH_EXACT);
	CU_ASSERT(r[0].match.case_insensitive);
	CU_ASSERT_EQUAL(r[0].timeout_ns, 0);
	CU_ASSERT_STRING_EQUAL(r[0].prefix_rewrite.data, "/b");
	CU_ASSERT_STRING_EQUAL(r[0].host_rewrite.data, "h");
	CU_ASSERT_EQUAL(r[0].cluster_not_found_status, 404);
	CU_ASSERT_EQUAL(r[0].retry_on, RETRY_ON_CONNECT_FAILURE | RETRY_ON_RESET);
	CU_ASSERT_EQUAL(r[0].retries_max, 1);
	CU_ASSERT_EQUAL(r[0].per_try_timeout_ns, 1000000000);
	CU_ASSERT_EQUAL(r[1].total_weight, 4);
	CU_ASSERT_EQUAL(r[1].clusters[1].weight, 3);
	CU_ASSERT_PTR_NULL(r[1].prefix_rewrite.data);
	CU_ASSERT_EQUAL(r[1].request_headers.count, 2);
	CU_ASSERT_EQUAL(r[1].request_headers.items[0].action, HEADER_REMOVE);
	CU_ASSERT_STRING_EQUAL(r[1].request_headers.items[0].name.data, "x-a");
	CU_ASSERT_EQUAL(r[1].request_headers.items[1].action, HEADER_ADD_IF_ABSENT);
	CU_ASSERT_PTR_NOT_NULL(r[1].request_headers.items[1].value_format);
	CU_ASSERT_EQUAL(r[2].action, ROUTE_REDIRECT);
	CU_ASSERT_EQUAL(r[2].redirect_status, 307);
	CU_ASSERT_STRING_EQUAL(r[2].redirect_scheme.data, "https");
	CU_ASSERT_EQUAL(r[2].redirect_port, 8443);
	CU_ASSERT_EQUAL(r[3].action, ROUTE_DIRECT_RESPONSE);
	CU_ASSERT_EQUAL(r[3].direct_status, 418);
	CU_ASSERT_STRING_EQUAL(r[3].direct_body.data, "tea");
	CU_ASSERT_STRING_EQUAL(
		test.bootstrap.resources.route_tables[0]->virtual_hosts[0].domains[0].data,
		"*.example.com");
	xds_text_end(&test);
}

static void route_faults(void)
{
	static const struct {
		const char *route, *path, *part;
	} wrong[] = {
		{"{match: {prefix: /}, route: {cluster: nowhere}}", "route.cluster", "no cluster"},
		{"{match: {prefix: /}}", "", "one of route"},
		{"{route: {cluster: c}}", "match", "required"},
		{"{match: {safe_regex: {regex: a}}, route: {cluster: c}}", "match.safe_regex",
		 "not supported"},
		{"{match: {prefix: \"/?\"}, route: {cluster: c}}", "match.prefix", "query"},
		{"{match: {prefix: /}, direct_response: {status: 99}}", "direct_response.status", "200"},
		{"{match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: c}]}}}",
		 "route.weighted_clusters.clusters", "add up to 0"},
		{"{match: {prefix: /}, route: {cluster: c}, request_headers_to_add: [{header: {key: "
		 "\"a b\"}}]}", "request_headers_to_add[0].header.key", "not a header name"},
		{"{match: {prefix: /}, route: {cluster: c}, request_headers_to_remove: [Host]}",
		 "request_headers_to_remove", "cannot be removed"},
		{"{match: {prefix: /}, route: {cluster: c}, response_headers_to_add: [{header: {key: "
		 "\":status\", value: \"200\"}}]}", "response_headers_to_add[0].header.key",
		 "not changed here"},
		{"{match: {prefix: /}, route: {cluster: c}, request_headers_to_add: [{header: {key: "
		 "HOST, value: a}}]}", "request_headers_to_add[0].header.key", "not changed here"},
		{"{match: {prefix: /}, route: {cluster: c}, typed_per_filter_config: {f: {\"@type\": " T
		 "config.core.v3.Address}}}", "typed_per_filter_config[f]", "per-route"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct xds_text test;
		char path[512];

		snprintf(path, sizeof(path), "static_resources.listeners[0].filter_chains[0].filters[0]"
			 ".typed_config.route_config.virtual_hosts[0].routes[0]%s%s",
			 wrong[i].path[0] ? "." : "", wrong[i].path);
		with_http(&test, FILTERS, wrong[i].route);
		CU_ASSERT(complains(&test, path, wrong[i].part));
		xds_text_end(&test);
	}
}

static void retry_words(void)
{
	static const struct {
		const char *words;
		uint32_t errors, warnings, bits;
	} cases[] = {
		{"reset, gateway-error ,,", 0, 0, RETRY_ON_RESET | RETRY_ON_GATEWAY_ERROR},
		{" , ", 0, 0, 0},
		{"connect-failure,unavailable,cancelled", 0, 2, RETRY_ON_CONNECT_FAILURE},
		{"http3-post-connect-failure", 0, 1, 0},
		{"5xx,retriable-status-codes", 1, 0, 0},
		{"retriable-4xx,retriable-headers,envoy-ratelimited", 3, 0, 0},
		{"5XX", 1, 0, 0},
		{"resets", 1, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xds_text test;
		char route[256];

		snprintf(route, sizeof(route), "{match: {prefix: /}, route: {cluster: c, retry_policy: "
			 "{retry_on: \"%s\"}}}", cases[i].words);
		with_http(&test, FILTERS, route);
		CU_ASSERT_EQUAL(test.bootstrap.document.faults.errors, cases[i].errors);
		CU_ASSERT_EQUAL(test.bootstrap.document.faults.warnings, cases[i].warnings);
		if (cases[i].errors == 0)
			CU_ASSERT_EQUAL(routes_of(&test)[0].retry_on, cases[i].bits);
		xds_text_end(&test);
	}
}

#define OK "{match: {prefix: /}, route: {cluster: c}}"

static void connection_manager_fields(void)
{
	struct xds_text test;

	with_http(&test, "codec_type: HTTP1, server_name: me, server_header_transformation: "
		  "PASS_THROUGH, max_request_headers_kb: 64, stream_idle_timeout: 0s, "
		  "request_timeout: 3s, use_remote_address: true, xff_num_trusted_hops: 2, "
		  "generate_request_id: false, via: v, normalize_path: true, merge_slashes: true, "
		  "path_with_escaped_slashes_action: UNESCAPE_AND_REDIRECT, common_http_protocol_options: {idle_timeout: "
		  "7s, max_headers_count: 180}, http_protocol_options: {accept_http_10: true}, "
		  "access_log: [{name: f, typed_config: {\"@type\": " FILE_LOG ", path: /x}}], "
		  "http_filters: [{name: m, typed_config: {\"@type\": " MUTATION ", mutations: "
		  "{request_mutations: [{append: {header: {key: a, value: b}, append: false}}], "
		  "response_mutations: [{remove: c}]}}}, " ROUTER "],", OK);
	const struct config_hcm *h = hcm_of(&test);

	CU_ASSERT_EQUAL(h->codec, CODEC_HTTP1);
	CU_ASSERT_STRING_EQUAL(h->server_name.data, "me");
	CU_ASSERT_EQUAL(h->server_header, SERVER_PASS_THROUGH);
	CU_ASSERT_EQUAL(h->headers_kb_max, 64);
	CU_ASSERT_EQUAL(h->headers_count_max, 180);
	CU_ASSERT_EQUAL(h->stream_idle_timeout_ns, 0);
	CU_ASSERT_EQUAL(h->idle_timeout_ns, 7000000000);
	CU_ASSERT_EQUAL(h->request_timeout_ns, 3000000000);
	CU_ASSERT(h->use_remote_address && !h->generate_request_id && h->accept_http_10);
	CU_ASSERT_EQUAL(h->xff_trusted_hops, 2);
	CU_ASSERT_STRING_EQUAL(h->via.data, "v");
	CU_ASSERT(h->normalize_path && h->merge_slashes);
	CU_ASSERT_EQUAL(h->escaped_slashes, ESCAPED_SLASHES_REDIRECT);
	CU_ASSERT_EQUAL_FATAL(h->log_count, 1);
	CU_ASSERT_STRING_EQUAL(h->logs[0].path.data, "/x");
	CU_ASSERT_PTR_NOT_NULL(h->logs[0].format);
	CU_ASSERT_EQUAL_FATAL(h->filter_count, 2);
	CU_ASSERT_PTR_EQUAL(h->filters[0].type, &filter_header_mutation);
	const struct header_mutation_config *m = h->filters[0].config;

	CU_ASSERT_EQUAL(m->request.items[0].action, HEADER_OVERWRITE_IF_EXISTS_OR_ADD);
	CU_ASSERT_EQUAL(m->response.items[0].action, HEADER_REMOVE);
	CU_ASSERT(h->filters[1].type->terminal);
	xds_text_end(&test);
}

static void connection_manager_faults(void)
{
	static const struct {
		const char *fields, *path, *part;
	} wrong[] = {
		{"", "http_filters", "router"},
		{"http_filters: [" ROUTER ", " ROUTER "],", "http_filters[0].name", "last"},
		{FILTERS "codec_type: HTTP2,", "codec_type", "HTTP1"},
		{FILTERS "path_with_escaped_slashes_action: 9,", "path_with_escaped_slashes_action",
		 "expected one of"},
		{FILTERS "path_normalization_options: {},", "path_normalization_options",
		 "not supported"},
		{FILTERS "max_request_headers_kb: 0,", "max_request_headers_kb", "1 to 64"},
		{FILTERS "max_request_headers_kb: 65,", "max_request_headers_kb", "1 to 64"},
		{FILTERS "common_http_protocol_options: {max_headers_count: 181},",
		 "common_http_protocol_options.max_headers_count", "1 to 180"},
		{"http_filters: [{name: m, typed_config: {\"@type\": " MUTATION ", mutations: "
		 "{request_mutations: [{append: {header: {key: \":path\", value: b}}}]}}}, " ROUTER "],",
		 "http_filters[0].typed_config.mutations.request_mutations[0].append.header.key",
		 "not changed here"},
		{FILTERS "upgrade_configs: [{upgrade_type: websocket}],", "upgrade_configs",
		 "not supported"},
		{FILTERS "access_log: [{name: f, typed_config: {\"@type\": " FILE_LOG "}}],",
		 "access_log[0].typed_config.path", "required"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct xds_text test;
		char path[512];

		snprintf(path, sizeof(path), "static_resources.listeners[0].filter_chains[0].filters[0]"
			 ".typed_config.%s", wrong[i].path);
		with_http(&test, wrong[i].fields, OK);
		CU_ASSERT(complains(&test, path, wrong[i].part));
		xds_text_end(&test);
	}
}

static void tcp_proxy_and_default_chain(void)
{
	struct xds_text test;

	snprintf(text, sizeof(text),
		 "static_resources: {clusters: [{name: c, " HOSTS "}], listeners: [{name: l, " AT ", "
		 "default_filter_chain: {filters: [{name: t, typed_config: {\"@type\": " TCP ", "
		 "stat_prefix: s, cluster: c, max_connect_attempts: 3}}]}}, {name: l, " AT ", "
		 "filter_chains: [{filters: []}]}]}");
	xds_text_begin(&test, text);
	CU_ASSERT(complains(&test, "static_resources.listeners[1].name", "another one"));
	CU_ASSERT(complains(&test, "static_resources.listeners[1].filter_chains[0].filters",
			    "at least one"));
	const struct config_listener *l = test.bootstrap.resources.listeners[0];

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL(l->chain_count, 0);
	CU_ASSERT_EQUAL(l->default_chain->kind, NETWORK_TCP_PROXY);
	CU_ASSERT_EQUAL(l->default_chain->tcp_proxy->connect_attempts_max, 3);
	CU_ASSERT_EQUAL(l->default_chain->tcp_proxy->idle_timeout_ns, 3600000000000);
	CU_ASSERT_PTR_NULL(test.bootstrap.resources.listeners[1]);
	xds_text_end(&test);
}

UNIT_TESTS(UNIT_TEST(cluster_fields), UNIT_TEST(cluster_faults),
	   UNIT_TEST(dns_hosts_are_for_the_resolver), UNIT_TEST(route_fields),
	   UNIT_TEST(route_faults), UNIT_TEST(retry_words), UNIT_TEST(connection_manager_fields),
	   UNIT_TEST(connection_manager_faults), UNIT_TEST(tcp_proxy_and_default_chain))
