/* /clusters: Envoy's text and envoy.admin.v3.Clusters as JSON. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "dataplane/admin/admin_private.h"
#include "dataplane/admin/config_view.h"
#include "dataplane/admin/stat_filter.h"

struct host_stat {
	const char *name;
	size_t offset; /* in struct endpoint_stats */
	bool counter;
};

/* In the order of Envoy's JSON; its text is sorted by name. */
static const struct host_stat json_stats[] = {
	{"cx_connect_fail", offsetof(struct endpoint_stats, cx_connect_fail), true},
	{"cx_total", offsetof(struct endpoint_stats, cx_total), true},
	{"rq_error", offsetof(struct endpoint_stats, rq_error), true},
	{"rq_success", offsetof(struct endpoint_stats, rq_success), true},
	{"rq_timeout", offsetof(struct endpoint_stats, rq_timeout), true},
	{"rq_total", offsetof(struct endpoint_stats, rq_total), true},
	{"cx_active", offsetof(struct endpoint_stats, cx_active), false},
	{"rq_active", offsetof(struct endpoint_stats, rq_active), false},
	{"rq_pending_active", offsetof(struct endpoint_stats, rq_pending_active), false},
};
static const uint8_t text_order[] = {6, 0, 1, 7, 2, 8, 3, 4, 5};
_Static_assert(ARRAY_LEN(text_order) == ARRAY_LEN(json_stats), "the text has them all");

static uint64_t stat_value(const struct endpoint_stats *stats, const struct host_stat *stat)
{
	uint64_t value;

	memcpy(&value, (const char *)stats + stat->offset, sizeof(value));
	return value;
}

/* Hosts in the overflow slot share their counts with others: they show none of their own. */
static void host_stats(const struct admin *admin, const struct config_view_host *host,
		       struct endpoint_stats *out)
{
	struct segment_object object = {.slot = host->stat_slot};

	memset(out, 0, sizeof(*out));
	if (host->stat_slot != STAT_SLOT_OVERFLOW)
		(void)!segment_reader_sum(admin->reader, STAT_ENDPOINT, &object, (uint64_t *)out);
}

static const char *health_flags(enum config_health health)
{
	return health == HEALTH_UNHEALTHY  ? "/failed_eds_health"
	       : health == HEALTH_DEGRADED ? "/degraded_eds_health"
	       : health == HEALTH_DRAINING ? "/eds_status_draining"
					   : "healthy";
}

static const char *health_name(enum config_health health)
{
	return health == HEALTH_UNHEALTHY  ? "UNHEALTHY"
	       : health == HEALTH_DEGRADED ? "DEGRADED"
	       : health == HEALTH_DRAINING ? "DRAINING"
					   : "HEALTHY";
}

static void text_breakers(struct text *out, const char *name, const char *priority,
			  const struct config_breakers *breakers)
{
	text_printf(out, "%s::%s::max_connections::%u\n", name, priority,
		    breakers->connections_max);
	text_printf(out, "%s::%s::max_pending_requests::%u\n", name, priority,
		    breakers->pending_max);
	text_printf(out, "%s::%s::max_requests::%u\n", name, priority, breakers->requests_max);
	text_printf(out, "%s::%s::max_retries::%u\n", name, priority, breakers->retries_max);
}

static void text_host(const struct admin *admin, struct text *out, const char *name,
		      const struct config_view_host *host)
{
	char text[IP_ADDR_TEXT_BYTES];
	const char *address = host->pipe ? host->pipe
					 : ip_endpoint_format(&host->addr, host->port, text,
							      sizeof(text));
	struct endpoint_stats stats;

	host_stats(admin, host, &stats);
	for (uint32_t i = 0; i < ARRAY_LEN(text_order); i++) {
		const struct host_stat *stat = &json_stats[text_order[i]];

		text_printf(out, "%s::%s::%s::%" PRId64 "\n", name, address, stat->name,
			    (int64_t)stat_value(&stats, stat));
	}
	text_printf(out, "%s::%s::hostname::%s\n", name, address, host->hostname);
	text_printf(out, "%s::%s::health_flags::%s\n", name, address, health_flags(host->health));
	text_printf(out, "%s::%s::weight::%u\n", name, address, host->weight);
	text_printf(out,
		    "%s::%s::region::\n%s::%s::zone::\n%s::%s::sub_zone::\n%s::%s::canary::false\n"
		    "%s::%s::priority::0\n%s::%s::success_rate::-1\n"
		    "%s::%s::local_origin_success_rate::-1\n",
		    name, address, name, address, name, address, name, address, name, address, name,
		    address, name, address);
}

/* There is one set of breakers here and requests have no priority: it is the default one, and
 * Envoy's defaults stand for the other. */
static const struct config_breakers high_breakers = {1024, 1024, 1024, 3, false};

static void text_cluster(const struct admin *admin, struct text *out,
			 const struct config_view_cluster *cluster)
{
	const char *name = cluster->name;

	text_printf(out, "%s::observability_name::%s\n", name, cluster->stat_name);
	text_breakers(out, name, "default_priority", &cluster->breakers);
	text_breakers(out, name, "high_priority", &high_breakers);
	text_printf(out, "%s::added_via_api::%s\n", name,
		    cluster->discovery == DISCOVERY_EDS ? "true" : "false");
	for (uint32_t i = 0; i < cluster->host_count; i++)
		text_host(admin, out, name, &cluster->hosts[i]);
}

static void json_host(const struct admin *admin, struct text *out,
		      const struct config_view_host *host)
{
	char address[IP_ADDR_TEXT_BYTES];
	struct endpoint_stats stats;

	host_stats(admin, host, &stats);
	text_add(out, "    {\n     \"address\": {\n");
	if (host->pipe) {
		text_add(out, "      \"pipe\": {\n       \"path\": ");
		text_add_json(out, host->pipe);
	} else {
		text_printf(out,
			    "      \"socket_address\": {\n       \"address\": \"%s\",\n"
			    "       \"port_value\": %u",
			    ip_addr_format(&host->addr, address, sizeof(address)), host->port);
	}
	text_add(out, "\n      }\n     },\n     \"stats\": [\n");
	for (uint32_t i = 0; i < ARRAY_LEN(json_stats); i++) {
		uint64_t value = stat_value(&stats, &json_stats[i]);

		text_add(out, "      {\n");
		if (!json_stats[i].counter)
			text_add(out, "       \"type\": \"GAUGE\",\n");
		/* Protobuf's JSON: 64 bits are a string, and what is 0 is left out. */
		if (value != 0)
			text_printf(out, "       \"value\": \"%" PRIu64 "\",\n", value);
		text_printf(out, "       \"name\": \"%s\"\n      }%s\n", json_stats[i].name,
			    i + 1 < ARRAY_LEN(json_stats) ? "," : "");
	}
	text_printf(out,
		    "     ],\n     \"health_status\": {\n      \"eds_health_status\": \"%s\"\n"
		    "     },\n     \"weight\": %u,\n",
		    health_name(host->health), host->weight);
	if (host->hostname[0]) {
		text_add(out, "     \"hostname\": ");
		text_add_json(out, host->hostname);
		text_add(out, ",\n");
	}
	text_add(out, "     \"locality\": {}\n    }");
}

static void json_breakers(struct text *out, const char *priority,
			  const struct config_breakers *breakers)
{
	text_printf(out,
		    "     {\n%s      \"max_connections\": %u,\n      \"max_pending_requests\": %u,\n"
		    "      \"max_requests\": %u,\n      \"max_retries\": %u\n     }",
		    priority, breakers->connections_max, breakers->pending_max,
		    breakers->requests_max, breakers->retries_max);
}

static void json_cluster(const struct admin *admin, struct text *out,
			 const struct config_view_cluster *cluster)
{
	text_add(out, "  {\n   \"name\": ");
	text_add_json(out, cluster->name);
	if (cluster->discovery == DISCOVERY_EDS)
		text_add(out, ",\n   \"added_via_api\": true");
	for (uint32_t i = 0; i < cluster->host_count; i++) {
		text_add(out, i ? ",\n" : ",\n   \"host_statuses\": [\n");
		json_host(admin, out, &cluster->hosts[i]);
	}
	text_add(out, cluster->host_count ? "\n   ],\n" : ",\n");
	text_add(out, "   \"circuit_breakers\": {\n    \"thresholds\": [\n");
	json_breakers(out, "", &cluster->breakers);
	text_add(out, ",\n");
	json_breakers(out, "      \"priority\": \"HIGH\",\n", &high_breakers);
	text_add(out, "\n    ]\n   },\n   \"observability_name\": ");
	text_add_json(out, cluster->stat_name);
	text_add(out, "\n  }");
}

static void write_clusters(const struct admin *admin, const struct config_view *view,
			   struct stat_filter *filter, bool json, struct text *out)
{
	bool first = true;

	if (json)
		text_add(out, "{\n \"cluster_statuses\": [");
	for (uint32_t i = 0; i < view->cluster_count; i++) {
		if (!stat_filter_matches(filter, view->clusters[i].name))
			continue;
		if (json) {
			text_add(out, first ? "\n" : ",\n");
			json_cluster(admin, out, &view->clusters[i]);
		} else {
			text_cluster(admin, out, &view->clusters[i]);
		}
		first = false;
	}
	if (json)
		text_add(out, first ? "]\n}\n" : "\n ]\n}\n");
}

void admin_clusters(struct admin *admin, const struct http_request *request,
		    struct http_response *response)
{
	struct stat_filter *filter;
	struct config_view view;
	struct why why;
	bool json;

	if (!admin_wants_json(request, response, &json) || !admin_reader_ready(admin, response))
		return;
	if (!stat_filter_make(&filter, http_request_argument(request, "filter"), false, &why)) {
		http_response_error(response, 400, why.text);
		return;
	}
	if (admin_view(admin, &view, response)) {
		if (json)
			response->content_type = ADMIN_TYPE_JSON;
		write_clusters(admin, &view, filter, json, &response->body);
		config_view_free(&view);
	}
	stat_filter_free(filter);
}
