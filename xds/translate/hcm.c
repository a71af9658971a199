/* HttpConnectionManager with its HTTP filters. */
#include <stdio.h>
#include <string.h>

#include "gateway/filters/filter.h"
#include "xds/translate/internal.h"

#define SECOND_NS (1ull * NANOSECONDS)
#define IDLE_DEFAULT_NS (3600 * SECOND_NS)
#define STREAM_IDLE_DEFAULT_NS (300 * SECOND_NS)
#define DRAIN_DEFAULT_NS (5 * SECOND_NS)
#define HEADERS_KB_DEFAULT 60
#define HEADERS_COUNT_DEFAULT 100
#define HTTP_FILTERS_MAX 64
#define SLASHES(action) HCM__HTTP_CONNECTION_MANAGER__PATH_WITH_ESCAPED_SLASHES_ACTION__##action

static const struct {
	const ProtobufCMessageDescriptor *config;
	const char *filter;
} filter_names[] = {
	{&router__router__descriptor, "envoy.filters.http.router"},
	{&header_mutation__header_mutation__descriptor, "envoy.filters.http.header_mutation"},
};

/* The type of the config decides, not the name of the instance (Envoy does so since v3). */
static const struct filter_type *filter_of(const ProtobufCMessage *config)
{
	for (size_t i = 0; i < ARRAY_LEN(filter_names); i++)
		if (filter_names[i].config == config->descriptor)
			return filter_type_find((struct str){
				filter_names[i].filter, (uint32_t)strlen(filter_names[i].filter)});
	return NULL;
}

static void translate_filter(struct translation *t, const Hcm__HttpFilter *from,
			     struct config_http_filter *to)
{
	const ProtobufCMessage *config = translate_any_content(
		t, from, "typed_config",
		from->config_type_case == HCM__HTTP_FILTER__CONFIG_TYPE_TYPED_CONFIG ?
			from->typed_config : NULL);

	if (!from->name[0])
		FAULT(t, from, "name", "required");
	to->name = translate_text(t, from->name);
	to->disabled = from->disabled;
	if (!config)
		return;
	to->type = filter_of(config);
	if (!to->type)
		FAULT(t, from->typed_config, "@type", "%s is not an HTTP filter that is known",
		      config->descriptor->name);
	to->config = translate_filter_config(t, config, false);
}

static void translate_filters(struct translation *t, const Hcm__HttpConnectionManager *from,
			      struct config_hcm *to)
{
	if (!from->n_http_filters) {
		FAULT(t, from, "http_filters", "the last filter has to be the router");
		return;
	}
	if (from->n_http_filters > HTTP_FILTERS_MAX) {
		FAULT(t, from, "http_filters", "at most %d", HTTP_FILTERS_MAX);
		return;
	}
	to->filters = config_arena_array(t->arena, from->n_http_filters, sizeof(*to->filters));
	to->filter_count = to->filters ? (uint32_t)from->n_http_filters : 0;
	for (uint32_t i = 0; i < to->filter_count; i++) {
		const struct config_http_filter *made = &to->filters[i];
		bool last = i + 1 == to->filter_count;

		translate_filter(t, from->http_filters[i], &to->filters[i]);
		if (made->type && made->type->terminal && !last)
			FAULT(t, from->http_filters[i], "name", "the router has to be the last filter");
		if (made->type && last && !made->type->terminal)
			FAULT(t, from->http_filters[i], "name", "the last filter has to be the router");
		if (made->disabled && last)
			FAULT(t, from->http_filters[i], "disabled", "the router cannot be disabled");
	}
}

static void translate_limits(struct translation *t, const Hcm__HttpConnectionManager *from,
			     struct config_hcm *to)
{
	const Core__HttpProtocolOptions *common = from->common_http_protocol_options;

	to->headers_kb_max = translate_u32(from->max_request_headers_kb, HEADERS_KB_DEFAULT);
	if (to->headers_kb_max < 1 || to->headers_kb_max > CONFIG_HEADERS_KB_MAX)
		FAULT(t, from, "max_request_headers_kb", "expected 1 to %d", CONFIG_HEADERS_KB_MAX);
	to->headers_count_max = translate_u32(common ? common->max_headers_count : NULL,
					      HEADERS_COUNT_DEFAULT);
	if (to->headers_count_max < 1 || to->headers_count_max > CONFIG_HEADERS_COUNT_MAX)
		FAULT(t, common, "max_headers_count", "expected 1 to %d", CONFIG_HEADERS_COUNT_MAX);
	to->idle_timeout_ns = translate_duration(t, common, "idle_timeout",
						 common ? common->idle_timeout : NULL,
						 IDLE_DEFAULT_NS);
	to->connection_duration_max_ns = translate_duration(
		t, common, "max_connection_duration", common ? common->max_connection_duration : NULL,
		0);
	to->requests_per_connection_max = translate_u32(
		common ? common->max_requests_per_connection : NULL, 0);
	to->stream_idle_timeout_ns = translate_duration(t, from, "stream_idle_timeout",
							from->stream_idle_timeout,
							STREAM_IDLE_DEFAULT_NS);
	to->request_timeout_ns = translate_duration(t, from, "request_timeout",
						    from->request_timeout, 0);
	to->request_headers_timeout_ns = translate_duration(
		t, from, "request_headers_timeout", from->request_headers_timeout, 0);
	to->drain_timeout_ns = translate_duration(t, from, "drain_timeout", from->drain_timeout,
						  DRAIN_DEFAULT_NS);
}

static void translate_path(struct translation *t, const Hcm__HttpConnectionManager *from,
			   struct config_hcm *to)
{
	to->normalize_path = translate_bool(from->normalize_path, false);
	to->merge_slashes = from->merge_slashes;
	switch (from->path_with_escaped_slashes_action) {
	case SLASHES(IMPLEMENTATION_SPECIFIC_DEFAULT):
	case SLASHES(KEEP_UNCHANGED):
		to->escaped_slashes = ESCAPED_SLASHES_KEEP;
		break;
	case SLASHES(REJECT_REQUEST):
		to->escaped_slashes = ESCAPED_SLASHES_REJECT;
		break;
	case SLASHES(UNESCAPE_AND_REDIRECT):
		to->escaped_slashes = ESCAPED_SLASHES_REDIRECT;
		break;
	case SLASHES(UNESCAPE_AND_FORWARD):
		to->escaped_slashes = ESCAPED_SLASHES_FORWARD;
		break;
	default:
		FAULT(t, from, "path_with_escaped_slashes_action", "%d is none that is known",
		      (int)from->path_with_escaped_slashes_action);
	}
}

static void translate_identity(struct translation *t, const Hcm__HttpConnectionManager *from,
			       struct config_hcm *to)
{
	const Core__Http1ProtocolOptions *http1 = from->http_protocol_options;

	to->server_name = translate_text(t, from->server_name[0] ? from->server_name : "hydrofoil");
	to->server_header = (enum config_server_header)from->server_header_transformation;
	to->use_remote_address = translate_bool(from->use_remote_address, false);
	to->xff_trusted_hops = from->xff_num_trusted_hops;
	to->skip_xff_append = from->skip_xff_append;
	to->generate_request_id = translate_bool(from->generate_request_id, true);
	to->preserve_external_request_id = from->preserve_external_request_id;
	to->via = translate_optional_text(t, from->via);
	to->proxy_100_continue = from->proxy_100_continue;
	to->accept_http_10 = http1 && http1->accept_http_10;
	to->default_host_http10 = translate_optional_text(
		t, http1 ? http1->default_host_for_http_10 : NULL);
}

static void translate_routes(struct translation *t, const Hcm__HttpConnectionManager *from,
			     const char *chain, struct config_hcm *to)
{
	char unique[1024];

	to->route_table_id = CONFIG_NAME_NONE;
	if (from->route_specifier_case == HCM__HTTP_CONNECTION_MANAGER__ROUTE_SPECIFIER__NOT_SET)
		FAULT(t, from, "route_config", "required");
	if (from->route_specifier_case != HCM__HTTP_CONNECTION_MANAGER__ROUTE_SPECIFIER_ROUTE_CONFIG)
		return;
	/* Inline tables of one name may differ from listener to listener; '\n' is in no name. */
	snprintf(unique, sizeof(unique), "%s\n%s", chain, from->route_config->name);
	to->route_table_id = translate_route_table(t, from->route_config, unique);
}

void translate_hcm(struct translation *t, const Hcm__HttpConnectionManager *from,
		   const char *chain, struct config_hcm *to)
{
	if (!from->stat_prefix[0])
		FAULT(t, from, "stat_prefix", "required");
	to->stat_prefix = translate_text(t, from->stat_prefix);
	to->stat_slot = translate_slot(t, STAT_HTTP, from->stat_prefix);
	switch (from->codec_type) {
	case HCM__HTTP_CONNECTION_MANAGER__CODEC_TYPE__AUTO:
		to->codec = CODEC_AUTO;
		break;
	case HCM__HTTP_CONNECTION_MANAGER__CODEC_TYPE__HTTP1:
		to->codec = CODEC_HTTP1;
		break;
	default:
		FAULT(t, from, "codec_type", "there is AUTO and HTTP1");
	}
	translate_identity(t, from, to);
	translate_path(t, from, to);
	translate_limits(t, from, to);
	translate_filters(t, from, to);
	translate_access_logs(t, from->access_log, from->n_access_log, &to->logs, &to->log_count);
	translate_routes(t, from, chain, to);
}
