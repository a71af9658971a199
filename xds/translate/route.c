/* envoy.config.route.v3.Route: match, one of three actions, headers. */
#include <stdio.h>
#include <string.h>

#include "xds/translate/internal.h"

#define TIMEOUT_DEFAULT_NS (15ull * NANOSECONDS)
#define BODY_BYTES_MAX 4096 /* RouteConfiguration.max_direct_response_body_size_bytes */
#define TOTAL_WEIGHT_MAX UINT32_MAX

static void translate_match(struct translation *t, const Route__Route *owner,
			    const Route__RouteMatch *from, struct config_route_match *to)
{
	if (!from) {
		FAULT(t, owner, "match", "required");
		return;
	}
	to->case_insensitive = !translate_bool(from->case_sensitive, true);
	switch (from->path_specifier_case) {
	case ROUTE__ROUTE_MATCH__PATH_SPECIFIER_PREFIX:
		to->kind = PATH_MATCH_PREFIX;
		to->path = translate_text(t, from->prefix);
		break;
	case ROUTE__ROUTE_MATCH__PATH_SPECIFIER_PATH:
		to->kind = PATH_MATCH_EXACT;
		to->path = translate_text(t, from->path);
		break;
	case ROUTE__ROUTE_MATCH__PATH_SPECIFIER__NOT_SET:
		FAULT(t, from, NULL, "one of prefix and path is required");
		break;
	default:
		break; /* refused by the status table */
	}
	if (to->path.data && strpbrk(to->path.data, "?#"))
		FAULT(t, from, to->kind == PATH_MATCH_EXACT ? "path" : "prefix",
		      "a path has neither query nor fragment");
}

static void translate_retry(struct translation *t, const Route__RetryPolicy *from,
			    struct config_route *to)
{
	if (!from)
		return;
	to->retry_on = translate_retry_on(t, from);
	to->retries_max = translate_u32(from->num_retries, 1);
	to->per_try_timeout_ns = translate_duration(t, from, "per_try_timeout", from->per_try_timeout,
						    0);
}

static void translate_weighted(struct translation *t, const Route__WeightedCluster *from,
			       struct config_route *to, bool must_exist)
{
	uint64_t total = 0;

	if (!from->n_clusters)
		FAULT(t, from, "clusters", "at least one is required");
	to->clusters = config_arena_array(t->arena, from->n_clusters, sizeof(*to->clusters));
	to->cluster_count = to->clusters ? (uint32_t)from->n_clusters : 0;
	for (uint32_t i = 0; i < to->cluster_count; i++) {
		const Route__WeightedCluster__ClusterWeight *weight = from->clusters[i];

		to->clusters[i].cluster_id = translate_cluster_name(t, weight, "name", weight->name,
								    must_exist);
		to->clusters[i].weight = translate_u32(weight->weight, 0);
		total += to->clusters[i].weight;
	}
	if (from->n_clusters && (total == 0 || total > TOTAL_WEIGHT_MAX))
		FAULT(t, from, "clusters", "the weights add up to %s",
		      total ? "more than 4294967295" : "0");
	if (from->total_weight && from->total_weight->value != total)
		FAULT(t, from, "total_weight", "the weights add up to %llu",
		      (unsigned long long)total);
	to->total_weight = (uint32_t)total;
}

static uint16_t not_found_status(const Route__RouteAction *from)
{
	switch (from->cluster_not_found_response_code) {
	case ROUTE__ROUTE_ACTION__CLUSTER_NOT_FOUND_RESPONSE_CODE__NOT_FOUND:
		return 404;
	case ROUTE__ROUTE_ACTION__CLUSTER_NOT_FOUND_RESPONSE_CODE__INTERNAL_SERVER_ERROR:
		return 500;
	default:
		return 503;
	}
}

static void translate_action(struct translation *t, const Route__RouteAction *from,
			     const Route__VirtualHost *host, struct config_route *to,
			     bool must_exist)
{
	to->action = ROUTE_TO_CLUSTER;
	switch (from->cluster_specifier_case) {
	case ROUTE__ROUTE_ACTION__CLUSTER_SPECIFIER_CLUSTER:
		to->clusters = config_arena_alloc(t->arena, sizeof(*to->clusters));
		if (!to->clusters)
			return;
		to->clusters[0].cluster_id = translate_cluster_name(t, from, "cluster", from->cluster,
								    must_exist);
		to->clusters[0].weight = 1;
		to->cluster_count = 1;
		to->total_weight = 1;
		break;
	case ROUTE__ROUTE_ACTION__CLUSTER_SPECIFIER_WEIGHTED_CLUSTERS:
		translate_weighted(t, from->weighted_clusters, to, must_exist);
		break;
	case ROUTE__ROUTE_ACTION__CLUSTER_SPECIFIER__NOT_SET:
		FAULT(t, from, NULL, "one of cluster and weighted_clusters is required");
		break;
	default:
		break;
	}
	to->timeout_ns = translate_duration(t, from, "timeout", from->timeout, TIMEOUT_DEFAULT_NS);
	to->idle_timeout_ns = translate_duration(t, from, "idle_timeout", from->idle_timeout, 0);
	to->prefix_rewrite = translate_optional_text(t, from->prefix_rewrite);
	if (from->host_rewrite_specifier_case ==
	    ROUTE__ROUTE_ACTION__HOST_REWRITE_SPECIFIER_HOST_REWRITE_LITERAL)
		to->host_rewrite = translate_optional_text(t, from->host_rewrite_literal);
	to->append_x_forwarded_host = from->append_x_forwarded_host;
	to->cluster_not_found_status = not_found_status(from);
	if (from->priority != CORE__ROUTING_PRIORITY__DEFAULT)
		FAULT(t, from, "priority", "there is one priority, DEFAULT");
	translate_retry(t, from->retry_policy ? from->retry_policy : host->retry_policy, to);
}

static void translate_redirect(struct translation *t, const Route__RedirectAction *from,
			       struct config_route *to)
{
	static const uint16_t statuses[] = {301, 302, 303, 307, 308};

	to->action = ROUTE_REDIRECT;
	to->redirect_status = (unsigned)from->response_code < ARRAY_LEN(statuses) ?
		statuses[from->response_code] : 301;
	if (from->scheme_rewrite_specifier_case ==
	    ROUTE__REDIRECT_ACTION__SCHEME_REWRITE_SPECIFIER_HTTPS_REDIRECT) {
		if (from->https_redirect)
			to->redirect_scheme = translate_text(t, "https");
	} else if (from->scheme_rewrite_specifier_case ==
		   ROUTE__REDIRECT_ACTION__SCHEME_REWRITE_SPECIFIER_SCHEME_REDIRECT) {
		to->redirect_scheme = translate_optional_text(t, from->scheme_redirect);
	}
	to->redirect_host = translate_optional_text(t, from->host_redirect);
	if (from->path_rewrite_specifier_case ==
	    ROUTE__REDIRECT_ACTION__PATH_REWRITE_SPECIFIER_PATH_REDIRECT)
		to->redirect_path = translate_optional_text(t, from->path_redirect);
	else if (from->path_rewrite_specifier_case ==
		 ROUTE__REDIRECT_ACTION__PATH_REWRITE_SPECIFIER_PREFIX_REWRITE)
		to->redirect_prefix = translate_optional_text(t, from->prefix_rewrite);
	if (from->port_redirect > 65535)
		FAULT(t, from, "port_redirect", "a port is at most 65535");
	to->redirect_port = (uint16_t)from->port_redirect;
	to->redirect_strip_query = from->strip_query;
}

static void translate_direct(struct translation *t, const Route__DirectResponseAction *from,
			     struct config_route *to)
{
	to->action = ROUTE_DIRECT_RESPONSE;
	if (from->status < 200 || from->status > 599)
		FAULT(t, from, "status", "a status from 200 to 599 is required");
	to->direct_status = (uint16_t)from->status;
	if (from->body)
		(void)!translate_data_source(t, from->body, BODY_BYTES_MAX, &to->direct_body);
}

static void translate_route_stats(struct translation *t, const Route__Route *from,
				  const Route__VirtualHost *host, struct config_route *to)
{
	char name[512];

	to->stat_slot = UINT32_MAX;
	if (!from->stat_prefix[0])
		return;
	snprintf(name, sizeof(name), "%s.route.%s", host->name, from->stat_prefix);
	to->stat_slot = translate_slot(t, STAT_ROUTE, name);
}

void translate_route(struct translation *t, const Route__Route *from, const Route__VirtualHost *host,
		     struct config_route *to, bool validate_clusters)
{
	to->name = translate_text(t, from->name);
	translate_match(t, from, from->match, &to->match);
	translate_route_stats(t, from, host, to);
	switch (from->action_case) {
	case ROUTE__ROUTE__ACTION_ROUTE:
		translate_action(t, from->route, host, to, validate_clusters);
		break;
	case ROUTE__ROUTE__ACTION_REDIRECT:
		translate_redirect(t, from->redirect, to);
		break;
	case ROUTE__ROUTE__ACTION_DIRECT_RESPONSE:
		translate_direct(t, from->direct_response, to);
		break;
	case ROUTE__ROUTE__ACTION__NOT_SET:
		FAULT(t, from, NULL, "one of route, redirect and direct_response is required");
		break;
	default:
		break;
	}
	translate_header_options(t, from, &LEVEL(from)->request, &to->request_headers);
	translate_header_options(t, from, &LEVEL(from)->response, &to->response_headers);
	translate_filter_overrides(t, LEVEL(from), &to->overrides);
}
