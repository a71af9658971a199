#include "dataplane/admin/config_dump.h"

#include <string.h>

#include "dataplane/admin/config_view.h"
#include "tests/lib/unit.h"

static const char bootstrap_text[] =
	"{\"node\":{\"id\":\"n\"},\"static_resources\":{"
	"\"clusters\":[{\"name\":\"a\",\"type\":\"STATIC\"},{\"name\":\"ab\"}],"
	"\"listeners\":[{\"name\":\"web\",\"filter_chains\":[{\"filters\":[{\"typed_config\":"
	"{\"@type\":\"x\",\"route_config\":{\"name\":\"r\"}}}]}]}]}}";

static bool dump(const struct admin_config_query *query, struct text *out, struct why *why)
{
	json_t *bootstrap = json_loads(bootstrap_text, 0, NULL);
	static struct config_view_host hosts[] = {
		{.port = 80, .weight = 2, .health = HEALTH_DEGRADED, .hostname = "h"},
		{.pipe = "/run/x", .weight = 1, .hostname = ""}};
	static struct config_view_cluster clusters[] = {
		{.name = "a", .hosts = hosts, .host_count = 2}, {.name = "b"}};
	static const struct config_view view = {.clusters = clusters, .cluster_count = 2};

	hosts[0].addr = ip_addr_from_v4(0x0a000001);
	bool done = config_dump_write(bootstrap, query->include_eds ? &view : NULL, query, out, why);

	json_decref(bootstrap);
	return done;
}

/* Compares as JSON: spaces and line breaks do not matter. */
static void expect(const struct admin_config_query *query, const char *expected)
{
	struct text out = {0};
	struct why why = {""};

	CU_ASSERT(dump(query, &out, &why));
	json_t *got = json_loads(out.data ? out.data : "", 0, NULL);
	json_t *wanted = json_loads(expected, 0, NULL);

	CU_ASSERT(wanted && json_equal(got, wanted));
	if (!json_equal(got, wanted))
		printf("# %s\n", out.data ? out.data : why.text);
	json_decref(got);
	json_decref(wanted);
	text_free(&out);
}

#define CLUSTER "{\"@type\":\"type.googleapis.com/envoy.config.cluster.v3.Cluster\",\"name\":"
#define CLUSTER_A CLUSTER "\"a\",\"type\":\"STATIC\"}"
#define CLUSTER_AB CLUSTER "\"ab\"}"
#define ADMIN "{\"@type\":\"type.googleapis.com/envoy.admin.v3."

static void the_whole_has_all_parts(void)
{
	struct text out = {0};
	struct why why;

	CU_ASSERT(dump(&(struct admin_config_query){0}, &out, &why));
	json_t *got = json_loads(out.data, 0, NULL);
	json_t *configs = json_object_get(got, "configs");

	CU_ASSERT_EQUAL_FATAL(json_array_size(configs), 4);
	CU_ASSERT_STRING_EQUAL(
		json_string_value(json_object_get(json_array_get(configs, 0), "@type")),
		"type.googleapis.com/envoy.admin.v3.BootstrapConfigDump");
	json_t *node = json_object_get(
		json_object_get(json_array_get(configs, 0), "bootstrap"), "node");

	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(node, "id")), "n");
	CU_ASSERT_EQUAL(json_array_size(json_object_get(json_array_get(configs, 1),
							"static_clusters")), 2);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(json_array_get(configs, 2),
							"static_listeners")), 1);
	json_decref(got);
	text_free(&out);
}

static void one_list_can_be_asked_for(void)
{
	expect(&(struct admin_config_query){.resource = "static_clusters"},
	       "{\"configs\":[" ADMIN "ClustersConfigDump.StaticCluster\",\"cluster\":" CLUSTER_A "},"
	       ADMIN "ClustersConfigDump.StaticCluster\",\"cluster\":" CLUSTER_AB "}]}");
	expect(&(struct admin_config_query){.resource = "static_route_configs"},
	       "{\"configs\":[" ADMIN "RoutesConfigDump.StaticRouteConfig\",\"route_config\":"
	       "{\"@type\":\"type.googleapis.com/envoy.config.route.v3.RouteConfiguration\","
	       "\"name\":\"r\"}}]}");
}

static void names_match_as_a_whole(void)
{
	expect(&(struct admin_config_query){.resource = "static_clusters", .name_regex = "a|b"},
	       "{\"configs\":[" ADMIN "ClustersConfigDump.StaticCluster\",\"cluster\":" CLUSTER_A
	       "}]}");
}

static void what_is_not_there_is_named(void)
{
	struct text out = {0};
	struct why why;

	CU_ASSERT_FALSE(dump(&(struct admin_config_query){.resource = "zz"}, &out, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "zz not found in config dump"));
	CU_ASSERT_FALSE(dump(&(struct admin_config_query){.mask = "a"}, &out, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "mask: a is no field here"));
	CU_ASSERT_FALSE(dump(&(struct admin_config_query){.mask = "bootstrap.node.id.x"}, &out, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "id is not a message"));
	CU_ASSERT_FALSE(dump(&(struct admin_config_query){.mask = "static_clusters.cluster"}, &out,
			     &why));
	CU_ASSERT_FALSE(dump(&(struct admin_config_query){.resource = "static_endpoint_configs"}, &out,
			     &why));
	CU_ASSERT_FALSE(dump(&(struct admin_config_query){.name_regex = "("}, &out, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "not a regular expression"));
	text_free(&out);
}

static void a_mask_keeps_some_fields(void)
{
	expect(&(struct admin_config_query){.mask = "bootstrap.node.id,,nosuch.field"},
	       "{\"configs\":[" ADMIN "BootstrapConfigDump\",\"bootstrap\":{\"node\":"
	       "{\"id\":\"n\"}}}]}");
	expect(&(struct admin_config_query){.resource = "static_clusters",
					    .mask = "cluster.type,cluster.name",
					    .name_regex = "a"},
	       "{\"configs\":[" ADMIN "ClustersConfigDump.StaticCluster\",\"cluster\":" CLUSTER_A
	       "}]}");
	expect(&(struct admin_config_query){.resource = "static_clusters", .mask = "cluster.type"},
	       "{\"configs\":[" ADMIN "ClustersConfigDump.StaticCluster\",\"cluster\":"
	       "{\"@type\":\"type.googleapis.com/envoy.config.cluster.v3.Cluster\",\"type\":\"STATIC\"}},"
	       ADMIN "ClustersConfigDump.StaticCluster\",\"cluster\":"
	       "{\"@type\":\"type.googleapis.com/envoy.config.cluster.v3.Cluster\"}}]}");
	/* The whole and a part of it are the whole, in either order. */
	expect(&(struct admin_config_query){.mask = "bootstrap.node,bootstrap.node.id"},
	       "{\"configs\":[" ADMIN "BootstrapConfigDump\",\"bootstrap\":{\"node\":"
	       "{\"id\":\"n\"}}}]}");
}

static void hosts_are_shown_when_asked_for(void)
{
	expect(&(struct admin_config_query){.resource = "static_endpoint_configs",
					    .include_eds = true,
					    .name_regex = "a"},
	       "{\"configs\":[" ADMIN "EndpointsConfigDump.StaticEndpointConfig\",\"endpoint_config\":"
	       "{\"@type\":\"type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment\","
	       "\"cluster_name\":\"a\",\"endpoints\":[{\"locality\":{},\"lb_endpoints\":["
	       "{\"endpoint\":{\"address\":{\"socket_address\":{\"address\":\"10.0.0.1\","
	       "\"port_value\":80}},\"health_check_config\":{},\"hostname\":\"h\"},"
	       "\"health_status\":\"DEGRADED\",\"load_balancing_weight\":2},"
	       "{\"endpoint\":{\"address\":{\"pipe\":{\"path\":\"/run/x\"}},"
	       "\"health_check_config\":{}},\"health_status\":\"HEALTHY\","
	       "\"load_balancing_weight\":1}]}],\"policy\":{\"overprovisioning_factor\":140}}}]}");
}

UNIT_TESTS(UNIT_TEST(the_whole_has_all_parts), UNIT_TEST(one_list_can_be_asked_for),
	   UNIT_TEST(names_match_as_a_whole), UNIT_TEST(what_is_not_there_is_named),
	   UNIT_TEST(a_mask_keeps_some_fields), UNIT_TEST(hosts_are_shown_when_asked_for))
